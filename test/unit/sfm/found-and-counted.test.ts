import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { BinaryReader } from '../../../src/main/engine/sfm/binary-reader.ts';
import { ColmapDatabase, readDatabaseMatches } from '../../../src/main/engine/sfm/colmap-database.ts';
import { covisibility } from '../../../src/main/engine/sfm/covisibility.ts';
import { discoverScenes } from '../../../src/main/engine/sfm/discover.ts';
import { byTrackLength, importSources } from '../../../src/main/engine/sfm/import.ts';
import type { SparseModel, View } from '../../../src/main/engine/sfm/model.ts';
import { quaternionOf } from '../../../src/main/engine/sfm/model.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { photoSizes, sizeOfImage } from '../../../src/main/engine/sfm/sizes.ts';
import { lines } from '../../../src/main/engine/sfm/text-lines.ts';
import { radialOf, tracksOf } from '../../../src/main/engine/sfm/writers/parts.ts';
import { write } from '../../../src/main/engine/sfm/writers/sink.ts';
import { type CovisError } from '../../../src/shared/errors.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { opensfm } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;
const fresh = (): string => {
  const at = join(folder, `f${(made += 1)}`);
  mkdirSync(at);
  return at;
};
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = error as CovisError;
    return `${code}: ${message}`;
  }
  return 'read';
}
/** Files below a root with little in them; folders where the name ends in a slash. */
function tree(files: readonly string[], content = ''): string {
  const root = fresh();
  for (const f of files) {
    mkdirSync(f.endsWith('/') ? join(root, f) : dirname(join(root, f)), { recursive: true });
    if (!f.endsWith('/')) writeFileSync(join(root, f), content);
  }
  return root;
}

