import { describe, expect, it } from 'vitest';
import type { Features } from '../../../src/main/engine/features/sift.ts';
import {
  DEFAULT_AFFINE,
  matchByWords,
  verifyAffine,
  type AffineParameters,
  type Verified,
} from '../../../src/main/engine/teacher/verification.ts';

type Place = readonly [x: number, y: number, scale?: number, angle?: number];
const features = (places: readonly Place[]): Features => ({
  count: places.length,
  frames: Float32Array.from(places.flatMap(([x, y, scale = 2, angle = 0]) => [x, y, scale, angle])),
  descriptors: new Uint8Array(128 * places.length),
});
/** The first of one with the first of the other, and so on. */
function verified(a: readonly Place[], b: readonly Place[], p?: AffineParameters): Verified {
  return verifyAffine(
    features(a),
    features(b),
    Uint32Array.from({ length: 2 * a.length }, (_, i) => i >> 1),
    p,
  );
}
const count = (a: readonly Place[], b: readonly Place[], p?: AffineParameters): number =>
  verified(a, b, p).inliers.length;
const turned = (places: readonly Place[], angle: number): Place[] =>
  places.map(([x, y]) => [Math.cos(angle) * x - Math.sin(angle) * y, Math.sin(angle) * x + Math.cos(angle) * y]);

describe('matches of equal distance', () => {
  const same = (n: number): Features => features(Array.from({ length: n }, () => [0, 0]));
  it('are the first of the one with the first of the other', () => {
    expect([...matchByWords(same(1), Uint32Array.of(5), same(3), Uint32Array.of(5, 5, 5))]).toEqual([0, 0]);
    expect([...matchByWords(same(3), Uint32Array.of(5, 5, 5), same(1), Uint32Array.of(5))]).toEqual([0, 0]);
    expect([...matchByWords(same(2), Uint32Array.of(4, 5), same(3), Uint32Array.of(5, 4, 5))].sort()).toEqual([
      0, 0, 1, 1,
    ]);
  });
});

describe('hypotheses', () => {
  it('are eight hundred, spread over all matches', () => {
    // Of 801, the last alone has frames that say how the five of one map move; others change their scale too much.
    const a = Array.from({ length: 801 }, (_, i): Place => [(i * 37) % 400, (i * 91) % 300]);
    const b = a.map(([x, y], i): Place =>
      i < 796 ? [(i * 53) % 997, (i * 29) % 991, 40] : [x + 7, y + 9, i === 800 ? 2 : 40],
    );
    expect(DEFAULT_AFFINE).toEqual({ threshold: 0.02, trials: 800, scale: 8 });
    expect(count(a, b, { ...DEFAULT_AFFINE, threshold: 1e-5 })).toBe(0);
    expect(count(a, b, { ...DEFAULT_AFFINE, threshold: 1e-5, trials: 801 })).toBe(5);
  });

  it('that as many agree with count in their order', () => {
    const a: Place[] = [
      [0, 0],
      [300, 0],
      [0, 300],
      [300, 300],
      [50, 0],
      [250, 0],
      [50, 250],
      [250, 250],
    ];
    const b = a.map(([x, y], i): Place => (i < 4 ? [x + 500, y] : [x - 500, y + 70]));
    expect([...verified(a, b).inliers]).toEqual([0, 1, 2, 3]);
    expect([...verified(a.toReversed(), b.toReversed()).inliers]).toEqual([0, 1, 2, 3]);
    expect(verified(a, b).transform![2]).toBeCloseTo(500, 6);
  });

  it('of fewer than four matches are none, and of nothing, too', () => {
    const three: Place[] = [
      [0, 0],
      [90, 0],
      [0, 90],
    ];
    expect(verified(three, three)).toEqual({ inliers: new Uint32Array(0), transform: null });
    expect(verified([], [])).toEqual({ inliers: new Uint32Array(0), transform: null });
  });
});

