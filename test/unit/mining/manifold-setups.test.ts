import { describe, expect, it } from 'vitest';
import type { ManifoldParameters } from '../../../src/shared/domain.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { DEFAULT_MANIFOLD, mineManifold, poolsOf, withinRank } from '../../../src/main/engine/mining/manifold.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';

const DIM = 6;

/** A winding line of `long` photos, a far group of `far`, some of them twice, and a few that are like nothing; shuffled. */
function collection(long: number, far: number, twice: number, seed: number): Matrix {
  const r = random(seed);
  const rows = [
    ...Array.from({ length: long }, (_, i) => {
      const t = i / 9;
      return [1 + Math.cos(t), 1 + Math.sin(t), Math.cos(2.3 * t), 0.4 * Math.sin(1.7 * t), 0.2, 0];
    }),
    ...Array.from({ length: far }, (_, i) => [0, 0, 0, 0.1 * i, 1, 3 + 0.3 * Math.cos(i)]),
    [-1, -1, 0, 0, 0, 0],
    [0, 0, 0, -1, -1, 0],
  ].map((v) => v.map((x) => x + r.between(-0.05, 0.05)));
  for (let i = 0; i < twice; i += 1) rows.push(rows[(7 * i) % long]!);
  const data = new Float32Array(rows.length * DIM);
  r.shuffled(rows).forEach((v, i) =>
    data.set(
      v.map((x) => x / Math.hypot(...v)),
      i * DIM,
    ),
  );
  return { data, rows: rows.length, dim: DIM };
}

/** The published mining script step by step, dense: components, anchors, both rankings, pools. */
function byScript(m: Matrix, p: ManifoldParameters): Map<number, { positives: number[]; negatives: number[] }> {
  const v = Array.from({ length: m.rows }, (_, i) => Array.from(m.data.subarray(i * DIM, (i + 1) * DIM)));
  const inner = (i: number, j: number): number => v[i]!.reduce((s, x, d) => s + x * v[j]![d]!, 0);
  const ordered = (nodes: readonly number[], of: (i: number) => number): number[] =>
    nodes.toSorted((a, b) => of(b) - of(a) || a - b);
  const everything = v.map((_, i) => i);
  const near = everything.map((i) => new Set(ordered(everything, (j) => Math.fround(inner(i, j))).slice(0, p.k)));
  const edge = (i: number, j: number): number =>
    i !== j && near[i]!.has(j) && near[j]!.has(i) ? Math.max(0, inner(i, j)) ** p.gamma : 0;
  // Components by spreading the smallest number.
  const label = everything.slice();
  for (let round = 0; round < m.rows; round += 1)
    for (const i of everything)
      for (const j of everything) if (edge(i, j) > 0) label[i] = Math.min(label[i]!, label[j]!);
  const sizes = everything.map((l) => label.filter((x) => x === l).length);
  const largest = sizes.indexOf(Math.max(...sizes));
  const nodes = p.anchors === 'all' ? everything : everything.filter((i) => label[i] === largest);
  const degree = new Map(nodes.map((i) => [i, nodes.reduce((s, j) => s + edge(i, j), 0)]));
  const anchors =
    p.anchors === 'all'
      ? nodes
      : ordered(
          nodes.filter((i) => nodes.every((j) => edge(i, j) === 0 || degree.get(i)! > degree.get(j)!)),
          (i) => degree.get(i)!,
        ).slice(0, p.maxAnchors);
  const weights = nodes.map((i) =>
    nodes.map((j) => (edge(i, j) === 0 ? 0 : (p.alpha * edge(i, j)) / Math.sqrt(degree.get(i)! * degree.get(j)!))),
  );
  const pools = new Map<number, { positives: number[]; negatives: number[] }>();
  for (const anchor of anchors) {
    const start = nodes.map((i) => (i === anchor ? 1 : 0));
    // (I − αS) f = e by elimination.
    const system = weights.map((row, i) => [...row.map((w, j) => (i === j ? 1 : 0) - w), start[i]!]);
    const n = nodes.length;
    for (let c = 0; c < n; c += 1)
      for (let i = c + 1; i < n; i += 1) {
        const factor = system[i]![c]! / system[c]![c]!;
        if (factor !== 0) for (let j = c; j <= n; j += 1) system[i]![j]! -= factor * system[c]![j]!;
      }
    const f = new Map<number, number>();
    for (let i = n - 1; i >= 0; i -= 1) {
      let x = system[i]![n]!;
      for (let j = i + 1; j < n; j += 1) x -= system[i]![j]! * f.get(nodes[j]!)!;
      f.set(nodes[i]!, x / system[i]![i]!);
    }
    const others = nodes.filter((i) => i !== anchor);
    const euclidean = [anchor, ...ordered(others, (i) => Math.fround(inner(anchor, i)))];
    const reached = others.filter((i) => f.get(i)! > 1e-12);
    const manifold = [anchor, ...ordered(reached, (i) => f.get(i)!)];
    const half = Math.min(p.negativesK, Math.ceil(nodes.length / 2));
    const positives = manifold
      .slice(0, p.positivesK)
      .filter((i) => !euclidean.slice(0, p.positivesK).includes(i))
      .slice(0, p.kept);
    const negatives = euclidean
      .slice(0, half)
      .filter((i) => !manifold.slice(0, half).includes(i))
      .slice(0, p.kept);
    if (positives.length > 0 && negatives.length > 0) pools.set(anchor, { positives, negatives });
  }
  return pools;
}

