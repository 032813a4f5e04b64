import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import type { NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { descriptorMap, mapBytes } from '../../../src/main/engine/retrieval/descriptor-map.ts';
import { loadMap, storeMap } from '../../../src/main/engine/retrieval/map.ts';
import { hitsOf } from '../../../src/main/engine/retrieval/search.ts';
import { setKey } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
let network: NetworkRow;
let hashes: string[];
/** Photos 1 to 3 are in the first cluster, 4 to 6 in the second, 7 and 8 in a mixed folder. */
beforeAll(() => {
  ({ library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 6,
    clusters: 2,
    dim: 3,
    pairsPerPhoto: 1,
    distractors: 2,
    seed: 2,
  }));
  const { db } = library;
  db.prepare('UPDATE scene SET mixed = 1 WHERE id = 3').run();
  db.prepare('DELETE FROM pair_all').run();
  const pair = db.prepare('INSERT INTO pair_all (cluster_id, a, b, shared, scale) VALUES (?, ?, ?, ?, 1)');
  pair.run(1, 0, 1, 10);
  pair.run(1, 1, 2, 9);
  hashes = allPhotos(library).map((p) => p.hash);
});
afterAll(() => library.close());

describe('what is known of a hit', () => {
  const ids = Uint32Array.of(1, 2, 3, 4, 7);
  const relations = (query: number | undefined): string[] =>
    hitsOf(
      library,
      { ids },
      [0, 1, 2, 3, 4].map((image) => ({ image, score: 0.5 })),
      query === undefined ? undefined : hashes[query - 1]!,
    ).map((h) => `${h.relation} ${h.shared}`);

  it('is how it is related to the photo that asks: ten shared points make a match', () => {
    expect(relations(2)).toEqual(['positive 10', 'query null', 'same-place 9', 'other null', 'unknown null']);
    expect(relations(1)).toEqual(['query null', 'positive 10', 'same-place null', 'other null', 'unknown null']);
    expect(relations(3)).toEqual(['same-place null', 'same-place 9', 'query null', 'other null', 'unknown null']);
    // Nobody knows where a photo of a mixed folder is from.
    expect(relations(8)).toEqual(['unknown null', 'unknown null', 'unknown null', 'unknown null', 'unknown null']);
    expect(relations(7).at(-1)).toBe('query null');
    expect(relations(undefined)).toEqual(Array.from({ length: 5 }, () => 'unknown null'));
  });

  it('is its photo, name, shape, clusters and score, and where in it was found what', () => {
    const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
    const [plain, found] = hitsOf(
      library,
      { ids },
      [
        { image: 3, score: 0.25 },
        { image: 4, score: 0.125, box, inliers: 0 },
      ],
      undefined,
    );
    expect(plain).toStrictEqual({
      photo: hashes[3],
      name: '3.jpg',
      clusters: [expect.anything() as string],
      score: 0.25,
      relation: 'unknown',
      shared: null,
      aspect: 640 / 480,
    });
    expect(found).toMatchObject({ photo: hashes[6], clusters: [], score: 0.125, box, inliers: 0 });
  });

  it('counts the most points over the clusters that have both', () => {
    const { db } = library;
    db.prepare(
      'INSERT INTO view_all SELECT 2, 3, photo_id, name, camera, pose, points_seen FROM view_all WHERE cluster_id = 1 AND view_index = 0',
    ).run();
    db.prepare(
      'INSERT INTO view_all SELECT 2, 4, photo_id, name, camera, pose, points_seen FROM view_all WHERE cluster_id = 1 AND view_index = 2',
    ).run();
    db.prepare(
      'INSERT INTO pair_all (cluster_id, a, b, shared, scale) VALUES (2, 3, 4, 44, 1), (1, 0, 2, 33, 1)',
    ).run();
    expect(relations(1)[2]).toBe('positive 44');
    expect(relations(3)[0]).toBe('positive 44');
  });
});