describe('the distance within which matches agree', () => {
  it('is a share of the long side, whichever that is and wherever it lies', () => {
    const grid = (wide: number, high: number): Place[] =>
      [0, 0.5, 1].flatMap((y) => [0, 0.5, 1].map((x): Place => [1000 + wide * x, 1000 + high * y]));
    for (const [wide, high] of [
      [20, 200],
      [200, 20],
    ] as const) {
      const a = grid(wide, high);
      const moved = (by: number): Place[] => a.map(([x, y], i) => (i === 4 ? [x + by, y] : [x, y]));
      // A fiftieth of 200.
      expect([3.5, 4.6, 30].map((by) => count(a, moved(by)))).toEqual([9, 8, 8]);
    }
  });

  it('is left out itself: who is as far as that does not agree', () => {
    // In line, so that no other map is fitted than that of one match.
    const a = Array.from({ length: 9 }, (_, i): Place => [25 * i, 0]);
    const moved = (by: number): Place[] => a.map(([x], i) => [x, i === 4 ? by : 0]);
    expect([3.999, 4, 4.001].map((by) => count(a, moved(by)))).toEqual([9, 8, 8]);
  });

  it('is that of a pixel where the features lie within less, and not of two', () => {
    const a = Array.from({ length: 9 }, (_, i): Place => [1.4 * i, 0, 14]);
    /** Seven times smaller: all within 1.6 pixels, or half of that. */
    const small = (step: number, by: number): number =>
      count(
        a.map(([x, y]): Place => [x * step, y, 14]),
        a.map(([x], i): Place => [(x * step) / 7, i === 4 ? by : 0, 2]),
      );
    expect([0.03, 0.035].map((by) => small(1, by))).toEqual([9, 8]);
    expect([0.018, 0.022].map((by) => small(0.55, by))).toEqual([9, 8]);
  });
});

describe('the map that is fitted to all who agree', () => {
  /** Six points along a strip of a height. */
  const strip = (height: number): Place[] => [0, 1000, 2000].flatMap((x) => [0, height].map((y): Place => [x, y]));
  const higher = (places: readonly Place[], by: number): Place[] => places.map(([x, y]) => [x, by * y]);
  const across = (height: number, by: number, p?: AffineParameters): number =>
    verified(strip(height), higher(strip(height), by), p).transform![4];

  it('is left where the points are nearly in line, in whatever direction', () => {
    // Variance across over along, 3.75e-7 of the squared height: a millionth at 1.63.
    expect(across(1.8, 1.5)).toBeCloseTo(1.5, 6);
    expect(across(1.5, 1.5)).toBe(1);
    for (const angle of [Math.PI / 4, Math.PI / 2, 1]) {
      const map = (height: number): number[] => [
        ...verified(turned(strip(height), angle), turned(higher(strip(height), 1.5), angle)).transform!,
      ];
      const [thick, thin] = [map(3), map(1.3)];
      expect(thick[0]! * thick[4]! - thick[1]! * thick[3]!).toBeCloseTo(1.5, 2);
      expect(thin[0]! * thin[4]! - thin[1]! * thin[3]!).toBeCloseTo(1, 6);
    }
  });

  it('neither mirrors nor squeezes: areas from a hundredth to a hundred', () => {
    expect(across(10, -1)).toBe(1);
    expect(across(30, 0.012)).toBeCloseTo(0.012, 6);
    expect(across(30, 0.008)).toBe(1);
    const wide = { ...DEFAULT_AFFINE, threshold: 0.2 };
    expect(across(3, 99.5, wide)).toBeCloseTo(99.5, 4);
    expect(across(3, 100.5, wide)).toBe(1);
  });

  it('may shear', () => {
    const a = [0, 100, 200].flatMap((x) => [0, 100, 200].map((y): Place => [x, y]));
    const b = a.map(([x, y]): Place => [x + 0.015 * y, y]);
    const { inliers, transform } = verified(a, b);
    expect(inliers.length).toBe(9);
    [1, 0.015, 0, 0, 1, 0].forEach((v, k) => expect(transform![k]).toBeCloseTo(v, 5));
  });
});
