import { defaultParameters } from '../../../shared/methods/parameters.ts';
import { REFINEMENT } from '../../../shared/methods/superglobal.ts';
import { l2Normalise } from '../network/pooling.ts';
import type { Neighbours } from './neighbours.ts';
import { dot, rankByScore, row, takeRows, type Matrix } from './rank.ts';

/**
 * Expands descriptors by their neighbours: L2(q + Σ max(0, ⟨q,f(i)⟩)^α f(i)) (methods.md 1.9). α = 0 weighs all alike (AQE).
 * @param lists neighbours of each query in the database, best first. @param skip row of the database to leave out for each query.
 */
export function expand(
  queries: Matrix,
  database: Matrix,
  lists: Neighbours,
  n: number,
  alpha: number,
  skip?: (query: number) => number,
): Matrix {
  const data = new Float32Array(queries.data);
  for (let q = 0; q < queries.rows; q += 1) {
    const out = data.subarray(q * queries.dim, (q + 1) * queries.dim);
    const self = skip?.(q) ?? -1;
    for (let j = 0, used = 0; j < lists.k && used < n; j += 1) {
      const id = lists.ids[q * lists.k + j]!;
      if (id === self) continue;
      used += 1;
      const similarity = Math.max(0, lists.scores[q * lists.k + j]!);
      const weight = alpha === 0 ? 1 : similarity ** alpha;
      const from = id * database.dim;
      for (let d = 0; d < out.length; d += 1) out[d]! += weight * database.data[from + d]!;
    }
    l2Normalise(out);
  }
  return { data, rows: queries.rows, dim: queries.dim };
}

/**
 * Database-side augmentation: every row expanded by its own neighbours, itself with weight 1 (methods.md 1.9).
 * @param lists the n + 1 nearest of every row, itself included.
 */
export function augmentDatabase(database: Matrix, lists: Neighbours, n: number, alpha: number): Matrix {
  return expand(database, database, lists, n, alpha, (i) => i);
}

export interface RefinementParameters {
  /** Photos of the first ranking that are refined and ranked anew. */
  readonly shortlist: number;
  readonly neighbours: number;
  readonly beta: number;
}

/** SuperGlobal's defaults (methods.md 1.9). */
export const DEFAULT_REFINEMENT: RefinementParameters = {
  shortlist: defaultParameters('superglobal').shortlist,
  ...REFINEMENT,
};

/**
 * SuperGlobal's re-ranking from global descriptors alone (methods.md 1.9): shortlisted vectors become weighted means with their
 * neighbours in the shortlist, the query the element-wise maximum of the best of them; the score of a photo is the mean of what its
 * refined vector has in common with the query and with that maximum. As in the authors' code weights are not clamped and refined
 * vectors not normalised.
 * @param shortlist rows of the database, best first. @returns the shortlist in its new order, with the new scores.
 */
export function refine(
  query: Float32Array,
  database: Matrix,
  shortlist: ArrayLike<number>,
  p: RefinementParameters = DEFAULT_REFINEMENT,
): { ids: Uint32Array; scores: Float32Array } {
  const local = takeRows(database, shortlist);
  const refined = new Float32Array(local.data.length);
  const among = new Float32Array(local.rows);
  for (let i = 0; i < local.rows; i += 1) {
    const own = row(local, i);
    for (let j = 0; j < local.rows; j += 1) among[j] = dot(own, row(local, j));
    const best = rankByScore(among)
      .filter((j) => j !== i)
      .subarray(0, p.neighbours);
    const out = refined.subarray(i * local.dim, (i + 1) * local.dim);
    let total = 1;
    out.set(own);
    for (const j of best) {
      const weight = p.beta * among[j]!;
      total += weight;
      const other = row(local, j);
      for (let d = 0; d < out.length; d += 1) out[d]! += weight * other[d]!;
    }
    for (let d = 0; d < out.length; d += 1) out[d]! /= total;
  }
  const better: Matrix = { data: refined, rows: local.rows, dim: local.dim };
  const first = Float32Array.from({ length: local.rows }, (_, i) => dot(query, row(better, i)));
  const top = rankByScore(first).subarray(0, p.neighbours + 1);
  const expanded = new Float32Array(local.dim).fill(-Infinity);
  for (const i of top) row(better, i).forEach((v, d) => (expanded[d] = Math.max(expanded[d]!, v)));
  const scores = first.map((s, i) => (s + dot(expanded, row(better, i))) / 2);
  const order = rankByScore(scores);
  return { ids: Uint32Array.from(order, (i) => shortlist[i]!), scores: Float32Array.from(order, (i) => scores[i]!) };
}
