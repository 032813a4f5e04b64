import { methodParameters } from '../../../shared/methods/parameters.ts';
import type { RankParameters } from '../../../shared/methods/index.ts';
import type { TaskContext } from '../queue/context.ts';
import { queryVector, solveSmall } from './diffusion.ts';
import { graphAmong, normaliseGraph } from './graph.ts';
import type { IndexPool } from './index-pool.ts';
import type { Ranking } from './methods/method.ts';
import { emptyLists } from './methods/lists.ts';
import type { Neighbours } from './neighbours.ts';
import { topByScore, type Matrix } from './rank.ts';

/** Nodes whose neighbours are kept between queries that ask near each other. */
const KEPT_NODES = 100_000;

/** How, with the defaults of the method. @throws CovisError `INPUT_INVALID`. */
export function truncatedParameters(given: {
  readonly shortlist?: number | undefined;
  readonly k?: number | undefined;
}): RankParameters<'truncated'> {
  const defined = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  return methodParameters('truncated', defined);
}

/**
 * Diffusion among a query's nearest alone (methods.md 4.5) in an index beyond memory. The graph is that of all rows, cut to the shortlist:
 * two of them are joined where each is among the other's `k` nearest of the whole index. Shortlist and neighbours are as the index
 * finds them, so its recall is theirs; weights, degrees and solution are exact. Only rows that queries come near are read.
 * @param queries unit vectors. @param top of the shortlist. @returns with the queries that nothing carries into the graph, which are ranked
 * by cosine. @throws CovisError `INPUT_INVALID` when dimensions differ, `CANCELLED`.
 */
export async function diffuseShortlists(
  pool: IndexPool,
  queries: Matrix,
  top: number,
  p: RankParameters<'truncated'>,
  task?: TaskContext,
): Promise<Ranking> {
  const { index } = pool;
  const near = await pool.search(queries, p.shortlist);
  const out = emptyLists(queries.rows, Math.min(top, near.k));
  const lists = new NodeLists(pool, Math.min(p.k, index.rows));
  let outside = 0;
  for (let q = 0; q < queries.rows; q += 1) {
    task?.check();
    const ids = near.ids.slice(q * near.k, (q + 1) * near.k);
    const cosines = near.scores.subarray(q * near.k, (q + 1) * near.k);
    const keep = ids.toSorted();
    const position = new Map(Array.from(keep, (id, i) => [id, i]));
    const y = queryVector(
      [{ ids: Uint32Array.from(ids.subarray(0, p.kq), (id) => position.get(id)!), cosines: cosines.subarray(0, p.kq) }],
      p.kq,
      p.gamma,
    );
    if (y.ids.length === 0) {
      outside += 1;
      out.ids.set(ids.subarray(0, out.k), q * out.k);
      out.scores.set(cosines.subarray(0, out.k), q * out.k);
    } else {
      const graph = graphAmong(await lists.of(keep), position, p.gamma);
      const f = solveSmall(normaliseGraph(graph), y, p);
      topByScore(f, out.k).forEach((at, j) => {
        out.ids[q * out.k + j] = keep[at]!;
        out.scores[q * out.k + j] = f[at]!;
      });
    }
    task?.progress(q + 1);
  }
  return { ...out, outside };
}

/** The `k` nearest of nodes among all rows, asked once for those that queries share. */
class NodeLists {
  readonly #pool: IndexPool;
  readonly #k: number;
  readonly #known = new Map<number, { readonly ids: Uint32Array; readonly scores: Float32Array }>();

  constructor(pool: IndexPool, k: number) {
    this.#pool = pool;
    this.#k = k;
  }

  /** Lists of some nodes, in their order. */
  async of(keep: Uint32Array): Promise<Neighbours> {
    if (this.#known.size + keep.length > KEPT_NODES) this.#known.clear();
    const missing = keep.filter((id) => !this.#known.has(id));
    if (missing.length > 0) {
      const rows = this.#pool.index.rowsOf(missing);
      const found = await this.#pool.search(rows, this.#k);
      missing.forEach((id, i) =>
        this.#known.set(id, {
          ids: found.ids.slice(i * found.k, (i + 1) * found.k),
          scores: found.scores.slice(i * found.k, (i + 1) * found.k),
        }),
      );
    }
    const k = this.#k;
    const out = { k, ids: new Uint32Array(keep.length * k), scores: new Float32Array(keep.length * k) };
    keep.forEach((id, i) => {
      const { ids, scores } = this.#known.get(id)!;
      out.ids.set(ids, i * k);
      out.scores.set(scores, i * k);
    });
    return out;
  }
}
