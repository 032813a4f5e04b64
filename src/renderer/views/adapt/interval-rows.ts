import type { AdaptFigure, AdaptReport, PlaceInterval } from '../../../shared/facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES, CANDIDATE_NAMES } from '../../../shared/facts/adapt-names.ts';
import { of100 } from '../../kit/format.ts';

/** A bar with its whisker. */
export interface IntervalRow {
  readonly key: string;
  readonly label: string;
  /** Null where it was not measured; then `note` says why. */
  readonly value: PlaceInterval | null;
  /** Against the first row. */
  readonly difference: PlaceInterval | null;
  readonly kind: 'before' | 'after' | 'other';
  readonly note: string | null;
}

/** Before and after of one protocol. */
export function figureRows(f: AdaptFigure): IntervalRow[] {
  const row = (kind: 'before' | 'after', value: PlaceInterval, difference: PlaceInterval | null): IntervalRow => ({
    key: kind,
    label: kind === 'before' ? 'Before' : 'After',
    value,
    difference,
    kind,
    note: null,
  });
  return [row('before', f.before, null), row('after', f.after, f.difference)];
}

/** What was tried, the start first. */
export function candidateRows(r: AdaptReport): IntervalRow[] {
  return r.candidates.map((c) => ({
    key: c.name,
    label: `${CANDIDATE_NAMES[c.name]}${c.name === r.chosen ? ' (taken)' : ''}`,
    value: c.map,
    difference: c.difference,
    kind: c.name === 'start' ? 'before' : c.name === r.chosen ? 'after' : 'other',
    note: c.why,
  }));
}

/** Capital first. */
export function protocolTitle(protocol: AdaptFigure['protocol']): string {
  const name = ADAPT_PROTOCOL_NAMES[protocol];
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** `50.1 to 61.2`; what is said where there is none. */
export function rangeOf({ low, high }: PlaceInterval, number: (v: number) => string = of100): string {
  return low === null || high === null ? 'too few places for an interval' : `${number(low)} to ${number(high)}`;
}

/** Whether a difference is more than chance, as a class of its text. */
export function direction(d: PlaceInterval): 'up' | 'down' | 'open' {
  if (d.low !== null && d.low > 0) return 'up';
  return d.high !== null && d.high < 0 ? 'down' : 'open';
}
