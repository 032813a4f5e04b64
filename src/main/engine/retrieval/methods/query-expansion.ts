import { expand } from '../expansion.ts';
import { ExactIndex } from '../neighbours.ts';
import { bySimilarity } from './by-similarity.ts';
import type { Preparation, Prepare, Prepared } from './method.ts';

/** Searches again with each query expanded by its `n` nearest, weighed by their similarity to the power `alpha` (methods.md 1.9). */
function expanding({ database }: Preparation, n: number, alpha: number): Promise<Prepared> {
  const index = new ExactIndex(database.vectors);
  return Promise.resolve(
    bySimilarity(database, index, async (queries, top, task) => {
      const lists = await index.search(queries, n);
      return index.search(expand(queries, database.vectors, lists, n, alpha), top, task);
    }),
  );
}

export const aqe: Prepare<'aqe'> = (p, o) => expanding(o, p.expansion, 0);
export const alphaQe: Prepare<'alpha-qe'> = (p, o) => expanding(o, p.expansion, p.exponent);
