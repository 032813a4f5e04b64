import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { drawFromPools } from '../../../src/main/engine/training/pool-tuples.ts';

type Pools = Parameters<typeof drawFromPools>[0];
const r = random(3);
const DIM = 4;
/** Photos 1 to 40. */
const ids = Uint32Array.from({ length: 40 }, (_, i) => i + 1);
const data = Float32Array.from({ length: 40 * DIM }, () => r.between(-1, 1));
for (let i = 0; i < 40; i += 1) {
  const v = data.subarray(DIM * i, DIM * i + DIM);
  const norm = Math.hypot(...v);
  v.forEach((x, k) => (v[k] = x / norm));
}
const SET = { ids, data, dim: DIM };
const cosine = (a: number, b: number): number =>
  [0, 1, 2, 3].reduce((s, k) => s + data[DIM * (a - 1) + k]! * data[DIM * (b - 1) + k]!, 0);
const positive = (
  photo: number,
  weight: number | null,
  scale: number | null = 2,
): Pools[number]['positives'][number] => ({
  photo,
  strategies: 0,
  shared: photo + 100,
  overlap: photo / 100,
  scale,
  similarity: 0,
  weight,
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const POOLS: Pools = [
  { anchor: 1, positives: [positive(2, 1), positive(3, 3), positive(99, 50)], negatives: [...range(10, 30), 98] },
  { anchor: 4, positives: [positive(5, null, null)], negatives: [31, 32] },
  // Without their anchor, positives or negatives in the set, pools are not used.
  { anchor: 97, positives: [positive(6, 9)], negatives: [33] },
  { anchor: 7, positives: [positive(96, 9)], negatives: [33] },
  { anchor: 8, positives: [positive(6, 9)], negatives: [95] },
];

describe('tuples drawn from pools', () => {
  const drawn = drawFromPools(POOLS, SET, 600, 3, 5);

  it('have anchors and positives alike often, and negatives among the ten nearest, best first', () => {
    expect(drawn.tuples).toHaveLength(600);
    expect(drawn.queries).toBe(2);
    expect(drawn.warnings).toEqual([]);
    const pairs = new Map<string, number>();
    for (const t of drawn.tuples) {
      const key = `${t.pair.query} ${t.pair.other}`;
      pairs.set(key, (pairs.get(key) ?? 0) + 1);
      const pool = POOLS.find((p) => p.anchor === t.pair.query)!;
      const nearest = pool.negatives
        .filter((n) => n <= 40)
        .sort((a, b) => cosine(pool.anchor, b) - cosine(pool.anchor, a))
        .slice(0, 10);
      expect(t.negatives).toHaveLength(Math.min(3, nearest.length));
      expect(new Set(t.negatives.map((n) => n.photo)).size).toBe(t.negatives.length);
      t.negatives.forEach((n, i) => {
        expect(nearest).toContain(n.photo);
        expect(n.similarity).toBeCloseTo(cosine(pool.anchor, n.photo), 6);
        if (i > 0) expect(n.similarity).toBeLessThanOrEqual(t.negatives[i - 1]!.similarity);
        expect(n).toMatchObject({ rank: null, links: null, mutual: false, shared: 0 });
      });
      expect(t.positiveSimilarity).toBeCloseTo(cosine(t.pair.query, t.pair.other), 6);
      expect(t.pair).toMatchObject({
        cluster: 0,
        shared: t.pair.other + 100,
        overlap: t.pair.other / 100,
        scale: t.pair.other === 5 ? Number.POSITIVE_INFINITY : 2,
      });
      expect(t).toMatchObject({ disagreement: 0, suspicion: 0, alternatives: [] });
    }
    expect([...pairs.keys()].sort()).toEqual(['1 2', '1 3', '4 5']);
    expect(pairs.get('4 5')! / 600).toBeGreaterThan(0.42);
    expect(pairs.get('4 5')! / 600).toBeLessThan(0.58);
    expect(pairs.get('1 2')! / 600).toBeGreaterThan(0.18);
    expect(pairs.get('1 3')! / 600).toBeGreaterThan(0.18);
    // All ten are drawn, from the nearest to the farthest of them.
    expect(
      new Set(drawn.tuples.filter((t) => t.pair.query === 1).flatMap((t) => t.negatives.map((n) => n.photo))).size,
    ).toBe(10);
  });

  it('weigh by the positive over the mean of all that may be drawn, which one without a weight has', () => {
    // Weights 1, 3 and, where it is not known, 1 in the mean.
    const mean = 5 / 3;
    for (const t of drawn.tuples) expect(t.weight).toBeCloseTo({ 2: 1 / mean, 3: 3 / mean, 5: 1 }[t.pair.other]!, 12);
  });

  it('say how far negatives are, and are the same for the same seed alone', () => {
    const distances = drawn.tuples.flatMap((t) => t.negatives.map((n) => Math.sqrt(Math.max(0, 2 - 2 * n.similarity))));
    expect(drawn.meanNegativeDistance).toBeCloseTo(distances.reduce((a, b) => a + b, 0) / distances.length, 9);
    expect(drawFromPools(POOLS, SET, 600, 3, 5)).toEqual(drawn);
    expect(drawFromPools(POOLS, SET, 600, 3, 6)).not.toEqual(drawn);
    expect(drawFromPools(POOLS, SET, 0, 3, 5)).toMatchObject({ tuples: [], queries: 0, meanNegativeDistance: 0 });
    expect(drawFromPools(POOLS, SET, 4, 0, 5).meanNegativeDistance).toBe(0);
    expect(() => drawFromPools(POOLS.slice(2), SET, 5, 3, 5)).toThrow(expect.objectContaining({ code: 'STATE_EMPTY' }));
  });
});
