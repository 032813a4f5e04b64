import type { LadderRung } from '../../../shared/domain.ts';

/** Bars begin below the least value or end of an interval, at a tenth, so that steps are seen; the axis says where. */
export function beginOf(rungs: readonly LadderRung[]): number {
  const values = rungs.flatMap((r) => [...r.map.values, ...(r.interval?.low == null ? [] : [r.interval.low])]);
  return values.length === 0 ? 0 : Math.max(0, Math.floor(10 * Math.min(...values) - 0.5) / 10);
}

/** Tenths from the beginning to one. */
export function tenths(from: number): number[] {
  return Array.from({ length: Math.round((1 - from) * 10) + 1 }, (_, i) => from + i / 10);
}

/** Difference to the rung below over the same seeds, which saw the same places; null for the first. */
export function gain(rungs: readonly LadderRung[], i: number): { mean: number; std: number } | null {
  const below = rungs[i - 1];
  if (below === undefined) return null;
  const by = rungs[i]!.map.values.map((v, k) => v - (below.map.values[k] ?? NaN)).filter(Number.isFinite);
  if (by.length === 0) return null;
  const mean = by.reduce((s, v) => s + v, 0) / by.length;
  const std = by.length < 2 ? 0 : Math.sqrt(by.reduce((s, v) => s + (v - mean) ** 2, 0) / (by.length - 1));
  return { mean, std };
}
