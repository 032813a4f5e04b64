import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import {
  checkManifold,
  DEFAULT_MANIFOLD,
  importance,
  localMaxima,
  mineManifold,
  poolsOf,
} from '../../../src/main/engine/mining/manifold.ts';
import { manifoldDefaults, mineManifoldTuples } from '../../../src/main/engine/mining/manifold-library.ts';
import { manifoldAround } from '../../../src/main/engine/mining/manifold-view.ts';
import { percentile, tupleSuspicion } from '../../../src/main/engine/mining/suspicion.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DiffusionSolver } from '../../../src/main/engine/retrieval/diffusion.ts';
import { mutualGraph, normaliseGraph, type SparseGraph } from '../../../src/main/engine/retrieval/graph.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import { networkSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();

/** A graph by its weights. */
function graphOf(t: readonly (readonly number[])[]): SparseGraph {
  const rows = t.map((row) => row.flatMap((v, j) => (v > 0 ? [[j, v] as const] : [])));
  const starts = new Uint32Array(t.length + 1);
  rows.forEach((row, i) => (starts[i + 1] = starts[i]! + row.length));
  const all = rows.flat();
  return {
    nodes: t.length,
    starts,
    columns: Uint32Array.from(all, ([j]) => j),
    values: Float64Array.from(all, ([, v]) => v),
  };
}

describe('importance of a node', () => {
  const r = random(1);
  const n = 14;
  const t = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 1; i < n - 2; i += 1) {
    t[i]![i - 1] = t[i - 1]![i] = r.between(0.2, 1);
    const j = r.below(i);
    t[i]![j] = t[j]![i] = r.between(0.2, 1);
  }
  // The last two are a component of their own.
  t[n - 1]![n - 2] = t[n - 2]![n - 1] = 0.5;
  const g = graphOf(t);
  const nodes = Array.from({ length: n - 2 }, (_, i) => i);
  const degree = t.map((row) => row.reduce((a, b) => a + b, 0));

  it('is its degree, inside the component alone', () => {
    expect([...importance(g, nodes, 'degree')].map((v) => v.toFixed(9))).toEqual(
      degree.map((d, i) => (i < n - 2 ? d : 0).toFixed(9)),
    );
  });

  it('or what a thousand steps of the walk lead to, of unit length', () => {
    let p = t.map((_, i) => (i < n - 2 ? 1 / Math.sqrt(n - 2) : 0));
    for (let step = 0; step < 1000; step += 1) {
      const next = t.map((row, i) => (i < n - 2 ? row.reduce((s, v, j) => s + (v * p[j]!) / (degree[j]! || 1), 0) : 0));
      const norm = Math.hypot(...next);
      p = next.map((v) => v / norm);
    }
    const got = importance(g, nodes, 'power');
    p.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 9));
    expect(got[0]! / got[1]!).not.toBe(degree[0]! / degree[1]!);
  });

  it('is highest at anchors: strictly above all neighbours, most important first, equal ones by row', () => {
    const path = graphOf([
      [0, 1, 0, 0, 0, 0],
      [1, 0, 1, 0, 0, 0],
      [0, 1, 0, 1, 0, 0],
      [0, 0, 1, 0, 1, 0],
      [0, 0, 0, 1, 0, 0],
      [0, 0, 0, 0, 0, 0],
    ]);
    const all = [0, 1, 2, 3, 4, 5];
    expect(localMaxima(path, all, Float64Array.of(3, 1, 2, 2, 3, 9), 9)).toEqual([0, 4]);
    expect(localMaxima(path, all, Float64Array.of(1, 2, 1, 4, 1, 9), 9)).toEqual([3, 1]);
    expect(localMaxima(path, all, Float64Array.of(1, 2, 1, 4, 1, 9), 1)).toEqual([3]);
    expect(localMaxima(path, [0, 1], Float64Array.of(1, 2, 1, 4, 1, 9), 9)).toEqual([1]);
  });
});

