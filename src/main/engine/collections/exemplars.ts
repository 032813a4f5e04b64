/** Likeness to exemplars: pure functions on unit descriptors. */
import { CovisError } from '../../../shared/errors.ts';
import type { LIKENESS_METHODS } from '../../../shared/facts/rule-words.ts';
import { fitLogistic } from '../domains/logistic.ts';
import { minimise } from '../domains/lbfgs.ts';
import { takeRows, topByScore, type Matrix } from '../retrieval/rank.ts';
import { kCenter } from './choose.ts';
import { Cosines } from '../retrieval/cosines.ts';

export type LikenessMethod = (typeof LIKENESS_METHODS)[number];

/** From so many positives, and as many negatives, on a classifier is taught. */
export const LEAST_EXEMPLARS = 5;
/** Weight of ½‖w‖² of the classifier. */
const LAMBDA = 0.01;
/** Parts in which exemplars are held back in turn for calibration. */
const PARTS = 5;

/** A score by vector: w·x + b. */
interface Linear {
  readonly weights: Float64Array;
  readonly bias: number;
}

/**
 * Logistic regression of two classes, each with half of the weight in all by repeating what there is less of, so that ten refusals do not
 * outvote five photos. λ = 0.01, as methods.md says.
 */
function taught(m: Matrix, positive: readonly number[], negative: readonly number[]): Linear {
  const times = (own: readonly number[], other: readonly number[]): number[] =>
    own.length >= other.length ? [...own] : Array.from({ length: other.length }, (_, i) => own[i % own.length]!);
  const [p, n] = [times(positive, negative), times(negative, positive)];
  const labels = [...p.map(() => 1), ...n.map(() => 0)];
  const model = fitLogistic(takeRows(m, [...p, ...n]), labels, [...labels.keys()], 2, LAMBDA);
  const at = (d: number): number => model.weights[2 * d + 1]! - model.weights[2 * d]!;
  return { weights: Float64Array.from({ length: m.dim }, (_, d) => at(d)), bias: at(m.dim) };
}

/** @throws CovisError `STATE_EMPTY` for too few exemplars of either kind. */
function refuseFew(positive: readonly number[], negative: readonly number[]): void {
  if (positive.length >= LEAST_EXEMPLARS && negative.length >= LEAST_EXEMPLARS) return;
  throw new CovisError(
    'STATE_EMPTY',
    `A classifier needs at least ${LEAST_EXEMPLARS} photos that belong and ${LEAST_EXEMPLARS} that do not; there are ${positive.length} and ${negative.length}`,
    { hint: 'Judge more photos, or compare by best or mean likeness.' },
  );
}

/**
 * Scores of all rows. `best`: the largest cosine with a positive. `mean`: the mean of the cosines with the positives. `classifier`: the
 * score of a linear classifier, positive for what belongs.
 * @param positive rows, at least one. @param negative rows; only the classifier knows of them.
 * @throws CovisError `STATE_EMPTY` for a classifier with fewer than five of either kind.
 */
export function likeness(
  m: Matrix,
  cosines: Cosines,
  positive: readonly number[],
  negative: readonly number[],
  method: LikenessMethod,
): Float64Array {
  if (method === 'classifier') {
    refuseFew(positive, negative);
    return scoresOf(cosines, taught(m, positive, negative));
  }
  if (method === 'best') {
    cosines.forget();
    cosines.takeAll(positive);
    return Float64Array.from(cosines.best);
  }
  // The mean of the cosines is the product with the mean of the positives: one pass for however many.
  const mean = new Float64Array(m.dim);
  for (const r of positive) for (let d = 0; d < m.dim; d += 1) mean[d]! += m.data[r * m.dim + d]! / positive.length;
  return Float64Array.from(cosines.with(mean));
}

function scoresOf(cosines: Cosines, { weights, bias }: Linear): Float64Array {
  return Float64Array.from(cosines.with(weights), (v) => v + bias);
}

/**
 * Platt's calibration: probability = 1 / (1 + exp(−(a·score + b))), a and b by maximum likelihood on scores that classifiers give to
 * exemplars which they were not taught by (five parts in turn), with Platt's targets (n + 1)/(n + 2) and 1/(n + 2).
 * @returns the probability of a score of the classifier taught by all. @throws CovisError `STATE_EMPTY` for too few exemplars.
 */
