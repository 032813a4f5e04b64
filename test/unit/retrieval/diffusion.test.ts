import { inverse, Matrix as Dense } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { DiffusionSolver, queryVector, solveSmall } from '../../../src/main/engine/retrieval/diffusion.ts';
import {
  components,
  edgeCount,
  mutualGraph,
  normaliseGraph,
  type SparseGraph,
} from '../../../src/main/engine/retrieval/graph.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import { normaliseRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import {
  leadingEigenpairs,
  spectralEmbedding,
  spectralQuery,
  transfer,
  truncateEigenpairs,
} from '../../../src/main/engine/retrieval/spectral.ts';

const EXACT = { alpha: 0.99, iterations: 2000, tolerance: 1e-13 };

function unit(degrees: readonly number[]): Matrix {
  const data = Float32Array.from(
    degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]),
  );
  return { data, rows: degrees.length, dim: 2 };
}

/** Unit vectors around a few centres, so that graphs have structure. */
function clustered(rows: number, dim: number, centres: number, spread: number, seed: number): Matrix {
  const r = random(seed);
  const c = Array.from({ length: centres * dim }, () => r.between(-1, 1));
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1) {
    const k = r.below(centres);
    for (let d = 0; d < dim; d += 1) data[i * dim + d] = c[k * dim + d]! + spread * r.between(-1, 1);
  }
  return normaliseRows({ data, rows, dim }, 'test');
}

async function graphOf(x: Matrix, k: number): Promise<SparseGraph> {
  return mutualGraph(await exactNeighbours(x, x, k), 3);
}

/** (I − αS)^{-1} y by a dense inverse: the definition. */
function denseSolution(s: SparseGraph, alpha: number, y: Float64Array): number[] {
  const m = Dense.eye(s.nodes);
  for (let i = 0; i < s.nodes; i += 1)
    for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1)
      m.set(i, s.columns[e]!, m.get(i, s.columns[e]!) - alpha * s.values[e]!);
  return inverse(m)
    .mmul(Dense.columnVector(Array.from(y)))
    .to1DArray();
}

function solved(work: (sink: (q: number, f: Float64Array) => void) => void): Float64Array[] {
  const out: Float64Array[] = [];
  work((q, f) => (out[q] = f.slice()));
  return out;
}

function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let e = 0;
  let n = 0;
  for (let i = 0; i < a.length; i += 1) {
    e += (a[i]! - b[i]!) ** 2;
    n += b[i]! ** 2;
  }
  return Math.sqrt(e / n);
}

describe('golden of methods.md 4.5', () => {
  const x = unit([0, 10, 21, 33, 60, 69, 80, 93]);
  const q = unit([5]);

  it('has its edges and weights', async () => {
    const g = await graphOf(x, 4);
    expect(g.columns.length).toBe(22);
    const weight = (i: number, j: number): number => {
      for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1) if (g.columns[e] === j) return g.values[e]!;
      return 0;
    };
    expect(weight(0, 1)).toBeCloseTo(0.9551, 4);
    expect(weight(3, 4)).toBeCloseTo(0.7074, 4);
    expect(weight(6, 7)).toBeCloseTo(0.9251, 4);
    expect(weight(1, 0)).toBe(weight(0, 1));
  });

  it('has its right-hand side and its solution by every solver', async () => {
    const s = normaliseGraph(await graphOf(x, 4));
    const near = await exactNeighbours(x, q, 2);
    const y = queryVector([{ ids: near.ids, cosines: near.scores }], 2, 3);
    expect([...(y.ids as number[])].sort()).toEqual([0, 1]);
    for (const v of Array.from(y.values)) expect(v).toBeCloseTo(0.988627, 5);
    const f = [23.496265, 28.376999, 27.609792, 24.981252, 22.40951, 22.300402, 22.37632, 17.526366];
    const solver = await DiffusionSolver.create(s);
    const near5 = (got: ArrayLike<number>, scale = 1): void =>
      f.forEach((v, i) => expect(got[i]! / scale).toBeCloseTo(v, 3));
    near5(solved((sink) => solver.conjugateGradients([y], { ...EXACT, iterations: 20, tolerance: 1e-10 }, sink))[0]!);
    near5(solveSmall(s, y, EXACT));
    near5(solved((sink) => solver.iterate('jacobi', [y], { ...EXACT, iterations: 4000, tolerance: 0 }, sink))[0]!);
    near5(
      solved((sink) => solver.iterate('iterative', [y], { ...EXACT, iterations: 4000, tolerance: 0 }, sink))[0]!,
      0.01,
    );
    solver.useEigenpairs(await leadingEigenpairs(s, 3));
    near5(solved((sink) => solver.hybrid([y], EXACT, sink))[0]!, 0.01);
    const all = await leadingEigenpairs(s, 8);
    const e = spectralEmbedding(all, 0.99);
    const z = spectralQuery(all, y);
    near5(
      Array.from({ length: 8 }, (_, i) => z.reduce((sum, v, k) => sum + v * e.data[i * e.dim + k]!, 0)),
      0.01,
    );
  });
});

