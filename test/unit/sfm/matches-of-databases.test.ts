import Database from 'better-sqlite3';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ColmapDatabase, readDatabaseMatches } from '../../../src/main/engine/sfm/colmap-database.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';

const folder = temporaryFolder();
let made = 0;
const fresh = (): string => {
  const at = join(folder, `f${(made += 1)}`);
  mkdirSync(at);
  return at;
};

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

  it('of COLMAP 4 may have pose priors, which are passed over by name', () => {
    const file = make();
    const said = (): string[] => {
      const warnings: string[] = [];
      readDatabaseMatches(file, 1, (m) => warnings.push(m));
      return warnings;
    };
    const db = new Database(file);
    // As pycolmap 4.2.1 makes it; a database without priors has the table, too.
    db.exec(`CREATE TABLE pose_priors (pose_prior_id INTEGER PRIMARY KEY NOT NULL, corr_data_id INTEGER NOT NULL,
      corr_sensor_id INTEGER NOT NULL, corr_sensor_type INTEGER NOT NULL, position BLOB, position_covariance BLOB, gravity BLOB,
      coordinate_system INTEGER NOT NULL)`);
    expect(said()).toEqual([]);
    db.exec("INSERT INTO pose_priors VALUES (1, 2, 1, 0, x'00', NULL, NULL, 0), (2, 4, 1, 0, x'00', NULL, NULL, 0)");
    db.close();
    expect(said()).toEqual([
      `${file}: its 2 pose priors are passed over: matches have no use for them, and where a photo was taken is read from the photo itself`,
    ]);
  });

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

  it('is a database that is there', () => {
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
