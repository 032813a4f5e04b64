import { z } from 'zod';
import { exporting, run } from './export.ts';

/** The same table as CSV, with types. */
export const parquet = exporting({
  format: 'parquet',
  title: 'Parquet (.parquet)',
  what: 'rows',
  writes: 'folder',
  of: 'mining',
  params: z.object({ run }),
});
