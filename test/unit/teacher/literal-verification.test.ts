import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Features } from '../../../src/main/engine/features/sift.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import {
  DEFAULT_AFFINE,
  matchByWords,
  verifyAffine,
  type AffineParameters,
} from '../../../src/main/engine/teacher/verification.ts';

type Frame = readonly [x: number, y: number, scale: number, angle: number];

function features(frames: readonly Frame[], descriptors = new Uint8Array(128 * frames.length)): Features {
  return { count: frames.length, frames: Float32Array.from(frames.flat()), descriptors };
}
const pairs = (list: ArrayLike<number>): string[] =>
  Array.from({ length: list.length / 2 }, (_, k) => `${list[2 * k]} ${list[2 * k + 1]}`).sort();

describe('matches by words', () => {
  it('are the mutual nearest of one word, by all pairs', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const r = random(seed);
      const of = (n: number): { f: Features; words: Uint32Array } => ({
        f: features(
          Array.from({ length: n }, (): Frame => [0, 0, 1, 0]),
          Uint8Array.from({ length: 128 * n }, () => 30 + r.below(40)),
        ),
        words: Uint32Array.from({ length: n }, () => r.below(3)),
      });
      const [a, b] = [of(5 + r.below(20)), of(5 + r.below(20))];
      const distance = (i: number, j: number): number => {
        if (a.words[i] !== b.words[j]) return Infinity;
        let sum = 0;
        for (let k = 0; k < 128; k += 1) sum += (a.f.descriptors[128 * i + k]! - b.f.descriptors[128 * j + k]!) ** 2;
        return sum;
      };
      const expected: string[] = [];
      for (let i = 0; i < a.words.length; i += 1)
        for (let j = 0; j < b.words.length; j += 1) {
          const d = distance(i, j);
          const nearest =
            a.words.every((_, other) => other === i || distance(other, j) > d) &&
            b.words.every((_, other) => other === j || distance(i, other) > d);
          if (d < Infinity && nearest) expected.push(`${i} ${j}`);
        }
      expect(expected.length).toBeGreaterThan(0);
      expect(pairs(matchByWords(a.f, a.words, b.f, b.words))).toEqual(expected.sort());
    }
  });

  it('have a cosine of 0.85 at least: bytes are 512 times unit vectors', () => {
    // Unit vectors of that cosine are sqrt(0.3) apart: 78643.2 in squared bytes.
    const apart = (squared: number): Uint8Array<ArrayBuffer> => {
      const out = new Uint8Array(128);
      for (let k = 0, left = squared; left > 0; k += 1) {
        out[k] = Math.min(255, Math.floor(Math.sqrt(left)));
        left -= out[k]! ** 2;
      }
      return out;
    };
    const word = Uint32Array.of(4);
    const zero = features([[0, 0, 1, 0]]);
    const matched = (squared: number): number =>
      matchByWords(zero, word, features([[0, 0, 1, 0]], apart(squared)), word).length;
    expect(matched(78_643)).toBe(2);
    expect(matched(78_644)).toBe(0);
  });
});

/** A map of the plane that keeps angles, as a complex product and sum: z becomes m z + t. */
function alike(a: Frame, b: Frame): number[] {
  const zoom = b[2] / a[2];
  const [re, im] = [zoom * Math.cos(b[3] - a[3]), zoom * Math.sin(b[3] - a[3])];
  return [re, -im, b[0] - (re * a[0] - im * a[1]), im, re, b[1] - (im * a[0] + re * a[1])];
}

/** Spatial verification as its description says, with a general solver for the least squares. */
function literal(
  a: readonly Frame[],
  b: readonly Frame[],
  p: AffineParameters,
): { inliers: number[]; map: number[] | null } {
  const nothing = { inliers: [], map: null };
  const n = a.length;
  if (n < 4) return nothing;
  const side = (k: 0 | 1): number => Math.max(...b.map((f) => f[k])) - Math.min(...b.map((f) => f[k]));
  const limit = p.threshold * Math.max(1, side(0), side(1));
  const agree = (m: number[]): number[] =>
    a.flatMap(([x, y], k) =>
      Math.hypot(m[0]! * x + m[1]! * y + m[2]! - b[k]![0], m[3]! * x + m[4]! * y + m[5]! - b[k]![1]) < limit ? [k] : [],
    );
  let best: number[] = [];
  let map: number[] | null = null;
  for (let t = 0; t < Math.min(n, p.trials); t += 1) {
    const k = Math.floor(t * Math.max(1, n / p.trials));
    const zoom = b[k]![2] / a[k]![2];
    if (zoom >= p.scale || zoom <= 1 / p.scale) continue;
    const m = alike(a[k]!, b[k]!);
    if (agree(m).length > best.length) [best, map] = [agree(m), m];
  }
  for (let round = 0; round < 2 && best.length >= 4; round += 1) {
    const from = new Matrix(best.map((k) => [a[k]![0], a[k]![1], 1]));
    const to = new Matrix(best.map((k) => [b[k]![0], b[k]![1]]));
    const m = solve(from, to, true).transpose().to1DArray();
    const area = m[0]! * m[4]! - m[1]! * m[3]!;
    if (!(area > 0.01 && area < 100) || agree(m).length < best.length) break;
    [best, map] = [agree(m), m];
  }
  const places = new Set(best.map((k) => [...a[k]!.slice(0, 2), ...b[k]!.slice(0, 2)].map(Math.round).join()));
  return places.size >= 4 ? { inliers: best, map } : nothing;
}

