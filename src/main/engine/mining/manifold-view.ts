import type { ManifoldNeighbour, ManifoldView } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { whileUnchanged } from '../library/memo.ts';
import type { DiffusionSolver } from '../retrieval/diffusion.ts';
import type { SparseGraph } from '../retrieval/graph.ts';
import { row, similarities, topByScore } from '../retrieval/rank.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';
import { judgements } from './decisions.ts';
import { DEFAULT_MANIFOLD, mostNegativesK, poolsOf } from './manifold.ts';
import { separation } from './separation.ts';
import { nullable, record, select, text } from '../library/rows.ts';

/** Photos of each strip, and nodes of the graph around a photo. */
const STRIP = 60;
const NODES = 42;

/** Which photos show one place, found once until something is written. */
export function separationNow(library: Library): ReturnType<typeof separation> {
  return whileUnchanged(library, 'separation', () => separation(library, judgements(library)));
}

/** The row of a photo's descriptor. @throws CovisError `NOT_FOUND` for a photo without one. */
export function describedRow(set: LoadedSet, photo: number): number {
  const self = set.ids.indexOf(photo);
  if (self < 0)
    throw new CovisError('NOT_FOUND', `This photo has no descriptor in ${set.name}`, {
      hint: 'Extract descriptors first.',
    });
  return self;
}

/**
 * One photo on the manifold of a set: its Euclidean and manifold rankings, its S+ and S-, and the graph around it.
 * @param graph mutual kNN graph (unnormalised weights). @param solver of the same graph, normalised.
 * @param part how many photos the graph joins, where that are not all: nobody is then called a hard positive or negative, which they may
 * be in the whole graph alone.
 * @throws CovisError `NOT_FOUND` for a photo without a descriptor in the set.
 */
export function manifoldAround(
  library: Library,
  set: LoadedSet,
  graph: SparseGraph,
  solver: Pick<DiffusionSolver, 'conjugateGradients'>,
  photo: { readonly id: number; readonly hash: string },
  limits: { readonly k: number; readonly positivesK: number; readonly negativesK: number },
  part?: number,
): ManifoldView {
  const self = describedRow(set, photo.id);
  const { vectors } = set;
  const cosines = similarities(vectors, row(vectors, self));
  const { alpha, iterations, tolerance, kept } = DEFAULT_MANIFOLD;
  let f: Float64Array = new Float64Array(vectors.rows);
  solver.conjugateGradients([{ ids: [self], values: [1] }], { alpha, iterations, tolerance }, (_, scores) => {
    f = scores.slice();
  });
  const negativesK = Math.min(limits.negativesK, mostNegativesK(vectors.rows));
  const wanted = Math.min(vectors.rows, Math.max(limits.positivesK, negativesK, STRIP + 1));
  const nearest = topByScore(cosines, wanted);
  const onManifold = Array.from(topByScore(f, wanted)).filter((i) => f[i]! > 0);
  const pools =
    part === undefined
      ? poolsOf(self, { ids: nearest, cosines: Float32Array.from(nearest, (i) => cosines[i]!) }, f, {
          positivesK: limits.positivesK,
          negativesK,
          kept,
        })
      : { positives: [], negatives: [] };
  const strips = {
    euclidean: strip(nearest, self),
    manifold: strip(onManifold, self),
    positives: strip(
      pools.positives.map((m) => m.index),
      self,
    ),
    negatives: strip(
      pools.negatives.map((m) => m.index),
      self,
    ),
  };
  const ranked = [...new Set(Object.values(strips).flat())];
  const byRow = (ranks: readonly number[]): ReadonlyMap<number, number> =>
    new Map(ranked.map((i, k) => [i, ranks[k]!]));
  const euclideanRank = byRow(ranksOf(ranked, cosines));
  const manifoldRank = byRow(ranksOf(ranked, f));
  const role = new Map<number, 'positive' | 'negative'>([
    ...pools.positives.map((m) => [m.index, 'positive'] as const),
    ...pools.negatives.map((m) => [m.index, 'negative'] as const),
  ]);
  const apart = separationNow(library);
  const facts = select(
    library.db,
    `SELECT p.hash, (SELECT c.name FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id = p.id LIMIT 1) AS cluster,
       (SELECT s.name FROM known_file x JOIN scene s ON s.id = x.scene_id WHERE x.photo_id = p.id LIMIT 1) AS scene FROM photo p WHERE p.id = ?`,
    record({ hash: text, cluster: nullable(text), scene: text }),
  );
  const fact = (i: number): { hash: string; cluster: string | null; scene: string } => facts.one(set.ids[i]!);
  const modelled = fact(self).cluster !== null;
  const neighbour = (i: number): ManifoldNeighbour => {
    const { hash, cluster, scene } = fact(i);
    const together = apart.groupOf(photo.id) === apart.groupOf(set.ids[i]!);
    return {
      photo: hash,
      euclideanRank: euclideanRank.get(i)!,
      manifoldRank: f[i]! > 0 ? manifoldRank.get(i)! : null,
      similarity: cosines[i]!,
      manifold: f[i]!,
      role: role.get(i) ?? null,
      relation: modelled && cluster !== null ? (together ? 'same-place' : 'other') : 'unknown',
      clusterName: cluster ?? scene,
    };
  };
  const around = walk(graph, self, NODES);
  const at = new Map(around.map((n, i) => [n.node, i]));
  const edges = around.flatMap(({ node }, a) => {
    const out: { a: number; b: number; weight: number }[] = [];
    for (let e = graph.starts[node]!; e < graph.starts[node + 1]!; e += 1) {
      const b = at.get(graph.columns[e]!);
      if (b !== undefined && b > a) out.push({ a, b, weight: graph.values[e]! });
    }
    return out;
  });
  return {
    photo: photo.hash,
    set: set.key,
    setName: set.name,
    parameters: { ...limits, negativesK },
    part: part === undefined ? null : { photos: part, of: vectors.rows },
    euclidean: strips.euclidean.map(neighbour),
    manifold: strips.manifold.map(neighbour),
    positives: strips.positives.map(neighbour),
    negatives: strips.negatives.map(neighbour),
    nodes: around.map(({ node, steps }) => ({ photo: fact(node).hash, steps })),
    edges,
  };
}

