/** Numbers as people read them: units, sensible digits. */

import { signedOf100 as signedPoints } from '../../shared/precision.ts';

export { meanPrecision, of100 } from '../../shared/precision.ts';
export { duration } from '../../shared/duration.ts';

const whole = new Intl.NumberFormat('en');

export function count(n: number): string {
  return whole.format(n);
}

/** `1 photo`, `12 photos`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `+4.1`, `−2.0`: a difference of precisions from 0 to 1, in points of a hundred. What rounds to nothing is `+0.0`. */
export function signedOf100(v: number, digits = 1): string {
  return signedPoints(v, digits, '−');
}

/** Cosine similarities. */
export function score(v: number): string {
  return v.toFixed(3);
}

export function percent(v: number): string {
  return `${Math.round(100 * v)} %`;
}

/** Today's times as a clock, older ones as a date. */
export function when(iso: string): string {
  const d = new Date(iso);
  const today = new Date().toDateString() === d.toDateString();
  return d.toLocaleString(
    'en-GB',
    today
      ? { hour: '2-digit', minute: '2-digit' }
      : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  );
}

/** How long ago, in whole words, for what is looked at once. */
export function ago(iso: string, now = Date.now()): string {
  const days = Math.floor((new Date(now).setHours(0, 0, 0, 0) - new Date(iso).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days <= 0) return 'today';
  if (days === 1) return 'yesterday';
  if (days < 14) return `${days} days ago`;
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

export function bytes(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} GB`;
  return n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.round(n / 1e3)} kB`;
}
