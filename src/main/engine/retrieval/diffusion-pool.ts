import { Worker } from 'node:worker_threads';
import { threadReply } from '../environment/thread-reply.ts';
import { threads as availableThreads } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import {
  DiffusionSolver,
  type ScoreSink,
  type SolverMethod,
  type SolverParameters,
  type SparseVector,
} from './diffusion.ts';
import type { SparseGraph } from './graph.ts';
import { COLUMNS, kernelModule } from './kernels.ts';
import type { Eigenpairs } from './spectral.ts';

/** What a thread is started with. */
export interface PoolSetup {
  readonly graph: SparseGraph;
  readonly eigenpairs: Eigenpairs | undefined;
  readonly module: WebAssembly.Module;
}

/** One block of queries for a thread, and its answer: the scores of all nodes, query after query. */
export interface PoolRequest {
  readonly method: SolverMethod;
  readonly queries: readonly SparseVector[];
  readonly parameters: SolverParameters;
}
export interface PoolReply {
  readonly scores?: Float64Array<ArrayBuffer>;
  readonly error?: string;
}

/** Each thread keeps its own copy of graph and eigenvectors; above this size one thread has to do. */
const MAX_COPY_BYTES = 1 << 30;

/** Copies into memory that threads share, so that starting them copies nothing. */
function shared<T extends Uint32Array | Float64Array>(a: T): T {
  const out = new (a.constructor as new (b: SharedArrayBuffer) => T)(new SharedArrayBuffer(a.byteLength));
  out.set(a as never);
  return out;
}

/** Diffusion of many queries on one graph with several threads, blocks of eight queries at a time. Close it when done. */
export class DiffusionPool {
  readonly #workers: readonly Worker[];
  readonly #solver: DiffusionSolver;

  private constructor(solver: DiffusionSolver, workers: readonly Worker[]) {
    this.#solver = solver;
    this.#workers = workers;
  }

  /** @param threads at most so many; 1 works in the calling thread. @throws CovisError `INPUT_UNSUPPORTED` above 4 GiB. */
  static async create(
    graph: SparseGraph,
    eigenpairs?: Eigenpairs,
    threads = availableThreads(),
  ): Promise<DiffusionPool> {
    const module = await kernelModule();
    const solver = await DiffusionSolver.create(graph, module);
    if (eigenpairs !== undefined) solver.useEigenpairs(eigenpairs);
    if (threads < 2 || solver.bytes > MAX_COPY_BYTES) return new DiffusionPool(solver, []);
    const setup: PoolSetup = {
      graph: {
        nodes: graph.nodes,
        starts: shared(graph.starts),
        columns: shared(graph.columns),
        values: shared(graph.values),
      },
      eigenpairs: eigenpairs && { ...eigenpairs, vectors: shared(eigenpairs.vectors) },
      module,
    };
    const workers = Array.from(
      { length: threads },
      () => new Worker(new URL('./diffusion-worker.ts', import.meta.url), { workerData: setup }),
    );
    await Promise.all(workers.map((w) => answer(w)));
    return new DiffusionPool(solver, workers);
  }

  /** Bytes of one thread's graph, vectors and eigenvectors. */
  get bytes(): number {
    return this.#solver.bytes;
  }

  /** Solves for every query; `sink` hears of them in any order. @throws CovisError `CANCELLED`. */
  async run(
    method: SolverMethod,
    queries: readonly SparseVector[],
    parameters: SolverParameters,
    sink: ScoreSink,
    task?: TaskContext,
  ): Promise<void> {
    const blocks = Math.ceil(queries.length / COLUMNS);
    let next = 0;
    let done = 0;
    const take = (): { from: number; queries: readonly SparseVector[] } | undefined => {
      task?.check();
      if (next >= blocks) return undefined;
      const from = COLUMNS * next++;
      return { from, queries: queries.slice(from, from + COLUMNS) };
    };
    if (this.#workers.length === 0 || blocks === 1) {
      for (let b = take(); b !== undefined; b = take()) {
        const { from } = b;
        this.#solver.run(method, b.queries, parameters, (q, scores) => sink(from + q, scores));
        task?.progress((done += b.queries.length));
      }
      return;
    }
    const nodes = this.#solver.nodes;
    await Promise.all(
      this.#workers.map(async (worker) => {
        for (let b = take(); b !== undefined; b = take()) {
          const reply = answer(worker);
          worker.postMessage({ method, queries: b.queries, parameters } satisfies PoolRequest);
          const { scores, error } = await reply;
          if (scores === undefined) throw new CovisError('INTERNAL', `A diffusion thread failed: ${error ?? ''}`);
          for (let q = 0; q < b.queries.length; q += 1) sink(b.from + q, scores.subarray(q * nodes, (q + 1) * nodes));
          task?.progress((done += b.queries.length));
        }
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((w) => w.terminate()));
  }
}

const answer = (worker: Worker): Promise<PoolReply> => threadReply(worker, 'diffusion', 'A diffusion thread ended');
