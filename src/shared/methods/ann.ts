import { z } from 'zod';
import { rankingMethod } from './method.ts';

export const ann = rankingMethod({
  name: 'ann',
  title: 'Approximate (HNSW)',
  summary: 'As cosine, with an index that finds nearly all of the nearest without comparing all.',
  takes: 'global',
  prepares: true,
  params: z.strictObject({}),
});
