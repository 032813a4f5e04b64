import type { TupleAlternative, TupleInfo, TupleNegative, TupleSort } from '../../../shared/domain.ts';
import { STRATEGY_BITS, VERDICTS, type ReviewProgress, type TupleList } from '../../../shared/domain.ts';
import type { TupleFilterParams } from '../../../shared/routes/tuples.ts';
import { CovisError } from '../../../shared/errors.ts';
import { Kept } from '../environment/kept.ts';
import type { Library } from '../library/library.ts';
import { integer, json, list, nullable, oneOf, real, record, select, text } from '../library/rows.ts';
import { hashById } from '../library/tables/photo.ts';
import { storedAlternatives, storedNegatives } from '../library/tables/tuple.ts';
import { undoState } from './decisions.ts';
import { inChunks } from './in-chunks.ts';
import { miningRun } from './runs.ts';

/** What a list of tuples is narrowed to; all that is given has to hold. */
export type TupleFilter = TupleFilterParams;

/** Numbers that tuples are sorted by, best first when descending. */
const SORT_KEYS: Record<TupleSort, { readonly sql: string; readonly descending: boolean }> = {
  mined: { sql: '0', descending: false },
  suspicion: { sql: 't.suspicion', descending: true },
  hardest: { sql: 't.hardest', descending: true },
  easiest: { sql: 't.hardest', descending: false },
  positive: { sql: 't.positive_similarity', descending: false },
  shared: { sql: 't.shared', descending: false },
};

const LISTS_KEPT = 8;
/** Orders of whole runs, which never change. */
const ORDERS_KEPT = 4;

const PAIR = `v.a = MIN(t.query, t.positive) AND v.b = MAX(t.query, t.positive)`;
const JUDGED_NEGATIVE = (verdict: string): string =>
  `EXISTS (SELECT 1 FROM json_each(t.negatives) j JOIN verdict n ON n.a = MIN(t.query, j.value ->> 'photo')
     AND n.b = MAX(t.query, j.value ->> 'photo') AND n.aspect = 'negative' ${verdict})`;

function conditions(f: TupleFilter): { sql: string; values: Record<string, unknown> } {
  const parts: string[] = [];
  const values: Record<string, unknown> = {};
  const add = (sql: string, name: string, value: unknown): void => {
    parts.push(sql);
    values[name] = value;
  };
  if (f.cluster !== undefined)
    add('t.cluster_id = (SELECT id FROM cluster WHERE uid = :cluster)', 'cluster', f.cluster);
  if (f.strategy !== undefined) add('t.strategies & :bit', 'bit', STRATEGY_BITS[f.strategy]);
  for (const [name, column] of [
    ['similarity', 't.positive_similarity'],
    ['hardest', 't.hardest'],
    ['shared', 't.shared'],
  ] as const) {
    const range = f[name];
    if (range?.min !== undefined) add(`${column} >= :${name}Min`, `${name}Min`, range.min);
    if (range?.max !== undefined) add(`${column} <= :${name}Max`, `${name}Max`, range.max);
  }
  if (f.disagreement === true) parts.push('t.disagreement > 0');
  if (f.newSince !== undefined)
    add(
      'NOT EXISTS (SELECT 1 FROM tuple o WHERE o.run_id = :newSince AND o.query = t.query AND o.positive = t.positive)',
      'newSince',
      f.newSince,
    );
  const exists = (rest: string): string => `EXISTS (SELECT 1 FROM verdict v WHERE ${PAIR} AND ${rest})`;
  switch (f.decision) {
    case undefined:
      break;
    case 'none':
      parts.push(`NOT ${exists("v.aspect = 'positive'")}`);
      break;
    case 'any':
      parts.push(`(${exists("v.aspect IN ('positive', 'note')")} OR ${JUDGED_NEGATIVE('')})`);
      break;
    case 'note':
      parts.push(exists("v.aspect = 'note'"));
      break;
    case 'same-object':
      parts.push(JUDGED_NEGATIVE("AND n.verdict = 'same-object'"));
      break;
    default:
      add(exists("v.aspect = 'positive' AND v.verdict = :verdict"), 'verdict', f.decision);
  }
  return { sql: parts.map((p) => ` AND ${p}`).join(''), values };
}

