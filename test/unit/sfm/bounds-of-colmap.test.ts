import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColmapBinary } from '../../../src/main/engine/sfm/colmap-binary.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { type SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { saidAt as said } from '../../support/said.ts';

const folder = temporaryFolder();
let made = 0;

describe('COLMAP’s binary files', () => {
  const u64 = (n: number): Buffer => {
    const b = Buffer.alloc(8);
    b.writeBigUInt64LE(BigInt(n));
    return b;
  };
  const u32 = (...n: number[]): Buffer => Buffer.concat(n.map((v) => u64(v).subarray(0, 4)));
  const f64 = (...n: number[]): Buffer => {
    const b = Buffer.alloc(8 * n.length);
    n.forEach((v, i) => b.writeDoubleLE(v, 8 * i));
    return b;
  };
  const CAMERA = Buffer.concat([u32(1, 0), u64(100), u64(80), f64(90, 50, 40)]);
  const point = (track: Buffer[]): Buffer =>
    Buffer.concat([u64(5), f64(1, 2, 3), Buffer.from([7, 8, 9]), f64(0.5), u64(track.length), ...track]);
  const image = (observations: Buffer[], name = 'a'): Buffer =>
    Buffer.concat([
      u32(3),
      f64(1, 0, 0, 0, 0.5, 1, 2),
      u32(1),
      Buffer.from(`${name}\0`),
      u64(observations.length),
      ...observations,
    ]);
  const of = (o: { cameras?: Buffer[]; points?: Buffer[]; images?: Buffer[] }): SparseModel => {
    const at = join(folder, `bin-${(made += 1)}`);
    mkdirSync(at);
    writeFileSync(join(at, 'cameras.bin'), Buffer.concat(o.cameras ?? [u64(1), CAMERA]));
    writeFileSync(join(at, 'points3D.bin'), Buffer.concat(o.points ?? [u64(1), point([u32(3, 0)])]));
    writeFileSync(
      join(at, 'images.bin'),
      Buffer.concat(o.images ?? [u64(1), image([Buffer.concat([f64(10, 20), u64(5)])])]),
    );
    return readColmapBinary(at);
  };

  it('are read byte by byte as COLMAP documents them', () => {
    const none = Buffer.alloc(8, 0xff);
    const m = of({
      images: [u64(1), image([Buffer.concat([f64(1, 2), none]), Buffer.concat([f64(10, 20), u64(5)])])],
    });
    expect(m.cameras).toEqual([{ id: 1, model: 'SIMPLE_PINHOLE', width: 100, height: 80, params: [90, 50, 40] }]);
    expect(m.views).toEqual([{ imageId: 3, name: 'a', cameraId: 1, rotation: [1, 0, 0, 0], translation: [0.5, 1, 2] }]);
    expect([[...m.pointXyz], [...m.pointRgb], [...m.pointError], [...m.pointTrackLength], [...m.obsXy]]).toEqual([
      [1, 2, 3],
      [7, 8, 9],
      [0.5],
      [1],
      [10, 20],
    ]);
    expect(of({ images: [u64(0)], points: [u64(1), point([])] }).views).toEqual([]);
  });

  // The least bytes of a record: 24 of a camera, 51 of a point, 8 of a track's element, 73 of an image, 24 of an observation.
  it.each([
    ['cameras', 24, 'The number of cameras', (n: number, rest: Buffer) => of({ cameras: [u64(n), rest] })],
    ['points', 51, 'The number of 3D points', (n: number, rest: Buffer) => of({ points: [u64(n), rest] })],
    ['images', 73, 'The number of images', (n: number, rest: Buffer) => of({ images: [u64(n), rest] })],
    [
      'a track',
      8,
      'The length of a track',
      (n: number, rest: Buffer) => of({ points: [u64(1), point([]).subarray(0, -8), u64(n), rest] }),
    ],
    [
      'observations',
      24,
      'The number of observations',
      (n: number, rest: Buffer) => of({ images: [u64(1), image([]).subarray(0, -8), u64(n), rest] }),
    ],
  ])('say how many %s they hold, and that many have to fit', (_, bytes, what, read) => {
    const n = 40;
    const rest = Buffer.alloc(n * bytes);
    expect(said(() => read(n, rest))).not.toContain(what);
    expect(said(() => read(n + 1, rest))).toMatch(new RegExp(`^INPUT_CORRUPT at \\d+: ${what}.* says ${n + 1}`));
    expect(said(() => read(n, rest.subarray(1)))).toContain(`says ${n}`);
  });

  it('name the byte of what is wrong', () => {
    expect(said(() => of({ cameras: [u64(1), u32(1, 99), CAMERA.subarray(8)] }))).toMatch(
      /^INPUT_UNSUPPORTED at 12: Camera model 99/,
    );
    expect(said(() => of({ cameras: [u64(2), CAMERA, CAMERA] }))).toBe('INPUT_CORRUPT at 56: Camera 1 appears twice');
    expect(said(() => of({ points: [u64(2), point([]), point([])] }))).toBe(
      'INPUT_CORRUPT at 59: 3D point 5 appears twice',
    );
    expect(said(() => of({ points: [u64(1), point([u32(3, 0), u32(4, 0)])] }))).toBe(
      'INPUT_CORRUPT at 67: A track names image 4, which the model does not have',
    );
    expect(said(() => of({ images: [u64(1), image([Buffer.concat([f64(10, 20), u64(6)])])] }))).toBe(
      'INPUT_CORRUPT at 82: An observation names 3D point 6, which the model does not have',
    );
    expect(said(() => of({ images: [u64(1), image([]), Buffer.alloc(1)] }))).toBe(
      'INPUT_CORRUPT at 82: 1 bytes are left after the last record',
    );
    expect(said(() => of({ images: [u64(1), image([], 'x'.repeat(4096))] }))).toBe('read');
    expect(said(() => of({ images: [u64(1), image([], 'x'.repeat(4097))] }))).toMatch(
      /^INPUT_CORRUPT at 72: An image name has no end within 4096 bytes/,
    );
  });
});

