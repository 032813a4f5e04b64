import { describe, expect, it } from 'vitest';
import { DEFAULT_SIFT, sift } from '../../../src/main/engine/features/sift.ts';

const [W, H] = [128, 128];

/** A Gaussian blob in the middle whose blurred variances along x and y are `long` and `short`. */
function blob(long: number, short: number): Float32Array {
  return Float32Array.from({ length: W * H }, (_, i) => {
    const [x, y] = [(i % W) + 0.5 - 64.2, Math.floor(i / W) + 0.5 - 63.7];
    return Math.exp(-(x * x) / (2 * long) - (y * y) / (2 * short));
  });
}

/** Scale of the keypoint at the blob's centre, where there is one. */
function scaleAtCentre(grey: Float32Array, edge: number): number | undefined {
  const { frames, count } = sift(grey, W, H, { ...DEFAULT_SIFT, edge });
  const at = Array.from({ length: count }, (_, k) => 4 * k).find(
    (k) => Math.hypot(frames[k]! - 64.2, frames[k + 1]! - 63.7) < 2,
  );
  return at === undefined ? undefined : frames[at + 2];
}

/** Ratio of the principal curvatures of the difference of two Gaussians, of a blob that is itself a Gaussian: in closed form. */
function curvatureRatio(long: number, short: number, scale: number): number {
  // The level at which the keypoint was found, of three in an octave, and the next.
  const sigmas = [0, 1].map((s) => 1.6 * 2 ** ((Math.round(3 * Math.log2(scale / 1.6)) + s) / 3));
  const [x, y] = [long, short].map((own) => {
    const curvature = (sigma: number): number => {
      // A camera's image is taken to be blurred by 0.5 already.
      const [a, b, c] = [long, short, own].map((v) => v + sigma * sigma - 0.25);
      return Math.sqrt((long * short) / (a! * b!)) / c!;
    };
    return curvature(sigmas[1]!) - curvature(sigmas[0]!);
  });
  return y! / x!;
}

describe('keypoints on edges', () => {
  it.each([1.3, 1.6, 2, 2.4])(
    'are dropped beyond a ratio of the curvatures, on a blob of variances 1 to %d',
    (longer) => {
      const grey = blob(25 * longer, 25);
      const ratio = curvatureRatio(25 * longer, 25, scaleAtCentre(grey, 1e6)!);
      expect(ratio).toBeGreaterThan(1.1);
      expect(scaleAtCentre(grey, ratio * 1.03)).toBeDefined();
      expect(scaleAtCentre(grey, ratio * 0.97)).toBeUndefined();
    },
  );

  it('are none along a straight line', () => {
    const line = Float32Array.from({ length: W * H }, (_, i) => {
      const y = Math.floor(i / W) + 0.5 - 63.7;
      return Math.exp(-(y * y) / 50) * (1 + 0.02 * Math.sin(i % W));
    });
    expect(sift(line, W, H).count).toBe(0);
    expect(sift(line, W, H, { ...DEFAULT_SIFT, edge: 1e6 }).count).toBeGreaterThan(0);
  });
});
