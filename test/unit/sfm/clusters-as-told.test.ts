import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import {
  clusterArray,
  clusterDetail,
  covisibleViews,
  listClusters,
  sharedPointsOfPhotos,
  viewPoints,
} from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { writePhoto, writeTextModel } from '../../support/colmap.ts';
import { database, SIXTEEN } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

describe('clusters as others are told of them', async () => {
  const at = join(folder, 'scene');
  // b stands half as far from the points as a does; c sees one of them; d has no photo.
  writeTextModel(join(at, 'sparse', '0'), {
    images: [
      { name: 'a.jpg', at: [0, 0, -4], sees: [1, 2, 3, 4] },
      { name: 'b.jpg', at: [0, 0, -2], sees: [1, 2, 3] },
      { name: 'c.jpg', at: [0, 0, -4], sees: [4] },
      { name: 'd.jpg', at: [0, 0, -1], sees: [3] },
    ],
    points: { 1: [0, 0, 0], 2: [1, 0, 0], 3: [0, 1, 0], 4: [0, 0, 4] },
  });
  for (const [i, name] of ['a.jpg', 'b.jpg', 'c.jpg'].entries())
    await writePhoto(join(at, 'images', name), i + 1, [100, 80]);
  const matches = join(folder, 'matches');
  mkdirSync(matches);
  database(join(matches, 'database.db'), SIXTEEN);
  for (const [i, name] of ['a.jpg', 'b.jpg'].entries()) await writePhoto(join(matches, name), i + 7, [100, 80]);
  const library = Library.create(join(folder, 'library'));
  afterAll(() => library.close());
  await importSources(library, { sources: [at, matches] }, silentContext());
  const [model, matched] = listClusters(library) as [
    ReturnType<typeof listClusters>[number],
    ReturnType<typeof listClusters>[number],
  ];

  it('are listed with what they hold', () => {
    expect(listClusters(library)).toHaveLength(2);
    expect(model).toMatchObject({
      name: 'scene',
      scene: 'scene',
      photos: 3,
      missing: 1,
      points: 4,
      observations: 9,
      excluded: false,
    });
    expect(model.pairs).toBe(4);
    expect(model.meanReprojectionError).toBeCloseTo(0.5, 6);
    expect(model).not.toHaveProperty('rowId');
    expect(matched).toMatchObject({
      photos: 2,
      missing: 0,
      points: 16,
      observations: 32,
      pairs: 1,
      meanReprojectionError: null,
    });
    // The photo that sees most points.
    const views = clusterDetail(library, model.id).views;
    expect(model.cover).toBe(views[0]!.photo);
  });

  it('have cameras in the world, those without poses at its origin', () => {
    const detail = clusterDetail(library, model.id);
    expect(detail.modelled).toBe(true);
    expect(detail.samePlace).toEqual([]);
    expect(detail.views.map((v) => [v.index, v.name, v.photo !== null, v.orientation, v.pointsSeen])).toEqual([
      [0, 'a.jpg', true, 1, 4],
      [1, 'b.jpg', true, 1, 3],
      [2, 'c.jpg', true, 1, 1],
      [3, 'd.jpg', false, 1, 1],
    ]);
    detail.views.forEach((v, i) => expect(v.position.map((x) => x + 0)).toEqual([0, 0, [-4, -2, -4, -1][i]]));
    expect(detail.views[0]!.rotation).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect([detail.views[0]!.focal, detail.views[0]!.aspect]).toEqual([0.9, 0.8]);
    const loose = clusterDetail(library, matched.id);
    expect(loose.modelled).toBe(false);
    for (const v of loose.views)
      expect(v).toMatchObject({
        position: [0, 0, 0],
        rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
        focal: 1,
        aspect: 1,
        pointsSeen: 0,
      });
  });

  it('tell which views share points with one, most first, and how much larger they see them', () => {
    // Sizes go with one over the depth: points 1 to 3 are 4 away from a and 2 from b; of d and the others point 3.
    expect(covisibleViews(library, model.id, 0)).toEqual([
      { index: 1, shared: 3, overlap: 3 / 4, scale: 2 },
      { index: 2, shared: 1, overlap: 1 / 4, scale: 1 },
      { index: 3, shared: 1, overlap: 1 / 4, scale: 4 },
    ]);
    expect(covisibleViews(library, model.id, 1)).toEqual([
      { index: 0, shared: 3, overlap: 1, scale: 0.5 },
      { index: 3, shared: 1, overlap: 1 / 3, scale: 2 },
    ]);
    expect(covisibleViews(library, model.id, 3).map((v) => [v.index, v.scale])).toEqual([
      [0, 0.25],
      [1, 0.5],
    ]);
    library.db.exec('UPDATE pair_all SET scale = NULL WHERE a = 1 AND b = 3');
    expect(covisibleViews(library, model.id, 1)[1]!.scale).toBe(0);
  });

  it('give their arrays by name, a beginning where that is wanted', () => {
    const f32 = (b: Uint8Array): number[] => [...new Float32Array(b.slice().buffer)];
    const points = f32(clusterArray(library, model.id, 'points')!);
    expect(points.length).toBe(12);
    expect(f32(clusterArray(library, model.id, 'points', 1)!)).toEqual(points.slice(0, 3));
    expect(clusterArray(library, model.id, 'colours')!.length).toBe(12);
    expect(f32(clusterArray(library, model.id, 'errors', 2)!).map((x) => x.toFixed(2))).toEqual(['0.50', '0.50']);
    const tracks = new Uint32Array(clusterArray(library, model.id, 'tracks')!.slice().buffer);
    expect([...tracks].toSorted((a, b) => b - a)).toEqual([...tracks]);
    expect([...tracks].reduce((a, b) => a + b, 0)).toBe(9);
    expect(clusterArray(library, model.id, 'toString')).toBeUndefined();
    const seen = [0, 1, 2, 3].map((v) =>
      [...viewPoints(library, model.id, v)].map((p) => points.slice(3 * p, 3 * p + 3)),
    );
    const world = [
      [0, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 4],
    ];
    expect(seen).toEqual([world, world.slice(0, 3), [world[3]], [world[2]]]);
  });

  it('tell where two photos see the same points, upright, in fractions of each', () => {
    const { views } = clusterDetail(library, model.id);
    const [a, b, c] = views.map((v) => v.photo!) as [string, string, string];
    // A point at (x, y, z) before a camera of focal length 90: 0.9 x / z + 0.5 of the width, 1.125 y / z + 0.5 of the height.
    const expected = [
      [0.5, 0.5, 0.5, 0.5],
      [0.5 + 0.9 / 4, 0.5, 0.5 + 0.9 / 2, 0.5],
      [0.5, 0.5 + 1.125 / 4, 0.5, 0.5 + 1.125 / 2],
    ].flat();
    const close = (got: Float32Array, want: readonly number[]): void => {
      expect(got.length).toBe(want.length);
      got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
    };
    close(sharedPointsOfPhotos(library, a, b), expected);
    const swapped = expected.map((_, i) => expected[i - (i % 4) + ((i + 2) % 4)]!);
    close(sharedPointsOfPhotos(library, b, a), swapped);
    expect(sharedPointsOfPhotos(library, b, c).length).toBe(0);
    // A photo that is shown turned by half: x and y from the other side.
    library.db.prepare('UPDATE photo SET orientation = 3 WHERE hash = ?').run(b);
    close(
      sharedPointsOfPhotos(library, a, b),
      expected.map((v, i) => (i % 4 < 2 ? v : 1 - v)),
    );
  });

  it('that are not there are said so', () => {
    for (const work of [
      clusterDetail,
      (l: Library, id: string) => covisibleViews(l, id, 0),
      (l: Library, id: string) => clusterArray(l, id, 'points'),
    ])
      expect(() => work(library, 'f'.repeat(16))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});
