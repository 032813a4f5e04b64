import { ExactIndex } from '../neighbours.ts';
import { bySimilarity } from './by-similarity.ts';
import type { Prepare } from './method.ts';

export const cosine: Prepare<'cosine'> = (_, { database }) =>
  Promise.resolve(bySimilarity(database, new ExactIndex(database.vectors)));
