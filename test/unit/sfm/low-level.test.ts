import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { BinaryReader } from '../../../src/main/engine/sfm/binary-reader.ts';
import { median, sharedObservations } from '../../../src/main/engine/sfm/covisibility.ts';
import { MIN_INLIERS, matchModels } from '../../../src/main/engine/sfm/match-tracks.ts';
import {
  CAMERA_MODELS,
  cameraCentre,
  focalLength,
  meanReprojectionError,
  quaternionOf,
  rotationMatrix,
  translationOf,
} from '../../../src/main/engine/sfm/model.ts';
import { Grow, ModelBuilder } from '../../../src/main/engine/sfm/model-builder.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
type Quaternion = [number, number, number, number];

describe('rotations', () => {
  /** q v q*, the definition. */
  const turn = ([w, x, y, z]: Quaternion, v: readonly number[]): number[] => {
    const product = (a: readonly number[], b: readonly number[]): number[] => [
      a[0]! * b[0]! - a[1]! * b[1]! - a[2]! * b[2]! - a[3]! * b[3]!,
      a[0]! * b[1]! + a[1]! * b[0]! + a[2]! * b[3]! - a[3]! * b[2]!,
      a[0]! * b[2]! - a[1]! * b[3]! + a[2]! * b[0]! + a[3]! * b[1]!,
      a[0]! * b[3]! + a[1]! * b[2]! - a[2]! * b[1]! + a[3]! * b[0]!,
    ];
    return product(product([w, x, y, z], [0, ...v]), [w, -x, -y, -z]).slice(1);
  };
  const quaternion = (seed: number): Quaternion => {
    const r = random(seed);
    // Near each of the four axes, too, where another component is the largest.
    const q = [0, 1, 2, 3].map((k) => r.between(-1, 1) * (k === seed % 4 ? 1 : seed % 3 === 0 ? 0.02 : 1));
    return q.map((v) => v / Math.hypot(...q)) as Quaternion;
  };

  it('by quaternion are the matrix, which is the quaternion again', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const q = quaternion(seed);
      const m = rotationMatrix(q);
      for (const v of [
        [1, 0, 0],
        [0.3, -2, 0.7],
      ])
        turn(q, v).forEach((x, i) =>
          expect(m[3 * i]! * v[0]! + m[3 * i + 1]! * v[1]! + m[3 * i + 2]! * v[2]!).toBeCloseTo(x, 12),
        );
      const back = quaternionOf(m);
      const sign = Math.sign(back.reduce((s, x, i) => s + x * q[i]!, 0));
      q.forEach((x, i) => expect(sign * back[i]!).toBeCloseTo(x, 9));
      expect(
        [...rotationMatrix(q.map((x) => 3 * x) as Quaternion)].map((x, i) => Math.abs(x - m[i]!) < 1e-12),
      ).not.toContain(false);
    }
  });

  it('and translations give the centre, and the centre the translation', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const q = quaternion(seed);
      const centre = [seed, -2, 0.5];
      const translation = translationOf(rotationMatrix(q), centre);
      turn(q, centre).forEach((x, i) => expect(translation[i]).toBeCloseTo(-x, 9));
      cameraCentre({ rotation: q, translation }).forEach((x, i) => expect(x).toBeCloseTo(centre[i]!, 9));
    }
  });
});

describe('cameras', () => {
  it('have the parameters of COLMAP’s models, by id', () => {
    // methods.md 9.4
    const table =
      'SIMPLE_PINHOLE 3, PINHOLE 4, SIMPLE_RADIAL 4, RADIAL 5, OPENCV 8, OPENCV_FISHEYE 8, FULL_OPENCV 12, FOV 5, SIMPLE_RADIAL_FISHEYE 4, RADIAL_FISHEYE 5, THIN_PRISM_FISHEYE 12, RAD_TAN_THIN_PRISM_FISHEYE 16, SIMPLE_DIVISION 4, DIVISION 5, SIMPLE_FISHEYE 3, FISHEYE 4, EUCM 6, EQUIRECTANGULAR 2';
    expect(CAMERA_MODELS.map((m) => `${m.name} ${m.params}`).join(', ')).toBe(table);
  });

  it('have a focal length: the first parameter, the mean of two, or that of a panorama', () => {
    const camera = (model: string, ...params: number[]) => ({ id: 1, model, width: 628, height: 10, params });
    const two = [
      'PINHOLE',
      'OPENCV',
      'OPENCV_FISHEYE',
      'FULL_OPENCV',
      'FOV',
      'THIN_PRISM_FISHEYE',
      'RAD_TAN_THIN_PRISM_FISHEYE',
      'DIVISION',
      'FISHEYE',
      'EUCM',
    ];
    for (const { name } of CAMERA_MODELS) {
      const f = focalLength(camera(name, 100, 300, 5, 5, 5));
      expect([name, f]).toEqual([
        name,
        name === 'EQUIRECTANGULAR' ? 628 / (2 * Math.PI) : two.includes(name) ? 200 : 100,
      ]);
    }
  });

  it('of a model have the mean error of the points that have one', () => {
    expect(meanReprojectionError(Float32Array.of(1, -1, 0, 2))).toBe(1);
    expect(meanReprojectionError(Float32Array.of(-1))).toBeNaN();
  });
});

