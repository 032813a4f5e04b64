import { z } from 'zod';
import { collection } from '../fields.ts';
import { exporting, run } from './export.ts';

/** A table of pairs with a head line (RFC 4180). */
export const csv = exporting({
  format: 'csv',
  title: 'Table (.csv)',
  what: 'rows',
  writes: 'folder',
  of: 'mining',
  params: z.object({ collection: collection.optional(), run }),
});
