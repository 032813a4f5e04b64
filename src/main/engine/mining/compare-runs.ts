import { setImmediate } from 'node:timers/promises';
import type { MiningRunInfo, RunComparison } from '../../../shared/domain.ts';
import { Kept } from '../environment/kept.ts';
import type { Library } from '../library/library.ts';
import { integer, list, real, select, text } from '../library/rows.ts';
import { hashById } from '../library/tables/photo.ts';
import { inChunks } from './in-chunks.ts';
import { miningRun } from './runs.ts';

const SHOWN = 100;
/** Comparisons that are kept: runs never change. */
const KEPT = 4;

const kept = new WeakMap<Library, Kept<RunComparison>>();

/**
 * What changed from run `a` to run `b`: pairs that are new or gone, and whether the hardest negative of the queries in both is now
 * more similar (harder) or less. Others have their turn while it is counted.
 * @throws CovisError `NOT_FOUND`.
 */
export async function compareRuns(library: Library, a: number, b: number): Promise<RunComparison> {
  const [first, second] = [miningRun(library, a), miningRun(library, b)];
  let known = kept.get(library);
  if (known === undefined) kept.set(library, (known = new Kept(KEPT)));
  // A number may come again where the last run was taken away.
  return known.of(`${a} ${first.created} ${b} ${second.created}`, () => compared(library, first, second));
}

/** What a run's first tuple of a query says of it. */
interface First {
  readonly index: number;
  readonly hardest: number;
}

/** Photos of the database are numbered from 1 on: two of up to 67 million are one number. */
const PHOTOS = 2 ** 26;
const pairOf = (query: number, positive: number): number => query * PHOTOS + positive;

/** A run's pairs, and its first tuple of each query; photos by their ids in the database. */
interface Read {
  readonly pairs: ReadonlySet<number>;
  readonly first: ReadonlyMap<number, First>;
  /** The pair of each tuple, in their order. */
  readonly tuples: Float64Array;
}

async function read(library: Library, run: MiningRunInfo): Promise<Read> {
  const first = new Map<number, First>();
  const pairs = new Set<number>();
  const tuples = new Float64Array(run.tuples);
  const columns = list(integer, integer, integer, real);
  for await (const rows of inChunks(library, run, 't.tuple_index, t.query, t.positive, t.hardest', columns))
    for (const [index, query, positive, hardest] of rows) {
      const pair = pairOf(query, positive);
      tuples[index] = pair;
      pairs.add(pair);
      if (!first.has(query)) first.set(query, { index, hardest });
    }
  return { pairs, first, tuples };
}

async function compared(library: Library, first: MiningRunInfo, second: MiningRunInfo): Promise<RunComparison> {
  const [{ id: a }, { id: b }] = [first, second];
  const [before, after] = [await read(library, first), await read(library, second)];
  const counts = { kept: 0, fresh: 0, gone: 0, queries: 0, harder: 0, easier: 0 };
  for (const pair of after.pairs) counts[before.pairs.has(pair) ? 'kept' : 'fresh'] += 1;
  counts.gone = before.pairs.size - counts.kept;
  await setImmediate();
  const moved: { query: number; x: First; y: First; by: number }[] = [];
  for (const [query, x] of before.first) {
    const y = after.first.get(query);
    if (y === undefined) continue;
    counts.queries += 1;
    if (y.hardest > x.hardest) counts.harder += 1;
    else if (y.hardest < x.hardest) counts.easier += 1;
    if (y.hardest !== x.hardest) moved.push({ query, x, y, by: Math.abs(y.hardest - x.hardest) });
  }
  moved.sort((m, n) => n.by - m.by || m.y.index - n.y.index);
  const hash = hashById(library);
  const negative = select(
    library.db,
    "SELECT h.hash FROM tuple t JOIN photo h ON h.id = t.negatives ->> '$[0].photo' WHERE t.run_id = ? AND t.tuple_index = ?",
    text,
  );
  return {
    a,
    b,
    ...counts,
    meanNegativeDistance: [first.meanNegativeDistance, second.meanNegativeDistance],
    moved: moved.slice(0, SHOWN).map(({ query, x, y }) => ({
      query: hash.one(query),
      indexA: x.index,
      indexB: y.index,
      before: x.hardest,
      after: y.hardest,
      negativeBefore: negative.get(a, x.index) ?? '',
      negativeAfter: negative.get(b, y.index) ?? '',
    })),
    freshTuples: freshOf(after.tuples, before.pairs),
  };
}

/** The first tuples whose pair the other run has not. */
function freshOf(tuples: Float64Array, others: ReadonlySet<number>): number[] {
  const found: number[] = [];
  for (let index = 0; index < tuples.length && found.length < SHOWN; index += 1)
    if (tuples[index] !== 0 && !others.has(tuples[index]!)) found.push(index);
  return found;
}
