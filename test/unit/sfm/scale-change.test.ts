import { describe, expect, it } from 'vitest';
import { covisibility } from '../../../src/main/engine/sfm/covisibility.ts';
import type { Camera, SparseModel } from '../../../src/main/engine/sfm/model.ts';

/** Two photos that look along +z from (0, 0, z) at the same three points in the plane z = 0. */
function pair(cameras: readonly [Camera, Camera], z: readonly [number, number]): SparseModel {
  return {
    cameras,
    views: [0, 1].map((i) => ({
      imageId: i,
      name: `${i}.jpg`,
      cameraId: cameras[i]!.id,
      rotation: [1, 0, 0, 0] as const,
      translation: [0, 0, -z[i]!] as const,
    })),
    viewOffsets: Uint32Array.of(0, 3, 6),
    obsPoint: Uint32Array.of(0, 1, 2, 0, 1, 2),
    obsXy: new Float32Array(12),
    pointXyz: Float64Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0),
    pointRgb: new Uint8Array(9),
    pointError: Float32Array.of(1, 1, 1),
    pointTrackLength: Uint32Array.of(2, 2, 2),
  };
}

const camera = (id: number, width: number, height: number, focal: number): Camera => ({
  id,
  model: 'SIMPLE_PINHOLE',
  width,
  height,
  params: [focal, width / 2, height / 2],
});
const scaleOf = (m: SparseModel): number => covisibility(m).scale[0]!;

describe('the scale change between two photos', () => {
  it('is told of photos resized to the same long side: twice the pixels of the same view change nothing', () => {
    const cameras = [camera(1, 640, 480, 500), camera(2, 1280, 960, 1000)] as const;
    expect(scaleOf(pair(cameras, [-4, -4]))).toBeCloseTo(1, 6);
  });

  it('takes the height of a photo that stands upright as its long side', () => {
    // 500 / 800 of the long side in both; by the width the second would be taken for 4/3 as large.
    const cameras = [camera(1, 800, 600, 500), camera(2, 600, 800, 500)] as const;
    expect(scaleOf(pair(cameras, [-4, -4]))).toBeCloseTo(1, 6);
  });

  it('grows with the focal length and falls with the depth of the second photo', () => {
    const cameras = [camera(1, 640, 480, 500), camera(2, 640, 480, 750)] as const;
    expect(scaleOf(pair(cameras, [-4, -4]))).toBeCloseTo(1.5, 6);
    expect(scaleOf(pair(cameras, [-4, -8]))).toBeCloseTo(0.75, 6);
  });

  it('is unknown where every point is behind one of the cameras', () => {
    const cameras = [camera(1, 640, 480, 500), camera(2, 640, 480, 500)] as const;
    expect(scaleOf(pair(cameras, [-4, 4]))).toBeNaN();
  });

  it('is of keypoint sizes relative to the long side where there are no depths', () => {
    const cameras = [camera(1, 640, 480, 0), camera(2, 1280, 960, 0)] as const;
    const model = { ...pair(cameras, [0, 0]), obsScale: Float32Array.of(2, 2, 2, 6, 6, 6) };
    expect(scaleOf(model)).toBeCloseTo(1.5, 6);
  });
});
