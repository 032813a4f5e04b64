import { z } from 'zod';
import { collection } from '../fields.ts';
import { exporting, run } from './export.ts';

/** The same table as CSV, with types. */
export const parquet = exporting({
  format: 'parquet',
  title: 'Parquet (.parquet)',
  what: 'rows',
  writes: 'folder',
  of: 'mining',
  params: z.object({ collection: collection.optional(), run }),
});