/** What is asked of a run. */
export interface TupleQuery {
  readonly run: number;
  readonly filter: TupleFilter;
  readonly sort: TupleSort;
}

/**
 * Positions of a run's tuples in some order, narrowed by a filter. Goes through the run by key, a chunk at a time, and lets others have
 * their turn in between; holds four bytes a tuple.
 * @throws CovisError `NOT_FOUND`.
 */
export async function orderTuples(library: Library, q: TupleQuery): Promise<Uint32Array> {
  const run = miningRun(library, q.run);
  const key = SORT_KEYS[q.sort];
  const indices = new Uint32Array(run.tuples);
  const keys = new Float64Array(run.tuples);
  let n = 0;
  const columns = `t.tuple_index, ${key.sql}`;
  for await (const rows of inChunks(library, run, columns, list(integer, real), conditions(q.filter)))
    for (const [index, k] of rows) {
      indices[n] = index;
      keys[n] = k;
      n += 1;
    }
  if (q.sort === 'mined') return indices.slice(0, n);
  const sign = key.descending ? -1 : 1;
  return Uint32Array.from({ length: n }, (_, i) => i)
    .sort((x, y) => sign * (keys[x]! - keys[y]!) || indices[x]! - indices[y]!)
    .map((i) => indices[i]!);
}

/** Lists that pages have open: a few, each as it was when it was asked for. */
export class TupleLists {
  readonly #library: Library;
  readonly #lists = new Map<string, { readonly run: number; readonly order: Uint32Array }>();
  readonly #orders = new Kept<Uint32Array>(ORDERS_KEPT);
  #next = 1;

  constructor(library: Library) {
    this.#library = library;
  }

