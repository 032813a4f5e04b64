import type { TaskContext } from '../../queue/context.ts';
import { DEFAULT_REFINEMENT, refine } from '../expansion.ts';
import { ExactIndex, type Neighbours } from '../neighbours.ts';
import { row, type Matrix } from '../rank.ts';
import { bySimilarity } from './by-similarity.ts';
import { emptyLists } from './lists.ts';
import type { Prepare } from './method.ts';

export const superglobal: Prepare<'superglobal'> = (p, { database }) => {
  const index = new ExactIndex(database.vectors);
  const size = Math.min(p.shortlist, database.vectors.rows);
  const search = async (vectors: Matrix, top: number, task?: TaskContext): Promise<Neighbours> => {
    const plain = await index.search(vectors, Math.max(top, size));
    const out = emptyLists(vectors.rows, Math.min(top, plain.k));
    for (let q = 0; q < vectors.rows; q += 1) {
      task?.check();
      const list = plain.ids.subarray(q * plain.k, (q + 1) * plain.k);
      const better = refine(row(vectors, q), database.vectors, list.subarray(0, size), {
        ...DEFAULT_REFINEMENT,
        shortlist: size,
      });
      // What was not refined keeps its order and its similarity behind the shortlist.
      for (let j = 0; j < out.k; j += 1) {
        out.ids[q * out.k + j] = j < size ? better.ids[j]! : list[j]!;
        out.scores[q * out.k + j] = j < size ? better.scores[j]! : plain.scores[q * plain.k + j]!;
      }
      task?.progress(q + 1);
    }
    return out;
  };
  return Promise.resolve(bySimilarity(database, index, search));
};
