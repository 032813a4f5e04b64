import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  DEFAULT_VERIFICATION,
  matchFeatures,
  verify,
  type LocalFeatures,
} from '../../../src/main/engine/retrieval/spatial.ts';

/** Features at these places, each with a descriptor of its own. */
function at(places: readonly (readonly [number, number])[]): LocalFeatures {
  const dim = 10;
  const descriptors = new Float32Array(dim * places.length);
  places.forEach((_, i) => {
    const r = random(500 + i);
    for (let d = 0; d < dim; d += 1) descriptors[dim * i + d] = r.between(-1, 1);
  });
  return { count: places.length, dim, positions: Float32Array.from(places.flat()), descriptors };
}
/** Inliers of a photo whose features moved so. */
function moved(
  places: readonly (readonly [number, number])[],
  to: (x: number, y: number, i: number) => readonly [number, number],
  threshold = 0.5,
): number {
  const b = places.map(([x, y], i) => to(x, y, i));
  return verify(at(places), at(b), { threshold, trials: 200, ratio: 0.9 }).inliers;
}
const SQUARE = [
  [0, 0],
  [100, 0],
  [0, 100],
  [100, 100],
  [50, 20],
] as const;

describe('spatial verification', () => {
  it('has the parameters of methods.md', () => {
    expect(DEFAULT_VERIFICATION).toEqual({ threshold: 24, trials: 400, ratio: 0.9 });
  });

  it('takes areas between a hundredth and a hundred times, and no mirror', () => {
    const scaled = (s: number): number => moved(SQUARE, (x, y) => [s * x, s * y]);
    expect([9.9, 1, 0.11].map(scaled)).toEqual([5, 5, 5]);
    expect([10.1, 0.09].map(scaled)).toEqual([0, 0]);
    expect(moved(SQUARE, (x, y) => [y, x])).toBe(0);
    expect(moved(SQUARE, (x, y) => [-y, x])).toBe(5);
    expect(moved(SQUARE, (x, y) => [x + 0.4 * y, y])).toBe(5);
    // Far from the origin it is the same.
    expect(
      moved(
        SQUARE.map(([x, y]) => [x + 5000, y - 3000] as const),
        (x, y) => [x - 70, y + 90],
      ),
    ).toBe(5);
  });

  it('takes no transformation from points in a line', () => {
    const line = [0, 1, 2, 3, 4, 5].map((i) => [20 * i, 7 * i] as const);
    expect(moved(line, (x, y) => [x, y])).toBe(0);
    const bent = line.map(([x, y], i) => [x, y + (i % 2 === 0 ? 4 : 0)] as const);
    expect(moved(bent, (x, y) => [x, y])).toBe(6);
  });

  it('counts what is nearer than the threshold, to either side', () => {
    const many = Array.from({ length: 12 }, (_, i) => [(i % 4) * 60, Math.floor(i / 4) * 60] as const);
    const off = (dx: number, dy: number): number => moved(many, (x, y, i) => (i === 5 ? [x + dx, y + dy] : [x, y]), 6);
    // The map of all twelve gives in by about a ninth.
    for (const far of [9, -9]) {
      expect(off(far, 0)).toBe(11);
      expect(off(0, far)).toBe(11);
    }
    for (const near of [5, -5]) {
      expect(off(near, 0)).toBe(12);
      expect(off(0, near)).toBe(12);
    }
    expect(off(5, 5)).toBe(11);
    expect(off(3.5, 3.5)).toBe(12);
  });

  it('finds what agrees though most does not, and no three alone', () => {
    const r = random(4);
    const places = Array.from({ length: 30 }, () => [r.between(0, 900), r.between(0, 900)] as const);
    const kept = (n: number): number =>
      moved(places, (x, y, i) => (i < n ? [1.2 * x + 30, 1.1 * y - 20] : [r.between(0, 900), r.between(0, 900)]), 1);
    expect(kept(9)).toBe(9);
    expect(kept(3)).toBe(0);
    expect(verify(at([]), at(SQUARE))).toEqual({ inliers: 0, pairs: [] });
    expect(verify(at(SQUARE), at([]))).toEqual({ inliers: 0, pairs: [] });
    expect(verify(at(SQUARE), at(SQUARE), { ...DEFAULT_VERIFICATION, trials: 0 })).toEqual({ inliers: 0, pairs: [] });
  });

  it('is refitted to what agrees, which finds more than any three matches alone do', () => {
    const grid = Array.from({ length: 12 }, (_, i) => [(i % 4) * 60, Math.floor(i / 4) * 60] as const);
    const threshold = 3.5;
    let more = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const r = random(seed);
      const b = grid.map(([x, y]) => [x + r.between(-3, 3), y + r.between(-3, 3)] as const);
      // Every affine transformation through three matches, by Cramer's rule.
      let most = 0;
      for (let i = 0; i < 12; i += 1)
        for (let j = 0; j < i; j += 1)
          for (let k = 0; k < j; k += 1) {
            const [p, q, o] = [grid[i]!, grid[j]!, grid[k]!];
            const [ux, uy, vx, vy] = [p[0] - o[0], p[1] - o[1], q[0] - o[0], q[1] - o[1]];
            const d = ux * vy - uy * vx;
            if (d === 0) continue;
            const agree = grid.filter(([x, y], n) => {
              const s = ((x - o[0]) * vy - (y - o[1]) * vx) / d;
              const t = (ux * (y - o[1]) - uy * (x - o[0])) / d;
              const at = [0, 1].map((c) => b[k]![c]! + s * (b[i]![c]! - b[k]![c]!) + t * (b[j]![c]! - b[k]![c]!));
              return Math.hypot(at[0]! - b[n]![0], at[1]! - b[n]![1]) < threshold;
            }).length;
            most = Math.max(most, agree);
          }
      const found = verify(at(grid), at(b), { threshold, trials: 4000, ratio: 0.9 }).inliers;
      expect(found).toBeGreaterThanOrEqual(most);
      if (found > most) more += 1;
    }
    expect(more).toBeGreaterThan(3);
  });

  it('gives pairs by their indices, where the order differs too', () => {
    const a = at(SQUARE);
    const order = [3, 0, 4, 1, 2];
    const b: LocalFeatures = {
      ...a,
      positions: Float32Array.from(order.flatMap((i) => [...SQUARE[i]!])),
      descriptors: Float32Array.from(order.flatMap((i) => [...a.descriptors.subarray(10 * i, 10 * i + 10)])),
    };
    expect(verify(a, b).pairs).toEqual([0, 1, 2, 3, 4].map((i) => [i, order.indexOf(i)]));
  });
});

