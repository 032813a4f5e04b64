import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  affinity,
  breadthFirst,
  components,
  degrees,
  edgeCount,
  mutualGraph,
  normaliseGraph,
  subgraph,
  type SparseGraph,
} from '../../../src/main/engine/retrieval/graph.ts';
import {
  offlineDiffusion,
  offlineScores,
  shortlistOf,
  truncatedScores,
} from '../../../src/main/engine/retrieval/offline.ts';
import { DiffusionSolver, queryVector, solveSmall } from '../../../src/main/engine/retrieval/diffusion.ts';
import { inverse, Matrix as Dense } from 'ml-matrix';

/** A symmetric graph as a table of weights. */
type Table = number[][];

function randomTable(n: number, density: number, seed: number): Table {
  const r = random(seed);
  const t = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i += 1)
    for (let j = 0; j < i; j += 1) if (r.next() < density) t[i]![j] = t[j]![i] = r.between(0.1, 1);
  return t;
}
function graphOf(t: Table): SparseGraph {
  const rows = t.map((row) => row.flatMap((v, j) => (v > 0 ? [[j, v] as const] : [])));
  const starts = new Uint32Array(t.length + 1);
  rows.forEach((row, i) => (starts[i + 1] = starts[i]! + row.length));
  return {
    nodes: t.length,
    starts,
    columns: Uint32Array.from(rows.flat(), ([j]) => j),
    values: Float64Array.from(rows.flat(), ([, v]) => v),
  };
}
function tableOf(g: SparseGraph): Table {
  const t = Array.from({ length: g.nodes }, () => new Array<number>(g.nodes).fill(0));
  for (let i = 0; i < g.nodes; i += 1)
    for (let e = g.starts[i]!; e < g.starts[i + 1]!; e += 1) t[i]![g.columns[e]!] = g.values[e]!;
  return t;
}
const normalised = (t: Table): Table => {
  const d = t.map((row) => row.reduce((a, b) => a + b, 0));
  return t.map((row, i) => row.map((v, j) => (v === 0 ? 0 : v / Math.sqrt(d[i]! * d[j]!))));
};
/** (I − αS)^{-1} y. */
const diffused = (s: Table, alpha: number, y: readonly number[]): number[] =>
  inverse(new Dense(s.map((row, i) => row.map((v, j) => (i === j ? 1 : 0) - alpha * v))))
    .mmul(Dense.columnVector([...y]))
    .to1DArray();
const close = (a: ArrayLike<number>, b: ArrayLike<number>, by = 1e-8): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i += 1) expect(Math.abs(a[i]! - b[i]!)).toBeLessThan(by * (1 + Math.abs(b[i]!)));
};

describe('a mutual graph', () => {
  it('joins what is in both lists, with the weaker similarity to the power of gamma', () => {
    const k = 3;
    const ids = Uint32Array.of(0, 1, 2, 1, 0, 3, 2, 0, 1, 3, 1, 2);
    const scores = Float32Array.of(1, 0.9, 0.5, 1, 0.8, 0.7, 1, 0.5, 0.25, 1, 0.7, -0.5);
    const t = tableOf(mutualGraph({ k, ids, scores }, 2));
    const w = (v: number): number => Math.fround(v) ** 2;
    expect(t).toEqual([
      [0, w(0.8), w(0.5), 0],
      [w(0.8), 0, 0, w(0.7)],
      // 2 has 1 in its list, but 1 does not have 2; 3 has 2 with a negative cosine.
      [w(0.5), 0, 0, 0],
      [0, w(0.7), 0, 0],
    ]);
    expect(mutualGraph({ k: 0, ids: new Uint32Array(0), scores: new Float32Array(0) }, 3).nodes).toBe(0);
  });

  it('has affinities of max(0, cosine) to the power of gamma', () => {
    expect([affinity(0.5, 3), affinity(0.5, 2), affinity(0.25, 0.5), affinity(0, 3), affinity(-0.5, 2)]).toEqual([
      0.125, 0.25, 0.5, 0, 0,
    ]);
  });
});

