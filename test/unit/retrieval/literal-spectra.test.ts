import { EigenvalueDecomposition, Matrix as Dense } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { DiffusionPool } from '../../../src/main/engine/retrieval/diffusion-pool.ts';
import { DiffusionSolver, solveSmall } from '../../../src/main/engine/retrieval/diffusion.ts';
import { normaliseGraph, type SparseGraph } from '../../../src/main/engine/retrieval/graph.ts';
import {
  leadingEigenpairs,
  spectralEmbedding,
  spectralQuery,
  transfer,
  truncateEigenpairs,
  type Eigenpairs,
} from '../../../src/main/engine/retrieval/spectral.ts';

/** A graph of edges, normalised. */
function graphOf(nodes: number, edges: readonly (readonly [number, number, number])[]): SparseGraph {
  const rows = Array.from({ length: nodes }, () => new Map<number, number>());
  for (const [a, b, w] of edges) {
    rows[a]!.set(b, w);
    rows[b]!.set(a, w);
  }
  const starts = new Uint32Array(nodes + 1);
  rows.forEach((r, i) => (starts[i + 1] = starts[i]! + r.size));
  const sorted = rows.flatMap((r) => [...r].sort(([a], [b]) => a - b));
  return normaliseGraph({
    nodes,
    starts,
    columns: Uint32Array.from(sorted, ([j]) => j),
    values: Float64Array.from(sorted, ([, w]) => w),
  });
}
const times = (s: SparseGraph, v: ArrayLike<number>): number[] =>
  Array.from({ length: s.nodes }, (_, i) => {
    let sum = 0;
    for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1) sum += s.values[e]! * v[s.columns[e]!]!;
    return sum;
  });
const column = (e: Eigenpairs, k: number): number[] =>
  Array.from({ length: e.nodes }, (_, i) => e.vectors[i * e.rank + k]!);
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
function trueValues(s: SparseGraph): number[] {
  const m = Dense.zeros(s.nodes, s.nodes);
  for (let i = 0; i < s.nodes; i += 1)
    for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1) m.set(i, s.columns[e]!, s.values[e]!);
  return new EigenvalueDecomposition(m, { assumeSymmetric: true }).realEigenvalues.sort((a, b) => b - a);
}
/** Every pair is one: S u = λ u, of unit length, at right angles to the others, values falling. */
function check(s: SparseGraph, e: Eigenpairs, by: number): void {
  for (let k = 0; k < e.rank; k += 1) {
    const u = column(e, k);
    const off = times(s, u).map((v, i) => v - e.values[k]! * u[i]!);
    expect(Math.hypot(...off)).toBeLessThan(by);
    for (let j = 0; j <= k; j += 1) expect(Math.abs(dot(u, column(e, j)) - (j === k ? 1 : 0))).toBeLessThan(1e-7);
    if (k > 0) expect(e.values[k]!).toBeLessThanOrEqual(e.values[k - 1]! + 1e-9);
  }
}
/** A path with some shortcuts: connected, with many different eigenvalues. */
function wide(n: number, seed: number, from = 0): [number, number, number][] {
  const r = random(seed);
  const edges: [number, number, number][] = [];
  for (let i = 1; i < n; i += 1) edges.push([from + i - 1, from + i, r.between(0.5, 1)]);
  for (let k = 0; k < n; k += 1) {
    const [a, b] = [r.below(n), r.below(n)];
    if (a !== b) edges.push([from + a, from + b, r.between(0.1, 1)]);
  }
  return edges;
}

describe('leading eigenpairs', () => {
  it('of a large component are those of a dense solver, and as exact as was asked for', async () => {
    const s = graphOf(340, wide(340, 1));
    const truth = trueValues(s);
    for (const [rank, tolerance] of [
      [5, 1e-7],
      [17, 1e-4],
    ] as const) {
      const e = await leadingEigenpairs(s, rank, undefined, tolerance);
      expect([e.nodes, e.rank, e.values.length, e.vectors.length]).toEqual([340, rank, rank, 340 * rank]);
      e.values.forEach((v, k) => expect(v).toBeCloseTo(truth[k]!, 6));
      expect(e.residual).toBeLessThanOrEqual(tolerance);
      check(s, e, 20 * tolerance);
    }
  });

  it('of many components are the largest of all; equal ones come from larger components first; isolated nodes have none', async () => {
    const small = wide(9, 2, 0);
    const large = wide(30, 3, 12);
    // Nodes 9, 10, 11 are alone; 42 and 43 are a pair, whose values are 1 and -1.
    const s = graphOf(44, [...small, ...large, [42, 43, 0.3]]);
    const truth = trueValues(s);
    for (const rank of [1, 2, 3, 10, 41, 60]) {
      const e = await leadingEigenpairs(s, rank);
      // Three zeros of the isolated nodes are not among them.
      const expected = Math.min(rank, 41);
      expect(e.rank).toBe(expected);
      check(s, e, 1e-9);
      if (rank <= 10) e.values.forEach((v, k) => expect(v).toBeCloseTo(truth[k]!, 9));
      for (const lonely of [9, 10, 11])
        expect(Array.from(e.vectors.subarray(lonely * e.rank, (lonely + 1) * e.rank)).every((v) => v === 0)).toBe(true);
    }
    const three = await leadingEigenpairs(s, 3);
    const home = (k: number): string => {
      const u = column(three, k).map(Math.abs);
      return u[20]! > 1e-6 ? 'large' : u[4]! > 1e-6 ? 'small' : 'pair';
    };
    expect([0, 1, 2].map(home)).toEqual(['large', 'small', 'pair']);
  });

  it('are cut to fewer as they are', async () => {
    const s = graphOf(20, wide(20, 4));
    const e = await leadingEigenpairs(s, 8);
    const cut = truncateEigenpairs(e, 3);
    expect(cut.rank).toBe(3);
    expect([...cut.values]).toEqual([...e.values.subarray(0, 3)]);
    for (let k = 0; k < 3; k += 1) expect(column(cut, k)).toEqual(column(e, k));
    expect(truncateEigenpairs(e, 8)).toBe(e);
  });
});

