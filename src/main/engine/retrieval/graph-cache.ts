import type { TaskContext } from '../queue/context.ts';
import { mutualGraph, normaliseGraph, type SparseGraph } from './graph.ts';
import { exactNeighbours, type Neighbours } from './neighbours.ts';
import type { Matrix } from './rank.ts';
import { leadingEigenpairs, type Eigenpairs } from './spectral.ts';

/** Offline results that several methods share, so that comparing them computes the graph once. */
export class GraphCache {
  readonly #lists = new Map<number, Promise<Neighbours>>();
  readonly #graphs = new Map<string, Promise<{ a: SparseGraph; s: SparseGraph }>>();
  readonly #eigen = new Map<string, Promise<Eigenpairs>>();
  readonly #vectors: Matrix;

  constructor(vectors: Matrix) {
    this.#vectors = vectors;
  }

  /** The `k` nearest of every row, itself included. */
  neighbours(k: number, task?: TaskContext): Promise<Neighbours> {
    return remember(this.#lists, k, () => {
      task?.step('Finding neighbours', this.#vectors.rows, 'descriptors');
      return exactNeighbours(this.#vectors, this.#vectors, k, task);
    });
  }

  /** The mutual graph A, and S, which is A normalised. */
  graph(k: number, gamma: number, task?: TaskContext): Promise<{ a: SparseGraph; s: SparseGraph }> {
    return remember(this.#graphs, `${k} ${gamma}`, async () => {
      const a = mutualGraph(await this.neighbours(k, task), gamma);
      return { a, s: normaliseGraph(a) };
    });
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
