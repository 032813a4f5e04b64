import type { Neighbours } from './neighbours.ts';

/** A symmetric sparse matrix in CSR form, columns of a row ascending, no diagonal. */
export interface SparseGraph {
  readonly nodes: number;
  /** [nodes + 1]: where each row's entries begin. */
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** Share of a collection that a node's neighbours may be: with more, the graph joins what is not alike. */
const NEIGHBOUR_SHARE = 0.03;
const FEWEST_NEIGHBOURS = 5;

/** Neighbours of a node for a collection of any size: `most`, or a share of a small one. */
export function neighbourCount(rows: number, most: number): number {
  return Math.max(FEWEST_NEIGHBOURS, Math.min(most, Math.round(NEIGHBOUR_SHARE * rows)));
}

/** Undirected edges. */
export function edgeCount(g: SparseGraph): number {
  return g.columns.length / 2;
}

/** A vector over the nodes with few entries. */
export interface SparseVector {
  readonly ids: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** The similarity of a graph: max(0, cosine)^γ (methods.md 4.1). */
export function affinity(cosine: number, gamma: number): number {
  return cosine <= 0 ? 0 : gamma === 3 ? cosine * cosine * cosine : cosine ** gamma;
}

/**
 * Mutual kNN graph (methods.md 4.1): an edge where each is among the other's neighbours, weight max(0, cosine)^γ, the smaller
 * of the two directions where rounding makes them differ.
 * @param lists neighbours of every node among all nodes, the node itself included: k counts it.
 * @param k of each list so many from its beginning; all where left out.
 */
export function mutualGraph(lists: Neighbours, gamma: number, k = lists.k): SparseGraph {
  const { k: stride, ids, scores } = lists;
  const nodes = stride === 0 ? 0 : ids.length / stride;
  /** Where `of` has `wanted` in its list, or -1. */
  const find = (of: number, wanted: number): number => {
    for (let at = of * stride, end = at + k; at < end; at += 1) if (ids[at] === wanted) return at;
    return -1;
  };
  // Edges by their lower end, each looked for once.
  const most = Math.ceil((nodes * k) / 2);
  const [lower, higher, weights] = [new Uint32Array(most), new Uint32Array(most), new Float64Array(most)];
  const above = new Uint32Array(nodes);
  const starts = new Uint32Array(nodes + 1);
  let edges = 0;
  for (let i = 0; i < nodes; i += 1)
    for (let at = i * stride, end = at + k; at < end; at += 1) {
      const other = ids[at]!;
      const back = other <= i || other >= nodes || scores[at]! <= 0 ? -1 : find(other, i);
      if (back < 0) continue;
      const weight = affinity(Math.min(scores[at]!, scores[back]!), gamma);
      if (!(weight > 0)) continue;
      lower[edges] = i;
      higher[edges] = other;
      weights[edges] = weight;
      above[i]! += 1;
      starts[other + 1]! += 1;
      edges += 1;
    }
  // What is below each node comes in its order as the edges are; what is above it, as their higher ends are gone through.
  const below = starts.slice(1);
  for (let i = 0; i < nodes; i += 1) starts[i + 1]! += starts[i]! + above[i]!;
  const columns = new Uint32Array(2 * edges);
  const values = new Float64Array(2 * edges);
  const next = starts.slice(0, nodes);
  for (let e = 0; e < edges; e += 1) {
    const at = next[higher[e]!]!++;
    columns[at] = lower[e]!;
    values[at] = weights[e]!;
  }
  for (let j = 0; j < nodes; j += 1)
    for (let e = starts[j]!, end = e + below[j]!; e < end; e += 1) {
      const at = next[columns[e]!]!++;
      columns[at] = j;
      values[at] = values[e]!;
    }
  return { nodes, starts, columns, values };
}

/** Stands in lists for a row that is not among those of a part. */
const ELSEWHERE = 0xffff_ffff;

/**
 * The mutual graph of all rows, cut to some of them: whether each is among the other's neighbours is asked of all rows.
 * @param lists neighbours of those rows among all. @param place of a row among them.
 */
export function graphAmong(lists: Neighbours, place: ReadonlyMap<number, number>, gamma: number): SparseGraph {
  const ids = lists.ids.map((id) => place.get(id) ?? ELSEWHERE);
  const scores = lists.scores.map((s, at) => (ids[at] === ELSEWHERE ? -Infinity : s));
  return mutualGraph({ k: lists.k, ids, scores }, gamma);
}

/** Row sums. */
export function degrees(g: SparseGraph): Float64Array {
  const d = new Float64Array(g.nodes);
  for (let i = 0; i < g.nodes; i += 1) for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1) d[i]! += g.values[e]!;
  return d;
}

/** S = D^{-1/2} A D^{-1/2}; isolated nodes keep an empty row. */
export function normaliseGraph(g: SparseGraph): SparseGraph {
  const scale = degrees(g).map((d) => (d > 0 ? 1 / Math.sqrt(d) : 0));
  const values = new Float64Array(g.values.length);
  for (let i = 0; i < g.nodes; i += 1)
    for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1)
      values[e] = g.values[e]! * scale[i]! * scale[g.columns[e]!]!;
  return { ...g, values };
}

