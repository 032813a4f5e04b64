import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { DiffusionSolver, queryVector, solveSmall } from '../../../src/main/engine/retrieval/diffusion.ts';
import { normaliseGraph, type SparseGraph } from '../../../src/main/engine/retrieval/graph.ts';

/** A normalised graph of weighted edges. */
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
const times = (s: SparseGraph, v: readonly number[]): number[] =>
  v.map((_, i) => {
    let sum = 0;
    for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1) sum += s.values[e]! * v[s.columns[e]!]!;
    return sum;
  });
/** The recursions of methods.md 4.2, all iterates from the start. */
function iterates(s: SparseGraph, kind: 'iterative' | 'jacobi', alpha: number, y: number[], most: number): number[][] {
  const out = [kind === 'iterative' ? y : y.map(() => 0)];
  const weight = kind === 'iterative' ? 1 - alpha : 1;
  for (let t = 0; t < most; t += 1) out.push(times(s, out.at(-1)!).map((v, i) => alpha * v + weight * y[i]!));
  return out;
}
const change = (f: readonly number[], before: readonly number[]): number =>
  Math.sqrt(f.reduce((s, v, i) => s + (v - before[i]!) ** 2, 0) / f.reduce((s, v) => s + v * v, 0));
const scoresOf = (
  solver: DiffusionSolver,
  kind: 'iterative' | 'jacobi',
  ys: readonly number[][],
  o: { alpha: number; iterations: number; tolerance: number },
): number[][] => {
  const out: number[][] = [];
  solver.iterate(
    kind,
    ys.map((y) => ({ ids: y.map((_, i) => i), values: y })),
    o,
    (q, f) => (out[q] = [...f]),
  );
  return out;
};

describe('plain iteration', () => {
  const pair = graphOf(2, [[0, 1, 1]]);
  const y = [1, 0.25];

  it('looks every eighth time how much changed, and ends where that is less than the tolerance', async () => {
    const solver = await DiffusionSolver.create(pair);
    for (const kind of ['iterative', 'jacobi'] as const) {
      const all = iterates(pair, kind, 0.5, y, 40);
      const changes = all.map((f, t) => (t === 0 ? Infinity : change(f, all[t - 1]!)));
      for (const [tolerance, ends] of [
        // Halves are exact, so that these are the very numbers: at the tolerance it goes on, just below it ends.
        [changes[8]!, 16],
        [changes[8]! * 1.0001, 8],
        [changes[7]! * 1.0001, 8],
        [changes[3]!, 8],
        [changes[16]!, 24],
        [changes[16]! * 1.0001, 16],
        [changes[9]!, 16],
        [0, 40],
        [changes[24]! * 1.0001, 24],
      ] as const)
        expect(scoresOf(solver, kind, [y], { alpha: 0.5, iterations: 40, tolerance })).toEqual([all[ends]]);
      // It never takes more than it may.
      for (const iterations of [0, 1, 7, 8, 9])
        expect(scoresOf(solver, kind, [y], { alpha: 0.5, iterations, tolerance: 1e-300 })).toEqual([all[iterations]]);
    }
  });

  it('goes on for a whole block while one of its queries moves', async () => {
    const s = graphOf(5, [
      [0, 1, 1],
      [2, 3, 0.5],
      [3, 4, 1],
    ]);
    const solver = await DiffusionSolver.create(s);
    const ys = [
      [1, 1, 0, 0, 0],
      [0, 0, 1, 0, 0],
      [0, 0, 0, 0, 0],
    ];
    const all = ys.map((v) => iterates(s, 'iterative', 0.9, v, 200));
    const ends = [8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104].find(
      (t) => Math.max(...all.slice(0, 2).map((a) => change(a[t]!, a[t - 1]!))) < 1e-3,
    )!;
    expect(ends).toBeGreaterThan(8);
    for (const [q, f] of scoresOf(solver, 'iterative', ys, { alpha: 0.9, iterations: 200, tolerance: 1e-3 }).entries())
      f.forEach((v, i) => expect(v).toBeCloseTo(all[q]![ends]![i]!, 12));
    // Alone, what is at rest ends at once.
    expect(scoresOf(solver, 'iterative', [ys[0]!], { alpha: 0.9, iterations: 200, tolerance: 1e-3 })[0]).toEqual(
      all[0]![8]!.map((v) => expect.closeTo(v, 12) as number),
    );
  });
});

