/** Whether a quantity that is measured again and again grows without end. Pure. */

/** One look at a process: seconds since the start, and what was found. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

export interface Trend {
  readonly first: number;
  readonly last: number;
  readonly least: number;
  readonly most: number;
  /** Units an hour after the warm-up, by the median of the slopes of all pairs (Theil and Sen). */
  readonly perHour: number;
  /** What the slope would add in a day, as a share of the median. */
  readonly perDay: number;
}

/** Longer runs are looked at in so many pieces, each by its mean. */
const PIECES = 400;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return n === 0 ? NaN : (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}

/**
 * The trend after the first `warmUp` share of the time, in which caches fill.
 * @throws RangeError for fewer than four samples after the warm-up.
 */
export function trendOf(samples: readonly Sample[], warmUp: number): Trend {
  const end = samples.at(-1)?.at ?? 0;
  const begin = samples[0]?.at ?? 0;
  const warm = samples.filter((s) => s.at >= begin + warmUp * (end - begin));
  if (warm.length < 4) throw new RangeError(`${warm.length} samples are too few for a trend`);
  const pieces = inPieces(warm);
  const slopes = pieces.flatMap((a, i) =>
    pieces.slice(i + 1).flatMap((b) => (b.at > a.at ? [(b.value - a.value) / (b.at - a.at)] : [])),
  );
  const values = samples.map((s) => s.value);
  const perHour = 3600 * median(slopes);
  const level = median(warm.map((s) => s.value));
  return {
    first: values[0]!,
    last: values.at(-1)!,
    least: Math.min(...values),
    most: Math.max(...values),
    perHour,
    perDay: level === 0 ? (perHour === 0 ? 0 : Infinity) : (24 * perHour) / Math.abs(level),
  };
}

function inPieces(samples: readonly Sample[]): Sample[] {
  const n = Math.min(PIECES, samples.length);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return Array.from({ length: n }, (_, i) => {
    const piece = samples.slice(Math.floor((i * samples.length) / n), Math.floor(((i + 1) * samples.length) / n));
    return { at: mean(piece.map((s) => s.at)), value: mean(piece.map((s) => s.value)) };
  });
}

/** The value below which a share of all lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