/** The graph on some nodes, in their order. @param position scratch of the graph's size, filled with -1 and left so. */
export function subgraph(g: SparseGraph, nodes: ArrayLike<number>, position: Int32Array): SparseGraph {
  for (let i = 0; i < nodes.length; i += 1) position[nodes[i]!] = i;
  const starts = new Uint32Array(nodes.length + 1);
  let entries = 0;
  for (let i = 0; i < nodes.length; i += 1) {
    for (let e = g.starts[nodes[i]!]!; e < g.starts[nodes[i]! + 1]!; e += 1)
      if (position[g.columns[e]!]! >= 0) entries += 1;
    starts[i + 1] = entries;
  }
  const columns = new Uint32Array(entries);
  const values = new Float64Array(entries);
  let at = 0;
  for (let i = 0; i < nodes.length; i += 1) {
    for (let e = g.starts[nodes[i]!]!; e < g.starts[nodes[i]! + 1]!; e += 1) {
      const p = position[g.columns[e]!]!;
      if (p < 0) continue;
      columns[at] = p;
      values[at++] = g.values[e]!;
    }
  }
  for (let i = 0; i < nodes.length; i += 1) position[nodes[i]!] = -1;
  return { nodes: nodes.length, starts, columns, values };
}

/** The whole graph with its nodes in another order. @param place where each node is in it. @returns columns of a row as they come. */
export function rearranged(g: SparseGraph, order: Uint32Array, place: Uint32Array): SparseGraph {
  const starts = new Uint32Array(g.nodes + 1);
  const columns = new Uint32Array(g.columns.length);
  const values = new Float64Array(g.columns.length);
  let at = 0;
  for (let i = 0; i < g.nodes; i += 1) {
    const node = order[i]!;
    for (let e = g.starts[node]!, end = g.starts[node + 1]!; e < end; e += 1, at += 1) {
      columns[at] = place[g.columns[e]!]!;
      values[at] = g.values[e]!;
    }
    starts[i + 1] = at;
  }
  return { nodes: g.nodes, starts, columns, values };
}

/** Visits nodes breadth first from each unseen one, and tells where each connected component begins. */
function visit(g: SparseGraph): { order: Uint32Array; begins: number[] } {
  const seen = new Uint8Array(g.nodes);
  const order = new Uint32Array(g.nodes);
  const begins: number[] = [];
  let end = 0;
  for (let root = 0; root < g.nodes; root += 1) {
    if (seen[root] === 1) continue;
    begins.push(end);
    let at = end;
    order[end++] = root;
    seen[root] = 1;
    for (; at < end; at += 1) {
      const i = order[at]!;
      for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1) {
        const j = g.columns[e]!;
        if (seen[j] === 1) continue;
        seen[j] = 1;
        order[end++] = j;
      }
    }
  }
  return { order, begins };
}

/** All nodes, neighbours close to each other. */
export function breadthFirst(g: SparseGraph): Uint32Array {
  return visit(g).order;
}

/** Connected components as lists of nodes, breadth first from the smallest, largest first, equal sizes by their first node. */
export function components(g: SparseGraph): Uint32Array[] {
  const { order, begins } = visit(g);
  return begins
    .map((from, i) => order.slice(from, begins[i + 1] ?? g.nodes))
    .sort((a, b) => b.length - a.length || a[0]! - b[0]!);
}
