import { augmentDatabase } from '../expansion.ts';
import { ExactIndex } from '../neighbours.ts';
import { bySimilarity } from './by-similarity.ts';
import type { Preparation, Prepare, Prepared } from './method.ts';

/** Searches descriptors that were expanded by their `n` nearest, weighed by their similarity to the power `alpha` (methods.md 1.9). */
async function augmented({ database, cache, task }: Preparation, n: number, alpha: number): Promise<Prepared> {
  const lists = await cache.neighbours(n + 1, task);
  return bySimilarity(database, new ExactIndex(augmentDatabase(database.vectors, lists, n, alpha)));
}

export const dba: Prepare<'dba'> = (p, o) => augmented(o, p.expansion, 0);
export const alphaDba: Prepare<'alpha-dba'> = (p, o) => augmented(o, p.expansion, p.exponent);
