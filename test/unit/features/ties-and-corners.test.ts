import { describe, expect, it } from 'vitest';
import { DEFAULT_SIFT, sift } from '../../../src/main/engine/features/sift.ts';
import { floats, image, literalSift, scenery } from '../../support/literal-sift.ts';

/** A round blob around (x, y) of pixels, on grey. */
function blob(width: number, height: number, x: number, y: number, variance: number, contrast: number): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const far = ((i % width) - x) ** 2 + (Math.floor(i / width) - y) ** 2;
    return 0.5 + contrast * Math.exp(-far / (2 * variance));
  });
}

describe('a response that two pixels share', () => {
  it.each([0.4, -0.4])('is no extremum, bright or dark (%d)', (contrast) => {
    // The middle of an image of even width lies between two columns, which are the same number by number.
    expect(sift(blob(64, 63, 31.5, 31, 9, contrast), 64, 63).count).toBe(0);
    expect(sift(blob(64, 63, 31.4, 31, 9, contrast), 64, 63).count).toBeGreaterThan(0);
    expect(sift(blob(63, 64, 31, 31.5, 9, contrast), 63, 64).count).toBe(0);
  });
});

describe('a flat image', () => {
  it('has no keypoints, however faint they may be', () => {
    expect(sift(new Float32Array(40 * 30).fill(0.7), 40, 30).count).toBe(0);
    expect(sift(new Float32Array(40 * 30).fill(0.7), 40, 30, { ...DEFAULT_SIFT, peak: 0 }).count).toBe(0);
  });
});

describe('a faint response', () => {
  it.each([
    [31, 31],
    [31.2, 30.7],
  ])('is kept down to a third of the bound for an octave, around (%d, %d)', (x, y) => {
    const scene = blob(63, 63, x, y, 16, 0.1);
    const [best] = literalSift(
      image(63, 63, (i, j) => scene[j * 63 + i]!),
      { ...DEFAULT_SIFT, peak: 0.001 },
    );
    expect(Math.hypot(best!.frame[0] - x - 0.5, best!.frame[1] - y - 0.5)).toBeLessThan(0.1);
    const found = (share: number): number =>
      sift(scene, 63, 63, { ...DEFAULT_SIFT, peak: 3 * share * best!.response }).count;
    expect([found(0.98), found(1.02), found(1.15)]).toEqual([expect.any(Number), 0, 0]);
    expect(found(0.98)).toBeGreaterThan(0);
  });
});

describe('descriptors', () => {
  const scene = scenery(96, 80, 160, 21);
  const grey = floats(scene);
  const P = { ...DEFAULT_SIFT, peak: 0.004 };
  const plain = sift(grey, 96, 80, P);

  it('do not depend on contrast', () => {
    expect(plain.count).toBeGreaterThan(40);
    for (const contrast of [1 / 64, 1 / 4, 8]) {
      const other = sift(
        grey.map((v) => 0.3 + contrast * (v - 0.5)),
        96,
        80,
        { ...P, peak: contrast * P.peak },
      );
      expect(other.count).toBe(plain.count);
      let apart = 0;
      plain.descriptors.forEach((v, i) => (apart = Math.max(apart, Math.abs(v - other.descriptors[i]!))));
      expect(apart).toBeLessThan(4);
    }
  });

  it('are 512 times unit vectors', () => {
    const squares = Array.from({ length: plain.count }, (_, k) =>
      plain.descriptors.subarray(128 * k, 128 * k + 128).reduce((s, v) => s + v * v, 0),
    );
    // Rounded to whole numbers: right on average.
    const mean = squares.reduce((a, b) => a + b, 0) / squares.length;
    expect(Math.abs(Math.sqrt(mean) - 512)).toBeLessThan(0.4);
    for (const s of squares) expect(Math.abs(Math.sqrt(s) - 512)).toBeLessThan(4);
  });
});
