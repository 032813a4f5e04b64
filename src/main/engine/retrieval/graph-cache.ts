import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { silentContext, type TaskContext } from '../queue/context.ts';
import { mutualGraph, normaliseGraph, type SparseGraph } from './graph.ts';
import { shorter, type NeighbourStore } from './kept-neighbours.ts';
import { exactNeighbours, type Neighbours } from './neighbours.ts';
import type { OfflineDiffusion } from './offline.ts';
import type { Matrix } from './rank.ts';
import { leadingEigenpairs, type Eigenpairs } from './spectral.ts';

/** The graph A and S, which is A normalised. */
interface Graphs {
  readonly a: SparseGraph;
  readonly s: SparseGraph;
}

/** How far neighbours are that are found meanwhile. */
export interface Finding {
  /** Rows whose neighbours are found, of so many. */
  readonly done: number;
  readonly of: number;
  /** They are there, and kept. */
  readonly ready: boolean;
}

interface Meanwhile {
  done: number;
  of: number;
  ready: boolean;
  /** Somebody waits for them, too, so that they are not given up for others. */
  wanted: boolean;
  error?: unknown;
}

/**
 * Offline results that several methods share, so that comparing them computes the graph once.
 * @param store where neighbours are kept from one time to the next; left out, they are not.
 */
export class GraphCache {
  readonly #lists = new Map<number, Promise<Neighbours>>();
  readonly #graphs = new Map<string, Promise<Graphs>>();
  readonly #eigen = new Map<string, Promise<Eigenpairs>>();
  readonly #vectors: Matrix;
  readonly #store: NeighbourStore | undefined;
  readonly #meanwhile = new Map<number, Meanwhile>();
  /** The longest lists that are there: those of fewer neighbours are their beginnings. */
  #longest: Neighbours | undefined;
  #begun: Meanwhile | undefined;
  #ended = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(vectors: Matrix, store?: NeighbourStore) {
    this.#vectors = vectors;
    this.#store = store;
  }

  /** The `k` nearest of every row, itself included. */
  neighbours(k: number, task?: TaskContext): Promise<Neighbours> {
    const begun = this.#meanwhile.get(k);
    if (begun !== undefined) begun.wanted = true;
    return this.#neighbours(k, task);
  }

  #neighbours(k: number, task?: TaskContext): Promise<Neighbours> {
    return remember(this.#lists, k, async () => {
      const there = this.#there(k);
      if (there !== undefined) return shorter(there, Math.min(k, this.#vectors.rows));
      task?.step('Finding neighbours', this.#vectors.rows, 'descriptors');
      const found = await exactNeighbours(this.#vectors, this.#vectors, Math.max(k, this.#store?.least ?? 0), task);
      if (found.k > (this.#longest?.k ?? 0)) this.#longest = found;
      this.#store?.write(found);
      return shorter(found, Math.min(k, found.k));
    });
  }

  /** Lists of at least so many that were found before, by this program or an earlier one. */
  #there(k: number): Neighbours | undefined {
    const enough = Math.min(k, this.#vectors.rows);
    if (this.#longest === undefined || this.#longest.k < enough) this.#longest = this.#store?.read(k) ?? this.#longest;
    return this.#longest === undefined || this.#longest.k < enough ? undefined : this.#longest;
  }

  /** The mutual graph A, and S, which is A normalised. */
  graph(k: number, gamma: number, task?: TaskContext): Promise<Graphs> {
    return remember(this.#graphs, `${k} ${gamma}`, async () => {
      const lists = this.#there(k) ?? (await this.neighbours(k, task));
      const a = mutualGraph(lists, gamma, Math.min(k, lists.k));
      return { a, s: normaliseGraph(a) };
    });
  }

  /** What {@link NeighbourStore.diffused} has. */
  diffused(truncation: number): OfflineDiffusion | undefined {
    return this.#store?.diffused?.(truncation);
  }

  /** The graph, where its neighbours were found before; undefined where that has yet to be computed. */
  async graphThere(k: number, gamma: number): Promise<Graphs | undefined> {
    return this.#meanwhile.get(k)?.ready === true || this.#there(k) !== undefined ? this.graph(k, gamma) : undefined;
  }

  /**
   * Finds the `k` nearest of every row meanwhile, if that has not begun, and tells how far it is. What was begun for another `k` ends,
   * unless somebody waits for it.
   * @throws why they could not be found, once; asked again, it is tried again.
   */
  meanwhile(k: number): Finding {
    const known = this.#meanwhile.get(k);
    if (known !== undefined) {
      if (known.error === undefined) return known;
      this.#meanwhile.delete(k);
      throw known.error;
    }
    const finding: Meanwhile = { done: 0, of: this.#vectors.rows, ready: false, wanted: false };
    this.#meanwhile.set(k, finding);
    this.#begun = finding;
    const task: TaskContext = {
      ...silentContext(),
      progress: (done) => (finding.done = done),
      check: () => {
        if (this.#ended || (this.#begun !== finding && !finding.wanted))
          throw new CovisError('CANCELLED', 'Other neighbours were asked for');
      },
    };
    this.#last = this.#neighbours(k, task).then(
      () => {
        finding.done = finding.of;
        finding.ready = true;
      },
      (error: unknown) => {
        if (error instanceof CovisError && error.code === 'CANCELLED') this.#meanwhile.delete(k);
        else finding.error = error;
        logFailure(logger('search'), 'finding neighbours', error);
      },
    );
    return finding;
  }

  /** Ends what is found meanwhile, and waits until it has. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#last;
  }

  /** @param tolerance largest residual of a pair. */
  eigenpairs(k: number, gamma: number, rank: number, tolerance: number, task?: TaskContext): Promise<Eigenpairs> {
    return remember(this.#eigen, `${k} ${gamma} ${rank} ${tolerance}`, async () =>
      leadingEigenpairs((await this.graph(k, gamma, task)).s, Math.min(rank, this.#vectors.rows), task, tolerance),
    );
  }
}

/** Remembers what a key gave, unless it failed. */
function remember<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
    value.catch(() => map.delete(key));
  }
  return value;
}