/** The rows of a strip: the first ones but for the photo itself. */
function strip(rows: Iterable<number>, self: number): number[] {
  return [...rows].filter((i) => i !== self).slice(0, STRIP);
}

/** Ranks from 1 of some nodes by decreasing score, equal ones by row, without sorting everything. @returns one for each node, as they come. */
export function ranksOf(nodes: readonly number[], scores: ArrayLike<number>): number[] {
  const before = (i: number, j: number): boolean => scores[i]! > scores[j]! || (scores[i] === scores[j] && i < j);
  const sorted = [...nodes].sort((i, j) => (i === j ? 0 : before(i, j) ? -1 : 1));
  // A row comes before all of these from the first one that it comes before.
  const from = new Uint32Array(sorted.length + 1);
  for (let j = 0; j < scores.length; j += 1) {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(j, sorted[middle]!)) high = middle;
      else low = middle + 1;
    }
    from[low]! += 1;
  }
  const rank = new Map<number, number>();
  let ahead = 0;
  sorted.forEach((node, k) => {
    ahead += from[k]!;
    rank.set(node, ahead + 1);
  });
  return nodes.map((node) => rank.get(node)!);
}

/** The nodes that are reached over the strongest edges, nearest steps first, at most so many. */
function walk(g: SparseGraph, from: number, most: number): { node: number; steps: number }[] {
  const out = [{ node: from, steps: 0 }];
  const seen = new Set([from]);
  for (let steps = 1, ring = [from]; ring.length > 0 && out.length < most; steps += 1) {
    const edges: { node: number; weight: number }[] = [];
    for (const i of ring)
      for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1)
        if (!seen.has(g.columns[e]!)) edges.push({ node: g.columns[e]!, weight: g.values[e]! });
    edges.sort((a, b) => b.weight - a.weight || a.node - b.node);
    ring = [];
    for (const { node } of edges) {
      if (out.length === most || seen.has(node)) continue;
      seen.add(node);
      ring.push(node);
      out.push({ node, steps });
    }
  }
  return out;
}
