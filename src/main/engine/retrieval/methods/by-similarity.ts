import type { TaskContext } from '../../queue/context.ts';
import type { ExactIndex, Neighbours } from '../neighbours.ts';
import { takeRows, type Matrix } from '../rank.ts';
import { rowsByImage } from '../regions.ts';
import { emptyLists, identity, putBest } from './lists.ts';
import type { Database, Prepared, Queries } from './method.ts';

/** Regional search without a graph: each query region takes its best match in an image, and these are summed. */
export async function crossMatch(
  index: ExactIndex,
  database: Database,
  queries: Queries,
  top: number,
  task?: TaskContext,
): Promise<Neighbours> {
  const { owners, images, vectors } = database;
  const out = emptyLists(queries.count, Math.min(top, images));
  const groups = rowsByImage(queries.owners ?? identity(queries.count), queries.count);
  for (let q = 0; q < queries.count; q += 1) {
    task?.check();
    const all = await index.search(takeRows(queries.vectors, groups[q]!), vectors.rows);
    const scores = new Float64Array(images);
    for (let r = 0; r < groups[q]!.length; r += 1) {
      const best = new Float64Array(images).fill(-1);
      for (let j = 0; j < all.k; j += 1) {
        const id = all.ids[r * all.k + j]!;
        const image = owners === undefined ? id : owners[id]!;
        best[image] = Math.max(best[image]!, all.scores[r * all.k + j]!);
      }
      best.forEach((v, i) => (scores[i]! += v / groups[q]!.length));
    }
    putBest(out, q, scores);
    task?.progress(q + 1);
  }
  return out;
}

/**
 * A method that searches by similarity. Where database or queries have regions, these are cross-matched.
 * @param search for queries of one descriptor; the index itself when left out.
 */
export function bySimilarity(
  database: Database,
  index: ExactIndex,
  search: (vectors: Matrix, top: number, task?: TaskContext) => Promise<Neighbours> = (vectors, top, task) =>
    index.search(vectors, top, task),
  facts: Prepared['facts'] = {},
): Prepared {
  return {
    facts,
    rank: async (queries, top, task) => {
      const regional = database.owners !== undefined || queries.owners !== undefined;
      const lists = regional
        ? await crossMatch(index, database, queries, top, task)
        : await search(queries.vectors, top, task);
      return { ...lists, outside: 0 };
    },
    close: () => index.release(),
  };
}