describe('the set-up for retrieval', () => {
  it.each([
    { long: 60, far: 25, twice: 0, k: 8, positivesK: 12, negativesK: 10_000, seed: 1 },
    { long: 61, far: 40, twice: 0, k: 7, positivesK: 9, negativesK: 10_000, seed: 2 },
    { long: 71, far: 30, twice: 6, k: 9, positivesK: 10, negativesK: 14, seed: 3 },
    { long: 50, far: 49, twice: 3, k: 6, positivesK: 8, negativesK: 10_000, seed: 4 },
  ])('ranks inside the largest component alone: %o', async ({ long, far, twice, seed, ...limits }) => {
    const m = collection(long, far, twice, seed);
    const p: ManifoldParameters = { ...DEFAULT_MANIFOLD, ...limits, iterations: 800, tolerance: 1e-13, kept: 15 };
    const expected = byScript(m, p);
    const mined = await mineManifold(m, p);
    expect(mined.component).toBeLessThan(m.rows);
    expect(mined.pools.map((x) => x.anchor).sort((a, b) => a - b)).toEqual([...expected.keys()].sort((a, b) => a - b));
    expect(mined.pools.length).toBeGreaterThan(0);
    for (const pool of mined.pools) {
      expect(pool.positives.map((x) => x.index)).toEqual(expected.get(pool.anchor)!.positives);
      expect(pool.negatives.map((x) => x.index)).toEqual(expected.get(pool.anchor)!.negatives);
    }
  });

  it('leaves other components in where all photos are anchors', async () => {
    const m = collection(40, 15, 0, 5);
    const p: ManifoldParameters = {
      ...DEFAULT_MANIFOLD,
      k: 6,
      positivesK: 8,
      negativesK: 30,
      anchors: 'all',
      iterations: 800,
      tolerance: 1e-13,
    };
    const expected = byScript(m, p);
    const mined = await mineManifold(m, p);
    expect(mined.pools.map((x) => x.anchor)).toEqual([...expected.keys()]);
    for (const pool of mined.pools)
      expect(pool.negatives.map((x) => x.index)).toEqual(expected.get(pool.anchor)!.negatives);
  });
});

describe('the anchor of pools', () => {
  it('is first in both rankings, whatever others score', () => {
    // Photo 3 asks; 0 and 1 are copies of it that come before it, and 0 is a hub of the graph.
    const nearest = { ids: [0, 1, 3, 2, 4], cosines: [1, 1, 1, 0.5, 0.2] };
    const manifold = Float64Array.of(9, 1, 2, 3, 8);
    const pools = (positivesK: number, negativesK: number): number[][] => {
      const p = poolsOf(3, nearest, manifold, { positivesK, negativesK, kept: 9 });
      return [p.positives.map((x) => x.index), p.negatives.map((x) => x.index)];
    };
    // Within rank 1 there is the anchor alone.
    expect(pools(1, 1)).toEqual([[], []]);
    // Rank 2 is photo 0 both ways.
    expect(pools(2, 2)).toEqual([[], []]);
    // Ranks to 3: 0 and 1 by cosine, 0 and 4 on the manifold.
    expect(pools(3, 3)).toEqual([[4], [1]]);
    // Ranks to 4: 0, 1, 2 and 0, 4, 2.
    expect(pools(4, 4)).toEqual([[4], [1]]);
    expect(pools(5, 5)).toEqual([[], []]);
    // Copies may push it out of its own list.
    const without = { ids: [0, 1], cosines: [1, 1] };
    expect(poolsOf(3, without, manifold, { positivesK: 2, negativesK: 2, kept: 9 }).negatives).toEqual([]);
    expect(
      poolsOf(3, without, manifold, { positivesK: 3, negativesK: 3, kept: 9 }).negatives.map((x) => x.index),
    ).toEqual([1]);
  });

  it('takes one of the ranks of the others', () => {
    const scores = Float64Array.of(0.5, 0, 0.7, 0.7, 0.1);
    const within = (k: number, first?: number): number[] => [0, 1, 2, 3, 4].filter(withinRank(scores, k, first));
    expect(within(2)).toEqual([2, 3]);
    expect(within(2, 4)).toEqual([2, 4]);
    expect(within(1, 1)).toEqual([1]);
    expect(within(3, 2)).toEqual([0, 2, 3]);
    expect(within(9, 1)).toEqual([0, 1, 2, 3, 4]);
  });
});