describe('matches', () => {
  const line = (...v: number[]): LocalFeatures => ({
    count: v.length,
    dim: 1,
    positions: new Float32Array(2 * v.length),
    descriptors: Float32Array.from(v),
  });
  it('need a best that is nearer than the ratio of the second, in distance', () => {
    // From 0: distances 3 and 4 are at the ratio of 3/4.
    expect(matchFeatures(line(0), line(3, 4), 0.75)).toEqual([]);
    expect(matchFeatures(line(0), line(3, 4), 0.76)).toEqual([[0, 0]]);
    expect(matchFeatures(line(0), line(-4, -3), 0.76)).toEqual([[0, 1]]);
    // Two that are equally near are none; a single one has no rival.
    expect(matchFeatures(line(0), line(2, -2), 1)).toEqual([]);
    expect(matchFeatures(line(0), line(7), 0.5)).toEqual([[0, 0]]);
    // Of two that want the same, the nearer has it; of equals, the first.
    expect(matchFeatures(line(0, 1), line(1.5, 50), 0.9)).toEqual([[1, 0]]);
    expect(matchFeatures(line(1, 2), line(1.5, 50), 0.9)).toEqual([[0, 0]]);
    expect(matchFeatures(line(), line(1), 0.9)).toEqual([]);
  });
});
