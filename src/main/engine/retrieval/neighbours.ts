import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { int, int64Tensor, type Graph } from '../network/onnx/graph.ts';
import { Runner } from '../network/runtime.ts';
import type { Matrix } from './rank.ts';

/** The k best rows for each query, best first: `ids` and `scores` are [queries, k] row-major. */
export interface Neighbours {
  readonly k: number;
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
}

/** Products of one run hold at most this many numbers, so that memory stays bounded. */
const PRODUCTS = 1 << 24;
const DATABASE_BLOCK = 1 << 18;

/** So many queries are looked at together; what is searched in blocks of as many gives the same bits as all at once. */
export function queryBlock(databaseRows: number): number {
  return Math.max(1, Math.min(1024, Math.floor(PRODUCTS / Math.max(1, Math.min(databaseRows, DATABASE_BLOCK)))));
}

/**
 * Exact search by inner product: a matrix product and the selection of the best, both in ONNX Runtime with all its threads.
 * Equal scores go by increasing row. Release it when done.
 */
export class ExactIndex {
  readonly #database: Matrix;
  readonly #runners = new Map<number, Promise<Runner>>();

  constructor(database: Matrix) {
    this.#database = database;
  }

  get rows(): number {
    return this.#database.rows;
  }

  #runner(k: number): Promise<Runner> {
    let r = this.#runners.get(k);
    if (r === undefined) this.#runners.set(k, (r = Runner.create(productGraph(k))));
    return r;
  }

  /**
   * The `k` best rows for each query; fewer when the database has fewer.
   * @throws CovisError `INPUT_INVALID` when dimensions differ, `CANCELLED`.
   */
  async search(queries: Matrix, k: number, task?: TaskContext): Promise<Neighbours> {
    const db = this.#database;
    if (queries.dim !== db.dim)
      throw new CovisError(
        'INPUT_INVALID',
        `The queries have ${queries.dim} dimensions and the database has ${db.dim}: they must come from the same network`,
      );
    const kept = Math.min(k, db.rows);
    const out: Neighbours = {
      k: kept,
      ids: new Uint32Array(queries.rows * kept),
      scores: new Float32Array(queries.rows * kept),
    };
    if (kept === 0) return out;
    const across = Math.min(db.rows, DATABASE_BLOCK);
    const block = queryBlock(db.rows);
    for (let q = 0; q < queries.rows; q += block) {
      task?.check();
      const count = Math.min(block, queries.rows - q);
      for (let from = 0; from < db.rows; from += across) {
        const size = Math.min(across, db.rows - from);
        await this.#block(queries, q, count, from, size, out);
      }
      task?.progress(q + count);
    }
    return out;
  }

  async #block(queries: Matrix, q: number, count: number, from: number, size: number, out: Neighbours): Promise<void> {
    const { dim, data } = this.#database;
    const k = Math.min(out.k, size);
    const runner = await this.#runner(k);
    const result = await runner.run({
      queries: { dims: [count, dim], data: queries.data.subarray(q * dim, (q + count) * dim) },
      database: { dims: [size, dim], data: data.subarray(from * dim, (from + size) * dim) },
    });
    const scores = result['scores']!;
    const wide = result['ids'] as unknown as BigInt64Array;
    // Indices are 64-bit and small: their low words are what is needed.
    const ids = new Uint32Array(wide.buffer, wide.byteOffset, 2 * wide.length);
    for (let i = 0; i < count; i += 1) {
      const at = (q + i) * out.k;
      if (from === 0) {
        for (let j = 0; j < k; j += 1) {
          out.ids[at + j] = ids[2 * (i * k + j)]!;
          out.scores[at + j] = scores[i * k + j]!;
        }
        out.scores.fill(-Infinity, at + k, at + out.k);
      } else merge(out, at, ids, scores, i * k, k, from);
    }
  }

  async release(): Promise<void> {
    for (const r of this.#runners.values()) await (await r).release();
    this.#runners.clear();
  }
}

/** Merges k sorted newcomers, all of later rows, into a sorted list; on equal scores what is there stays first. */
function merge(
  out: Neighbours,
  at: number,
  ids: Uint32Array,
  scores: Float32Array,
  newAt: number,
  k: number,
  from: number,
): void {
  const oldIds = out.ids.slice(at, at + out.k);
  const oldScores = out.scores.slice(at, at + out.k);
  for (let w = 0, a = 0, b = 0; w < out.k; w += 1) {
    if (b >= k || oldScores[a]! >= scores[newAt + b]!) {
      out.ids[at + w] = oldIds[a]!;
      out.scores[at + w] = oldScores[a]!;
      a += 1;
    } else {
      out.ids[at + w] = ids[2 * (newAt + b)]! + from;
      out.scores[at + w] = scores[newAt + b]!;
      b += 1;
    }
  }
}

function productGraph(k: number): Graph {
  return {
    name: 'neighbours',
    inputs: [
      { name: 'queries', type: 'float', dims: ['q', 'd'] },
      { name: 'database', type: 'float', dims: ['n', 'd'] },
    ],
    outputs: [
      { name: 'scores', type: 'float', dims: ['q', k] },
      { name: 'ids', type: 'int64', dims: ['q', k] },
    ],
    nodes: [
      {
        op: 'Gemm',
        name: 'product',
        inputs: ['queries', 'database'],
        outputs: ['all'],
        attributes: { transB: int(1) },
      },
      { op: 'TopK', name: 'best', inputs: ['all', 'k'], outputs: ['scores', 'ids'], attributes: {} },
    ],
    initializers: new Map([['k', int64Tensor([1], [k])]]),
    metadata: new Map(),
  };
}

/** Exact neighbours of a few queries; for many searches over one database keep an {@link ExactIndex}. */
export async function exactNeighbours(
  database: Matrix,
  queries: Matrix,
  k: number,
  task?: TaskContext,
): Promise<Neighbours> {
  const index = new ExactIndex(database);
  try {
    return await index.search(queries, k, task);
  } finally {
    await index.release();
  }
}
