/** A part of the mutual graph of a large collection that can be had at once: the photos nearest to one of them. */
import { DiffusionSolver, type ScoreSink, type SolverParameters, type SparseVector } from './diffusion.ts';
import { graphAmong, normaliseGraph, type SparseGraph } from './graph.ts';
import { exactNeighbours } from './neighbours.ts';
import { row, similarities, takeRows, topByScore, type Matrix } from './rank.ts';

export interface GraphPart {
  /** Rows in it, ascending. */
  readonly rows: Uint32Array;
  /** Over all rows of the collection: those outside have no edge. */
  readonly graph: SparseGraph;
  /** As {@link DiffusionSolver.conjugateGradients} on the graph: what lies outside scores zero. */
  conjugateGradients(queries: readonly SparseVector[], o: SolverParameters, sink: ScoreSink): void;
}

/**
 * The part of the mutual kNN graph (methods.md 4.1) among the `count` rows nearest to one. Its edges are those of the whole graph: whether
 * each is among the other's neighbours is asked of all rows. Diffusion in it is the truncated one of methods.md 4.5, on this part.
 */
export async function graphAround(
  vectors: Matrix,
  self: number,
  { count, k, gamma }: { readonly count: number; readonly k: number; readonly gamma: number },
): Promise<GraphPart> {
  const near = topByScore(similarities(vectors, row(vectors, self)), Math.min(count, vectors.rows));
  // Where more are exactly alike than are taken, the row itself may not be among them.
  const rows = Uint32Array.from(new Set([self, ...near])).sort();
  const lists = await exactNeighbours(vectors, takeRows(vectors, rows), k);
  const place = new Map(Array.from(rows, (r, i) => [r, i]));
  const part = graphAmong(lists, place, gamma);
  const solver = await DiffusionSolver.create(normaliseGraph(part));
  const starts = new Uint32Array(vectors.rows + 1);
  rows.forEach((r, i) => (starts[r + 1] = part.starts[i + 1]! - part.starts[i]!));
  for (let i = 0; i < vectors.rows; i += 1) starts[i + 1]! += starts[i]!;
  return {
    rows,
    graph: { nodes: vectors.rows, starts, columns: part.columns.map((c) => rows[c]!), values: part.values },
    conjugateGradients(queries, o, sink) {
      const inside = queries.map(({ ids: of, values }) => {
        const at = Array.from({ length: of.length }, (_, i) => i).filter((i) => place.has(of[i]!));
        return { ids: at.map((i) => place.get(of[i]!)!), values: at.map((i) => values[i]!) };
      });
      const all = new Float64Array(vectors.rows);
      solver.conjugateGradients(inside, o, (q, found) => {
        all.fill(0);
        rows.forEach((r, i) => (all[r] = found[i]!));
        sink(q, all);
      });
    },
  };
}