describe('pools of an anchor', () => {
  it('have manifold rank within k+ and Euclidean rank beyond, and the reverse', () => {
    const nearest = { ids: [0, 1, 2, 3, 4, 5, 6, 7], cosines: [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3] };
    const f = Float64Array.of(9, 0.5, 0, 0.1, 7, 6, 5, 0.2);
    const pools = (positivesK: number, negativesK: number, kept = 9): [number[], number[]] => {
      const p = poolsOf(0, nearest, f, { positivesK, negativesK, kept });
      p.positives.forEach((m) => expect(m.similarity).toBe(f[m.index]));
      p.negatives.forEach((m) => expect(m.similarity).toBe(nearest.cosines[m.index]));
      return [p.positives.map((m) => m.index), p.negatives.map((m) => m.index)];
    };
    // Manifold order: 0, 4, 5, 6, 1, 7, 3.
    expect(pools(4, 4)).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ]);
    expect(pools(5, 6)).toEqual([
      [5, 6],
      [2, 3],
    ]);
    expect(pools(4, 4, 2)).toEqual([
      [4, 5],
      [1, 2],
    ]);
    expect(pools(1, 1)).toEqual([[], []]);
    // What lies on no path is no positive however far one looks, and is a negative.
    expect(pools(8, 8)).toEqual([[], [2]]);
  });

  it('are asked for by whole numbers, and an alpha between 0 and 1', () => {
    expect(() => checkManifold(DEFAULT_MANIFOLD)).not.toThrow();
    for (const [key, name] of [
      ['k', '--k'],
      ['positivesK', '--positives-k'],
      ['negativesK', '--negatives-k'],
      ['kept', '--kept'],
      ['maxAnchors', '--max-anchors'],
    ] as const) {
      for (const bad of [0, 1.5])
        expect(() => checkManifold({ ...DEFAULT_MANIFOLD, [key]: bad })).toThrow(
          `${name} takes a whole number from 1, not ${bad}`,
        );
      expect(() => checkManifold({ ...DEFAULT_MANIFOLD, [key]: 1 })).not.toThrow();
    }
    for (const alpha of [0, 1])
      expect(() => checkManifold({ ...DEFAULT_MANIFOLD, alpha })).toThrow(/--alpha lies between 0 and 1/);
  });

  it('have the defaults of methods.md 5, and shares of a small collection', () => {
    expect(DEFAULT_MANIFOLD).toMatchObject({
      k: 30,
      gamma: 3,
      alpha: 0.99,
      iterations: 20,
      tolerance: 1e-10,
      positivesK: 50,
      negativesK: 10_000,
      kept: 50,
      maxAnchors: 1500,
      importance: 'degree',
    });
    expect(manifoldDefaults(100)).toMatchObject({ k: 5, positivesK: 6, negativesK: 50, anchors: 'all' });
    expect(manifoldDefaults(20)).toMatchObject({ positivesK: 5, negativesK: 10 });
    expect(manifoldDefaults(1500)).toMatchObject({ k: 30, positivesK: 50, negativesK: 750, anchors: 'all' });
    expect(manifoldDefaults(1501).anchors).toBe('maxima');
    expect(manifoldDefaults(50_000)).toMatchObject({ k: 30, positivesK: 50, negativesK: 10_000 });
  });
});

