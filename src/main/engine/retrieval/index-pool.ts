import { Worker } from 'node:worker_threads';
import { threads as availableThreads } from '../environment/threads.ts';
import { threadReply } from '../environment/thread-reply.ts';
import { fromErrorShape, type ErrorShape } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { IndexFolder } from './index-folder.ts';
import type { Neighbours } from './neighbours.ts';
import type { Matrix } from './rank.ts';

/** What a thread is started with: the shards whose number leaves `own` by `of` are its own. */
export interface ShardsSetup {
  readonly folder: string;
  readonly own: number;
  readonly of: number;
  /** Threads of its own that one search takes. */
  readonly threads: number;
}
/** What is asked of it: to search, or without queries to map its graphs. */
export interface ShardsRequest {
  readonly queries?: Matrix;
  readonly k: number;
}
export interface ShardsReply {
  readonly found?: Neighbours;
  readonly error?: ErrorShape;
}

/** Queries that are asked at a time, so that a long search tells how far it is. */
const BLOCK = 256;

/**
 * An index beyond memory whose shards are searched at the same time, each by one of several threads, and merged: the result is that of one
 * thread. With one shard or one thread everything is done in the calling thread. Close it when done.
 */
export class IndexPool {
  readonly index: IndexFolder;
  /** As measured when the index was built. */
  readonly recallAt10: number;
  readonly #workers: readonly Worker[];

  private constructor(index: IndexFolder, recallAt10: number, workers: readonly Worker[]) {
    this.index = index;
    this.recallAt10 = recallAt10;
    this.#workers = workers;
  }

  /** Shards searched at the same moment. */
  get atOnce(): number {
    return Math.max(1, this.#workers.length);
  }

  /** @param threads at most so many. @throws CovisError as {@link IndexFolder.open}. */
  static async open(folder: string, threads = availableThreads()): Promise<IndexPool> {
    // Where there are threads, this one maps no graph: each takes memory for where its nodes begin.
    const { index, recallAt10 } = IndexFolder.open(folder);
    const count = Math.min(threads, index.shards);
    if (count < 2) return new IndexPool(index, recallAt10, []);
    const workers = Array.from({ length: count }, (_, own) => {
      const setup: ShardsSetup = { folder, own, of: count, threads: Math.max(1, Math.floor(threads / count)) };
      return new Worker(new URL('./index-worker.ts', import.meta.url), { workerData: setup });
    });
    const pool = new IndexPool(index, recallAt10, workers);
    try {
      await Promise.all(workers.map(answer));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Maps all graphs, those of several threads at the same time. @throws CovisError as {@link IndexFolder.mapGraphs}. */
  async mapGraphs(): Promise<void> {
    if (this.#workers.length === 0) this.index.mapGraphs();
    else await this.#ask({ k: 0 });
  }

  /** The answers of all threads. */
  #ask(request: ShardsRequest): Promise<Neighbours[]> {
    return Promise.all(
      this.#workers.map((w) => {
        const reply = answer(w);
        w.postMessage(request);
        return reply;
      }),
    );
  }

  /** The `k` best rows for each query. @param queries unit vectors. @throws CovisError as {@link IndexFolder.search}. */
  async search(queries: Matrix, k: number, task?: TaskContext): Promise<Neighbours> {
    if (this.#workers.length === 0 || queries.dim !== this.index.dim || queries.rows === 0)
      return this.index.search(queries, k, task);
    const kept = Math.min(k, this.index.rows);
    const out: Neighbours = {
      k: kept,
      ids: new Uint32Array(queries.rows * kept),
      scores: new Float32Array(queries.rows * kept),
    };
    for (let from = 0; from < queries.rows; from += BLOCK) {
      task?.check();
      const rows = Math.min(BLOCK, queries.rows - from);
      const part = {
        data: queries.data.slice(from * queries.dim, (from + rows) * queries.dim),
        rows,
        dim: queries.dim,
      };
      const found = await this.#ask({ queries: part, k: kept });
      merge(found, out, from, rows);
      task?.progress(from + rows);
    }
    return out;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((w) => w.terminate()));
    this.index.close();
  }
}

/** The best of several lists for each of `rows` queries from `from` on, equal scores by increasing row. */
function merge(lists: readonly Neighbours[], out: Neighbours, from: number, rows: number): void {
  for (let q = 0; q < rows; q += 1) {
    const at = lists.map((l) => q * l.k);
    for (let j = 0; j < out.k; j += 1) {
      let best = -1;
      lists.forEach((l, i) => {
        if (at[i]! >= (q + 1) * l.k) return;
        const [score, id] = [l.scores[at[i]!]!, l.ids[at[i]!]!];
        const than = lists[best];
        const [other, otherId] =
          than === undefined ? [-Infinity, Infinity] : [than.scores[at[best]!]!, than.ids[at[best]!]!];
        if (score > other || (score === other && score > -Infinity && id < otherId)) best = i;
      });
      const place = (from + q) * out.k + j;
      if (best < 0) {
        out.scores[place] = -Infinity;
        continue;
      }
      out.ids[place] = lists[best]!.ids[at[best]!]!;
      out.scores[place] = lists[best]!.scores[at[best]!]!;
      at[best]! += 1;
    }
  }
}

async function answer(worker: Worker): Promise<Neighbours> {
  const { found, error } = await threadReply<ShardsReply>(worker, 'index', 'A thread that searches shards ended');
  if (error !== undefined) throw fromErrorShape(error);
  return found ?? { k: 0, ids: new Uint32Array(0), scores: new Float32Array(0) };
}