/** Matches of which some follow one map, with frames that follow it roughly. */
function world(r: Random, n: number): { a: Frame[]; b: Frame[] } {
  const angle = r.between(-3, 3);
  const zoom = r.between(0.3, 3);
  const stretch = r.between(0.85, 1.15);
  const shear = r.between(-0.1, 0.1);
  const share = r.between(0.2, 0.9);
  const a = Array.from(
    { length: n },
    (): Frame =>
      [r.between(0, 800), r.between(0, 500), r.between(2, 9), r.between(-3, 3)].map(Math.fround) as unknown as Frame,
  );
  const b = a.map(([x, y, s, o]): Frame => {
    const [u, v] = [stretch * x + shear * y, y];
    const noise = (): number => r.between(-4, 4);
    const frame =
      r.next() < share
        ? [
            zoom * (Math.cos(angle) * u - Math.sin(angle) * v) + 40 + noise(),
            zoom * (Math.sin(angle) * u + Math.cos(angle) * v) - 90 + noise(),
            s * zoom * r.between(0.95, 1.05),
            o + angle + r.between(-0.04, 0.04),
          ]
        : [zoom * r.between(-800, 800), zoom * r.between(-800, 800), r.between(0.3, 60), r.between(-3, 3)];
    return frame.map(Math.fround) as unknown as Frame;
  });
  return { a, b };
}
const inOrder = (n: number): Uint32Array => Uint32Array.from({ length: 2 * n }, (_, i) => i >> 1);

describe('spatial verification by frames', () => {
  it('is what its description says, for 120 worlds', () => {
    let verified = 0;
    for (let seed = 0; seed < 120; seed += 1) {
      const r = random(seed);
      const n = 4 + r.below(50);
      const { a, b } = world(r, n);
      const p = seed % 3 === 0 ? { threshold: 0.05, trials: 1 + r.below(12), scale: 4 } : DEFAULT_AFFINE;
      const expected = literal(a, b, p);
      const got = verifyAffine(features(a), features(b), inOrder(n), p);
      expect(Array.from(got.inliers)).toEqual(expected.inliers);
      if (expected.map === null) expect(got.transform).toBeNull();
      else {
        verified += 1;
        expected.map.forEach((v, k) => expect(Math.abs(got.transform![k]! - v)).toBeLessThan(1e-6 * (1 + Math.abs(v))));
      }
    }
    expect(verified).toBeGreaterThan(60);
  });

  it('never goes on with fewer matches than it had, in 250 worlds of few and rough ones', () => {
    for (let seed = 0; seed < 250; seed += 1) {
      const r = random(seed);
      const n = 8 + r.below(6);
      const a = Array.from({ length: n }, (): Frame => [r.below(400), r.below(300), 2, 0]);
      const b = a.map(
        ([x, y]): Frame =>
          [x + r.between(-9, 9), y + r.between(-9, 9), 2 * r.between(0.97, 1.03), r.between(-0.03, 0.03)].map(
            Math.fround,
          ) as unknown as Frame,
      );
      expect([...verifyAffine(features(a), features(b), inOrder(n)).inliers]).toEqual(
        literal(a, b, DEFAULT_AFFINE).inliers,
      );
    }
  });

  it('needs four matches at different places, of a scale change below the bound', () => {
    const corners = [
      [0, 0],
      [100, 0],
      [0, 100],
      [100, 100],
    ] as const;
    const square = (zoom: number, at: readonly (readonly [number, number])[] = corners): Frame[] =>
      at.map(([x, y]) => [zoom * x, zoom * y, zoom, 0]);
    const count = (a: Frame[], b: Frame[]): number =>
      verifyAffine(features(a), features(b), inOrder(a.length)).inliers.length;
    expect(count(square(1), square(1))).toBe(4);
    expect(count(square(1).slice(1), square(1).slice(1))).toBe(0);
    expect(count(square(1), square(7.9))).toBe(4);
    expect(count(square(1), square(8))).toBe(0);
    expect(count(square(8), square(1))).toBe(0);
    const twice = square(1, [corners[0], corners[1], corners[2], corners[2]]);
    expect(count(twice, twice)).toBe(0);
  });

  it('keeps the map of one match where the points are in line, for which no full map can be told', () => {
    const line = [0, 30, 60, 90, 120].map((x): Frame => [x, 0, 2, 0]);
    const { inliers, transform } = verifyAffine(features(line), features(line), inOrder(5));
    expect(inliers.length).toBe(5);
    expect(transform!.map((v) => v + 0)).toEqual([1, 0, 0, 0, 1, 0]);
  });
});