describe('a library on the manifold', async () => {
  const { library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 70,
    clusters: 5,
    dim: 4,
    pairsPerPhoto: 3,
    distractors: 10,
    seed: 8,
  });
  const set = networkSet(library, network, SYNTHETIC_PIXELS);
  const { vectors } = set;
  const limits = { k: 9, positivesK: 12, negativesK: 30 };
  const graph = mutualGraph(await exactNeighbours(vectors, vectors, limits.k), 3);
  const solver = await DiffusionSolver.create(normaliseGraph(graph));
  const hash = library.db.prepare('SELECT hash FROM photo WHERE id = ?').pluck();
  const place = library.db.prepare('SELECT place FROM photo WHERE id = ?').pluck();
  const cosines = (self: number): number[] =>
    Array.from({ length: vectors.rows }, (_, i) => {
      let s = 0;
      for (let d = 0; d < 4; d += 1) s += vectors.data[4 * self + d]! * vectors.data[4 * i + d]!;
      return s;
    });

  it('shows one photo: both rankings, its pools and the graph around it', () => {
    for (const self of [3, 40, 75]) {
      const id = set.ids[self]!;
      const view = manifoldAround(library, set, graph, solver, { id, hash: hash.get(id) as string }, limits);
      let f: number[] = [];
      solver.conjugateGradients(
        [{ ids: [self], values: [1] }],
        { alpha: 0.99, iterations: 20, tolerance: 1e-10 },
        (_, s) => (f = [...s]),
      );
      const c = cosines(self);
      const order = (v: readonly number[]): number[] => v.map((_, i) => i).sort((a, b) => v[b]! - v[a]! || a - b);
      const [near, along] = [order(c.map(Math.fround)), order(f)];
      const photos = (rows: readonly number[]): string[] => rows.map((i) => hash.get(set.ids[i]) as string);
      expect(view.photo).toBe(hash.get(id));
      expect(view.parameters).toEqual(limits);
      expect(view.euclidean.map((n) => n.photo)).toEqual(photos(near.filter((i) => i !== self).slice(0, 60)));
      expect(view.manifold.map((n) => n.photo)).toEqual(
        photos(along.filter((i) => i !== self && f[i]! > 0).slice(0, 60)),
      );
      for (const n of view.euclidean) {
        const i = set.ids.indexOf(
          library.db.prepare('SELECT id FROM photo WHERE hash = ?').pluck().get(n.photo) as number,
        );
        expect(n.euclideanRank).toBe(near.indexOf(i) + 1);
        expect(n.manifoldRank).toBe(f[i]! > 0 ? along.indexOf(i) + 1 : null);
        expect(n.similarity).toBeCloseTo(c[i]!, 5);
        expect(n.manifold).toBeCloseTo(f[i]!, 12);
        const positive = f[i]! > 0 && along.indexOf(i) < 12 && near.indexOf(i) >= 12;
        const negative = near.indexOf(i) < 30 && !(f[i]! > 0 && along.indexOf(i) < 30);
        expect(n.role).toBe(positive ? 'positive' : negative ? 'negative' : null);
        const loose = (x: number): boolean => x > 70;
        expect(n.relation).toBe(
          loose(id) || loose(set.ids[i]!)
            ? 'unknown'
            : place.get(id) === place.get(set.ids[i])
              ? 'same-place'
              : 'other',
        );
      }
      // Nodes by steps from the photo; edges of the graph between them, each once.
      const steps = new Map([[self, 0]]);
      for (const [i, s] of steps)
        for (let e = graph.starts[i]!; e < graph.starts[i + 1]!; e += 1)
          if (!steps.has(graph.columns[e]!)) steps.set(graph.columns[e]!, s + 1);
      expect(view.nodes[0]).toEqual({ photo: hash.get(id), steps: 0 });
      expect(view.nodes.length).toBe(Math.min(42, steps.size));
      const rowOf = new Map(Array.from(set.ids, (x, i) => [hash.get(x) as string, i]));
      view.nodes.forEach((n) => expect(n.steps).toBe(steps.get(rowOf.get(n.photo)!)));
      const shown = view.nodes.map((n) => rowOf.get(n.photo)!);
      const edges = shown.flatMap((i, a) =>
        Array.from({ length: graph.starts[i + 1]! - graph.starts[i]! }, (_, k) => graph.starts[i]! + k).flatMap((e) => {
          const b = shown.indexOf(graph.columns[e]!);
          return b > a ? [`${a} ${b} ${graph.values[e]}`] : [];
        }),
      );
      expect(view.edges.map((e) => `${e.a} ${e.b} ${e.weight}`).sort()).toEqual(edges.sort());
    }
    expect(() => manifoldAround(library, set, graph, solver, { id: 9999, hash: '' }, limits)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    );
  });

  it('is mined as tuples of the pools, with what geometry knows beside them', async () => {
    const parameters = { ...manifoldDefaults(80), k: 9, positivesK: 12, negativesK: 30, kept: 5 };
    const pools = (await mineManifold(vectors, parameters)).pools;
    const mined = await mineManifoldTuples(library, set, () => true, parameters, silentContext());
    expect(mined.tuples.length).toBe(pools.length);
    expect(mined.queries).toBe(pools.length);
    const at = percentile(pools.flatMap((p) => p.negatives.map((n) => n.similarity)));
    let distance = 0;
    let count = 0;
    mined.tuples.forEach((t, k) => {
      const pool = pools[k]!;
      expect(t.pair.query).toBe(set.ids[pool.anchor]);
      expect(t.pair.other).toBe(set.ids[pool.positives[0]!.index]);
      expect(t.alternatives.map((a) => [a.photo, a.weight])).toEqual(
        pool.positives.map((m) => [set.ids[m.index], m.similarity]),
      );
      expect(t.negatives.map((n) => [n.photo, n.similarity])).toEqual(
        pool.negatives.map((m) => [set.ids[m.index], m.similarity]),
      );
      expect(t.positiveSimilarity).toBeCloseTo(cosines(pool.anchor)[pool.positives[0]!.index]!, 6);
      for (const n of t.negatives) {
        distance += Math.sqrt(Math.max(0, 2 - 2 * n.similarity));
        count += 1;
      }
      const [q, p] = [t.pair.query, t.pair.other];
      const loose = q > 70 || p > 70;
      expect(t.suspicion).toBeCloseTo(
        tupleSuspicion(
          {
            similarity: t.positiveSimilarity,
            overlap: t.pair.cluster === 0 ? null : t.pair.overlap,
            contradicted: !loose && place.get(q) !== place.get(p),
          },
          t.negatives,
          at,
        ),
        9,
      );
    });
    expect(mined.meanNegativeDistance).toBeCloseTo(distance / count, 9);
    // What a person refused is left out, also by photos of the same places.
    const first = mined.tuples.find((t) => t.alternatives.length > 1)!;
    decide(library, 'x', [{ query: first.pair.query, other: first.pair.other, aspect: 'positive', verdict: 'reject' }]);
    const again = await mineManifoldTuples(library, set, () => true, parameters, silentContext());
    const same = again.tuples.find((t) => t.pair.query === first.pair.query)!;
    expect(same.alternatives.map((a) => a.photo)).toEqual(first.alternatives.slice(1).map((a) => a.photo));
    const few = await mineManifoldTuples(library, set, (p) => p % 2 === 0, parameters, silentContext());
    for (const t of few.tuples)
      expect([t.pair.query, t.pair.other, ...t.negatives.map((n) => n.photo)].every((p) => p % 2 === 0)).toBe(true);
  });
});
