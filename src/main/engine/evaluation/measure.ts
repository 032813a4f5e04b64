import { CovisError } from '../../../shared/errors.ts';
import { averagePrecision, nonInterpolatedPrecision, positiveRanks, precisionAt } from './average-precision.ts';
import { judge, PROTOCOL_TEXT, type GroundTruth, type Judgement } from './ground-truth.ts';
import type { Protocol } from '../../../shared/domain.ts';
import { counted } from '../../../shared/counted.ts';
import { bootstrap, mean, type Interval } from './statistics.ts';

/** Which area under the precision-recall curve (methods.md 0.8). */
export type PrecisionKind = 'trapezoidal' | 'rectangular';

export const CUTS = [1, 5, 10] as const;
const RECALL_CUTS = [1, 2, 4, 8, 10] as const;

export interface QueryScore {
  readonly query: string;
  readonly index: number;
  readonly ap: number;
  readonly positives: number;
  /** Positives that the ranking holds at all. */
  readonly found: number;
  /** Rank of the first positive, counted from 1 with what is ignored removed; null when none was found. */
  readonly first: number | null;
  readonly precisionAt: Readonly<Record<string, number>>;
}

export interface Measurement {
  readonly protocol: string;
  readonly ap: PrecisionKind;
  readonly map: number;
  /** 95 % bootstrap interval of mAP over queries. */
  readonly interval: Interval;
  readonly mpAtK: Readonly<Record<string, number>>;
  /** Recall@K or acc.@K, for those protocols. */
  readonly recallAtK?: Readonly<Record<string, number>>;
  /** UKBench's score, of 4. */
  readonly ukbench?: number;
  readonly queries: number;
  /** Queries without a positive, which do not count. */
  readonly skipped: number;
  readonly perQuery: readonly QueryScore[];
}

/** A ranking: row i holds database rows for query i, best first. */
export interface Ranks {
  readonly ids: ArrayLike<number>;
  readonly queries: number;
  readonly top: number;
}

/**
 * Checks ranks against a ground truth.
 * @param rows rows of the database: the ground truth's images and, behind them, distractors.
 * @throws CovisError `INPUT_INVALID` for another number of queries, for a row that does not exist and for a row that appears twice.
 */
export function checkRanks(ranks: Ranks, truth: GroundTruth, rows = truth.images.length): void {
  if (ranks.queries !== truth.queries.length)
    throw new CovisError(
      'INPUT_INVALID',
      `The ranks are of ${ranks.queries} queries, ${truth.name} has ${truth.queries.length}`,
      { hint: 'Rank the queries of this ground truth, in its order.' },
    );
  const seen = new Int32Array(rows).fill(-1);
  for (let q = 0; q < ranks.queries; q += 1) {
    for (let j = 0; j < ranks.top; j += 1) {
      const id = ranks.ids[q * ranks.top + j]!;
      if (!Number.isInteger(id) || id < 0 || id >= rows)
        throw new CovisError(
          'INPUT_INVALID',
          `Query ${q} (${truth.queries[q]!.name}) ranks row ${id}, and the database has ${counted(rows, 'row')}`,
          { hint: 'Rows behind the list of the ground truth are distractors: say how many with --distractors N.' },
        );
      if (seen[id] === q)
        throw new CovisError('INPUT_INVALID', `Query ${q} (${truth.queries[q]!.name}) ranks row ${id} twice`, {
          hint: 'A ranking has each image once.',
        });
      seen[id] = q;
    }
  }
}

/** Ranks of the positives that each query found, from 0 and without what is ignored: all of a ranking that a measurement takes. */
export type Found = readonly (readonly number[])[];

/** @param judged of all queries. @param first query of the first row of the ranking. */
export function foundIn(ranks: Ranks, judged: readonly Judgement[], first = 0): number[][] {
  return Array.from({ length: ranks.queries }, (_, q) => {
    const { positives, ignored } = judged[first + q]!;
    return positives.size === 0 ? [] : positiveRanks(rankingOf(ranks, q), positives, ignored);
  });
}

