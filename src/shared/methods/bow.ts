import { z } from 'zod';
import { rankingMethod } from './method.ts';

/** The teacher, which searches as well: it has no descriptors, so that it is no method of `covis rank`. */
export const bow = rankingMethod({
  name: 'bow',
  title: 'Bag of words (teacher)',
  summary: 'By visual words, with the best verified by their geometry.',
  takes: 'global',
  prepares: true,
  params: z.strictObject({}),
});
