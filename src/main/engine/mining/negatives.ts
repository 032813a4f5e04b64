import { rankByScore, similarities, type Matrix } from '../retrieval/rank.ts';

export interface Negative {
  /** Row of the pool. */
  readonly row: number;
  readonly similarity: number;
}

/**
 * Hardest negatives, at most one per place (methods.md 1.3): walks the pool from most similar on and takes a photo
 * if its place differs from the query's and from all taken so far. Ties go to the lower row.
 * @param places place of each row; photos of one place are never each other's negatives.
 * @returns at most `count`; fewer when the pool has fewer foreign places.
 */
export function hardestNegatives(
  pool: Matrix,
  places: ArrayLike<number>,
  query: Float32Array,
  queryPlace: number,
  count: number,
): Negative[] {
  const scores = similarities(pool, query);
  const order = rankByScore(scores);
  const taken = new Set([queryPlace]);
  const out: Negative[] = [];
  for (const r of order) {
    if (out.length === count) break;
    const place = places[r]!;
    if (taken.has(place)) continue;
    taken.add(place);
    out.push({ row: r, similarity: scores[r]! });
  }
  return out;
}
