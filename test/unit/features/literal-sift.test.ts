import { describe, expect, it } from 'vitest';
import { DEFAULT_SIFT, sift } from '../../../src/main/engine/features/sift.ts';
import { floats, literalSift, scenery } from '../../support/literal-sift.ts';

describe('SIFT', () => {
  it.each([
    [88, 66, 1, DEFAULT_SIFT],
    [50, 97, 2, DEFAULT_SIFT],
    [64, 40, 3, { most: 500, peak: 0.005, edge: 6 }],
  ] as const)('of an image of %i x %i (%i) is what the paper says', (width, height, seed, p) => {
    const scene = scenery(width, height, 120, seed);
    const expected = literalSift(scene, p);
    const got = sift(floats(scene), width, height, p);
    expect(expected.length).toBeGreaterThan(20);
    expect(got.count).toBe(expected.length);
    const left = new Set(Array.from({ length: got.count }, (_, k) => k));
    for (const { frame, descriptor: bins } of expected) {
      const k = [...left].find((i) => frame.every((v, d) => Math.abs(got.frames[4 * i + d]! - v) < 2e-3 * (1 + v)));
      expect(k, `a keypoint at ${frame.join(' ')}`).toBeDefined();
      left.delete(k!);
      bins.forEach((b, d) => expect(Math.abs(got.descriptors[128 * k! + d]! - b)).toBeLessThan(3));
    }
    // Strongest first.
    expect(got.frames[0]).toBeCloseTo(expected[0]!.frame[0], 1);
    const fewer = sift(floats(scene), width, height, { ...p, most: 7 });
    expect(fewer.count).toBe(7);
    expect(fewer.frames).toEqual(got.frames.subarray(0, 28));
  });

  it('has its defaults', () => {
    expect(DEFAULT_SIFT).toEqual({ most: 2048, peak: 0.02, edge: 10 });
  });

  it('of images as small as an octave may be, and smaller, is what the paper says', () => {
    let all = 0;
    for (const [width, height, seed] of [
      [16, 16, 4],
      [15, 60, 5],
      [60, 15, 6],
      [16, 45, 7],
      [31, 34, 8],
      [32, 33, 9],
      [33, 31, 10],
      [41, 17, 11],
    ] as const) {
      const p = { most: 4000, peak: 0.004, edge: 12 };
      const scene = scenery(width, height, 60, seed);
      const expected = literalSift(scene, p);
      const got = sift(floats(scene), width, height, p);
      if (Math.min(width, height) < 16) expect(got.count).toBe(0);
      expect(got.count).toBe(expected.length);
      all += got.count;
      const left = new Set(Array.from({ length: got.count }, (_, k) => k));
      for (const { frame, descriptor: bins } of expected) {
        const k = [...left].find((i) => frame.every((v, d) => Math.abs(got.frames[4 * i + d]! - v) < 4e-3 * (1 + v)));
        expect(k, `a keypoint at ${frame.join(' ')}`).toBeDefined();
        left.delete(k!);
        bins.forEach((b, d) => expect(Math.abs(got.descriptors[128 * k! + d]! - b)).toBeLessThan(3));
      }
    }
    expect(all).toBeGreaterThan(20);
  });
});