describe('scenes below a source', () => {
  const found = (root: string, source = root, images?: string): unknown =>
    discoverScenes([source], images).map((s) => [
      relative(root, s.root),
      relative(root, s.images),
      s.models.map((m) => [m.reader.format, relative(root, m.path), m.label]),
    ]);
  const MODEL = ['cameras.txt', 'images.txt', 'points3D.txt'];
  const at = (path: string): string[] => MODEL.map((f) => join(path, f));

  it.each<[string, string[], unknown]>([
    ['a model in sparse/', at('sparse'), [['', 'images', [['txt', 'sparse', '']]]]],
    ['one below sparse/', at('sparse/0'), [['', 'images', [['txt', 'sparse/0', '']]]]],
    [
      'several below sparse/, in the order of their numbers',
      [...at('sparse/10'), ...at('sparse/2'), ...at('sparse/.hidden')],
      [
        [
          '',
          'images',
          [
            ['txt', 'sparse/2', '2'],
            ['txt', 'sparse/10', '10'],
          ],
        ],
      ],
    ],
    [
      'a model in sparse/ before those below it',
      [...at('sparse'), ...at('sparse/0')],
      [['', 'images', [['txt', 'sparse', '']]]],
    ],
    ['the folder itself', MODEL, [['', 'images', [['txt', '', '']]]]],
    ['an empty sparse/ beside a model', ['sparse/', ...MODEL], [['', 'images', [['txt', '', '']]]]],
    ['a file, its photos beside it', ['a.nvm'], [['', '', [['nvm', 'a.nvm', '']]]]],
    ['a file, its photos in images/', ['a.nvm', 'images/'], [['', 'images', [['nvm', 'a.nvm', '']]]]],
    [
      'two files',
      ['b.nvm', 'a.nvm'],
      [
        [
          '',
          '',
          [
            ['nvm', 'a.nvm', 'a'],
            ['nvm', 'b.nvm', 'b'],
          ],
        ],
      ],
    ],
    ['a folder before a file', [...MODEL, 'a.nvm'], [['', 'images', [['txt', '', '']]]]],
    ['images alone', ['images/a.jpg'], [['', 'images', []]]],
    [
      'scenes side by side',
      ['y/images/', ...at('x/sparse/0'), '.z/images/', 'w/'],
      [
        ['x', 'x/images', [['txt', 'x/sparse/0', '']]],
        ['y', 'y/images', []],
      ],
    ],
    ['photos alone', ['a.jpg', 'b/c.jpg'], [['', '', []]]],
    // COLMAP's database of its usual name takes others with it; another program's alone is none.
    [
      'databases',
      ['database.db', 'x.db', 'images/'],
      [
        [
          '',
          'images',
          [
            ['database', 'database.db', 'database'],
            ['database', 'x.db', 'x'],
          ],
        ],
      ],
    ],
    ['another program’s database', ['x.db', 'images/'], [['', 'images', []]]],
  ])('%s', (_, files, expected) => expect(found(tree(files))).toEqual(expected));

  it('are files, with what lies around them', () => {
    const root = tree(
      [
        'scene/model.nvm',
        'scene/bundle.out',
        'scene/own.out',
        'pair/images/',
        'pair/reconstruction.json',
        'pair/other.json',
      ],
      'NVM_V3',
    );
    const nvm = discoverScenes([join(root, 'scene', 'model.nvm')]);
    expect(nvm.map((s) => [s.name, s.root, s.images])).toEqual([
      ['model', join(root, 'scene', 'model.nvm'), join(root, 'scene')],
    ]);
    writeFileSync(join(root, 'scene', 'bundle.out'), '# Bundle file v0.3');
    writeFileSync(join(root, 'scene', 'own.out'), '# Bundle file v0.3');
    writeFileSync(join(root, 'pair', 'reconstruction.json'), '[{"cameras"');
    const of = (file: string): unknown =>
      discoverScenes([join(root, file)]).map((s) => [
        s.name,
        relative(root, s.images),
        s.models[0]!.reader.format,
        s.models[0]!.label,
      ]);
    // A file of a program's usual name is called after its folder.
    expect(of('scene/bundle.out')).toEqual([['scene', 'scene', 'bundler', '']]);
    expect(of('scene/own.out')).toEqual([['own', 'scene', 'bundler', '']]);
    expect(of('pair/reconstruction.json')).toEqual([['pair', 'pair/images', 'opensfm', '']]);
    expect(discoverScenes([join(root, 'scene', 'own.out')], join(root, 'pair'))[0]!.images).toBe(join(root, 'pair'));
    writeFileSync(join(root, 'scene', 'x.txt'), 'anything');
    expect(said(() => discoverScenes([join(root, 'scene', 'x.txt')]))).toMatch(/^INPUT_UNSUPPORTED: /);
  });

  it('take their photos from elsewhere where that is said, and several sources one after the other', () => {
    const root = tree(['a/a.nvm', 'b/images/', 'photos/']);
    expect(discoverScenes([join(root, 'a')], join(root, 'photos')).map((s) => s.images)).toEqual([
      join(root, 'photos'),
    ]);
    expect(discoverScenes([join(root, 'b'), join(root, 'a')]).map((s) => s.name)).toEqual(['b', 'a']);
    expect(said(() => discoverScenes([join(root, 'a')], join(root, 'nowhere')))).toBe(
      'INPUT_MISSING: This folder does not exist',
    );
    expect(said(() => discoverScenes([join(root, 'nowhere')]))).toBe('INPUT_MISSING: This folder does not exist');
    expect(said(() => discoverScenes([tree(['x/', 'notes.md'])]))).toBe('INPUT_MISSING: No model and no photo is here');
    expect(discoverScenes([])).toEqual([]);
  });

  it('may lie behind links', () => {
    const root = fresh();
    const elsewhere = tree(['images/']);
    symlinkSync(elsewhere, join(root, 'linked'));
    symlinkSync(join(elsewhere, 'none'), join(root, 'dangling'));
    writeFileSync(join(root, 'file'), '');
    symlinkSync(join(root, 'file'), join(root, 'to-file'));
    expect(discoverScenes([root]).map((s) => s.name)).toEqual(['linked']);
  });
});

describe('OpenSfM without tracks', () => {
  it('is said to have nothing to mine, and with them it is not', () => {
    for (const tracks of [true, false]) {
      const at = fresh();
      opensfm(join(at, 'reconstruction.json'));
      const warnings: string[] = [];
      if (!tracks) writeFileSync(join(at, 'other.json'), readFileSync(join(at, 'reconstruction.json')));
      const alone = tree([]);
      writeFileSync(join(alone, 'reconstruction.json'), readFileSync(join(at, 'reconstruction.json')));
      const path = join(tracks ? at : alone, 'reconstruction.json');
      readModels({ path, reader: MODEL_READERS.find((r) => r.format === 'opensfm')! }, undefined, (w) =>
        warnings.push(w),
      );
      expect(warnings.length).toBe(tracks ? 0 : 1);
    }
  });
});

