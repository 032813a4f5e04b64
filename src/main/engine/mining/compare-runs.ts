import type { RunComparison } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { miningRun } from './runs.ts';
import { integer, real, record, select, text } from '../library/rows.ts';

const SHOWN = 100;

/**
 * What changed from run `a` to run `b`: pairs that are new or gone, and whether the hardest negative of the queries in both is now
 * more similar (harder) or less.
 * @throws CovisError `NOT_FOUND`.
 */
export function compareRuns(library: Library, a: number, b: number): RunComparison {
  const [first, second] = [miningRun(library, a), miningRun(library, b)];
  const { db } = library;
  const missing = (from: number, other: number): number =>
    select(
      db,
      `SELECT COUNT(*) FROM (SELECT DISTINCT query, positive FROM tuple WHERE run_id = ?) t
       WHERE NOT EXISTS (SELECT 1 FROM tuple o WHERE o.run_id = ? AND o.query = t.query AND o.positive = t.positive)`,
      integer,
    ).one(from, other);
  const pairs = select(
    db,
    'SELECT COUNT(*) FROM (SELECT DISTINCT query, positive FROM tuple WHERE run_id = ?)',
    integer,
  ).one(b);
  const fresh = missing(b, a);
  const both = `SELECT x.query, x.idx AS indexA, y.idx AS indexB, x.hardest AS before, y.hardest AS after
    FROM (SELECT query, MIN(tuple_index) AS idx, hardest FROM tuple WHERE run_id = :a GROUP BY query) x
    JOIN (SELECT query, MIN(tuple_index) AS idx, hardest FROM tuple WHERE run_id = :b GROUP BY query) y ON y.query = x.query`;
  const counted = select(
    db,
    `SELECT COUNT(*) AS queries, COALESCE(SUM(after > before), 0) AS harder, COALESCE(SUM(after < before), 0) AS easier FROM (${both})`,
    record({ queries: integer, harder: integer, easier: integer }),
  ).one({ a, b });
  const moved = select(
    db,
    `SELECT p.hash AS query, m.indexA, m.indexB, m.before, m.after,
       COALESCE((SELECT h.hash FROM tuple t JOIN photo h ON h.id = t.negatives ->> '$[0].photo' WHERE t.run_id = :a AND t.tuple_index = m.indexA), '') AS negativeBefore,
       COALESCE((SELECT h.hash FROM tuple t JOIN photo h ON h.id = t.negatives ->> '$[0].photo' WHERE t.run_id = :b AND t.tuple_index = m.indexB), '') AS negativeAfter
     FROM (${both}) m JOIN photo p ON p.id = m.query WHERE m.before <> m.after ORDER BY ABS(m.after - m.before) DESC, m.indexB LIMIT ${SHOWN}`,
    record({
      query: text,
      indexA: integer,
      indexB: integer,
      before: real,
      after: real,
      negativeBefore: text,
      negativeAfter: text,
    }),
  ).all({ a, b });
  const freshTuples = select(
    db,
    `SELECT t.tuple_index FROM tuple t WHERE t.run_id = :b AND NOT EXISTS (
       SELECT 1 FROM tuple o WHERE o.run_id = :a AND o.query = t.query AND o.positive = t.positive) ORDER BY t.tuple_index LIMIT ${SHOWN}`,
    integer,
  ).all({ a, b });
  return {
    a,
    b,
    kept: pairs - fresh,
    fresh,
    gone: missing(a, b),
    ...counted,
    meanNegativeDistance: [first.meanNegativeDistance, second.meanNegativeDistance],
    moved,
    freshTuples,
  };
}