describe('medians and shared points', () => {
  it('are those of a sorted list', () => {
    const r = random(4);
    for (let t = 0; t < 500; t += 1) {
      const values = Float64Array.from({ length: 1 + r.below(30) }, () => (t % 2 === 0 ? r.below(6) : r.next()));
      const sorted = [...values].sort((a, b) => a - b);
      const n = sorted.length;
      expect(median(values.slice())).toBe(
        n % 2 === 1 ? sorted[(n - 1) / 2] : (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2,
      );
    }
  });

  it('come with the first observation of each', () => {
    const model = { viewOffsets: Uint32Array.of(0, 2, 6, 10), obsPoint: Uint32Array.of(9, 9, 4, 7, 4, 2, 7, 5, 4, 7) };
    const { point, obsA, obsB } = sharedObservations(model, 1, 2);
    expect([[...point], [...obsA], [...obsB]]).toEqual([
      [7, 4],
      [3, 2],
      [6, 8],
    ]);
    expect(sharedObservations(model, 0, 2).point.length).toBe(0);
  });
});

describe('a binary reader', () => {
  const file = (bytes: Buffer, window?: number): BinaryReader => {
    const path = join(folder, 'b.bin');
    writeFileSync(path, bytes);
    return new BinaryReader(path, window);
  };

  it('reads numbers and text across its windows, and knows where it is', () => {
    const b = Buffer.alloc(8 * 30);
    for (let i = 0; i < 30; i += 1) b.writeDoubleLE(i + 0.5, 8 * i);
    const r = file(Buffer.concat([Buffer.from([7]), b]), 64);
    expect(r.u8('x')).toBe(7);
    for (let i = 0; i < 30; i += 1) {
      expect([r.offset, r.remaining]).toEqual([1 + 8 * i, 240 - 8 * i]);
      expect(r.f64('x')).toBe(i + 0.5);
    }
    r.expectEnd();
    expect(() => r.u8('a byte')).toThrow(/ends inside a byte: 1 bytes are needed, 0 are left/);
    r.close();
  });

  it('reads integers, and the one that stands for none', () => {
    const b = Buffer.alloc(40);
    b.writeUInt32LE(4_000_000_000, 0);
    b.writeInt32LE(-5, 4);
    b.writeBigUInt64LE(2n ** 53n - 1n, 8);
    b.writeBigUInt64LE(2n ** 64n - 1n, 16);
    b.writeBigUInt64LE(2n ** 53n, 24);
    b.writeBigUInt64LE(2n ** 32n + 3n, 32);
    const r = file(b);
    expect([r.u32('x'), r.i32('x'), r.u64('x'), r.u64('x')]).toEqual([4_000_000_000, -5, 2 ** 53 - 1, -1]);
    expect(() => r.u64('an id')).toThrow(
      expect.objectContaining({ offset: 24, message: 'An id is 20000000000000 (hex), above 2^53' }),
    );
    expect(r.u64('x')).toBe(2 ** 32 + 3);
    r.close();
  });

  it('refuses counts that the rest of the file cannot hold', () => {
    const counted = (n: bigint, rest: number): (() => number) => {
      const b = Buffer.alloc(8 + rest);
      b.writeBigUInt64LE(n);
      const r = file(b);
      return () => {
        try {
          return r.count('The count', 8);
        } finally {
          r.close();
        }
      };
    };
    expect(counted(2n, 16)()).toBe(2);
    expect(counted(0n, 0)()).toBe(0);
    expect(counted(3n, 16)).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', offset: 0, message: expect.stringContaining('says 3') }),
    );
    expect(counted(2n ** 64n - 1n, 16)).toThrow(/says 2\^64 - 1/);
  });

  it('reads text up to its end, of a bounded length, as UTF-8 where it is', () => {
    const r = file(Buffer.from('é!\0abc\0\xff\0', 'utf8'));
    expect(r.cString('x')).toBe('é!');
    expect(r.cString('x', 3)).toBe('abc');
    r.close();
    const long = file(Buffer.from('abcd\0'));
    expect(() => long.cString('a name', 3)).toThrow(/A name has no end within 3 bytes/);
    long.close();
    const bad = file(Buffer.from([0xff, 0]));
    expect(bad.cString('a name')).toBe('ÿ');
    bad.close();
    const left = file(Buffer.alloc(3));
    expect(() => left.expectEnd()).toThrow(/3 bytes are left/);
    left.close();
    expect(() => new BinaryReader(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'INPUT_MISSING' }));
  });
});

