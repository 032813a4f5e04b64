import { queryVector, type SparseVector } from '../diffusion.ts';
import { exactNeighbours, type ExactIndex } from '../neighbours.ts';
import { truncatedScores } from '../offline.ts';
import { takeRows, type Matrix } from '../rank.ts';
import { rowsByImage, summedRegions } from '../regions.ts';
import { identity } from './lists.ts';
import type { Database, Prepare, Queries } from './method.ts';
import { nearestNodes, onGraph } from './on-graph.ts';

/** Rows of the sub-index that are copied at once: a few regions a photo, of thousands of photos, are hundreds of megabytes. */
const BLOCK = 1 << 16;

export const truncated: Prepare<'truncated'> = (p, o) => {
  const { database } = o;
  const { vectors, owners, images } = database;
  // One vector an image, the sum of its regions, by which images are chosen.
  const whole = owners === undefined ? undefined : summedRegions(vectors, owners, images);
  return onGraph(p, o, ({ a }) => {
    // What each right-hand side was built in.
    const built = new WeakMap<SparseVector, Uint32Array>();
    return {
      carry: async (queries, index, task) => {
        const keep = await shortlists(database, whole, queries, index, p.shortlist);
        const regions = rowsByImage(queries.owners ?? identity(queries.count), queries.count);
        // One descriptor that asks for the nearest descriptors finds the nearest of all among them.
        const ys =
          owners === undefined && queries.owners === undefined
            ? await nearestNodes({ ...p, kq: Math.min(p.kq, p.shortlist) }, queries, index, regions)
            : [];
        for (let q = ys.length; q < keep.length; q += 1) {
          task?.check();
          const near = await nearestAmong(vectors, keep[q]!, takeRows(queries.vectors, regions[q]!), p.kq);
          ys.push(queryVector(near, p.kq, p.gamma));
        }
        ys.forEach((y, q) => built.set(y, keep[q]!));
        return ys;
      },
      diffuse: (carried) => {
        const position = new Int32Array(vectors.rows).fill(-1);
        carried.ys.forEach((y, i) => {
          carried.task?.check();
          carried.give(i, truncatedScores(a, built.get(y)!, y, p, position));
          carried.task?.progress(i + 1);
        });
        return Promise.resolve();
      },
    };
  });
};

/** Rows that are kept for each query, ascending: the nearest, or all regions of the nearest images (methods.md 4.5). */
async function shortlists(
  { owners, images }: Database,
  whole: Matrix | undefined,
  queries: Queries,
  index: ExactIndex,
  shortlist: number,
): Promise<Uint32Array[]> {
  const asked =
    queries.owners === undefined ? queries.vectors : summedRegions(queries.vectors, queries.owners, queries.count);
  const lists =
    whole === undefined ? await index.search(asked, shortlist) : await exactNeighbours(whole, asked, shortlist);
  const listOf = (q: number): Uint32Array => lists.ids.slice(q * lists.k, (q + 1) * lists.k).sort();
  if (owners === undefined) return Array.from({ length: queries.count }, (_, q) => listOf(q));
  const rows = rowsByImage(owners, images);
  return Array.from({ length: queries.count }, (_, q) =>
    Uint32Array.from(Array.from(listOf(q)).flatMap((id) => rows[id]!)).sort(),
  );
}

/** For each query region its `k` nearest among some rows, by their numbers in the whole. */
async function nearestAmong(
  vectors: Matrix,
  rows: Uint32Array,
  regions: Matrix,
  k: number,
): Promise<{ ids: number[]; cosines: number[] }[]> {
  const found = Array.from({ length: regions.rows }, (): { id: number; cosine: number }[] => []);
  for (let from = 0; from < rows.length; from += BLOCK) {
    const part = rows.subarray(from, from + BLOCK);
    const near = await exactNeighbours(takeRows(vectors, part), regions, k);
    for (const [r, list] of found.entries()) {
      for (let j = 0; j < near.k; j += 1)
        list.push({ id: part[near.ids[r * near.k + j]!]!, cosine: near.scores[r * near.k + j]! });
      list.sort((x, y) => y.cosine - x.cosine || x.id - y.id).splice(k);
    }
  }
  return found.map((list) => ({ ids: list.map((e) => e.id), cosines: list.map((e) => e.cosine) }));
}
