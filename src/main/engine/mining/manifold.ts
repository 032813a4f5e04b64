import type { ManifoldParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { DiffusionPool } from '../retrieval/diffusion-pool.ts';
import {
  components,
  degrees,
  edgeCount,
  mutualGraph,
  normaliseGraph,
  subgraph,
  type SparseGraph,
} from '../retrieval/graph.ts';
import { ExactIndex, exactNeighbours } from '../retrieval/neighbours.ts';
import { takeRows, topByScore, type Matrix } from '../retrieval/rank.ts';

/** Defaults of methods.md 5 for retrieval; `negativesK` is at most half the collection anyway. */
export const DEFAULT_MANIFOLD: ManifoldParameters = {
  positives: 'manifold',
  k: 30,
  gamma: 3,
  alpha: 0.99,
  iterations: 20,
  tolerance: 1e-10,
  positivesK: 50,
  negativesK: 10_000,
  kept: 50,
  anchors: 'maxima',
  maxAnchors: 1500,
  importance: 'degree',
};

const POWER_STEPS = 1000;
/** Anchors whose rankings are in memory together. */
const BLOCK = 64;

/** One member of a pool, by row. */
export interface PoolMember {
  readonly index: number;
  readonly similarity: number;
}

/** Pools of one anchor: S+ by decreasing manifold similarity, S- by decreasing cosine. */
export interface ManifoldPool {
  readonly anchor: number;
  readonly positives: readonly PoolMember[];
  readonly negatives: readonly PoolMember[];
}

export interface ManifoldMined {
  readonly pools: readonly ManifoldPool[];
  /** Anchors whose S+ or S- was empty; they are left out. */
  readonly skipped: number;
  readonly anchors: number;
  readonly edges: number;
  /** Nodes of the largest connected component. */
  readonly component: number;
}

/**
 * Importance of each node on the walk D^{-1}A (methods.md 5.2), over some nodes: its degree, which is proportional to the stationary
 * distribution of a connected graph, or `POWER_STEPS` steps towards it from the uniform distribution.
 * @returns one value a node of the graph; 0 for nodes outside.
 */
export function importance(g: SparseGraph, nodes: ArrayLike<number>, kind: 'degree' | 'power'): Float64Array {
  const degree = degrees(g);
  const inside = new Uint8Array(g.nodes);
  for (let i = 0; i < nodes.length; i += 1) inside[nodes[i]!] = 1;
  if (kind === 'degree') return degree.map((d, i) => (inside[i] === 1 ? d : 0));
  let p = new Float64Array(g.nodes);
  let next = new Float64Array(g.nodes);
  for (let i = 0; i < nodes.length; i += 1) p[nodes[i]!] = 1 / Math.sqrt(nodes.length);
  for (let t = 0; t < POWER_STEPS; t += 1) {
    let square = 0;
    next.fill(0);
    for (let n = 0; n < nodes.length; n += 1) {
      const i = nodes[n]!;
      let sum = 0;
      for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1)
        sum += (g.values[e]! * p[g.columns[e]!]!) / degree[g.columns[e]!]!;
      next[i] = sum;
      square += sum * sum;
    }
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = 0; i < next.length; i += 1) next[i]! *= scale;
    [p, next] = [next, p];
  }
  return p;
}

/** Nodes more important than every neighbour, most important first, at most `most`; equal ones by row. */
export function localMaxima(g: SparseGraph, nodes: ArrayLike<number>, value: Float64Array, most: number): number[] {
  const out: number[] = [];
  for (let n = 0; n < nodes.length; n += 1) {
    const i = nodes[n]!;
    let highest = g.starts[i]! < g.starts[i + 1]!;
    for (let e = g.starts[i]!; highest && e < g.starts[i + 1]!; e += 1) highest = value[i]! > value[g.columns[e]!]!;
    if (highest) out.push(i);
  }
  return out.sort((a, b) => value[b]! - value[a]! || a - b).slice(0, most);
}

/**
 * Tells which nodes are among the `k` with the highest score, ties by row. Nodes of score zero lie on no path from the anchor, and are never.
 * @param first a node that is first whatever its score.
 */
