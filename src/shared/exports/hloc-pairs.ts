import { z } from 'zod';
import { collection } from '../fields.ts';
import { exporting, run } from './export.ts';

/** Pairs of query and positive for hloc, two names a line. */
export const hlocPairs = exporting({
  format: 'hloc-pairs',
  title: 'Pairs for hloc (.txt)',
  what: 'pairs',
  writes: 'folder',
  of: 'mining',
  params: z.object({ collection: collection.optional(), run }),
});
