import { z } from 'zod';
import { collection, seed } from '../fields.ts';
import { exporting, photos } from './export.ts';

/** The benchmark that geometry gives, as the revisited protocols have theirs (methods.md 9.2). */
export const gnd = exporting({
  format: 'gnd',
  title: 'Benchmark of the held-out places (gnd .pkl)',
  what: 'queries',
  writes: 'folder',
  of: 'mining',
  params: z.object({ collection: collection.optional(), seed: seed.default(0), photos }),
});
