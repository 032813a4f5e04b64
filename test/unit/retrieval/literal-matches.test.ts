import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { matchFeatures, verify, type LocalFeatures } from '../../../src/main/engine/retrieval/spatial.ts';

function local(r: Random, count: number, dim: number): LocalFeatures {
  return {
    count,
    dim,
    positions: Float32Array.from({ length: 2 * count }, () => r.between(0, 500)),
    descriptors: Float32Array.from({ length: dim * count }, () => r.between(-1, 1)),
  };
}

describe('matches of local features', () => {
  it('are mutual nearest neighbours whose second best is farther by the ratio', () => {
    let some = 0;
    for (let seed = 0; seed < 60; seed += 1) {
      const r = random(seed);
      const [a, b] = [local(r, 1 + r.below(14), 3), local(r, 2 + r.below(14), 3)];
      const ratio = [0.6, 0.9, 1][seed % 3]!;
      const distance = (i: number, j: number): number =>
        Math.hypot(...[0, 1, 2].map((k) => a.descriptors[3 * i + k]! - b.descriptors[3 * j + k]!));
      const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
      const expected = all(a.count).flatMap((i): [number, number][] => {
        const [first, second] = all(b.count).sort((x, y) => distance(i, x) - distance(i, y)) as [number, number];
        const back = all(a.count).sort((x, y) => distance(x, first) - distance(y, first))[0];
        return back === i && distance(i, first) < ratio * distance(i, second) ? [[i, first]] : [];
      });
      some += expected.length;
      expect(matchFeatures(a, b, ratio)).toEqual(expected);
    }
    expect(some).toBeGreaterThan(60);
  });
});

it('a descriptor that is there twice, or nearly, decides nothing, and one that is there once does', () => {
  const r = random(5);
  const a = local(r, 4, 130);
  const twice: LocalFeatures = { ...local(r, 5, 130) };
  for (let j = 0; j < 4; j += 1) twice.descriptors.set(a.descriptors.subarray(130 * j, 130 * j + 130), 130 * j);
  expect(matchFeatures(a, twice, 0.9)).toEqual([0, 1, 2, 3].map((i) => [i, i]));
  twice.descriptors.set(a.descriptors.subarray(0, 130), 130 * 4);
  expect(matchFeatures(a, twice, 0.9)).toEqual([1, 2, 3].map((i) => [i, i]));
  // A hair's breadth, which products of single precision do not tell.
  twice.descriptors.set(
    a.descriptors.subarray(0, 130).map((v) => v * (1 + 1e-6)),
    130 * 4,
  );
  expect(matchFeatures(a, twice, 0.9)).toEqual([1, 2, 3].map((i) => [i, i]));
  expect(
    matchFeatures(a, { ...a, count: 0, descriptors: new Float32Array(0), positions: new Float32Array(0) }, 0.9),
  ).toEqual([]);
});

/** The affine map of least squares, by a general solver. */
function leastSquares(a: LocalFeatures, b: LocalFeatures, pairs: readonly (readonly [number, number])[]): number[] {
  const from = new Matrix(pairs.map(([i]) => [a.positions[2 * i]!, a.positions[2 * i + 1]!, 1]));
  const to = new Matrix(pairs.map(([, j]) => [b.positions[2 * j]!, b.positions[2 * j + 1]!]));
  return solve(from, to, true).transpose().to1DArray();
}

describe('spatial verification by chance', () => {
  it('ends with all matches that lie within the threshold of the map fitted to them', () => {
    for (let seed = 0; seed < 25; seed += 1) {
      const r = random(seed);
      const n = 30;
      const a = local(r, n, 12);
      const m = [r.between(0.5, 1.6), r.between(-0.4, 0.4), 20, r.between(-0.4, 0.4), r.between(0.5, 1.6), -35];
      const follows = Array.from({ length: n }, () => r.next() < 0.6);
      const positions = new Float32Array(2 * n);
      for (let i = 0; i < n; i += 1) {
        const [x, y] = [a.positions[2 * i]!, a.positions[2 * i + 1]!];
        const noise = (): number => r.between(-2, 2);
        positions[2 * i] = m[0]! * x + m[1]! * y + m[2]! + noise() + (follows[i] ? 0 : 300 + r.between(0, 900));
        positions[2 * i + 1] = m[3]! * x + m[4]! * y + m[5]! + noise() + (follows[i] ? 0 : r.between(-400, 400));
      }
      const b: LocalFeatures = { ...a, positions };
      const { inliers, pairs } = verify(a, b, { threshold: 6, trials: 300, ratio: 0.9 }, seed);
      expect(inliers).toBe(pairs.length);
      const fitted = leastSquares(a, b, pairs);
      const off = (i: number): number =>
        Math.hypot(
          fitted[0]! * a.positions[2 * i]! + fitted[1]! * a.positions[2 * i + 1]! + fitted[2]! - positions[2 * i]!,
          fitted[3]! * a.positions[2 * i]! + fitted[4]! * a.positions[2 * i + 1]! + fitted[5]! - positions[2 * i + 1]!,
        );
      const near = Array.from({ length: n }, (_, i) => i).filter((i) => off(i) < 6);
      expect(pairs.map(([i]) => i)).toEqual(near);
      expect(follows.every((f, i) => !f || near.includes(i))).toBe(true);
      expect(verify(a, b, { threshold: 6, trials: 300, ratio: 0.9 }, seed)).toEqual({ inliers, pairs });
    }
  });

  it('needs four matches; mirrored and collapsed photos have none', () => {
    const r = random(3);
    const a = local(r, 12, 8);
    const moved = (to: (x: number, y: number) => [number, number], count = 12): number => {
      const positions = new Float32Array(24);
      for (let i = 0; i < 12; i += 1) positions.set(to(a.positions[2 * i]!, a.positions[2 * i + 1]!), 2 * i);
      const cut = (f: LocalFeatures): LocalFeatures => ({
        count,
        dim: 8,
        positions: f.positions.slice(0, 2 * count),
        descriptors: f.descriptors.slice(0, 8 * count),
      });
      return verify(cut(a), cut({ ...a, positions }), { threshold: 3, trials: 200, ratio: 0.9 }).inliers;
    };
    expect(moved((x, y) => [x, y])).toBe(12);
    expect(moved((x, y) => [x + 5, y], 4)).toBe(4);
    expect(moved((x, y) => [x, y], 3)).toBe(0);
    expect(moved((x, y) => [-x, y])).toBe(0);
    // Area changes between 1/100 and 100 are taken.
    expect(moved((x, y) => [9.9 * x, 9.9 * y])).toBe(12);
    expect(moved((x, y) => [10.2 * x, 10.2 * y])).toBeLessThan(8);
    expect(moved((x, y) => [0.11 * x, 0.11 * y])).toBe(12);
  });
});
