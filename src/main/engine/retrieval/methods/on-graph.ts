import type { TaskContext } from '../../queue/context.ts';
import { queryVector, type SparseVector } from '../diffusion.ts';
import { edgeCount, type SparseGraph } from '../graph.ts';
import { ExactIndex, type Neighbours } from '../neighbours.ts';
import { takeRows } from '../rank.ts';
import { poolingMatrix, poolScores, rowsByImage } from '../regions.ts';
import { crossMatch } from './by-similarity.ts';
import { emptyLists, identity, putBest } from './lists.ts';
import type { Database, Preparation, Prepared, Queries, Ranking } from './method.ts';

/** What every method on the graph reads. */
export interface GraphParameters {
  readonly k: number;
  readonly kq: number;
  readonly gamma: number;
  readonly alpha: number;
}

/** The graph of a database: A, S, and the weights that pool regions into images where it has regions. */
export interface Graph {
  readonly a: SparseGraph;
  readonly s: SparseGraph;
  readonly pooling: readonly SparseVector[] | undefined;
}

/** Queries that their neighbours carry into the graph. */
export interface Carried {
  readonly ys: readonly SparseVector[];
  /** Which query each of `ys` is. */
  readonly inside: readonly number[];
  readonly queries: Queries;
  /** The descriptors of the database. */
  readonly index: ExactIndex;
  /** Rankings of all queries, in which those of `inside` are to be filled. */
  readonly out: Neighbours;
  /** Fills the ranking of `ys[i]` from the scores of all nodes. */
  give(i: number, scores: Float64Array): void;
  readonly task: TaskContext | undefined;
}

/** A way to diffuse on the graph. */
export interface Diffusion {
  /** Beside the vectors of the database. */
  readonly bytes?: number;
  readonly eigenResidual?: number | undefined;
  /** Right-hand sides of queries that are not built from the nearest nodes of the whole graph. */
  carry?(queries: Queries, index: ExactIndex, task: TaskContext | undefined): Promise<SparseVector[]>;
  diffuse(carried: Carried): Promise<void>;
  close?(): Promise<void>;
}

/** A method that walks the graph of the database. Queries that nothing carries into it are ranked by cosine and counted. */
export async function onGraph(
  p: GraphParameters,
  { database, cache, task }: Preparation,
  make: (graph: Graph) => Promise<Diffusion> | Diffusion,
): Promise<Prepared> {
  const { vectors, owners, images } = database;
  const pooling = owners === undefined ? undefined : poolingMatrix(vectors, owners, images);
  const graph: Graph = { ...(await cache.graph(p.k, p.gamma, task)), pooling };
  const diffusion = await make(graph);
  const index = new ExactIndex(vectors);
  return {
    facts: {
      edges: edgeCount(graph.a),
      bytes: diffusion.bytes ?? 0,
      eigenResidual: diffusion.eigenResidual,
    },
    rank: (queries, top, ranking) => diffuse(database, p, index, pooling, diffusion, queries, top, ranking),
    close: async () => {
      await index.release();
      await diffusion.close?.();
    },
  };
}

/** Right-hand sides from the nearest nodes of the whole graph (methods.md 4.3). */
export async function nearestNodes(
  { kq, gamma }: GraphParameters,
  queries: Queries,
  index: ExactIndex,
  groups: readonly (readonly number[])[],
): Promise<SparseVector[]> {
  const near = await index.search(queries.vectors, kq);
  return groups.map((rows) =>
    queryVector(
      rows.map((r) => ({
        ids: near.ids.subarray(r * near.k, (r + 1) * near.k),
        cosines: near.scores.subarray(r * near.k, (r + 1) * near.k),
      })),
      kq,
      gamma,
    ),
  );
}

async function diffuse(
  database: Database,
  p: GraphParameters,
  index: ExactIndex,
  pooling: Graph['pooling'],
  diffusion: Diffusion,
  queries: Queries,
  top: number,
  task: TaskContext | undefined,
): Promise<Ranking> {
  const groups = rowsByImage(queries.owners ?? identity(queries.count), queries.count);
  const all = (await diffusion.carry?.(queries, index, task)) ?? (await nearestNodes(p, queries, index, groups));
  const inside = all.flatMap((y, q) => (y.ids.length > 0 ? [q] : []));
  const out = emptyLists(queries.count, Math.min(top, database.images));
  const give = (i: number, scores: Float64Array): void =>
    putBest(out, inside[i]!, pooling === undefined ? scores : poolScores(pooling, scores));
  await diffusion.diffuse({ ys: inside.map((q) => all[q]!), inside, queries, index, out, give, task });
  for (const [q, y] of all.entries()) {
    if (y.ids.length > 0) continue;
    const rows = groups[q]!;
    const alone = { vectors: takeRows(queries.vectors, rows), owners: new Uint32Array(rows.length), count: 1 };
    const plain = await crossMatch(index, database, alone, out.k);
    out.ids.set(plain.ids, q * out.k);
    out.scores.set(plain.scores, q * out.k);
  }
  return { ...out, outside: queries.count - inside.length };
}
