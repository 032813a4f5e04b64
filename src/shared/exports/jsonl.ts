import { z } from 'zod';
import { collection } from '../fields.ts';
import { exporting, run } from './export.ts';

/** A tuple a line. */
export const jsonl = exporting({
  format: 'jsonl',
  title: 'JSON Lines (.jsonl)',
  what: 'tuples',
  writes: 'folder',
  of: 'mining',
  params: z.object({ collection: collection.optional(), run }),
});
