/** One network beside another on the same questions, with intervals over places. */
import type { AdaptFigure, PlaceInterval } from '../../../shared/facts/adapt.ts';
import type { AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import { signedOf100 } from '../../../shared/precision.ts';
import { overPlaces, type Witness } from './over-places.ts';
import type { Answer, Geometry } from './protocols.ts';

/** Answers by fold. */
export type Answers = readonly (readonly Answer[])[];

/** The mean of answers, with its interval over places. */
export function meanOf(g: Geometry, answers: Answers, seed: number): PlaceInterval {
  return overPlaces(
    witnesses(g, answers, (a) => a.ap),
    seed,
  );
}

/** How much better `after` is than `before` on the same questions, with its interval over places. */
export function differenceOf(g: Geometry, before: Answers, after: Answers, seed: number): PlaceInterval {
  const ofFold = before.map((list) => new Map(list.map((a) => [a.query, a.ap])));
  const both = after.map((list, f) => list.filter((a) => ofFold[f]!.has(a.query)));
  return overPlaces(
    witnesses(g, both, (a, f) => a.ap - ofFold[f]!.get(a.query)!),
    seed,
  );
}

function witnesses(g: Geometry, answers: Answers, value: (a: Answer, fold: number) => number): Witness[] {
  return answers.flatMap((list, fold) =>
    list.map((a) => ({ value: value(a, fold), place: g.group[a.query]!, fold, weight: a.weight })),
  );
}

/** Before and after under one protocol. @param learned whose the figures are, for people. */
export function figureOf(
  g: Geometry,
  protocol: AdaptProtocol,
  before: Answers,
  after: Answers,
  seed: number,
  learned: string,
): AdaptFigure {
  const queries = new Set(before.flatMap((list) => list.map((a) => a.query)));
  return {
    protocol,
    learned,
    queries: queries.size,
    places: new Set([...queries].map((q) => g.group[q]!)).size,
    folds: before.length,
    before: meanOf(g, before, seed),
    after: meanOf(g, after, seed),
    difference: differenceOf(g, before, after, seed),
  };
}

/** Better beyond the interval; where places are too few for one, nothing is. */
export function isBetter({ low }: PlaceInterval): boolean {
  return low !== null && low > 0;
}

/** `+12.0 points [+6.0, +19.0]`, of a hundred. */
export function differenceSaid({ mean, low, high }: PlaceInterval): string {
  const points = `${signedOf100(mean)} points`;
  return low === null || high === null ? points : `${points} [${signedOf100(low)}, ${signedOf100(high)}]`;
}