/**
 * Measures a ranking under a protocol: mAP, mP@k with k cut at the last positive found, per query and with a bootstrap interval; positives that the
 * ranking does not hold count as never found (methods.md 6).
 */
export function measure(
  ranks: Ranks,
  truth: GroundTruth,
  protocol: Protocol,
  kind: PrecisionKind = 'trapezoidal',
): Measurement {
  return measureFound(foundIn(ranks, judge(truth, protocol)), truth, protocol, kind);
}

/** {@link measure} of what was found in a ranking. */
export function measureFound(
  all: Found,
  truth: GroundTruth,
  protocol: Protocol,
  kind: PrecisionKind = 'trapezoidal',
): Measurement {
  const perQuery: QueryScore[] = [];
  let skipped = 0;
  let ukbench = 0;
  const ap = kind === 'trapezoidal' ? averagePrecision : nonInterpolatedPrecision;
  judge(truth, protocol).forEach(({ positives }, q) => {
    if (positives.size === 0) {
      skipped += 1;
      return;
    }
    const found = all[q]!;
    if (protocol === 'ukbench') ukbench += found.filter((r) => r < 4).length;
    perQuery.push({
      query: truth.queries[q]!.name,
      index: q,
      ap: ap(found, positives.size),
      positives: positives.size,
      found: found.length,
      first: found[0] === undefined ? null : found[0] + 1,
      precisionAt: Object.fromEntries(CUTS.map((k) => [String(k), precisionAt(found, k)])),
    });
  });
  if (perQuery.length === 0)
    throw new CovisError('STATE_EMPTY', 'No query of this ground truth has a positive under this protocol', {
      hint: 'Choose another with --protocol, or look at its labels.',
    });
  const interval = bootstrap(perQuery.map((s) => s.ap));
  return {
    protocol: `${PROTOCOL_TEXT[protocol]}; ${kind} AP`,
    ap: kind,
    map: interval.mean,
    interval,
    mpAtK: Object.fromEntries(CUTS.map((k) => [String(k), mean(perQuery.map((s) => s.precisionAt[String(k)]!))])),
    ...(protocol === 'recall' || protocol === 'acc' ? { recallAtK: recallAt(perQuery) } : {}),
    ...(protocol === 'ukbench' ? { ukbench: ukbench / perQuery.length } : {}),
    queries: perQuery.length,
    skipped,
    perQuery,
  };
}

function recallAt(perQuery: readonly QueryScore[]): Record<string, number> {
  return Object.fromEntries(
    RECALL_CUTS.map((k) => [String(k), mean(perQuery.map((s) => (s.first !== null && s.first <= k ? 1 : 0)))]),
  );
}

/** Database rows of one query, best first. */
export function rankingOf(ranks: Ranks, query: number): ArrayLike<number> {
  const { ids, top } = ranks;
  return 'subarray' in ids
    ? (ids as Uint32Array).subarray(query * top, (query + 1) * top)
    : Array.from({ length: top }, (_, j) => ids[query * top + j]!);
}

/**
 * Precision over recall, averaged over queries at 101 recalls; precision at a recall is the best at that recall or beyond.
 * @returns points [recall, precision].
 */
export function precisionRecall(all: Found, truth: GroundTruth, protocol: Protocol): [number, number][] {
  const sum = new Float64Array(101);
  let counted = 0;
  judge(truth, protocol).forEach(({ positives }, q) => {
    if (positives.size === 0) return;
    counted += 1;
    interpolated(all[q]!, positives.size).forEach((v, i) => (sum[i]! += v));
  });
  return Array.from(sum, (v, i) => [i / 100, counted === 0 ? 0 : v / counted]);
}

/** Interpolated precision at recalls 0, 0.01, …, 1. */
export function interpolated(ranks: readonly number[], positives: number): Float64Array {
  const out = new Float64Array(101);
  let best = 0;
  let next = ranks.length - 1;
  for (let i = 100; i >= 0; i -= 1) {
    while (next >= 0 && (next + 1) / positives >= i / 100 - 1e-12) {
      best = Math.max(best, (next + 1) / (ranks[next]! + 1));
      next -= 1;
    }
    out[i] = best;
  }
  return out;
}