describe('what grows', () => {
  it('keeps what was pushed', () => {
    const g = new Grow((n) => new Uint32Array(n), 2);
    for (let i = 0; i < 9; i += 1) g.push(i * i);
    expect(g.length).toBe(9);
    expect([...g.done()]).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64]);
  });
});

describe('a model record by record', () => {
  const blame = (message: string, offset: number): Error => new Error(`${offset}: ${message}`);
  const camera = { id: 1, model: 'SIMPLE_PINHOLE', width: 10, height: 10, params: [1, 2, 3] };
  const view = (imageId: number, name = `v${imageId}`) => ({
    imageId,
    name,
    cameraId: 1,
    rotation: [1, 0, 0, 0] as const,
    translation: [0, 0, 0] as const,
  });
  it('is refused with what is wrong and where', () => {
    const fresh = (): ModelBuilder => {
      const b = new ModelBuilder();
      b.addCamera(camera, 0, blame);
      b.addPoint(5, [1, 2, 3], [1, 2, 3], 0.5, 2, 0, blame);
      b.beginView(view(1), 0, blame);
      return b;
    };
    const wrong = (work: (b: ModelBuilder) => void): string => {
      try {
        work(fresh());
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect(wrong((b) => b.addCamera(camera, 3, blame))).toBe('3: Camera 1 appears twice');
    for (const size of [{ width: 0 }, { height: 0 }, { width: 1e6 }, { height: 1e6 }])
      expect(wrong((b) => b.addCamera({ ...camera, id: 2, ...size }, 3, blame))).toMatch(/impossible size/);
    expect(wrong((b) => b.addCamera({ ...camera, id: 2, width: 999_999, height: 1 }, 3, blame))).toBe('nothing');
    expect(wrong((b) => b.addCamera({ ...camera, id: 2, params: [1, Number.NaN, 2] }, 3, blame))).toMatch(
      /not a number/,
    );
    const point = (id: number, x = 0): string => wrong((b) => b.addPoint(id, [x, 0, 0], [0, 0, 0], 0, 0, 4, blame));
    expect([point(5), point(-1), point(6, Infinity), point(0)]).toEqual([
      '4: 3D point 5 appears twice',
      '4: A 3D point has the id that stands for "none"',
      '4: 3D point 6 has a coordinate that is not a number',
      'nothing',
    ]);
    expect(wrong((b) => b.beginView(view(1, 'other'), 5, blame))).toBe('5: Image 1 appears twice');
    expect(wrong((b) => b.beginView(view(2, ''), 5, blame))).toMatch(/no name/);
    expect(wrong((b) => b.beginView(view(2, 'v1'), 5, blame))).toBe('5: Two images are named v1');
    expect(wrong((b) => b.beginView({ ...view(2), cameraId: 9 }, 5, blame))).toMatch(/uses camera 9/);
    expect(wrong((b) => b.beginView({ ...view(2), rotation: [0, 0, 0, 0] }, 5, blame))).toMatch(/not a number/);
    expect(wrong((b) => b.beginView({ ...view(2), translation: [0, Number.NaN, 0] }, 5, blame))).toMatch(
      /not a number/,
    );
    expect(wrong((b) => b.addObservation(6, 1, 1, 7, blame))).toMatch(/^7: An observation names 3D point 6/);
    expect(wrong((b) => b.addObservation(5, Number.NaN, 1, 7, blame))).toMatch(/not a number/);
    expect(wrong((b) => b.addObservation(5, 1, Infinity, 7, blame))).toMatch(/not a number/);
    expect(wrong((b) => (b.noteTrackImage(8, 11), b.noteTrackImage(8, 12), b.finish(blame)))).toBe(
      '11: A track names image 8, which the model does not have',
    );
  });

  it('lies view by view, points in the order in which they came', () => {
    const b = new ModelBuilder();
    b.addCamera(camera, 0, blame);
    b.addPoint(50, [1, 2, 3], [4, 5, 6], 0.5, 2, 0, blame);
    b.addPoint(7, [7, 8, 9], [10, 11, 12], 0.25, 1, 0, blame);
    b.beginView(view(3), 0, blame);
    b.addObservation(7, 1, 2, 0, blame);
    b.addObservation(50, 3, 4, 0, blame);
    b.beginView(view(4), 0, blame);
    b.beginView(view(6), 0, blame);
    b.addObservation(50, 5, 6, 0, blame);
    b.noteTrackImage(3, 1);
    const m = b.finish(blame);
    expect(m.views.map((v) => v.imageId)).toEqual([3, 4, 6]);
    expect([...m.viewOffsets]).toEqual([0, 2, 2, 3]);
    expect([...m.obsPoint]).toEqual([1, 0, 0]);
    expect([...m.obsXy]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...m.pointXyz]).toEqual([1, 2, 3, 7, 8, 9]);
    expect([...m.pointRgb]).toEqual([4, 5, 6, 10, 11, 12]);
    expect([...m.pointError]).toEqual([0.5, 0.25]);
    expect([...m.pointTrackLength]).toEqual([2, 1]);
  });
});

describe('clusters of verified matches', () => {
  const image = (name: string, ...places: [number, number, number?][]) => ({
    name,
    width: 100,
    height: 80,
    xy: Float32Array.from(places.flatMap(([x, y]) => [x, y])),
    scale: Float32Array.from(places, ([, , s]) => s ?? 2),
  });
  it('have a track for each set of keypoints that match, where each saw it', () => {
    const images = [
      image('a', [1, 1, 3], [9, 9], [40, 40]),
      image('alone', [5, 5]),
      image('b', [2, 2, 4], [50, 50]),
      image('c', [3, 3, 5], [60, 60]),
      image('d', [7, 7]),
      image('e', [8, 8]),
    ];
    const models = matchModels(
      images,
      [
        { a: 0, b: 2, matches: Uint32Array.of(0, 0, 2, 1) },
        { a: 2, b: 3, matches: Uint32Array.of(0, 0) },
        { a: 4, b: 5, matches: Uint32Array.of(0, 0) },
      ],
      'f',
    );
    expect(models.map((m) => m.views.map((v) => v.name))).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    const [first] = models;
    expect([...first!.viewOffsets]).toEqual([0, 2, 4, 5]);
    expect([...first!.obsPoint]).toEqual([0, 1, 0, 1, 0]);
    expect([...first!.obsXy]).toEqual([1, 1, 40, 40, 2, 2, 50, 50, 3, 3]);
    expect([...first!.obsScale!]).toEqual([3, 2, 4, 2, 5]);
    expect([...first!.pointTrackLength]).toEqual([3, 2]);
    expect(first!.matchesOnly).toBe(true);
    expect(first!.cameras[0]).toEqual({
      id: 1,
      model: 'SIMPLE_PINHOLE',
      width: 100,
      height: 80,
      params: [100, 50, 40],
    });
    expect(MIN_INLIERS).toBe(15);
  });

  it('leave out a track that meets two places of one image, more than two pixels apart', () => {
    const through = (second: [number, number]): number =>
      matchModels(
        [image('a', [10, 10], second), image('b', [2, 2])],
        [{ a: 0, b: 1, matches: Uint32Array.of(0, 0, 1, 0) }],
        'f',
      )[0]!.obsPoint.length;
    expect(through([12, 10])).toBe(3);
    expect(through([10, 12.1])).toBe(0);
    expect(through([11.5, 11.5])).toBe(0);
  });
});
