/**
 * Trapezoidal average precision (methods.md 6).
 * @param ranks 0-based ranks of the found positives, ascending, junk already removed. @param positives how many there are in all.
 */
export function averagePrecision(ranks: readonly number[], positives: number): number {
  if (positives === 0) return Number.NaN;
  let sum = 0;
  ranks.forEach((r, j) => {
    const before = r === 0 ? 1 : j / r;
    sum += 0.5 * (before + (j + 1) / (r + 1));
  });
  return sum / positives;
}

/**
 * {@link averagePrecision} of positives that are not equally sure: what each contributes, and how many there are, is counted by its weight. Where all
 * are equally sure it is the same; of a ranking without a fault it is 1 and not nearly so.
 * @param ranks as there. @param weights of the found positives, in the order of their ranks. @param missing weights of those that were not found.
 */
export function weightedAveragePrecision(
  ranks: readonly number[],
  weights: readonly number[],
  missing: readonly number[],
): number {
  const sum = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0);
  let lost = sum(missing);
  ranks.forEach((r, j) => {
    const before = r === 0 ? 1 : j / r;
    lost += weights[j]! * (1 - 0.5 * (before + (j + 1) / (r + 1)));
  });
  const all = sum(weights) + sum(missing);
  return all === 0 ? Number.NaN : 1 - lost / all;
}

/** Precision at min(k, rank of the last positive), junk removed. */
export function precisionAt(ranks: readonly number[], k: number): number {
  const last = ranks.at(-1);
  if (last === undefined) return 0;
  const cut = Math.min(k, last + 1);
  return ranks.filter((r) => r < cut).length / cut;
}

/**
 * Ranks of the positives in a ranking from which junk is taken out.
 * @param ranking database indices, best first.
 */
export function positiveRanks(
  ranking: ArrayLike<number>,
  positives: ReadonlySet<number>,
  junk: ReadonlySet<number>,
): number[] {
  const ranks: number[] = [];
  let skipped = 0;
  for (let i = 0; i < ranking.length; i += 1) {
    const item = ranking[i]!;
    if (junk.has(item)) skipped += 1;
    else if (positives.has(item)) ranks.push(i - skipped);
  }
  return ranks;
}

/** Average precision as sklearn and many papers compute it: precision at each positive, averaged. Not comparable with the trapezoidal one. */
export function nonInterpolatedPrecision(ranks: readonly number[], positives: number): number {
  if (positives === 0) return Number.NaN;
  return ranks.reduce((sum, r, j) => sum + (j + 1) / (r + 1), 0) / positives;
}