describe('conjugate gradients on a small graph', () => {
  const r = random(3);
  const edges = Array.from({ length: 40 }, (_, i): [number, number, number] => [
    i % 12,
    (5 * i + 1) % 12,
    r.between(0.2, 1),
  ]);
  const s = graphOf(
    12,
    edges.filter(([a, b]) => a !== b),
  );
  const y = { ids: [4, 7, 4], values: [1, 0.5, 0.25] };
  const right = Array.from({ length: 12 }, (_, i) => (i === 4 ? 1.25 : i === 7 ? 0.5 : 0));
  const residual = (f: ArrayLike<number>, alpha: number): number => {
    const sf = times(s, Array.from(f));
    return Math.hypot(...right.map((v, i) => v - (f[i]! - alpha * sf[i]!))) / Math.hypot(...right);
  };

  it('end at the tolerance of the residual, as soon as it is reached', async () => {
    const alpha = 0.95;
    const after = Array.from({ length: 13 }, (_, n) =>
      residual(solveSmall(s, y, { alpha, iterations: n, tolerance: 0 }), alpha),
    );
    expect(after[0]).toBe(1);
    expect(after[12]!).toBeLessThan(1e-6);
    const solver = await DiffusionSolver.create(s);
    for (const tolerance of [0.5, 0.1, 1e-2, 1e-3, 1e-4]) {
      const needed = after.findIndex((v) => v <= tolerance);
      const stopped = solveSmall(s, y, { alpha, iterations: 100, tolerance });
      expect([...stopped]).toEqual([...solveSmall(s, y, { alpha, iterations: needed, tolerance: 0 })]);
      solver.conjugateGradients([y], { alpha, iterations: 100, tolerance }, (_, f) =>
        f.forEach((v, i) => expect(v).toBeCloseTo(stopped[i]!, 9)),
      );
    }
  });

  it('answer nothing with nothing', async () => {
    const o = { alpha: 0.9, iterations: 50, tolerance: 0 };
    expect([...solveSmall(s, { ids: [], values: [] }, o)]).toEqual(new Array(12).fill(0));
    const solver = await DiffusionSolver.create(s);
    const out: number[][] = [];
    // Empty ones stand still beside others.
    solver.conjugateGradients([{ ids: [], values: [] }, y], o, (q, f) => (out[q] = [...f]));
    expect(out[0]).toEqual(new Array(12).fill(0));
    expect(residual(out[1]!, 0.9)).toBeLessThan(1e-9);
    solver.hybrid([], o, () => expect.fail('no query, no answer'));
  });
});

describe('what carries a query', () => {
  it('keeps the kq largest, leaves out what is not above zero, equal ones by node', () => {
    const regions = [
      { ids: [9, 4, 2, 7], cosines: [0.5, 0.5, -0.25, 0.25] },
      { ids: [7, 1, 3], cosines: [0.25, 0, 0.125] },
    ];
    const of = (kq: number): [number[], number[]] => {
      const { ids, values } = queryVector(regions, kq, 1);
      return [Array.from(ids), Array.from(values)];
    };
    expect(of(10)).toEqual([
      [4, 7, 9, 3],
      [0.5, 0.5, 0.5, 0.125],
    ]);
    expect(of(2)).toEqual([
      [4, 7],
      [0.5, 0.5],
    ]);
    expect(of(0)).toEqual([[], []]);
    expect(queryVector([], 3, 3)).toEqual({ ids: [], values: [] });
  });
});
