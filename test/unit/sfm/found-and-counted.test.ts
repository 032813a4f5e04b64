import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { covisibility } from '../../../src/main/engine/sfm/covisibility.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { byTrackLength } from '../../../src/main/engine/sfm/staged.ts';
import type { SparseModel, View } from '../../../src/main/engine/sfm/model.ts';
import { quaternionOf } from '../../../src/main/engine/sfm/model.ts';
import { radialOf, tracksOf } from '../../../src/main/engine/sfm/writers/parts.ts';
import { write } from '../../../src/main/engine/sfm/writers/sink.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;
const fresh = (): string => {
  const at = join(folder, `f${(made += 1)}`);
  mkdirSync(at);
  return at;
};

function model(o: {
  sees: readonly (readonly number[])[];
  points: readonly (readonly [number, number, number])[];
  views?: readonly Partial<View>[];
  scale?: readonly number[];
  size?: readonly (readonly [number, number])[];
}): SparseModel {
  const obs = o.sees.flat();
  const tracks = new Uint32Array(o.points.length);
  for (const p of obs) tracks[p]! += 1;
  return {
    cameras: o.sees.map((_, i) => {
      const [width, height] = o.size?.[i] ?? [100, 80];
      return { id: i + 1, model: 'SIMPLE_PINHOLE', width, height, params: [width, width / 2, height / 2] };
    }),
    views: o.sees.map((_, i) => ({
      imageId: i + 1,
      name: `v${i}`,
      cameraId: i + 1,
      rotation: [1, 0, 0, 0],
      translation: [0, 0, 0],
      ...o.views?.[i],
    })),
    viewOffsets: Uint32Array.from([0, ...o.sees.map((_, i) => o.sees.slice(0, i + 1).flat().length)]),
    obsPoint: Uint32Array.from(obs),
    obsXy: Float32Array.from(obs.flatMap((_, k) => [k, k + 0.5])),
    pointXyz: Float64Array.from(o.points.flat()),
    pointRgb: new Uint8Array(3 * o.points.length),
    pointError: Float32Array.from(o.points, (_, i) => i),
    pointTrackLength: tracks,
    ...(o.scale === undefined ? {} : { obsScale: Float32Array.from(o.scale) }),
  };
}
const rows = (m: SparseModel, withScale = true): unknown => {
  const c = covisibility(m, withScale);
  return Array.from(c.a, (a, k) => [
    a,
    c.b[k],
    c.shared[k],
    Number.isNaN(c.scale[k]!) ? null : Math.round(c.scale[k]! * 1e4) / 1e4,
  ]);
};

