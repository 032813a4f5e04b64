/** Precisions and recalls, which are kept from 0 to 1, as people read them everywhere: of a hundred. */
import { signed } from './signed.ts';

/** Mean average precision. */
export function meanPrecision(map: number): string {
  return of100(map, 2);
}

/** A precision, a recall, or an end of its interval. */
export function of100(v: number, digits = 1): string {
  return (100 * v).toFixed(digits);
}

/** `+4.1`, `-2.0`: a difference, in points of a hundred. What rounds to nothing is `+0.0`. @param minus the sign of what is less. */
export function signedOf100(v: number, digits = 1, minus = '-'): string {
  return signed(100 * v, digits, minus);
}

/** An interval as its ends are known; null where there are too few places. */
interface Ends {
  readonly low: number | null;
  readonly high: number | null;
}

/** `[50.10, 61.20]`, or what stands where there is none. */
export function intervalOf100({ low, high }: Ends, none = ''): string {
  return low === null || high === null ? none : `[${meanPrecision(low)}, ${meanPrecision(high)}]`;
}

/** `61.20 [50.10, 70.10]`, or the mean and what stands where there is no interval. */
export function meanOf100({ mean, ...ends }: Ends & { readonly mean: number }, none = ''): string {
  return `${meanPrecision(mean)} ${intervalOf100(ends, none)}`.trimEnd();
}

/** As {@link meanOf100}, of a difference, in points. */
export function differenceOf100({ mean, ...ends }: Ends & { readonly mean: number }, none = ''): string {
  const { low, high } = ends;
  const between = low === null || high === null ? none : `[${signedOf100(low, 2)}, ${signedOf100(high, 2)}]`;
  return `${signedOf100(mean, 2)} ${between}`.trimEnd();
}

/** `mP@1 95.00  mP@5 93.20`. @param by at how many. */
export function atOf100(by: Readonly<Record<string, number>>, what: string): string {
  return Object.entries(by)
    .map(([k, v]) => `${what}${k} ${meanPrecision(v)}`)
    .join('  ');
}