describe('a stored map', () => {
  it('has a place for each photo that the library still has, and what it is coloured by', async () => {
    const key = setKey(network, 320);
    expect(await descriptorMap(library, key)).toBeNull();
    storeMap(library, key, Uint32Array.of(4, 99, 1, 7), Float32Array.of(0, 0.5, 1, 1, 0.25, 0.75, 0.125, 0.375));
    library.db.prepare('UPDATE photo SET width = 2000, height = 500 WHERE id = 4').run();
    const { info, points, fields } = (await descriptorMap(library, key))!;
    expect(info).toMatchObject({ set: key, photos: 3 });
    expect(Buffer.from(points.subarray(0, 48)).toString('hex')).toBe([hashes[3], hashes[0], hashes[6]].join(''));
    expect(new Float32Array(Uint8Array.from(points.subarray(48)).buffer)).toEqual(
      Float32Array.of(0, 0.5, 0.25, 0.75, 0.125, 0.375),
    );
    const field = (name: string): (string | number | null)[] => {
      const at = info.fields.findIndex((f) => f.name === name);
      const bytes = Uint8Array.from(fields[at]!).buffer;
      const { names } = info.fields[at]!;
      return names === null
        ? Array.from(new Float32Array(bytes), (v) => (Number.isNaN(v) ? null : v))
        : Array.from(new Uint32Array(bytes), (v) => (v === 0xffffffff ? null : names[v]!));
    };
    expect(await mapBytes(library, info.id, 'points')).toBe(points);
    expect(await mapBytes(library, info.id, '5')).toBe(fields[5]);
    for (const [id, part] of [
      ['0'.repeat(16), 'points'],
      [info.id, '6'],
      [info.id, 'length'],
    ] as const)
      expect(await mapBytes(library, id, part)).toBeUndefined();
    expect(field('Cluster')).toEqual(['place_1', 'place_0', null]);
    expect(field('Folder')).toEqual(['place_1', 'place_0', 'distractors']);
    expect(field('Place')).toEqual(['place 2', 'place 1', 'place 3']);
    expect(field('Megapixels')).toEqual([1, Math.fround(0.3072), Math.fround(0.3072)]);
    expect(field('Width over height')).toEqual([4, Math.fround(640 / 480), Math.fround(640 / 480)]);
    const seen = (id: number): number | null =>
      (library.db.prepare('SELECT MAX(points_seen) AS m FROM view WHERE photo_id = ?').get(id) as { m: number | null })
        .m;
    expect(field('Points seen')).toEqual([seen(4), seen(1), null]);
    // It is worked out once for as long as nothing that it is made of changes, here or in another process.
    expect((await descriptorMap(library, key))!.points).toBe(points);
    library.db.prepare('UPDATE photo SET width = 1000 WHERE id = 4').run();
    const mine = (await descriptorMap(library, key))!;
    expect(mine.info.id).not.toBe(info.id);
    const other = Library.open(library.path);
    other.db.prepare('UPDATE photo SET width = 2000 WHERE id = 4').run();
    other.close();
    expect((await descriptorMap(library, key))!.info.id).toBe(info.id);
    // The one before can be fetched still, those before it not.
    expect(await mapBytes(library, mine.info.id, 'points')).toBe(mine.points);
    expect(await mapBytes(library, info.id, 'points')).toEqual(points);
    storeMap(library, key, Uint32Array.of(4), Float32Array.of(0, 0.5));
    expect((await descriptorMap(library, key))!.info.photos).toBe(1);
    expect(await mapBytes(library, mine.info.id, 'points')).toBeUndefined();
    expect(await mapBytes(library, info.id, 'points')).toEqual(points);
  });

  it('of more photos than are read at once has what a question for each of them tells, and keeps nobody waiting', async () => {
    const many = syntheticLibrary(join(folder, 'many'), {
      photos: 11_003,
      clusters: 31,
      dim: 3,
      pairsPerPhoto: 1,
      distractors: 200,
      seed: 3,
    });
    const { db } = many.library;
    // Some are gone, some clusters are not in force, and some photos are seen by two.
    db.prepare('DELETE FROM photo_file WHERE photo_id % 97 = 0').run();
    db.prepare("UPDATE cluster_all SET state = 'excluded' WHERE id % 5 = 0").run();
    db.prepare(
      `INSERT INTO view_all SELECT 31 - cluster_id, 100000 + view_index, photo_id, name, camera, pose, points_seen + 7
       FROM view_all WHERE photo_id % 13 = 0 AND cluster_id < 31`,
    ).run();
    db.prepare('UPDATE photo SET width = 600 + id, height = 400 + id % 7').run();
    const ids = Uint32Array.from({ length: 11_203 }, (_, i) => ((i * 7919) % 11_203) + 1);
    storeMap(many.library, 'many', ids, new Float32Array(2 * ids.length));
    let turns = 0;
    let made = false;
    const others = (): void => {
      turns += 1;
      if (!made) setImmediate(others);
    };
    setImmediate(others);
    const [map, same] = await Promise.all([descriptorMap(many.library, 'many'), descriptorMap(many.library, 'many')]);
    made = true;
    expect(turns).toBeGreaterThan(6);
    expect(same).toBe(map);
    const present = Array.from(ids).filter((id) => id % 97 !== 0);
    expect(map!.info.photos).toBe(present.length);
    const of = (k: number): Uint8Array => Uint8Array.from(map!.fields[k]!);
    const named = (k: number): (string | null)[] =>
      Array.from(new Uint32Array(of(k).buffer), (v) => (v === 0xffffffff ? null : map!.info.fields[k]!.names![v]!));
    const numbers = (k: number): (number | null)[] =>
      Array.from(new Float32Array(of(k).buffer), (v) => (Number.isNaN(v) ? null : v));
    const one = db.prepare<[number], { cluster: string | null; folder: string; points: number | null; width: number }>(
      `SELECT width, (SELECT c.name FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id = p.id ORDER BY v.cluster_id LIMIT 1) AS cluster,
         (SELECT s.name FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = p.id ORDER BY f.scene_id LIMIT 1) AS folder,
         (SELECT MAX(v.points_seen) FROM view v WHERE v.photo_id = p.id) AS points FROM photo p WHERE p.id = ?`,
    );
    const slow = present.map((id) => one.get(id)!);
    expect(named(0)).toEqual(slow.map((r) => r.cluster));
    expect(named(1)).toEqual(slow.map((r) => r.folder));
    expect(numbers(3)).toEqual(slow.map((r) => r.points));
    expect(numbers(4)).toEqual(slow.map((r, k) => Math.fround((r.width * (400 + (present[k]! % 7))) / 1e6)));
    many.library.close();
  });

  it('that is incomplete or does not fit is as if it were not there', () => {
    const at = (end: string): string => library.file('descriptors', `odd.${end}.npy`);
    const ids = Uint32Array.of(1, 2);
    const positions = Float32Array.of(0, 1, 1, 0);
    writeNpy(at('map'), positions, [2, 2]);
    expect(loadMap(library, 'odd')).toBeUndefined();
    writeNpy(at('map-ids'), ids, [2]);
    expect(loadMap(library, 'odd')).toEqual({ ids, positions });
    for (const [m, i] of [
      [positions, Uint32Array.of(1, 2, 3)],
      [positions, Uint32Array.of(1)],
      [positions, Float32Array.of(1, 2)],
      [Uint32Array.of(0, 1, 1, 0), ids],
    ] as const) {
      writeNpy(at('map'), m, [2, 2]);
      writeNpy(at('map-ids'), i, [i.length]);
      expect(loadMap(library, 'odd')).toBeUndefined();
    }
    storeMap(library, 'odd', ids, positions);
    rmSync(at('map'));
    expect(loadMap(library, 'odd')).toBeUndefined();
  });
});