describe('what views share', () => {
  const points = [
    [0, 0, 1],
    [0, 0, 2],
    [0, 0, 4],
    [0, 0, -3],
  ] as const;

  it('counts a point once, however often a view sees it', () => {
    const m = model({ sees: [[0, 0, 1, 0], [1, 0, 1], [], [2]], points });
    expect(rows(m)).toEqual([[0, 1, 2, 1]]);
    expect([...covisibility(m).pointsSeen]).toEqual([2, 2, 0, 1]);
  });

  it('tells the change of scale from depths in front of both, the median of all', () => {
    const nearer = { translation: [0, 0, 1] as const };
    // From the second view depths are 2, 3, 5 instead of 1, 2, 4: sizes 1/2, 2/3, 4/5; the median of those seen by both.
    expect(
      rows(
        model({
          sees: [
            [0, 1, 2],
            [0, 1, 2],
          ],
          points,
          views: [{}, nearer],
        }),
      ),
    ).toEqual([[0, 1, 3, 0.6667]]);
    expect(
      rows(
        model({
          sees: [
            [0, 1],
            [0, 1],
          ],
          points,
          views: [{}, nearer],
        }),
      ),
    ).toEqual([[0, 1, 2, 0.5833]]);
    // A point behind one of them has no size.
    expect(
      rows(
        model({
          sees: [
            [3, 1],
            [3, 1],
          ],
          points,
          views: [{}, nearer],
        }),
      ),
    ).toEqual([[0, 1, 2, 0.6667]]);
    expect(rows(model({ sees: [[3], [3]], points }))).toEqual([[0, 1, 1, null]]);
    expect(rows(model({ sees: [[0], [0]], points, views: [{}, { translation: [0, 0, -1] }] }))).toEqual([
      [0, 1, 1, null],
    ]);
    expect(rows(model({ sees: [[0], [0]], points }), false)).toEqual([[0, 1, 1, null]]);
  });

  it('measures keypoints against the long side where there are no depths', () => {
    const size = [
      [100, 50],
      [100, 200],
    ] as const;
    // 4 of 100 against 6 of 200.
    expect(rows(model({ sees: [[0], [0]], points, scale: [4, 6], size }))).toEqual([[0, 1, 1, 0.75]]);
    expect(
      rows(
        model({
          sees: [
            [0, 1],
            [0, 1],
          ],
          points,
          scale: [0, 4, 3, 2],
          size: [size[0], size[0]],
        }),
      ),
    ).toEqual([[0, 1, 2, 0.5]]);
    expect(rows(model({ sees: [[0], [0]], points, scale: [Number.NaN, 6], size }))).toEqual([[0, 1, 1, null]]);
  });

  it('holds for more ratios than fit at first, pair by pair', () => {
    const n = 700;
    const many = Array.from({ length: n }, (_, i) => [0, 0, 1 + (i % 5)] as const);
    const all = many.map((_, i) => i);
    const views = [0, 1, 3].map((z) => ({ translation: [0, 0, z] as const }));
    // The median depth is 3: from the others 4 and 6.
    expect(rows(model({ sees: [all, all, all], points: many, views }))).toEqual([
      [0, 1, n, 0.75],
      [0, 2, n, 0.5],
      [1, 2, n, 0.6667],
    ]);
  });

  it('lists the tracks of each point for writers', () => {
    const m = model({ sees: [[1, 0], [], [0, 2, 1]], points: points.slice(0, 4) });
    const t = tracksOf(m);
    expect([[...t.offsets], [...t.view], [...t.feature], [...t.obs]]).toEqual([
      [0, 2, 4, 5, 5],
      [0, 2, 0, 2, 2],
      [1, 0, 0, 2, 1],
      [1, 2, 0, 4, 3],
    ]);
  });
});

describe('the order of points', () => {
  it('keeps each point with what is known of it', () => {
    for (const n of [0, 1, 2, 3, 7, 100]) {
      const m = model({
        sees: [Array.from({ length: n }, (_, i) => i), Array.from({ length: n >> 1 }, (_, i) => 2 * i)],
        points: Array.from({ length: n }, (_, i) => [i, 10 * i, 100 * i] as const),
      });
      m.pointRgb.set(Array.from({ length: 3 * n }, (_, i) => i % 251));
      const before = { obs: [...m.obsPoint], rgb: [...m.pointRgb], tracks: [...m.pointTrackLength] };
      const o = byTrackLength(m);
      expect([...o.pointTrackLength]).toEqual([...before.tracks].sort((a, b) => b - a));
      before.obs.forEach((p, k) => {
        const at = o.obsPoint[k]!;
        expect([...o.pointXyz.subarray(3 * at, 3 * at + 3)]).toEqual([p, 10 * p, 100 * p]);
        expect([...o.pointRgb.subarray(3 * at, 3 * at + 3)]).toEqual(before.rgb.slice(3 * p, 3 * p + 3));
        expect([o.pointError[at], o.pointTrackLength[at]]).toEqual([p, before.tracks[p]]);
      });
    }
  });
});

describe('rotations of half a turn', () => {
  it('have the quaternion of their axis', () => {
    const close = (m: number[], q: number[]): void =>
      quaternionOf(m).forEach((x, i) => expect(Math.abs(x)).toBeCloseTo(q[i]!, 12));
    close([1, 0, 0, 0, -1, 0, 0, 0, -1], [0, 1, 0, 0]);
    close([-1, 0, 0, 0, 1, 0, 0, 0, -1], [0, 0, 1, 0]);
    close([-1, 0, 0, 0, -1, 0, 0, 0, 1], [0, 0, 0, 1]);
  });
});

