import type { NegativeStrategy } from '../../../shared/domain.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Random } from '../library/random.ts';
import { neighbourCount } from '../retrieval/graph.ts';
import { ExactIndex } from '../retrieval/neighbours.ts';
import { dot, row, takeRows, type Matrix } from '../retrieval/rank.ts';
import { hardestNegatives, randomNegatives, type Foreign, type Negative } from './negatives.ts';
import type { Separation } from './separation.ts';

/** Photos that a search for negatives looks at first; a query whose own place or too few places fill them is searched again. */
const FIRST_LOOK = 256;
/** Neighbours that are compared to tell how linked two photos are, at most. */
const MOST_LINKS = 30;
/** Products that looking for links may take; the hardest negatives of every query come first. */
const LINK_PRODUCTS = 40e6;

/** Evidence of {@link NegativeSearch.links}, by query and negative. */
export type Links = (
  query: number,
  negative: number,
) => { readonly links: number; readonly mutual: boolean } | undefined;

/** Finds negatives of many queries in a pool, most similar first, by blocks of products. */
export class NegativeSearch {
  readonly #pool: Matrix;
  readonly #poolIds: readonly number[];
  readonly #apart: Separation;
  readonly #task: TaskContext | undefined;
  readonly #index: ExactIndex;
  /** The beginning of each query's ranking of the pool, as found on the way. */
  readonly #first: Uint32Array[] = [];

  constructor(pool: Matrix, poolIds: readonly number[], apart: Separation, task?: TaskContext) {
    this.#pool = pool;
    this.#poolIds = poolIds;
    this.#apart = apart;
    this.#task = task;
    this.#index = new ExactIndex(pool);
  }

  #foreign(query: number): Foreign {
    return {
      allowed: (i) => this.#apart.foreign(query, this.#poolIds[i]!),
      groupOf: (i) => this.#apart.groupOf(this.#poolIds[i]!),
    };
  }

  async find(
    vectors: Matrix,
    queries: readonly number[],
    count: number,
    strategy: NegativeStrategy,
    r: Random,
  ): Promise<Negative[][]> {
    if (strategy === 'random')
      return queries.map((q, i) => {
        const v = row(vectors, i);
        return randomNegatives(this.#pool.rows, (n) => dot(v, row(this.#pool, n)), this.#foreign(q), count, r);
      });
    const out: Negative[][] = queries.map(() => []);
    let left = queries.map((_, i) => i);
    for (let look = FIRST_LOOK; left.length > 0; look *= 8) {
      const lists = await this.#index.search(takeRows(vectors, left), Math.min(look, this.#pool.rows), this.#task);
      if (look === FIRST_LOOK)
        left.forEach((_, i) => this.#first.push(lists.ids.subarray(i * lists.k, (i + 1) * lists.k)));
      left = left.filter((i, at) => {
        const from = at * lists.k;
        out[i] = hardestNegatives(
          lists.ids.subarray(from, from + lists.k),
          lists.scores.subarray(from, from + lists.k),
          this.#foreign(queries[i]!),
          count,
          strategy,
        );
        return out[i]!.length < count && lists.k < this.#pool.rows;
      });
    }
    return out;
  }

  /** How many of their nearest neighbours in the pool queries and their negatives have in common. */
  async links(vectors: Matrix, queries: readonly number[], negatives: readonly Negative[][]): Promise<Links> {
    const k = neighbourCount(this.#pool.rows, MOST_LINKS);
    const most = Math.ceil(LINK_PRODUCTS / this.#pool.rows);
    const wanted = new Set<number>();
    for (let n = 0; n < Math.max(...negatives.map((l) => l.length)); n += 1)
      for (const list of negatives) if (list[n] !== undefined && wanted.size < most) wanted.add(list[n]!.row);
    const rows = [...wanted].sort((a, b) => a - b);
    if (this.#first.length === 0) {
      const lists = await this.#index.search(vectors, k + 1, this.#task);
      queries.forEach((_, i) => this.#first.push(lists.ids.subarray(i * lists.k, (i + 1) * lists.k)));
    }
    // One more than k: a photo of the pool finds itself.
    const lists = await this.#index.search(takeRows(this.#pool, rows), k + 1, this.#task);
    const neighbours = (list: Uint32Array, self: number): Set<number> =>
      new Set(
        Array.from(list.subarray(0, k + 1), (i) => this.#poolIds[i]!)
          .filter((id) => id !== self)
          .slice(0, k),
      );
    const byQuery = new Map(queries.map((q, i) => [q, neighbours(this.#first[i]!, q)]));
    const byNegative = new Map(
      rows.map((n, i) => [
        this.#poolIds[n]!,
        neighbours(lists.ids.subarray(i * lists.k, (i + 1) * lists.k), this.#poolIds[n]!),
      ]),
    );
    return (query, negative) => {
      const a = byQuery.get(query)!;
      const b = byNegative.get(negative);
      if (b === undefined) return undefined;
      let common = 0;
      for (const id of a) if (b.has(id)) common += 1;
      return { links: common / k, mutual: a.has(negative) && b.has(query) };
    };
  }

  release(): Promise<void> {
    return this.#index.release();
  }
}