export function withinRank(scores: Float64Array, k: number, first?: number): (node: number) => boolean {
  if (k >= scores.length) return (i) => i === first || scores[i]! > 0;
  if (first !== undefined) {
    if (k === 1) return (i) => i === first;
    const others = scores.slice();
    others[first] = -Infinity;
    const within = withinRank(others, k - 1);
    return (i) => i === first || within(i);
  }
  const threshold = kthLargest(scores, k);
  let above = 0;
  const ties: number[] = [];
  for (let i = 0; i < scores.length; i += 1) {
    if (scores[i]! > threshold) above += 1;
    else if (scores[i] === threshold) ties.push(i);
  }
  const tied = new Set(ties.slice(0, k - above));
  return (i) => scores[i]! > 0 && (scores[i]! > threshold || tied.has(i));
}

/** The k-th largest value, 1 <= k <= length, by quickselect on a copy. */
function kthLargest(values: Float64Array, k: number): number {
  const a = values.slice();
  let [low, high] = [0, a.length - 1];
  const target = a.length - k;
  while (low < high) {
    const pivot = a[(low + high) >> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (a[i]! < pivot) i += 1;
      while (a[j]! > pivot) j -= 1;
      if (i <= j) {
        [a[i], a[j]] = [a[j]!, a[i]!];
        i += 1;
        j -= 1;
      }
    }
    if (target <= j) high = j;
    else if (target >= i) low = i;
    else break;
  }
  return a[target]!;
}

/**
 * The pools of one anchor (methods.md 5.3): S+ has manifold rank within k+ and Euclidean rank beyond it, S- the reverse with k-. The
 * anchor is rank 1 in both, whatever duplicates and hubs of the graph score, and is in neither pool.
 * @param nearest rows by decreasing cosine, at least max(k+, k-) of them, with their cosines.
 * @param manifold f of every row.
 */
export function poolsOf(
  anchor: number,
  nearest: { readonly ids: ArrayLike<number>; readonly cosines: ArrayLike<number> },
  manifold: Float64Array,
  p: Pick<ManifoldParameters, 'positivesK' | 'negativesK' | 'kept'>,
): ManifoldPool {
  // Ranks 2 and beyond, by position in `nearest`.
  const others = Array.from({ length: nearest.ids.length }, (_, j) => j).filter((j) => nearest.ids[j] !== anchor);
  const euclidean = new Set(others.slice(0, p.positivesK - 1).map((j) => nearest.ids[j]!));
  const onManifold = Array.from(topByScore(manifold, Math.min(p.positivesK, manifold.length)))
    .filter((i) => i !== anchor && manifold[i]! > 0)
    .slice(0, p.positivesK - 1);
  const positives = onManifold
    .filter((i) => !euclidean.has(i))
    .slice(0, p.kept)
    .map((index) => ({ index, similarity: manifold[index]! }));
  const within = withinRank(manifold, p.negativesK, anchor);
  const negatives: PoolMember[] = [];
  for (const j of others.slice(0, p.negativesK - 1)) {
    if (negatives.length === p.kept) break;
    const index = nearest.ids[j]!;
    if (!within(index)) negatives.push({ index, similarity: nearest.cosines[j]! });
  }
  return { anchor, positives, negatives };
}

/** Largest k- of a collection: half of it, as the authors' code rounds it. */
export function mostNegativesK(rows: number): number {
  return Math.max(1, Math.ceil(rows / 2));
}

/** @throws CovisError `INPUT_INVALID` naming the parameter. */
export function checkManifold(p: ManifoldParameters): void {
  for (const [name, v] of [
    ['--k', p.k],
    ['--positives-k', p.positivesK],
    ['--negatives-k', p.negativesK],
    ['--kept', p.kept],
    ['--max-anchors', p.maxAnchors],
  ] as const)
    if (!Number.isInteger(v) || v < 1)
      throw new CovisError('INPUT_INVALID', `${name} takes a whole number from 1, not ${v}`);
  if (!(p.alpha > 0 && p.alpha < 1))
    throw new CovisError('INPUT_INVALID', `--alpha lies between 0 and 1, not at ${p.alpha}`);
}

