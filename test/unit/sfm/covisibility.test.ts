import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { byTrackLength } from '../../../src/main/engine/sfm/staged.ts';
import { covisibility, median, sharedObservations } from '../../../src/main/engine/sfm/covisibility.ts';
import { focalLength, rotationMatrix, type SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { isRelaxedInlier, symmetricScale } from '../../../src/main/engine/mining/positives.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { writeTextModel } from '../../support/colmap.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();

/** The definition, literally: intersect the sets of points, take the median of size ratios. */
function oracle(m: SparseModel, a: number, b: number): { shared: number; scale: number } {
  const points = (v: number): Set<number> => new Set(m.obsPoint.subarray(m.viewOffsets[v]!, m.viewOffsets[v + 1]!));
  const size = (v: number, p: number): number => {
    const view = m.views[v]!;
    const camera = m.cameras.find((c) => c.id === view.cameraId)!;
    const r = rotationMatrix(view.rotation);
    const depth = [0, 1, 2].reduce((s, k) => s + r[6 + k]! * m.pointXyz[3 * p + k]!, view.translation[2]);
    return focalLength(camera) / Math.max(camera.width, camera.height) / depth;
  };
  const common = [...points(a)].filter((p) => points(b).has(p));
  return { shared: common.length, scale: median(Float64Array.from(common, (p) => size(b, p) / size(a, p))) };
}

describe('covisibility', () => {
  it('counts shared points, overlap and scale on a hand-made model', () => {
    // b stands half as far from points 1..3 as a does, so they appear twice as large; c sees only point 4.
    writeTextModel(join(folder, 'hand'), {
      images: [
        { name: 'a.jpg', at: [0, 0, -4], sees: [1, 2, 3, 4] },
        { name: 'b.jpg', at: [0, 0, -2], sees: [1, 2, 3] },
        { name: 'c.jpg', at: [0, 0, -4], sees: [4] },
      ],
      points: { 1: [0, 0, 0], 2: [1, 0, 0], 3: [0, 1, 0], 4: [0, 0, 4] },
    });
    const c = covisibility(readColmapText(join(folder, 'hand')));
    expect(Array.from(c.a)).toEqual([0, 0]);
    expect(Array.from(c.b)).toEqual([1, 2]);
    expect(Array.from(c.shared)).toEqual([3, 1]);
    expect(c.scale[0]).toBeCloseTo(2, 6);
    expect(c.scale[1]).toBeCloseTo(1, 6);
    expect(Array.from(c.pointsSeen)).toEqual([4, 3, 1]);
  });

  it('equals the definition for every pair of a sample model', () => {
    const m = readColmapBinary(join(ROOT, 'resources', 'sample', 'pagoda', 'sparse', '0'));
    const c = covisibility(m);
    let pairs = 0;
    for (let a = 0; a < m.views.length; a += 1) {
      for (let b = a + 1; b < m.views.length; b += 1) {
        const expected = oracle(m, a, b);
        const at = c.a.findIndex((x, k) => x === a && c.b[k] === b);
        expect(at < 0 ? 0 : c.shared[at]).toBe(expected.shared);
        if (at >= 0) expect(c.scale[at]).toBeCloseTo(expected.scale, 5);
        expect(sharedObservations(m, a, b).point.length).toBe(expected.shared);
        pairs += expected.shared > 0 ? 1 : 0;
      }
    }
    expect(c.a.length).toBe(pairs);
  });
});

describe('m3', () => {
  const limits = { minShared: 30, minOverlap: 0.2, maxScale: 1.5 };
  const pair = { query: 1, other: 2, cluster: 0, shared: 40, overlap: 0.3, scale: 1.2 };
  it('keeps pairs within the limits and drops self pairs and all others', () => {
    expect(isRelaxedInlier(pair, limits)).toBe(true);
    expect(isRelaxedInlier({ ...pair, other: 1 }, limits)).toBe(false);
    expect(isRelaxedInlier({ ...pair, shared: 29 }, limits)).toBe(false);
    expect(isRelaxedInlier({ ...pair, overlap: 0.19 }, limits)).toBe(false);
    expect(isRelaxedInlier({ ...pair, scale: symmetricScale(0.6) }, limits)).toBe(false);
    expect(symmetricScale(Number.NaN)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the order of points', () => {
  it('is by track length, and of equal tracks a beginning is spread over the whole model', () => {
    const points = 1000;
    const model = {
      cameras: [],
      views: [],
      viewOffsets: Uint32Array.of(0, points),
      obsPoint: Uint32Array.from({ length: points }, (_, i) => i),
      obsXy: new Float32Array(2 * points),
      pointXyz: Float64Array.from({ length: 3 * points }, (_, i) => Math.floor(i / 3)),
      pointRgb: new Uint8Array(3 * points),
      pointError: Float32Array.from({ length: points }, (_, i) => i),
      pointTrackLength: Uint32Array.from({ length: points }, (_, i) => (i % 10 === 3 ? 7 : 2)),
    };
    const { pointTrackLength, pointXyz, pointError, obsPoint } = byTrackLength(model);
    expect([...pointTrackLength]).toEqual([...pointTrackLength].sort((a, b) => b - a));
    for (let i = 0; i < points; i += 1) expect(pointXyz[3 * obsPoint[i]!]).toBe(i);
    expect(new Set(pointError).size).toBe(points);
    // Every tenth of the model is in the first fifty of the points of short tracks.
    const tenths = new Set(Array.from({ length: 50 }, (_, i) => Math.floor(pointXyz[3 * (100 + i)]! / 100)));
    expect(tenths.size).toBe(10);
  });
});