describe('the size that a model’s image had', () => {
  const photo = (w: number, h: number) => () => [w, h] as const;
  it.each([
    [undefined, 10.2, 0, [12, 1]],
    [undefined, 9, 5, [10, 6]],
    [photo(200, 100), 0, 0, [200, 100]],
    // One in a hundred beyond is what distortion does.
    [photo(200, 100), 202, 0, [200, 100]],
    [photo(200, 100), 203, 0, [203, 102]],
    [photo(200, 100), 100, 150, [300, 150]],
    [photo(200, 100), 500, 150, [500, 250]],
  ])('%#', (sizes, right, bottom, size) => {
    expect(sizeOfImage(sizes ?? (() => undefined), 'a', right, bottom)).toEqual(size);
  });

  it('comes from the photo that a path of another machine means', async () => {
    const at = fresh();
    await writePhoto(join(at, 'a.jpg'), 1, [40, 30]);
    await writePhoto(join(at, 'b.jpg'), 2, [20, 50]);
    writeFileSync(join(at, 'broken.jpg'), 'no photo');
    const sizes = await photoSizes(at, ['a.jpg', 'broken.jpg', 'b.jpg']);
    expect(['/m/a.jpg', 'b.jpg', 'broken.jpg', 'none.jpg'].map(sizes)).toEqual([
      [40, 30],
      [20, 50],
      undefined,
      undefined,
    ]);
  });
});

