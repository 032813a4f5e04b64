import type { Neighbours } from '../neighbours.ts';
import { topByScore } from '../rank.ts';

/** Rankings of `queries` queries, to be filled. */
export function emptyLists(queries: number, k: number): Neighbours {
  return { k, ids: new Uint32Array(queries * k), scores: new Float32Array(queries * k) };
}

/** Fills the ranking of query `q` with the best of all images. */
export function putBest(out: Neighbours, q: number, scores: Float64Array): void {
  topByScore(scores, out.k).forEach((id, j) => {
    out.ids[q * out.k + j] = id;
    out.scores[q * out.k + j] = scores[id]!;
  });
}

/** 0, 1, 2, …: every row its own image. */
export function identity(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => i);
}