describe('fast spectral ranking', () => {
  it('is U h(Λ) Uᵀ y, pooled by image', async () => {
    const s = graphOf(20, wide(20, 5));
    const e = await leadingEigenpairs(s, 7);
    const alpha = 0.9;
    const y = { ids: [3, 11], values: [0.5, 2] };
    const z = spectralQuery(e, y);
    const coefficients = Array.from({ length: 7 }, (_, k) => 0.5 * column(e, k)[3]! + 2 * column(e, k)[11]!);
    coefficients.forEach((v, k) => expect(z[k]).toBeCloseTo(v, 6));
    const f = Array.from({ length: 20 }, (_, i) =>
      coefficients.reduce((t, v, k) => t + (v * column(e, k)[i]! * (1 - alpha)) / (1 - alpha * e.values[k]!), 0),
    );
    const score = (m: ReturnType<typeof spectralEmbedding>, i: number): number =>
      Array.from(z).reduce((t, v, k) => t + v * m.data[i * m.dim + k]!, 0);
    const nodes = spectralEmbedding(e, alpha);
    expect([nodes.rows, nodes.dim]).toEqual([20, 7]);
    f.forEach((v, i) => expect(score(nodes, i)).toBeCloseTo(v, 5));
    const pooling = [
      { ids: [0, 5], values: [0.5, 0.25] },
      { ids: [7], values: [2] },
    ];
    const images = spectralEmbedding(e, alpha, pooling);
    expect(images.rows).toBe(2);
    expect(score(images, 0)).toBeCloseTo(0.5 * f[0]! + 0.25 * f[5]!, 5);
    expect(score(images, 1)).toBeCloseTo(2 * f[7]!, 5);
    expect(transfer(0, 0.9)).toBeCloseTo(0.1, 12);
    expect(transfer(0.5, 0.8)).toBeCloseTo(0.2 / 0.6, 12);
  });
});

describe('diffusion of many queries', () => {
  const s = graphOf(50, wide(50, 6));
  const r = random(7);
  const queries = Array.from({ length: 21 }, () => ({ ids: [r.below(50), r.below(50)], values: [r.next(), r.next()] }));
  const o = { alpha: 0.9, iterations: 400, tolerance: 1e-13 };
  const expected = queries.map((y) => solveSmall(s, y, o));

  it.each([1, 2, 3])('over %i threads is that of each', async (threads) => {
    const eigen = await leadingEigenpairs(s, 5);
    const pool = await DiffusionPool.create(s, eigen, threads);
    const done: number[] = [];
    const task = {
      step: () => undefined,
      progress: (n: number) => done.push(n),
      warn: () => undefined,
      changed: () => undefined,
      check: () => undefined,
    };
    for (const [method, scale] of [
      ['cg', 1],
      ['hybrid', 0.1],
    ] as const) {
      const got: Float64Array[] = [];
      await pool.run(method, queries, o, (q, f) => (got[q] = f.slice()), task);
      expect(got.length).toBe(21);
      got.forEach((f, q) =>
        f.forEach((v, i) => expect(v).toBeCloseTo(scale * expected[q]![i]!, method === 'cg' ? 8 : 6)),
      );
    }
    // Blocks of eight: 8, 16 and 21 in some order, twice.
    expect(done.length).toBe(6);
    expect(done.filter((n) => n === 21).length).toBe(2);
    expect(pool.bytes).toBeGreaterThan(50 * 8 * 8);
    await pool.close();
  });

  it('ends when it is told to', async () => {
    const pool = await DiffusionPool.create(s, undefined, 2);
    let asked = 0;
    const task = {
      step: () => undefined,
      progress: () => undefined,
      warn: () => undefined,
      changed: () => undefined,
      check: () => {
        asked += 1;
        if (asked > 1) throw new Error('enough');
      },
    };
    await expect(pool.run('cg', queries, o, () => undefined, task)).rejects.toThrow('enough');
    await pool.close();
  });

  it('without eigenpairs is plain, times 1 − α', async () => {
    const solver = await DiffusionSolver.create(s);
    solver.run('hybrid', queries, o, (q, f) => f.forEach((v, i) => expect(v).toBeCloseTo(0.1 * expected[q]![i]!, 8)));
  });
});
