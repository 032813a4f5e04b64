import { z } from 'zod';
import { rankingMethod } from './method.ts';

export const cosine = rankingMethod({
  name: 'cosine',
  title: 'Cosine',
  summary: 'By the similarity of the descriptors; regions by their best matches.',
  takes: 'both',
  params: z.strictObject({}),
});