describe('COLMAP’s text files', () => {
  const of = (o: { cameras?: string; points?: string; images?: string }): string =>
    said(() => {
      const at = join(folder, `txt-${(made += 1)}`);
      mkdirSync(at);
      writeFileSync(join(at, 'cameras.txt'), o.cameras ?? '1 SIMPLE_PINHOLE 100 80 90 50 40\n');
      writeFileSync(join(at, 'points3D.txt'), o.points ?? '5 1 2 3 7 8 9 0.5\n');
      writeFileSync(join(at, 'images.txt'), o.images ?? '3 1 0 0 0 0 0 0 1 a\n10 20 5\n');
      readColmapText(at);
    });
  it.each<[Parameters<typeof of>[0], RegExp]>([
    [{}, /^read$/],
    [{ points: '5 1 2 3 0 0 255 0.5\n' }, /^read$/],
    [{ points: '5 1 2 3 0 256 0 0.5\n' }, /^INPUT_CORRUPT at 0: A colour is 256/],
    [{ points: '5 1 2 3 0 -1 0 0.5\n' }, /^INPUT_CORRUPT at 0: A colour is -1/],
    [{ points: '5 1 2 3 0 0 0\n' }, /^INPUT_TRUNCATED at 0: The line ends before the end of a 3D point/],
    [{ points: '5 1 2 3 0 0 0 0.5 3 0\n' }, /^read$/],
    [{ points: '5 1 2 3 0 0 0 0.5 3\n' }, /^INPUT_TRUNCATED at 0: A track ends/],
    [{ points: '5 1 2 3 0 0 0 0.5 3 -1\n' }, /^INPUT_CORRUPT at 0: A point index of a track is -1/],
    [{ points: `${2 ** 53 - 1} 1 2 3 0 0 0 0.5\n`, images: '' }, /^read$/],
    [{ points: `${2 ** 53} 1 2 3 0 0 0 0.5\n`, images: '' }, /^INPUT_CORRUPT at 0: A 3D point id/],
    [{ points: '0 1 2 3 0 0 0 0.5\n', images: '' }, /^read$/],
    [{ cameras: '1 SIMPLE_PINHOLE 100 80 90 50 40 1\n' }, /^INPUT_CORRUPT at 0: SIMPLE_PINHOLE takes 3/],
    [{ cameras: '# c\n1 SIMPLE_PINHOLE 100 80 90 50\n' }, /^INPUT_TRUNCATED at 4: The line ends before a camera/],
    [{ cameras: '1\n' }, /^INPUT_UNSUPPORTED at 0: Camera model \s+is not known/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20 -1 10 20 5\n' }, /^read$/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20 0\n' }, /^INPUT_CORRUPT at 20: An observation names 3D point 0/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20\n' }, /^INPUT_TRUNCATED at 20: The list of observations ends inside/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n10 20 5 1\n' }, /^INPUT_TRUNCATED at 20/],
    [{ images: '3 1 0 0 0 0 0 0 1 a\n' }, /^INPUT_TRUNCATED at 0: The file ends before the observations/],
    [{ images: '\n# x\n\n' }, /^read$/],
  ])('%j', (files, expected) => expect(of(files)).toMatch(expected));
});