describe('graphs', () => {
  const t = randomTable(40, 0.06, 4);
  const g = graphOf(t);

  it('have degrees and edges as their table has, and are normalised by both ends', () => {
    close(
      degrees(g),
      t.map((row) => row.reduce((a, b) => a + b, 0)),
    );
    expect(edgeCount(g)).toBe(t.flat().filter((v) => v > 0).length / 2);
    const n = tableOf(normaliseGraph(g));
    normalised(t).forEach((row, i) => close(n[i]!, row));
    expect(t.some((row) => row.every((v) => v === 0))).toBe(true);
  });

  it('have parts on some nodes, in their order', () => {
    const nodes = [7, 3, 30, 12, 9, 21, 0];
    const position = new Int32Array(40).fill(-1);
    expect(tableOf(subgraph(g, nodes, position))).toEqual(nodes.map((i) => nodes.map((j) => t[i]![j])));
    expect(position.every((v) => v === -1)).toBe(true);
  });

  it('fall apart into components, largest first, equal ones by their first node', () => {
    const reach = (from: number): Set<number> => {
      const seen = new Set([from]);
      for (const i of seen) t[i]!.forEach((v, j) => v > 0 && seen.add(j));
      return seen;
    };
    const found = components(g);
    expect(found.flatMap((c) => [...c]).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    for (const c of found) {
      expect(new Set(c)).toEqual(reach(c[0]!));
      expect(c[0]).toBe(Math.min(...c));
    }
    for (let i = 1; i < found.length; i += 1) {
      const [a, b] = [found[i - 1]!, found[i]!];
      expect(a.length > b.length || (a.length === b.length && a[0]! < b[0]!)).toBe(true);
    }
    // Breadth first: no node comes before one that is nearer to the root of its component.
    const order = [...breadthFirst(g)];
    for (const c of found) {
      const steps = new Map([[c[0]!, 0]]);
      for (const [i, s] of steps) t[i]!.forEach((v, j) => v > 0 && !steps.has(j) && steps.set(j, s + 1));
      const own = order.filter((i) => steps.has(i)).map((i) => steps.get(i)!);
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
  });
});

describe('what carries a query into the graph', () => {
  it('are similarities summed over regions, raised, the largest kept, equal ones by node', () => {
    const y = queryVector(
      [
        { ids: [4, 2, 9, 7], cosines: [0.6, 0.5, -0.9, 0.5] },
        { ids: [4, 5], cosines: [0.2, 0.1] },
      ],
      3,
      3,
    );
    expect(y.ids).toEqual([4, 2, 7]);
    close(y.values, [0.8 ** 3, 0.125, 0.125]);
    expect(queryVector([{ ids: [1], cosines: [-1] }], 3, 3)).toEqual({ ids: [], values: [] });
  });
});

describe('diffusion', () => {
  const t = randomTable(30, 0.2, 8);
  const s = normaliseGraph(graphOf(t));
  const exact = { alpha: 0.9, iterations: 500, tolerance: 1e-14 };

  it('of a fixed number of iterations is what the recursions of methods.md 4.2 say', async () => {
    const solver = await DiffusionSolver.create(s);
    const y = { ids: [3, 11], values: [0.5, 0.25] };
    const full = Array.from({ length: 30 }, (_, i): number => (i === 3 ? 0.5 : i === 11 ? 0.25 : 0));
    const times = (f: readonly number[]): number[] =>
      normalised(t).map((row) => row.reduce((sum, v, j) => sum + v * f[j]!, 0));
    for (const [kind, start, weight] of [
      ['iterative', full, 0.1],
      ['jacobi', full.map(() => 0), 1],
    ] as const) {
      let f: readonly number[] = start;
      for (let k = 0; k < 7; k += 1) f = times(f).map((v, i) => 0.9 * v + weight * full[i]!);
      solver.run(kind, [y], { alpha: 0.9, iterations: 7, tolerance: 0 }, (_, got) => close(got, f));
      // Ending early is ending near: within the tolerance of the limit's size.
      const limit = diffused(normalised(t), 0.9, full).map((v) => v * weight);
      solver.run(kind, [y], { alpha: 0.9, iterations: 5000, tolerance: 1e-6 }, (_, got) => close(got, limit, 1e-4));
    }
  });

  it('by conjugate gradients ends at the tolerance, and not before', async () => {
    const y = { ids: [3, 11, 3], values: [0.5, 0.25, 0.125] };
    const full = Array.from({ length: 30 }, (_, i): number => (i === 3 ? 0.625 : i === 11 ? 0.25 : 0));
    const truth = diffused(normalised(t), 0.9, full);
    const solver = await DiffusionSolver.create(s);
    const table = normalised(t);
    const residual = (f: ArrayLike<number>): number =>
      Math.hypot(...full.map((v, i) => v - (f[i]! - 0.9 * table[i]!.reduce((a, w, j) => a + w * f[j]!, 0)))) /
      Math.hypot(...full);
    for (const tolerance of [1e-2, 1e-4, 1e-8]) {
      const o = { alpha: 0.9, iterations: 500, tolerance };
      solver.run('cg', [y], o, (_, got) => expect(residual(got)).toBeLessThan(tolerance));
      expect(residual(solveSmall(s, y, o))).toBeLessThan(tolerance);
    }
    // With 1e-2 asked for, 1e-6 is not given: the work ends where it may.
    expect(residual(solveSmall(s, y, { alpha: 0.9, iterations: 500, tolerance: 1e-2 }))).toBeGreaterThan(1e-5);
    solver.run('cg', [y], { alpha: 0.9, iterations: 500, tolerance: 1e-2 }, (_, got) =>
      expect(residual(got)).toBeGreaterThan(1e-5),
    );
    close(solveSmall(s, y, exact), truth);
    // One step of steepest descent, which the first of conjugate gradients is.
    const first = solveSmall(s, y, { alpha: 0.9, iterations: 1, tolerance: 0 });
    const q = full.map((v, i) => v - 0.9 * table[i]!.reduce((a, w, j) => a + w * full[j]!, 0));
    const step = full.reduce((a, v) => a + v * v, 0) / full.reduce((a, v, i) => a + v * q[i]!, 0);
    close(
      first,
      full.map((v) => step * v),
    );
  });

  it('offline is the sum of what was solved for each node on its nearest', () => {
    const k = 9;
    const nearest = t.map((_, i) =>
      t
        .map((_, j) => j)
        .sort((a, b) => Number(b === i) - Number(a === i) || ((a * 7 + i) % 30) - ((b * 7 + i) % 30))
        .slice(0, k),
    );
    const lists = {
      k,
      ids: Uint32Array.from(nearest.flat()),
      scores: new Float32Array(30 * k),
    };
    const o = offlineDiffusion(s, lists, exact);
    const table = normalised(t);
    const row = (i: number): number[] => {
      const own = nearest[i]!;
      const f = diffused(
        own.map((a) => own.map((b) => table[a]![b]!)),
        0.9,
        own.map((a) => (a === i ? 1 : 0)),
      );
      return t.map((_, j) => (own.includes(j) ? f[own.indexOf(j)]! : 0));
    };
    const expected = t.map((_, j) => 0.7 * row(4)[j]! + 0.2 * row(17)[j]!);
    close(offlineScores(o, { ids: [4, 17], values: [0.7, 0.2] }), expected, 1e-6);
    for (let i = 0; i < 30; i += 1) {
      const ids = [...o.ids.subarray(o.starts[i]!, o.starts[i + 1]!)];
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(ids).toEqual(row(i).flatMap((v, j) => (Math.abs(v) > 1e-12 ? [j] : [])));
    }
  });

  it('offline adds a node that duplicates pushed out of its own list', () => {
    const lists = {
      k: 2,
      ids: Uint32Array.from(t.flatMap((_, i) => [(i + 1) % 30, (i + 2) % 30])),
      scores: new Float32Array(60),
    };
    const o = offlineDiffusion(s, lists, exact);
    for (let i = 0; i < 30; i += 1) expect([...o.ids.subarray(o.starts[i]!, o.starts[i + 1]!)]).toContain(i);
  });

  it('truncated has the degrees of what is kept, and nothing for the rest', () => {
    const keep = [5, 0, 22, 9, 13, 28, 2, 17];
    const position = new Int32Array(30).fill(-1);
    const part = normalised(keep.map((i) => keep.map((j) => t[i]![j]!)));
    const f = diffused(
      part,
      0.9,
      keep.map((i) => (i === 22 ? 0.5 : i === 2 ? 0.25 : 0)),
    );
    const got = truncatedScores(graphOf(t), keep, { ids: [22, 3, 2], values: [0.5, 9, 0.25] }, exact, position);
    close(
      got,
      t.map((_, i) => (keep.includes(i) ? f[keep.indexOf(i)]! : 0)),
    );
    expect(position.every((v) => v === -1)).toBe(true);
    const database = { data: Float32Array.of(1, 0, 0, 1, 0.6, 0.8), rows: 3, dim: 2 };
    expect([...shortlistOf(database, Float32Array.of(0, 1), 2)]).toEqual([1, 2]);
  });
});
