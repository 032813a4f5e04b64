import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { BatchMatches, Index, MetricKind, ScalarKind } from 'usearch';
import { CovisError } from '../../../shared/errors.ts';
import { writeBeside } from '../formats/beside.ts';
import type { Placing } from '../formats/target.ts';
import { threadsIfFewer } from '../environment/threads.ts';
import type { TaskContext } from '../queue/context.ts';
import { random } from '../library/random.ts';
import { exactNeighbours, type Neighbours } from './neighbours.ts';
import { dot, row, takeRows, type Matrix } from './rank.ts';

/** HNSW's sizes: links a node, candidates while building and while searching. */
export interface HnswParameters {
  readonly connectivity: number;
  readonly expansionAdd: number;
  readonly expansionSearch: number;
}

export const DEFAULT_HNSW: HnswParameters = { connectivity: 16, expansionAdd: 96, expansionSearch: 96 };
const ADD_BLOCK = 8192;
/**
 * So many rows are added by one thread: rows that are added at the same moment do not link to each other, and in a small graph
 * nothing else leads to them.
 */
const ALONE = 1024;
/** What usearch takes for all threads of the machine. */
const ALL_THREADS = 0;

/** An HNSW graph in memory or mapped from a file. */
export interface Graph {
  readonly index: Index;
  /**
   * As many threads may search it: usearch has a place for each of the last addition or, in a file that is mapped, of the machine, and a search
   * that finds none throws, now and then.
   */
  searchers: number;
}

/** An empty graph for vectors of `dim` dimensions, kept in half precision. */
export function emptyGraph(dim: number, p: HnswParameters): Graph {
  const index = new Index({
    dimensions: dim,
    metric: MetricKind.IP,
    quantization: ScalarKind.F16,
    connectivity: p.connectivity,
    expansion_add: p.expansionAdd,
    expansion_search: p.expansionSearch,
    multi: false,
  });
  return { index, searchers: 1 };
}

/**
 * Adds the rows of a matrix under the numbers from `first` on, block by block.
 * @param threads one gives the same graph every time. @throws CovisError `CANCELLED`.
 */
export function addRows(
  graph: Graph,
  m: Matrix,
  first: number,
  task?: TaskContext,
  threads = threadsIfFewer() ?? ALL_THREADS,
): void {
  for (let from = 0; from < m.rows;) {
    task?.check();
    const alone = first + from < ALONE;
    const to = Math.min(alone ? ALONE - first : from + ADD_BLOCK, m.rows);
    const keys = BigUint64Array.from({ length: to - from }, (_, i) => BigInt(first + from + i));
    const adders = alone ? 1 : threads;
    graph.index.add(keys, m.data.subarray(from * m.dim, to * m.dim), adders);
    graph.searchers = adders === ALL_THREADS ? availableParallelism() : adders;
    task?.progress(first + to);
    from = to;
  }
}

/**
 * A graph that was saved; the file is mapped, not read.
 * @throws CovisError `INPUT_MISSING`, `INPUT_CORRUPT` for a file that is no graph, `INPUT_INVALID` for one of another size.
 */
export function openGraph(file: string, rows: number, dim: number, p: HnswParameters = DEFAULT_HNSW): Graph {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This index does not exist', { file });
  const { index } = emptyGraph(dim, p);
  try {
    index.view(file);
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'This file is no index, or it is damaged', { file, cause });
  }
  if (Number(index.size()) !== rows || Number(index.dimensions()) !== dim) {
    throw new CovisError(
      'INPUT_INVALID',
      `This index has ${index.size()} vectors of ${index.dimensions()} dimensions, the database ${rows} of ${dim}`,
      { file, hint: 'Delete the file; it is built anew.' },
    );
  }
  return { index, searchers: availableParallelism() };
}

/**
 * Numbers of the rows among which the `k` best for each query are, in no order: what the graph finds; all rows where it finds fewer, as a row
 * to which no link leads is not found, and where they are no more than a search looks at anyway.
 */
