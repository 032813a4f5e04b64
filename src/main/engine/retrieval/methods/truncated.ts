import { exactNeighbours } from '../neighbours.ts';
import { truncatedScores } from '../offline.ts';
import { takeRows, type Matrix } from '../rank.ts';
import { rowsByImage, summedRegions } from '../regions.ts';
import { identity } from './lists.ts';
import type { Database, Prepare } from './method.ts';
import { onGraph, type Carried } from './on-graph.ts';

export const truncated: Prepare<'truncated'> = (p, o) => {
  const { database } = o;
  const { vectors, owners, images } = database;
  // One vector an image, the sum of its regions, by which images are chosen.
  const whole = owners === undefined ? undefined : summedRegions(vectors, owners, images);
  return onGraph(p, o, ({ a }) => ({
    diffuse: async (carried) => {
      const position = new Int32Array(vectors.rows).fill(-1);
      const keep = await shortlists(database, whole, carried, p.shortlist);
      carried.ys.forEach((y, i) => {
        carried.task?.check();
        carried.give(i, truncatedScores(a, keep[i]!, y, p, position));
        carried.task?.progress(i + 1);
      });
    },
  }));
};

/** Rows that are kept for each query: the nearest, or all regions of the nearest images (methods.md 4.5). */
async function shortlists(
  { owners, images }: Database,
  whole: Matrix | undefined,
  { index, inside, queries }: Carried,
  shortlist: number,
): Promise<ArrayLike<number>[]> {
  if (whole === undefined || owners === undefined) {
    const lists = await index.search(takeRows(queries.vectors, inside), shortlist);
    return inside.map((_, i) => lists.ids.subarray(i * lists.k, (i + 1) * lists.k));
  }
  const rows = rowsByImage(owners, images);
  const asked = summedRegions(queries.vectors, queries.owners ?? identity(queries.count), queries.count);
  const lists = await exactNeighbours(whole, takeRows(asked, inside), shortlist);
  return inside.map((_, i) =>
    Array.from(lists.ids.subarray(i * lists.k, (i + 1) * lists.k)).flatMap((id) => rows[id]!),
  );
}