export function calibration(
  m: Matrix,
  positive: readonly number[],
  negative: readonly number[],
): (score: number) => number {
  refuseFew(positive, negative);
  const held: { score: number; target: number }[] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const rest = (rows: readonly number[]): number[] => rows.filter((_, i) => i % PARTS !== part);
    const { weights, bias } = taught(m, rest(positive), rest(negative));
    const score = (r: number): number => {
      let s = bias;
      for (let d = 0; d < m.dim; d += 1) s += m.data[r * m.dim + d]! * weights[d]!;
      return s;
    };
    const note = (rows: readonly number[], target: number): void =>
      rows.forEach((r, i) => {
        if (i % PARTS === part) held.push({ score: score(r), target });
      });
    note(positive, (positive.length + 1) / (positive.length + 2));
    note(negative, 1 / (negative.length + 2));
  }
  const { x } = minimise(
    (w, g) => {
      g.fill(0);
      let loss = 0;
      for (const { score, target } of held) {
        const z = w[0]! * score + w[1]!;
        loss += Math.max(z, 0) - z * target + Math.log1p(Math.exp(-Math.abs(z)));
        const off = 1 / (1 + Math.exp(-z)) - target;
        g[0]! += off * score;
        g[1]! += off;
      }
      return loss;
    },
    Float64Array.of(1, 0),
  );
  return (score) => 1 / (1 + Math.exp(-(x[0]! * score + x[1]!)));
}

/** How the next photos to judge are found. */
export type NextBy = 'uncertainty' | 'diversity';
/** Of so many times the photos asked for, the most uncertain ones, diversity chooses. */
export const DIVERSE_AMONG = 10;

/**
 * Rows to judge next, never one that was judged. Uncertainty: the smallest |score| of the classifier; before there are five of each, the
 * smallest difference of the best cosines with positives and negatives; with positives alone, the most alike. Diversity: of the most
 * uncertain, ten times as many, those that k-center chooses, the most uncertain first. Ties go to the lower row.
 * @param among rows that may be asked for; all where left out.
 */
export async function nextToJudge(
  m: Matrix,
  cosines: Cosines,
  positive: readonly number[],
  negative: readonly number[],
  { n, by, among }: { readonly n: number; readonly by: NextBy; readonly among?: Iterable<number> | undefined },
): Promise<{ readonly rows: readonly number[]; readonly how: 'classifier' | 'difference' | 'likeness' }> {
  const judged = new Set([...positive, ...negative]);
  const free = [...new Set(among ?? Array.from({ length: m.rows }, (_, i) => i))].filter((r) => !judged.has(r));
  const how =
    positive.length >= LEAST_EXEMPLARS && negative.length >= LEAST_EXEMPLARS
      ? 'classifier'
      : positive.length > 0 && negative.length > 0
        ? 'difference'
        : 'likeness';
  const sureness = surenessOf(m, cosines, positive, negative, how);
  const least = (count: number): readonly number[] => leastOf(free, sureness, count);
  if (by === 'uncertainty') return { rows: least(n), how };
  const pool = least(DIVERSE_AMONG * n);
  if (pool.length === 0) return { rows: [], how };
  const part = takeRows(m, pool);
  const chosen = kCenter(part, await Cosines.create(part), { n, keep: [0] });
  return { rows: chosen.rows.map((i) => pool[i]!), how };
}

/** The rows of the smallest values, ascending, the lower row first among equals. */
function leastOf(rows: readonly number[], values: Float64Array, count: number): readonly number[] {
  // Topmost by the negative: rows are put in order, since of equal ones the first wins.
  const ordered = Uint32Array.from(rows).sort();
  const best = topByScore(
    Float64Array.from(ordered, (r) => -values[r]!),
    count,
  );
  return Array.from(best, (i) => ordered[i]!);
}

function surenessOf(
  m: Matrix,
  cosines: Cosines,
  positive: readonly number[],
  negative: readonly number[],
  how: 'classifier' | 'difference' | 'likeness',
): Float64Array {
  if (how === 'classifier') return likeness(m, cosines, positive, negative, 'classifier').map(Math.abs);
  if (positive.length === 0 && negative.length === 0)
    throw new CovisError('STATE_EMPTY', 'No photo was judged yet', {
      hint: 'Begin with a photo that belongs: add one by hand. What a rule or a choice brought in is no example.',
    });
  const like = (rows: readonly number[]): Float64Array => likeness(m, cosines, rows, [], 'best');
  if (how === 'difference') {
    const against = like(negative);
    return like(positive).map((v, i) => Math.abs(v - against[i]!));
  }
  // Of positives alone the most alike, of negatives alone the least.
  return positive.length > 0 ? like(positive).map((v) => -v) : like(negative);
}