export function candidates(
  { index, searchers }: Graph,
  rows: number,
  queries: Matrix,
  k: number,
  { expansionSearch }: HnswParameters = DEFAULT_HNSW,
  threads = threadsIfFewer() ?? searchers,
): ArrayLike<number>[] {
  const all = (): Uint32Array => Uint32Array.from({ length: rows }, (_, i) => i);
  if (rows <= expansionSearch) return Array.from({ length: queries.rows }, all);
  const found = index.search(queries.data, k, rows <= ALONE ? 1 : Math.min(threads, searchers));
  return Array.from({ length: queries.rows }, (_, q) => {
    const ids = new Set(Array.from((found instanceof BatchMatches ? found.get(q) : found).keys, Number));
    return ids.size < k ? all() : [...ids];
  });
}

/** The best `k` of some rows by score, equal scores by increasing row, put into the place of query `q`. */
export function scoreBest(out: Neighbours, q: number, ids: ArrayLike<number>, scoreOf: (id: number) => number): void {
  Array.from(ids, (id) => ({ id, score: Math.fround(scoreOf(id)) }))
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, out.k)
    .forEach((hit, j) => {
      out.ids[q * out.k + j] = hit.id;
      out.scores[q * out.k + j] = hit.score;
    });
}

/**
 * Approximate search for large sets: usearch's HNSW over half-precision copies, the candidates then scored exactly, so that scores
 * and ties are those of exact search. From {@link ALONE} rows on, building uses all threads and its result varies a little from
 * run to run. With no more rows than candidates, every row is a candidate and the result is the exact one.
 */
export class ApproximateIndex {
  readonly #graph: Graph;
  readonly #database: Matrix;
  readonly #parameters: HnswParameters;

  private constructor(graph: Graph, database: Matrix, p: HnswParameters) {
    this.#graph = graph;
    this.#database = database;
    this.#parameters = p;
  }

  /** @throws CovisError `CANCELLED`. */
  static build(database: Matrix, p: HnswParameters = DEFAULT_HNSW, task?: TaskContext): ApproximateIndex {
    const graph = emptyGraph(database.dim, p);
    task?.step('Building the index', database.rows, 'descriptors');
    addRows(graph, database, 0, task);
    return new ApproximateIndex(graph, database, p);
  }

  /**
   * Opens what {@link save} wrote; the file is mapped, not read.
   * @throws CovisError `INPUT_CORRUPT` for a file that is no index or does not fit the database.
   */
  static open(file: string, database: Matrix, p: HnswParameters = DEFAULT_HNSW): ApproximateIndex {
    return new ApproximateIndex(openGraph(file, database.rows, database.dim, p), database, p);
  }

  /** @throws CovisError `STATE_CONFLICT` for a file that is there, without `force`. */
  save(file: string, how: Placing = {}): void {
    writeBeside(file, how, (temporary) => this.#graph.index.save(temporary));
  }

  /** The `k` best rows for each query as the index finds them, with exact scores. */
  search(queries: Matrix, k: number): Neighbours {
    const db = this.#database;
    const kept = Math.min(k, db.rows);
    const out = {
      k: kept,
      ids: new Uint32Array(queries.rows * kept),
      scores: new Float32Array(queries.rows * kept).fill(-Infinity),
    };
    if (queries.rows === 0 || kept === 0) return out;
    candidates(this.#graph, db.rows, queries, kept, this.#parameters).forEach((ids, q) => {
      const asked = row(queries, q);
      scoreBest(out, q, ids, (id) => dot(asked, row(db, id)));
    });
    return out;
  }

  /** The share of the exact `k` nearest that the index finds, over `sample` rows drawn by `seed` as queries. */
  async recall(k: number, sample: number, seed = 0): Promise<number> {
    const r = random(seed);
    const ids = Array.from({ length: Math.min(sample, this.#database.rows) }, () => r.below(this.#database.rows));
    const queries = takeRows(this.#database, ids);
    const exact = await exactNeighbours(this.#database, queries, k);
    const found = this.search(queries, k);
    let hits = 0;
    for (let q = 0; q < ids.length; q += 1) {
      const truth = new Set(exact.ids.subarray(q * exact.k, (q + 1) * exact.k));
      for (let j = 0; j < found.k; j += 1) if (truth.has(found.ids[q * found.k + j]!)) hits += 1;
    }
    return hits / (ids.length * exact.k);
  }
}
