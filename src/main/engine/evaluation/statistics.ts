import type { PairedTest } from '../../../shared/domain.ts';
import { random } from '../library/random.ts';

/** A mean over queries with the interval in which 95 % of resampled means lie. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;
/** Of random numbers of 32 bits. */
const WHOLE = 2 ** 32;

export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Sample standard deviation; 0 for a single value. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const m = mean(values);
  return Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0) / (values.length - 1));
}

/** Percentile bootstrap over queries: 2.5 % and 97.5 % of the means of resampled queries. */
export function bootstrap(values: readonly number[], seed = 0, resamples = RESAMPLES): Interval {
  if (values.length === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN };
  const r = random(seed);
  const [all, drawn, means] = [
    Float64Array.from(values),
    new Uint32Array(values.length),
    new Float64Array(resamples),
  ] as const;
  for (let t = 0; t < resamples; t += 1) {
    r.fill(drawn);
    let sum = 0;
    for (let i = 0; i < drawn.length; i += 1) sum += all[Math.floor((drawn[i]! / WHOLE) * drawn.length)]!;
    means[t] = sum / values.length;
  }
  means.sort();
  const at = (q: number): number => means[Math.min(resamples - 1, Math.floor(q * resamples))]!;
  return { mean: mean(values), low: at(0.025), high: at(0.975) };
}

/**
 * Compares two methods on the same queries: the difference of means with its bootstrap interval, and the share of random sign flips of the
 * per-query differences whose mean is at least as far from zero.
 */
export function pairedTest(a: readonly number[], b: readonly number[], seed = 0, flips = 10_000): PairedTest {
  const differences = a.map((v, i) => b[i]! - v);
  const { mean: difference, low, high } = bootstrap(differences, seed);
  const r = random(seed + 1);
  const observed = Math.abs(differences.reduce((s, d) => s + d, 0)) - 1e-12;
  let further = 0;
  const [all, drawn] = [Float64Array.from(differences), new Uint32Array(differences.length)] as const;
  for (let t = 0; t < flips; t += 1) {
    r.fill(drawn);
    let sum = 0;
    // The first bit is the sign: a condition that nobody can foresee takes twice as long.
    for (let i = 0; i < all.length; i += 1) sum += all[i]! * (1 - ((drawn[i]! >>> 31) << 1));
    if (Math.abs(sum) >= observed) further += 1;
  }
  return {
    queries: a.length,
    difference,
    low,
    high,
    p: (further + 1) / (flips + 1),
    wins: differences.filter((d) => d > 0).length,
    losses: differences.filter((d) => d < 0).length,
  };
}