describe('identities on random graphs', () => {
  it('conjugate gradients equal the dense inverse, for more queries than a block holds', async () => {
    const x = clustered(150, 8, 6, 0.9, 1);
    const s = normaliseGraph(await graphOf(x, 12));
    const solver = await DiffusionSolver.create(s);
    const r = random(2);
    const queries = Array.from({ length: 11 }, () => ({
      ids: [r.below(150), r.below(150), r.below(150)],
      values: [r.next(), r.next(), r.next()],
    }));
    const got = solved((sink) => solver.conjugateGradients(queries, EXACT, sink));
    queries.forEach((y, i) => {
      const full = new Float64Array(150);
      y.ids.forEach((id, j) => (full[id]! += y.values[j]!));
      expect(relativeError(got[i]!, denseSolution(s, 0.99, full))).toBeLessThan(1e-9);
      expect(relativeError(solveSmall(s, y, EXACT), got[i]!)).toBeLessThan(1e-9);
    });
  });

  it('a query alone has the scores that it has among others, by every solver, whatever the number of nodes', async () => {
    for (const nodes of [61, 64, 150]) {
      const s = normaliseGraph(await graphOf(clustered(nodes, 8, 4, 0.9, nodes), 9));
      const solver = await DiffusionSolver.create(s);
      solver.useEigenpairs(truncateEigenpairs(await leadingEigenpairs(s, 9), 7));
      const queries = [
        { ids: [3, nodes - 1, 3], values: [0.5, 0.25, 0.75] },
        { ids: [20], values: [1] },
      ];
      for (const method of ['cg', 'iterative', 'jacobi', 'hybrid'] as const)
        for (const o of [
          { alpha: 0.95, iterations: 5, tolerance: 0 },
          { alpha: 0.95, iterations: 400, tolerance: 1e-9 },
        ]) {
          const together = solved((sink) => solver.run(method, queries, o, sink));
          queries.forEach((y, i) => {
            const alone = solved((sink) => solver.run(method, [y], o, sink));
            expect(alone).toHaveLength(1);
            // Iterating ends with the slowest of those that are together.
            expect(relativeError(alone[0]!, together[i]!)).toBeLessThan(o.tolerance === 0 ? 1e-11 : 1e-7);
          });
        }
    }
  });

  it('hybrid at rank 0 is conjugate gradients and at full rank is spectral; more rank, less error', async () => {
    const x = clustered(260, 10, 5, 0.8, 3);
    const s = normaliseGraph(await graphOf(x, 10));
    const y = { ids: [3, 40], values: [0.7, 0.4] };
    const solver0 = await DiffusionSolver.create(s);
    const reference = solved((sink) => solver0.conjugateGradients([y], EXACT, sink))[0]!.map((v) => v * 0.01);
    const plain = solved((sink) => solver0.hybrid([y], EXACT, sink))[0]!;
    expect(relativeError(plain, reference)).toBeLessThan(1e-10);
    const all = await leadingEigenpairs(s, 260);
    const errors: number[] = [];
    for (const rank of [5, 40, all.rank]) {
      const solver = await DiffusionSolver.create(s);
      solver.useEigenpairs(truncateEigenpairs(all, rank));
      const f = solved((sink) => solver.hybrid([y], { alpha: 0.99, iterations: 3, tolerance: 0 }, sink))[0]!;
      errors.push(relativeError(f, reference));
    }
    expect(errors[0]!).toBeGreaterThan(errors[1]!);
    expect(errors[2]!).toBeLessThan(1e-6);
    const e = spectralEmbedding(all, 0.99);
    const z = spectralQuery(all, y);
    const f = Float64Array.from({ length: 260 }, (_, i) => z.reduce((t, v, k) => t + v * e.data[i * e.dim + k]!, 0));
    expect(relativeError(f, reference)).toBeLessThan(1e-5);
  });

  it('finds the largest algebraic eigenvalues of a large component, as a dense solver does', async () => {
    const x = clustered(700, 6, 3, 2, 5);
    const s = normaliseGraph(await graphOf(x, 14));
    expect(components(s)[0]!.length).toBeGreaterThan(400);
    const some = await leadingEigenpairs(s, 30);
    const all = await leadingEigenpairs(s, 700);
    expect(some.residual).toBeLessThan(1e-6);
    for (let k = 0; k < 30; k += 1) expect(some.values[k]!).toBeCloseTo(all.values[k]!, 8);
    for (let k = 1; k < 30; k += 1) expect(some.values[k]!).toBeLessThanOrEqual(some.values[k - 1]! + 1e-9);
    for (let a = 0; a < 30; a += 1)
      for (let b = 0; b <= a; b += 1) {
        let sum = 0;
        for (let i = 0; i < 700; i += 1) sum += some.vectors[i * 30 + a]! * some.vectors[i * 30 + b]!;
        expect(sum).toBeCloseTo(a === b ? 1 : 0, 8);
      }
    expect(transfer(1, 0.99)).toBeCloseTo(1, 12);
  });

  it('gives isolated nodes, duplicates and disconnected parts an answer', async () => {
    const x = unit([0, 0, 0, 90, 90, 180]);
    const g = await graphOf(x, 3);
    const s = normaliseGraph(g);
    expect(edgeCount(g)).toBe(4);
    expect(components(s).map((c) => c.length)).toEqual([3, 2, 1]);
    expect(Array.from(s.values).every(Number.isFinite)).toBe(true);
    const solver = await DiffusionSolver.create(s);
    const [f, lonely, empty] = solved((sink) =>
      solver.conjugateGradients(
        [
          { ids: [0], values: [1] },
          { ids: [5], values: [1] },
          { ids: [], values: [] },
        ],
        EXACT,
        sink,
      ),
    );
    expect(f!.slice(3)).toEqual(new Float64Array(3));
    expect(f![1]).toBeCloseTo(f![2]!, 10);
    expect(lonely).toEqual(Float64Array.of(0, 0, 0, 0, 0, 1));
    expect(empty).toEqual(new Float64Array(6));
  });
});