describe.runIf(existsSync('/proc/self/fd'))('files that were read', () => {
  const open = (file: string): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(join('/proc/self/fd', fd)) === file;
      } catch {
        return false;
      }
    }).length;
  it('are closed, whether they could be read or not', () => {
    const at = fresh();
    const file = (name: string, text: string | Buffer): string => {
      writeFileSync(join(at, name), text);
      return join(at, name);
    };
    const text = file('t.txt', 'a\nb\n');
    for (const { text: line } of lines(text)) if (line === 'a') break;
    expect(open(text)).toBe(0);
    const bad = file('bad.txt', Buffer.from([0xff, 0x0a]));
    expect([...lines(bad)].map((l) => l.text)).toEqual(['ÿ']);
    expect(open(bad)).toBe(0);
    const binary = file('b.bin', Buffer.alloc(9));
    const reader = new BinaryReader(binary);
    expect(open(binary)).toBe(1);
    reader.close();
    expect(open(binary)).toBe(0);
    const read = (format: string, path: string): string =>
      said(() =>
        MODEL_READERS.find((r) => r.format === format)!.read(
          path,
          { names: ['a', 'b'], sizes: () => undefined },
          () => undefined,
        ),
      );
    const nvm = file('m.nvm', 'NVM_V3\n0\nmore\nand more\n');
    expect(read('nvm', nvm)).toMatch(/no model/);
    const out = file('bundle.out', '# Bundle file v0.3\n1 0\nmore\n');
    expect(read('bundler', out)).toMatch(/INPUT/);
    const model = tree([]);
    for (const f of ['cameras.bin', 'points3D.bin', 'images.bin']) writeFileSync(join(model, f), Buffer.alloc(9));
    expect(read('bin', model)).toMatch(/bytes are left/);
    const db = join(at, 'x.db');
    new Database(db).exec('CREATE TABLE images (a)').close();
    expect(said(() => new ColmapDatabase(db))).toMatch(/has no table cameras/);
    const sink = write(join(at, 'written'), (s) => s.u8(1));
    expect([nvm, out, join(model, 'cameras.bin'), db, sink].map(open)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('a COLMAP database', () => {
  interface Rows {
    camera?: readonly [number, number];
    name?: unknown;
    keypoints?: readonly [unknown, unknown, Buffer | null];
    descriptors?: readonly [unknown, unknown, Buffer];
    matches?: readonly [unknown, unknown, Buffer | null];
    pair?: number;
  }
  const PAIR = 2_147_483_647;
  const floats = (...v: number[]): Buffer => Buffer.from(Float32Array.from(v).buffer);
  const words = (...v: number[]): Buffer => Buffer.from(Uint32Array.from(v).buffer);
  const make = (o: Rows = {}): string => {
    const file = join(fresh(), 'database.db');
    const db = new Database(file);
    db.exec(`CREATE TABLE cameras (camera_id INTEGER PRIMARY KEY, width, height);
      CREATE TABLE images (image_id INTEGER PRIMARY KEY, name, camera_id INTEGER);
      CREATE TABLE keypoints (image_id INTEGER PRIMARY KEY, rows, cols, data);
      CREATE TABLE descriptors (image_id INTEGER PRIMARY KEY, rows, cols, data);
      CREATE TABLE two_view_geometries (pair_id INTEGER PRIMARY KEY, rows, cols, data);`);
    db.prepare('INSERT INTO cameras VALUES (1, ?, ?)').run(...(o.camera ?? [100, 80]));
    for (const id of [4, 2]) {
      db.prepare('INSERT INTO images VALUES (?, ?, 1)').run(id, o.name ?? `i${id}`);
      db.prepare('INSERT INTO keypoints VALUES (?, ?, ?, ?)').run(id, ...(o.keypoints ?? [2, 2, floats(1, 2, 3, 4)]));
    }
    if (o.descriptors !== undefined) db.prepare('INSERT INTO descriptors VALUES (2, ?, ?, ?)').run(...o.descriptors);
    db.prepare('INSERT INTO two_view_geometries VALUES (?, ?, ?, ?)').run(
      o.pair ?? 2 * PAIR + 4,
      ...(o.matches ?? [2, 2, words(0, 1, 1, 0)]),
    );
    db.close();
    return file;
  };
  const read = (o: Rows, least = 1): ReturnType<typeof readDatabaseMatches> => readDatabaseMatches(make(o), least);

  it('has images by id, pairs by the smaller id times 2147483647 plus the larger', () => {
    const { images, pairs } = read({});
    expect(images.map((i) => [i.name, i.width, i.height, ...i.xy])).toEqual([
      ['i2', 100, 80, 1, 2, 3, 4],
      ['i4', 100, 80, 1, 2, 3, 4],
    ]);
    expect(images.map((i) => [...i.scale])).toEqual([
      [Number.NaN, Number.NaN],
      [Number.NaN, Number.NaN],
    ]);
    expect(pairs).toEqual([{ a: 0, b: 1, matches: Uint32Array.of(0, 1, 1, 0) }]);
  });

  it.each<[string, Rows, number[]]>([
    ['two columns', { keypoints: [1, 2, floats(1, 2)] }, [Number.NaN]],
    ['three columns', { keypoints: [1, 3, floats(1, 2, 3)] }, [Number.NaN]],
    ['four columns: scale and orientation', { keypoints: [1, 4, floats(1, 2, 3, 9)] }, [3]],
    ['five columns', { keypoints: [1, 5, floats(1, 2, 3, 4, 5)] }, [Number.NaN]],
    // An affine shape: the root of its determinant, 2 * 10 - 1 * 4 = 16, whatever its sign.
    ['six columns: an affine shape', { keypoints: [2, 6, floats(1, 2, 2, 1, 4, 10, 5, 6, 1, 10, 2, 4)] }, [4, 4]],
    [
      'learned: all of size 1',
      { keypoints: [2, 6, floats(1, 2, 1, 0, 0, 1, 5, 6, 1, 0, 0, 1)] },
      [Number.NaN, Number.NaN],
    ],
    ['none', { keypoints: [0, 4, Buffer.alloc(0)] }, []],
    ['null', { keypoints: [3, 4, null] }, []],
  ])('has keypoints of %s', (_, rows, scale) => {
    expect([...read({ ...rows, matches: [0, 2, null] }).images[0]!.scale]).toEqual(scale);
  });

  it.each<[string, Rows, RegExp]>([
    ['one column', { keypoints: [2, 1, floats(1, 2)] }, /INPUT_CORRUPT: .*keypoints of 1 columns/],
    ['bytes that do not fit', { keypoints: [2, 2, floats(1, 2, 3)] }, /says 2 x 2 for image or pair 2/],
    ['half a row', { keypoints: [1.5, 2, floats(1, 2, 3)] }, /says 1.5 x 2/],
    ['fewer than no rows', { keypoints: [-1, -2, floats(1, 2)] }, /says -1 x -2/],
    ['text for bytes', { keypoints: [1, 2, 'x' as unknown as Buffer] }, /says 1 x 2/],
    [
      'a keypoint that is no number',
      { keypoints: [1, 2, floats(1, Infinity)] },
      /keypoint of image 2 that is not a number/,
    ],
    ['another such keypoint', { keypoints: [1, 2, floats(Number.NaN, 1)] }, /that is not a number/],
    ['matches of three columns', { matches: [1, 3, words(0, 1, 2)] }, /matches of 3 columns/],
    ['a match of a keypoint beyond the last', { matches: [1, 2, words(2, 0)] }, /match a keypoint that neither has/],
    ['another such match', { matches: [1, 2, words(0, 2)] }, /match a keypoint that neither has/],
    ['the last keypoints', { matches: [1, 2, words(1, 1)] }, /^read$/],
    ['a pair of an image that is not there', { pair: 2 * PAIR + 5 }, /matches images 2 and 5, which it lacks/],
    ['another such pair', { pair: 3 * PAIR + 4 }, /matches images 3 and 4, which it lacks/],
    ['an image and itself', { pair: 2 * PAIR + 2 }, /matches images 2 and 2/],
    ['an image without a name', { name: 7 }, /image 2 without a name or a size/],
    ['no width', { camera: [0, 80] }, /without a name or a size/],
    ['no height', { camera: [100, 0] }, /without a name or a size/],
    ['too great a width', { camera: [1e6, 80] }, /without a name or a size/],
    ['too great a height', { camera: [100, 1e6] }, /without a name or a size/],
    ['the greatest size', { camera: [999_999, 999_999] }, /^read$/],
    ['the least size', { camera: [1, 1] }, /^read$/],
  ])('with %s', (_, rows, expected) => expect(said(() => read(rows))).toMatch(expected));

  it('gives pairs with as many matches as are asked for, one at least', () => {
    expect([1, 2, 3].map((least) => read({}, least).pairs.length)).toEqual([1, 1, 0]);
    expect(read({ matches: [1, 2, words(0, 0)] }, 0).pairs.length).toBe(1);
    expect(read({ matches: [0, 2, Buffer.alloc(0)] }, 0).pairs.length).toBe(0);
    expect(read({ matches: [3, 2, null] }, 1).pairs.length).toBe(0);
  });

  it('has SIFT descriptors of 128 bytes, or none', () => {
    const of = (o: Rows): number | string => {
      const db = new ColmapDatabase(make(o));
      try {
        const d = db.descriptors(2);
        return `${d.length} ${d[0] ?? ''} ${d.at(-1) ?? ''}`;
      } catch (error) {
        return (error as Error).message;
      } finally {
        db.close();
      }
    };
    expect(of({})).toBe('0  ');
    expect(of({ descriptors: [0, 128, Buffer.alloc(0)] })).toBe('0  ');
    const bytes = Buffer.alloc(256, 7);
    bytes[0] = 1;
    expect(of({ descriptors: [2, 128, bytes] })).toBe('256 1 7');
    expect(of({ descriptors: [1, 64, Buffer.alloc(64)] })).toMatch(/descriptors of 64 bytes, not 128/);
    expect(said(() => new ColmapDatabase(join(folder, 'none.db')))).toBe('INPUT_MISSING: This file does not exist');
    const text = join(fresh(), 'x.db');
    writeFileSync(text, 'no database at all, but long enough to be looked at as one: '.repeat(40));
    expect(said(() => new ColmapDatabase(text))).toMatch(/^INPUT_CORRUPT: This file is no SQLite database$/);
  });

  it('without a pair that has fifteen matches is no model', () => {
    const many = Array.from({ length: 15 }, (_, i) => i);
    const keypoints = [15, 2, floats(...many.flatMap((i) => [3 * i, 0]))] as const;
    const of = (n: number): string =>
      said(() =>
        readModels({
          path: make({ keypoints, matches: [n, 2, words(...many.slice(0, n).flatMap((i) => [i, i]))] }),
          reader: MODEL_READERS.find((r) => r.format === 'database')!,
        }),
      );
    expect(of(15)).toBe('read');
    expect(of(14)).toMatch(/^INPUT_INVALID: No two images of this database have 15/);
  });
});

/** A model of which only what is asked for is said. */
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
