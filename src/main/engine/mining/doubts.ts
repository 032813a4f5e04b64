import type { Library } from '../library/library.ts';
import { list, integer, record, select, json } from '../library/rows.ts';
import { storedNegatives } from '../library/tables/tuple.ts';
import { MIN_INLIERS } from '../sfm/match-tracks.ts';
import type { Judgement } from './decisions.ts';
import type { Separation } from './separation.ts';

/** What matching photos two by two says against labels that clusters give. */
export interface Doubts {
  /** The photos are of different places, of which photos match: maybe one object in two clusters. */
  readonly maybeSame: (query: number, negative: number) => boolean;
  /** The photos were matched with each other, and geometry did not confirm it, or something else than their cluster joined them. */
  readonly unconfirmed: (query: number, positive: number) => boolean;
}

/** Reads what clustering noted of pairs. What many otherwise unrelated photos share is no sign of one object. */
export function doubtsOf(library: Library, { groupOf }: Pick<Separation, 'groupOf'>): Doubts {
  const { db } = library;
  const places = new Set<string>();
  const key = (x: number, y: number): string => (x < y ? `${x} ${y}` : `${y} ${x}`);
  const matched = select(
    db,
    "SELECT a, b FROM photo_match WHERE inliers >= ? AND apart IS NOT 'common'",
    list(integer, integer),
  );
  for (const [a, b] of matched.all(MIN_INLIERS)) {
    const [x, y] = [groupOf(a), groupOf(b)];
    if (x !== y) places.add(key(x, y));
  }
  const unsure = select(
    db,
    "SELECT EXISTS (SELECT 1 FROM photo_match WHERE a = :a AND b = :b AND (inliers < :least OR apart IN ('common', 'elsewhere', 'either')))",
    integer,
  );
  return {
    maybeSame: (query, negative) => places.has(key(groupOf(query), groupOf(negative))),
    unconfirmed: (query, positive) =>
      unsure.one({ a: Math.min(query, positive), b: Math.max(query, positive), least: MIN_INLIERS }) === 1,
  };
}

/**
 * An answer about a negative as one about all negatives of a run that are of the same two places: whether two clusters show one object is asked
 * once. @returns the judgement first, then the same of the other pairs.
 */
export function ofBothPlaces(library: Library, { groupOf }: Pick<Separation, 'groupOf'>, j: Judgement): Judgement[] {
  const [x, y] = [groupOf(j.query), groupOf(j.other)];
  if (j.aspect !== 'negative' || j.run === undefined || x === y) return [j];
  const out = [j];
  const seen = new Set([`${Math.min(j.query, j.other)} ${Math.max(j.query, j.other)}`]);
  const tuples = select(
    library.db,
    'SELECT tuple_index AS tuple, query, negatives FROM tuple WHERE run_id = ? ORDER BY tuple_index',
    record({ tuple: integer, query: integer, negatives: json(storedNegatives) }),
  );
  for (const t of tuples.iterate(j.run)) {
    const own = groupOf(t.query);
    if (own !== x && own !== y) continue;
    for (const { photo } of t.negatives) {
      const pair = `${Math.min(t.query, photo)} ${Math.max(t.query, photo)}`;
      if (groupOf(photo) !== (own === x ? y : x) || seen.has(pair)) continue;
      seen.add(pair);
      out.push({ query: t.query, other: photo, aspect: 'negative', verdict: j.verdict, run: j.run, tuple: t.tuple });
    }
  }
  return out;
}