/** Descriptors and graph that anchors are ranked in, and which row of the collection each row here is. */
interface Ranked {
  readonly vectors: Matrix;
  readonly graph: SparseGraph;
  readonly anchors: readonly number[];
  readonly rowOf: (i: number) => number;
}

/**
 * All photos where all are anchors; else the largest connected component alone, so that no photo outside of it has a rank or is a
 * negative (the two set-ups of methods.md 5.2).
 */
function rankedIn(vectors: Matrix, a: SparseGraph, largest: Uint32Array, p: ManifoldParameters): Ranked {
  if (p.anchors === 'all')
    return { vectors, graph: a, anchors: Array.from({ length: vectors.rows }, (_, i) => i), rowOf: (i) => i };
  const rows = largest.toSorted();
  const graph = subgraph(a, rows, new Int32Array(a.nodes).fill(-1));
  const nodes = Uint32Array.from(rows, (_, i) => i);
  const anchors = localMaxima(graph, nodes, importance(graph, nodes, p.importance), p.maxAnchors);
  return { vectors: takeRows(vectors, rows), graph, anchors, rowOf: (i) => rows[i]! };
}

/**
 * Mining on manifolds (methods.md 5): no geometry and no labels, only descriptors. Anchors are solved for many at once.
 * @param all unit rows.
 * @throws CovisError `STATE_EMPTY` where the graph has no edge, `INPUT_INVALID`, `CANCELLED`.
 */
export async function mineManifold(all: Matrix, p: ManifoldParameters, task?: TaskContext): Promise<ManifoldMined> {
  checkManifold(p);
  task?.step('Finding neighbours', all.rows, 'descriptors');
  const a = mutualGraph(await exactNeighbours(all, all, p.k, task), p.gamma);
  const largest = components(a)[0] ?? new Uint32Array(0);
  if (largest.length < 2)
    throw new CovisError(
      'STATE_EMPTY',
      'No two descriptors are among each other’s neighbours, so there is no manifold',
      {
        hint: 'Raise --k, or give more photos.',
      },
    );
  const { vectors, graph, anchors, rowOf } = rankedIn(all, a, largest, p);
  const limits = { ...p, negativesK: Math.min(p.negativesK, mostNegativesK(vectors.rows)) };
  const wanted = Math.min(vectors.rows, Math.max(limits.positivesK, limits.negativesK));
  const named = (members: readonly PoolMember[]): PoolMember[] => members.map((m) => ({ ...m, index: rowOf(m.index) }));
  const pools: ManifoldPool[] = [];
  let skipped = 0;
  const index = new ExactIndex(vectors);
  const solver = await DiffusionPool.create(normaliseGraph(graph));
  task?.step('Mining anchors', anchors.length, 'anchors');
  try {
    for (let at = 0; at < anchors.length; at += BLOCK) {
      task?.check();
      const block = anchors.slice(at, at + BLOCK);
      const nearest = await index.search(takeRows(vectors, block), wanted);
      const found: ManifoldPool[] = [];
      await solver.run(
        'cg',
        block.map((i) => ({ ids: [i], values: [1] })),
        { alpha: p.alpha, iterations: p.iterations, tolerance: p.tolerance },
        (q, f) => {
          const [from, to] = [q * nearest.k, (q + 1) * nearest.k];
          const list = { ids: nearest.ids.subarray(from, to), cosines: nearest.scores.subarray(from, to) };
          found[q] = poolsOf(block[q]!, list, f, limits);
        },
      );
      for (const { anchor, positives, negatives } of found) {
        if (positives.length > 0 && negatives.length > 0)
          pools.push({ anchor: rowOf(anchor), positives: named(positives), negatives: named(negatives) });
        else skipped += 1;
      }
      task?.progress(at + block.length);
    }
  } finally {
    await solver.close();
    await index.release();
  }
  return { pools, skipped, anchors: anchors.length, edges: edgeCount(a), component: largest.length };
}