  /** @throws CovisError `NOT_FOUND` for an unknown run. */
  async open(q: TupleQuery): Promise<TupleList> {
    const order = await this.#order(q);
    const name = `l${this.#next++}`;
    this.#lists.set(name, { run: q.run, order });
    for (const old of this.#lists.keys()) {
      if (this.#lists.size <= LISTS_KEPT) break;
      this.#lists.delete(old);
    }
    return { list: name, total: order.length };
  }

  /** What a filter asks may change with every decision; a whole run does not. */
  async #order(q: TupleQuery): Promise<Uint32Array> {
    if (Object.keys(q.filter).length > 0) return orderTuples(this.#library, q);
    const { created } = miningRun(this.#library, q.run);
    return this.#orders.of(`${q.run} ${created} ${q.sort}`, () => orderTuples(this.#library, q));
  }

  /** @throws CovisError `NOT_FOUND` when the list was opened too long ago: open it again. */
  page(list: string, from: number, limit: number): { tuples: TupleInfo[] } {
    const { run, order } = this.#get(list);
    return { tuples: readTuples(this.#library, run, order.subarray(from, from + limit)) };
  }

  /** Position of a tuple in a list; -1 where the list does not have it. */
  find(list: string, index: number): number {
    return this.#get(list).order.indexOf(index);
  }

  #get(list: string): { readonly run: number; readonly order: Uint32Array } {
    const known = this.#lists.get(list);
    if (known === undefined)
      throw new CovisError('NOT_FOUND', 'This list of tuples is no longer kept', { hint: 'Open it again.' });
    // Used last, dropped last.
    this.#lists.delete(list);
    this.#lists.set(list, known);
    return known;
  }
}

/** Tuples of a run by their positions, in the order asked for, with what people decided about them. */
export function readTuples(library: Library, run: number, indices: ArrayLike<number>): TupleInfo[] {
  const { db } = library;
  const tuple = select(
    db,
    `SELECT t.tuple_index AS idx, t.query AS queryId, q.hash AS query, p.hash AS positive, COALESCE(c.uid, '') AS cluster, COALESCE(c.name, '') AS clusterName,
       t.shared, t.overlap, t.scale, t.positive_similarity AS positiveSimilarity, t.strategies, t.disagreement, t.suspicion, t.negatives, t.alternatives,
       v.verdict, r.hash AS replacement, m.note
     FROM tuple t JOIN photo q ON q.id = t.query JOIN photo p ON p.id = t.positive LEFT JOIN cluster c ON c.id = t.cluster_id
     LEFT JOIN verdict v ON ${PAIR} AND v.aspect = 'positive' LEFT JOIN decision d ON d.id = v.decision_id LEFT JOIN photo r ON r.id = d.replacement
     LEFT JOIN verdict w ON w.a = MIN(t.query, t.positive) AND w.b = MAX(t.query, t.positive) AND w.aspect = 'note' LEFT JOIN decision m ON m.id = w.decision_id
     WHERE t.run_id = ? AND t.tuple_index = ?`,
    record({
      idx: integer,
      queryId: integer,
      query: text,
      positive: text,
      cluster: text,
      clusterName: text,
      shared: integer,
      overlap: real,
      scale: nullable(real),
      positiveSimilarity: real,
      strategies: integer,
      disagreement: integer,
      suspicion: real,
      negatives: json(storedNegatives),
      alternatives: json(storedAlternatives),
      verdict: nullable(oneOf(VERDICTS)),
      replacement: nullable(text),
      note: nullable(text),
    }),
  );
  const photo = hashById(library);
  // By themselves these take a fifth of what one question with all of it takes, and most photos have a cluster.
  const cluster = select(
    db,
    `SELECT c.uid AS cluster, COALESCE(c.alias, c.name) AS clusterName FROM view_all v JOIN cluster_all c ON c.id = v.cluster_id AND c.state = 'active'
     WHERE v.photo_id = ? LIMIT 1`,
    record({ cluster: text, clusterName: text }),
  );
  const scene = select(
    db,
    'SELECT s.name FROM known_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ? LIMIT 1',
    text,
  );
  const place = (id: number): { photo: string; cluster: string; clusterName: string } => ({
    photo: photo.one(id),
    ...(cluster.get(id) ?? { cluster: '', clusterName: scene.one(id) }),
  });
  const verdict = select(
    db,
    'SELECT verdict FROM verdict WHERE a = MIN(:x, :y) AND b = MAX(:x, :y) AND aspect = :aspect',
    oneOf(VERDICTS),
  );
  const out: TupleInfo[] = [];
  for (let i = 0; i < indices.length; i += 1) {
    const row = tuple.get(run, indices[i]!);
    if (row === undefined) throw new CovisError('NOT_FOUND', `Mining run ${run} has no tuple ${indices[i]}`);
    const { idx, queryId, negatives, alternatives, ...t } = row;
    out.push({
      ...t,
      index: idx,
      negatives: negatives.map((n): TupleNegative => ({
        ...n,
        ...place(n.photo),
        verdict: verdict.get({ x: queryId, y: n.photo, aspect: 'negative' }) ?? null,
      })),
      alternatives: alternatives.map((a): TupleAlternative => ({
        ...a,
        photo: photo.one(a.photo),
        verdict: verdict.get({ x: queryId, y: a.photo, aspect: 'positive' }) ?? null,
      })),
    });
  }
  return out;
}

/** How far the review of a run is: verdicts in force on its pairs. Starts from the verdicts, which are few. */
export function reviewProgress(library: Library, run: number): ReviewProgress {
  const { tuples } = miningRun(library, run);
  const counts = new Map(
    select(
      library.db,
      `SELECT v.verdict, COUNT(*) FROM verdict v JOIN tuple t ON t.run_id = :run AND t.query IN (v.a, v.b) AND t.positive IN (v.a, v.b)
       WHERE v.aspect = 'positive' GROUP BY v.verdict`,
      list(text, integer),
    ).all({ run }),
  );
  const n = (verdict: string): number => counts.get(verdict) ?? 0;
  const sameObject = select(
    library.db,
    "SELECT COUNT(*) FROM verdict WHERE aspect = 'negative' AND verdict = 'same-object'",
    integer,
  ).one();
  return {
    tuples,
    reviewed: n('accept') + n('reject') + n('swap'),
    accepted: n('accept'),
    rejected: n('reject'),
    swapped: n('swap'),
    sameObject,
    ...undoState(library),
  };
}