describe('what is written', () => {
  it('is little-endian, through a buffer of any fill', () => {
    const file = join(fresh(), 'f');
    const long = 'x'.repeat((1 << 20) - 10);
    const longer = 'é'.repeat(1 << 20);
    write(file, (s) => {
      s.u8(255);
      s.text(long);
      s.u64(2 ** 53 - 1);
      s.u64(2 ** 32);
      s.u32(4_000_000_000);
      s.i32(-2);
      s.f64(-0.5);
      s.text(longer);
      s.text('é');
    });
    const b = readFileSync(file);
    let at = 1 + long.length;
    expect(b[0]).toBe(255);
    expect(b.toString('latin1', 1, at)).toBe(long);
    expect([b.readBigUInt64LE(at), b.readBigUInt64LE(at + 8)]).toEqual([2n ** 53n - 1n, 2n ** 32n]);
    expect([b.readUInt32LE(at + 16), b.readInt32LE(at + 20), b.readDoubleLE(at + 24)]).toEqual([
      4_000_000_000, -2, -0.5,
    ]);
    at += 32;
    expect(b.toString('utf8', at)).toBe(`${longer}é`);
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });

  it('keeps the radial terms of cameras that have them', () => {
    const of = (name: string): number[] =>
      radialOf({ id: 1, model: name, width: 1, height: 1, params: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] });
    expect(['SIMPLE_RADIAL', 'RADIAL', 'OPENCV', 'FULL_OPENCV', 'PINHOLE', 'OPENCV_FISHEYE', 'FOV'].map(of)).toEqual([
      [4, 0],
      [4, 5],
      [5, 6],
      [5, 6],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('an import', () => {
  it('says how far it is, what is missing and what could not be read', async () => {
    const root = fresh();
    mkdirSync(join(root, 'images'));
    await writePhoto(join(root, 'images', 'a.jpg'), 1);
    writeFileSync(join(root, 'images', 'broken.jpg'), 'no photo');
    for (const part of ['0', '1'])
      writeTextModel(join(root, 'sparse', part), {
        images: [
          { name: 'a.jpg', at: [0, 0, -4], sees: [1, 2] },
          { name: `gone${part}.jpg`, at: [0, 0, -2], sees: [1] },
        ],
        points: somePoints(2),
      });
    const library = Library.create(join(fresh(), 'library'));
    const told: string[] = [];
    const task: TaskContext = {
      ...silentContext(),
      step: (name, total) => told.push(`${name} ${total}`),
      progress: (done) => told.push(String(done)),
      changed: (what) => told.push(`changed ${what}`),
    };
    const report = await importSources(library, { sources: [root] }, task);
    expect(told).toEqual([
      'Reading models 2',
      '1',
      '2',
      'Reading photos 2',
      '1',
      '2',
      'Writing the library 0',
      'changed clusters',
    ]);
    expect(report).toMatchObject({ photos: 1, clusters: 2, points: 4, observations: 6, pairs: 2 });
    expect(report.missing.map((m) => basename(m))).toEqual(['gone0.jpg', 'gone1.jpg']);
    expect(report.warnings.length).toBe(3);
    expect(report.warnings[0]).toContain('broken.jpg');
    expect(report.warnings[1]).toMatch(/^2 photos are missing: .*gone0.jpg, .*gone1.jpg$/);
    expect(report.warnings[2]).toMatch(/share 1 photo; they count as one place/);
    expect(readdirSync(library.file('staging'))).toEqual([]);
    const names = library.db.prepare('SELECT name FROM cluster ORDER BY id').pluck().all();
    expect(names.map((n) => String(n).replace(/^.*\//, ''))).toEqual(['0', '1']);
    library.close();
  });

  it('refuses a model that no image is registered in', async () => {
    const root = fresh();
    writeTextModel(join(root, 'sparse'), { images: [], points: somePoints(1) });
    const library = Library.create(join(fresh(), 'library'));
    await expect(importSources(library, { sources: [root] }, silentContext())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'This model has no registered image',
    });
    expect(library.db.prepare('SELECT COUNT(*) FROM cluster').pluck().get()).toBe(0);
    library.close();
  });
});
