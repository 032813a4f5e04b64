import type { TaskContext } from '../queue/context.ts';
import { solveSmall, type SolverParameters, type SparseVector } from './diffusion.ts';
import { normaliseGraph, subgraph, type SparseGraph } from './graph.ts';
import { similarities, topByScore, type Matrix } from './rank.ts';
import type { Neighbours } from './neighbours.ts';

/** Diffusion of every node computed beforehand: row i of a query's answer is a weighted sum of rows (methods.md 4.8). */
export interface OfflineDiffusion {
  readonly nodes: number;
  /** [nodes + 1]. */
  readonly starts: Uint32Array;
  readonly ids: Uint32Array;
  readonly values: Float32Array;
}

/**
 * For every node: its `truncation` nearest nodes, S cut to them with the whole graph's degrees, and the solution for the unit
 * vector of the node itself.
 * @param lists nearest nodes of every node; the node itself is added where duplicates pushed it out of its own list.
 * @param from the first node, and `to` the one behind the last, of those that are computed: `starts` then has one for each of them and one more.
 */
export function offlineDiffusion(
  s: SparseGraph,
  lists: Neighbours,
  o: SolverParameters,
  task?: TaskContext,
  from = 0,
  to = s.nodes,
): OfflineDiffusion {
  const nodes = to - from;
  const position = new Int32Array(s.nodes).fill(-1);
  const starts = new Uint32Array(nodes + 1);
  const ids = new Uint32Array(nodes * lists.k);
  const values = new Float32Array(nodes * lists.k);
  let at = 0;
  for (let i = from; i < to; i += 1) {
    if (i % 64 === 0) task?.check();
    const near = lists.ids.slice(i * lists.k, (i + 1) * lists.k);
    let self = near.indexOf(i);
    if (self < 0) near[(self = near.length - 1)] = i;
    const f = solveSmall(subgraph(s, near, position), { ids: [self], values: [1] }, o);
    const order = Uint32Array.from(near, (_, j) => j).sort((a, b) => near[a]! - near[b]!);
    for (const j of order) {
      if (f[j] === 0) continue;
      ids[at] = near[j]!;
      values[at++] = f[j]!;
    }
    starts[i - from + 1] = at;
    task?.progress(i - from + 1);
  }
  return { nodes, starts, ids: ids.slice(0, at), values: values.slice(0, at) };
}

/** Parts of {@link offlineDiffusion}, in order, as one. */
export function joinedDiffusion(parts: readonly OfflineDiffusion[]): OfflineDiffusion {
  const nodes = parts.reduce((n, p) => n + p.nodes, 0);
  const entries = parts.reduce((n, p) => n + p.ids.length, 0);
  const out = {
    nodes,
    starts: new Uint32Array(nodes + 1),
    ids: new Uint32Array(entries),
    values: new Float32Array(entries),
  };
  let [node, at] = [0, 0];
  for (const p of parts) {
    for (let i = 1; i <= p.nodes; i += 1) out.starts[node + i] = at + p.starts[i]!;
    out.ids.set(p.ids, at);
    out.values.set(p.values, at);
    node += p.nodes;
    at += p.ids.length;
  }
  return out;
}

/** Scores of all nodes: Σ y_i · row i. */
export function offlineScores(o: OfflineDiffusion, y: SparseVector): Float64Array {
  const scores = new Float64Array(o.nodes);
  for (let e = 0; e < y.ids.length; e += 1) {
    const i = y.ids[e]!;
    for (let k = o.starts[i]!; k < o.starts[i + 1]!; k += 1) scores[o.ids[k]!]! += y.values[e]! * o.values[k]!;
  }
  return scores;
}

/**
 * Diffusion truncated to the `shortlist` nodes most similar to the query (methods.md 4.5): degrees are those of the sub-graph, all
 * other nodes score 0.
 * @param a the mutual graph, not normalised. @param keep the nodes, in any order, without repeats.
 */
export function truncatedScores(
  a: SparseGraph,
  keep: ArrayLike<number>,
  y: SparseVector,
  o: SolverParameters,
  position: Int32Array,
): Float64Array {
  const local = normaliseGraph(subgraph(a, keep, position));
  for (let i = 0; i < keep.length; i += 1) position[keep[i]!] = i;
  const ids: number[] = [];
  const values: number[] = [];
  for (let e = 0; e < y.ids.length; e += 1) {
    const p = position[y.ids[e]!]!;
    if (p < 0) continue;
    ids.push(p);
    values.push(y.values[e]!);
  }
  for (let i = 0; i < keep.length; i += 1) position[keep[i]!] = -1;
  const f = solveSmall(local, { ids, values }, o);
  const scores = new Float64Array(a.nodes);
  for (let i = 0; i < keep.length; i += 1) scores[keep[i]!] = f[i]!;
  return scores;
}

/** The rows most similar to a query, for truncation. */
export function shortlistOf(database: Matrix, query: Float32Array, size: number): Uint32Array {
  return topByScore(similarities(database, query), size);
}
