import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  importance,
  localMaxima,
  mineManifold,
  withinRank,
  DEFAULT_MANIFOLD,
} from '../../../src/main/engine/mining/manifold.ts';
import { l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { components, mutualGraph } from '../../../src/main/engine/retrieval/graph.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';

/** Points along curves, so that what is near on the manifold is not what is near in space. */
function curves(rows: number, seed: number): Matrix {
  const r = random(seed);
  const dim = 6;
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1) {
    const t = (i % 60) / 12;
    const c = Math.floor(i / 60);
    const v = [Math.cos(t), Math.sin(t), Math.cos(2 * t + c), Math.sin(1.7 * t), 0.8 * c, 1].map(
      (x) => x + 0.06 * (r.next() - 0.5),
    );
    data.set(v, i * dim);
    l2Normalise(data.subarray(i * dim, (i + 1) * dim));
  }
  return { data, rows, dim };
}

/** Methods.md 5.3 by definition: dense graph, dense solution by elimination, full sorts. */
function literal(m: Matrix, k: number, anchor: number, kPlus: number, kMinus: number, kept: number) {
  const n = m.rows;
  const sim = (i: number, j: number): number => {
    let s = 0;
    for (let d = 0; d < m.dim; d += 1) s += m.data[i * m.dim + d]! * m.data[j * m.dim + d]!;
    return s;
  };
  const order = (of: (j: number) => number): number[] =>
    Array.from({ length: n }, (_, j) => j).sort((x, y) => of(y) - of(x) || x - y);
  const lists = Array.from({ length: n }, (_, i) => new Set(order((j) => sim(i, j)).slice(0, k)));
  const a = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) =>
      i !== j && lists[i]!.has(j) && lists[j]!.has(i) ? Math.max(0, sim(i, j)) ** 3 : 0,
    ),
  );
  const degree = a.map((row) => row.reduce((s, v) => s + v, 0));
  const system = a.map((row, i) =>
    row.map((v, j) => (i === j ? 1 : 0) - (v === 0 ? 0 : (0.99 * v) / Math.sqrt(degree[i]! * degree[j]!))),
  );
  const f = new Array<number>(n).fill(0);
  f[anchor] = 1;
  for (let c = 0; c < n; c += 1)
    for (let i = c + 1; i < n; i += 1) {
      const factor = system[i]![c]! / system[c]![c]!;
      if (factor === 0) continue;
      for (let j = c; j < n; j += 1) system[i]![j]! -= factor * system[c]![j]!;
      f[i]! -= factor * f[c]!;
    }
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = i + 1; j < n; j += 1) f[i]! -= system[i]![j]! * f[j]!;
    f[i]! /= system[i]![i]!;
  }
  const euclidean = order((j) => sim(anchor, j));
  const manifold = order((j) => f[j]!).filter((j) => f[j]! > 1e-12);
  const rank = (list: number[], j: number): number => (list.includes(j) ? list.indexOf(j) + 1 : Infinity);
  return {
    positives: manifold
      .filter((j) => rank(manifold, j) <= kPlus && rank(euclidean, j) > kPlus && j !== anchor)
      .slice(0, kept),
    negatives: euclidean
      .filter((j) => rank(euclidean, j) <= kMinus && rank(manifold, j) > kMinus && j !== anchor)
      .slice(0, kept),
    f,
  };
}

describe('mining on manifolds', () => {
  it('gives the pools of a literal implementation', async () => {
    const m = curves(180, 2);
    const p = {
      ...DEFAULT_MANIFOLD,
      k: 8,
      positivesK: 20,
      negativesK: 40,
      kept: 15,
      anchors: 'all' as const,
      iterations: 400,
    };
    const { pools, anchors, skipped } = await mineManifold(m, p);
    expect(anchors).toBe(180);
    expect(pools.length + skipped).toBe(180);
    expect(pools.length).toBeGreaterThan(100);
    for (const anchor of [3, 31, 62, 90, 133, 175]) {
      const expected = literal(m, 8, anchor, 20, 40, 15);
      const pool = pools.find((x) => x.anchor === anchor);
      if (pool === undefined) {
        expect(expected.positives.length === 0 || expected.negatives.length === 0).toBe(true);
        continue;
      }
      expect(pool.positives.map((x) => x.index)).toEqual(expected.positives);
      expect(pool.negatives.map((x) => x.index)).toEqual(expected.negatives);
      pool.positives.forEach((x) => expect(x.similarity).toBeCloseTo(expected.f[x.index]!, 6));
    }
  });

  it('finds anchors: degree is the stationary distribution, maxima are higher than all they touch', async () => {
    const m = curves(240, 5);
    const g = mutualGraph(await exactNeighbours(m, m, 12), 3);
    const nodes = components(g)[0]!;
    const degree = importance(g, nodes, 'degree');
    const power = importance(g, nodes, 'power');
    const scale = Math.hypot(...degree);
    // A thousand steps do not quite converge where the walk mixes slowly (methods.md 0.7).
    nodes.forEach((i) => expect(Math.abs(degree[i]! / scale - power[i]!)).toBeLessThan(0.02));
    const maxima = localMaxima(g, nodes, degree, 1000);
    for (const i of nodes) {
      const touched = Array.from(g.columns.subarray(g.starts[i]!, g.starts[i + 1]!));
      expect(maxima.includes(i)).toBe(touched.length > 0 && touched.every((j) => degree[i]! > degree[j]!));
    }
    expect(maxima.map((i) => degree[i]!)).toEqual(maxima.map((i) => degree[i]!).sort((a, b) => b - a));
    expect(localMaxima(g, nodes, degree, 3)).toEqual(maxima.slice(0, 3));
  });

  it('ranks by selection as by sorting, with ties and zeros', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const r = random(seed);
      const scores = Float64Array.from({ length: 1 + r.below(60) }, () => Math.max(0, Math.round(r.between(-3, 8))));
      const k = 1 + r.below(scores.length + 3);
      const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
      const within = withinRank(scores, k);
      scores.forEach((s, i) => expect(within(i)).toBe(s > 0 && order.indexOf(i) < k));
    }
  });

  it('says what to do where nothing is connected', async () => {
    const data = new Float32Array(9);
    [0, 4, 8].forEach((i) => (data[i] = 1));
    await expect(mineManifold({ data, rows: 3, dim: 3 }, { ...DEFAULT_MANIFOLD, k: 1 })).rejects.toThrow(/no manifold/);
    await expect(mineManifold({ data, rows: 3, dim: 3 }, { ...DEFAULT_MANIFOLD, k: 0 })).rejects.toThrow(/--k takes/);
  });
});
