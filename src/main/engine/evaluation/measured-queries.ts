/** Queries of measurements, in an order and by pages: there may be as many as photos. */
import type { QueryScoreInfo } from '../../../shared/domain.ts';
import type { ComparedQuery, QueryOrder, QueryPage } from '../../../shared/facts/measurements.ts';
import type { Library } from '../library/library.ts';
import { select, text } from '../library/rows.ts';
import { queriesMeasured } from './library-measure.ts';

/** Average precisions that differ by no more are a tie. */
const TIE = 0.005;
/** Orders that are kept, so that a page further down is not put in order again: what one looks at, and what one compares it with. */
const KEPT = 4;

/** What is asked of the queries of a measurement. */
export interface AskedQueries {
  readonly id: number;
  /** Another measurement. */
  readonly with?: number | undefined;
  readonly order: QueryOrder;
  readonly from: number;
  readonly limit: number;
}

interface Ordered extends Omit<QueryPage, 'queries' | 'total'> {
  readonly queries: readonly ComparedQuery[];
}

const kept = new WeakMap<Library, Map<string, Ordered>>();

/** @throws CovisError `NOT_FOUND`. */
export function measuredQueries(library: Library, asked: AskedQueries): QueryPage {
  const { from, limit } = asked;
  const { queries, wins, losses } = ordered(library, asked);
  return { total: queries.length, wins, losses, queries: queries.slice(from, from + limit) };
}

/** A measurement never changes; another may come to have its number. */
function stampOf({ db }: Library, id: number | undefined): string {
  return id === undefined
    ? ''
    : `${id} ${select(db, 'SELECT created FROM measurement WHERE id = ?', text).get(id) ?? ''}`;
}

function ordered(library: Library, { id, with: other, order }: AskedQueries): Ordered {
  const key = `${stampOf(library, id)}, ${stampOf(library, other)}, ${order}`;
  let all = kept.get(library);
  if (all === undefined) kept.set(library, (all = new Map()));
  const found =
    all.get(key) ??
    inOrder(queriesMeasured(library, id), other === undefined ? [] : queriesMeasured(library, other), order);
  all.delete(key);
  all.set(key, found);
  for (const old of all.keys()) {
    if (all.size <= KEPT) break;
    all.delete(old);
  }
  return found;
}

/** @param of queries of the one that is shown. @param others of the one that it is compared with; none where it is not. */
export function inOrder(of: readonly QueryScoreInfo[], others: readonly QueryScoreInfo[], order: QueryOrder): Ordered {
  const there = new Map(others.map((q) => [q.query, q.ap]));
  const all = of.map(({ precisionAt: _, ...q }): ComparedQuery => ({ ...q, other: there.get(q.query) ?? null }));
  const by = (q: ComparedQuery): number => (q.other === null ? 0 : q.ap - q.other);
  const both = all.filter((q) => q.other !== null);
  const queries = order === 'gain' ? both.slice() : all;
  const first: Readonly<Record<QueryOrder, (a: ComparedQuery, b: ComparedQuery) => number>> = {
    worst: (a, b) => a.ap - b.ap,
    best: (a, b) => b.ap - a.ap,
    change: (a, b) => Math.abs(by(b)) - Math.abs(by(a)),
    gain: (a, b) => by(b) - by(a),
    name: (a, b) => (a.query < b.query ? -1 : a.query > b.query ? 1 : 0),
  };
  queries.sort((a, b) => first[order](a, b) || a.index - b.index);
  return {
    queries,
    wins: both.filter((q) => by(q) > TIE).length,
    losses: both.filter((q) => by(q) < -TIE).length,
  };
}
