import type { KitSeries } from './types.ts';

/** A stretch of an axis. */
export type Domain = readonly [low: number, high: number];

/** Steps of 1, 2 or 5 times a power of ten that cut a stretch into about `wanted` parts; with `whole`, none below 1. */
export function tickStep([low, high]: Domain, wanted: number, whole = false): number {
  const raw = (high - low) / Math.max(1, wanted);
  if (!(raw > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const part = raw / power;
  const step = power * (part >= Math.sqrt(50) ? 10 : part >= Math.sqrt(10) ? 5 : part >= Math.SQRT2 ? 2 : 1);
  return whole ? Math.max(1, Math.round(step)) : step;
}

/** Multiples of the step that lie in the stretch. */
export function ticks([low, high]: Domain, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** An axis: its stretch and the step of its ticks. */
export interface Axis {
  readonly domain: Domain;
  readonly step: number;
}

/** The axis of values, widened to whole steps where no bound is given, never beyond `limit`. A single value gets room around it. */
export function axisOf(
  values: readonly number[],
  o: {
    readonly min?: number | undefined;
    readonly max?: number | undefined;
    readonly limit?: number | undefined;
    readonly wanted: number;
  },
): Axis {
  const finite = values.filter(Number.isFinite);
  let low = o.min ?? Math.min(...finite, Infinity);
  let high = o.max ?? Math.max(...finite, -Infinity);
  if (low > high) [low, high] = [o.min ?? 0, o.max ?? (o.min ?? 0) + 1];
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    if (o.min === undefined) low -= room;
    if (o.max === undefined || low === high) high += room;
  }
  const step = tickStep([low, high], o.wanted);
  const domain: Domain = [
    o.min ?? Number((Math.floor(low / step + 1e-9) * step).toPrecision(12)),
    o.max ?? Math.min(o.limit ?? Infinity, Number((Math.ceil(high / step - 1e-9) * step).toPrecision(12))),
  ];
  return { domain, step };
}

/** A tick's text: as many digits as its step needs. */
export function tickText(value: number, step: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e6))
    return value.toExponential(1).replace('.0e', 'e');
  return value.toFixed(Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9))));
}

/** All places of the horizontal axis at which a series has a value, in order. */
export function places(series: readonly KitSeries[]): number[] {
  return [...new Set(series.flatMap((s) => s.points.map(([x]) => x)))].sort((a, b) => a - b);
}

/** The index of the place that is nearest. */
export function nearest(all: readonly number[], x: number): number {
  let best = -1;
  for (let i = 0; i < all.length; i += 1) if (best < 0 || Math.abs(all[i]! - x) < Math.abs(all[best]! - x)) best = i;
  return best;
}
