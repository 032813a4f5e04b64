import type { NegativeStrategy } from '../../../shared/domain.ts';
import type { Random } from '../library/random.ts';

export interface Negative {
  /** Row of the pool. */
  readonly row: number;
  readonly similarity: number;
  /** Place in the pool by decreasing similarity, from 1; null where it was drawn at random. */
  readonly rank: number | null;
}

/** What may be a negative of the query, and whose group each row of the pool is. */
export interface Foreign {
  /** False for photos that show the query's object, and for pairs that a person refused. */
  readonly allowed: (row: number) => boolean;
  readonly groupOf: (row: number) => number;
}

/**
 * Walks the pool from most similar on and takes what is foreign (methods.md 1.3): every row for `hardest`, one a group for
 * `one-per-cluster`.
 * @param ids rows by decreasing similarity, equal ones by row; maybe only the first part of the pool.
 * @returns at most `count`; fewer when the rows run out.
 */
export function hardestNegatives(
  ids: ArrayLike<number>,
  similarities: ArrayLike<number>,
  foreign: Foreign,
  count: number,
  strategy: Exclude<NegativeStrategy, 'random'>,
): Negative[] {
  const taken = new Set<number>();
  const out: Negative[] = [];
  for (let i = 0; i < ids.length && out.length < count; i += 1) {
    const row = ids[i]!;
    if (!foreign.allowed(row)) continue;
    if (strategy === 'one-per-cluster') {
      const group = foreign.groupOf(row);
      if (taken.has(group)) continue;
      taken.add(group);
    }
    out.push({ row, similarity: similarities[i]!, rank: i + 1 });
  }
  return out;
}

/** Foreign rows of the pool at random, each at most once, most similar first. */
export function randomNegatives(
  poolRows: number,
  similarity: (row: number) => number,
  foreign: Foreign,
  count: number,
  r: Random,
): Negative[] {
  const seen = new Set<number>();
  const rows: number[] = [];
  // Nearly every row is foreign, so guessing ends soon; where it does not, the whole pool is gone through.
  for (let guess = 0; guess < 20 * count && rows.length < count; guess += 1) {
    const row = r.below(poolRows);
    if (seen.has(row)) continue;
    seen.add(row);
    if (foreign.allowed(row)) rows.push(row);
  }
  if (rows.length < count) {
    for (const row of r.shuffled(Array.from({ length: poolRows }, (_, i) => i))) {
      if (rows.length === count) break;
      if (!seen.has(row) && foreign.allowed(row)) rows.push(row);
    }
  }
  return rows
    .map((row) => ({ row, similarity: similarity(row), rank: null }))
    .sort((a, b) => b.similarity - a.similarity || a.row - b.row);
}
