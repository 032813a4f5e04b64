import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import { similarity } from '../../../src/main/engine/mining/derived-clusters.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { clusterDetail, covisibleViews, listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { writePhoto, writeTextModel, type TinyModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
type Vector = readonly [number, number, number];

describe('the similarity between two sets of points', () => {
  it('is recovered, whatever it is, and never mirrors', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const r = random(seed);
      const vector = (): number[] => [r.between(-3, 3), r.between(-3, 3), r.between(-3, 3)];
      // A rotation from a random unit quaternion.
      const q = [r.between(-1, 1), ...vector()].map((v, _, all) => v / Math.hypot(...all));
      const [w, x, y, z] = q as [number, number, number, number];
      const rotation = [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
      ];
      const scale = r.between(0.2, 5);
      const shift = vector();
      const from = Array.from({ length: 3 + r.below(5) }, vector);
      const mirror = seed % 4 === 0 ? -1 : 1;
      const to = from.map((p) =>
        rotation.map((row, i) => scale * (row[0]! * p[0]! + row[1]! * p[1]! + mirror * row[2]! * p[2]!) + shift[i]!),
      );
      const found = similarity(from, to);
      const R = (i: number, j: number): number => found.rotation[3 * i + j]!;
      const determinant =
        R(0, 0) * (R(1, 1) * R(2, 2) - R(1, 2) * R(2, 1)) -
        R(0, 1) * (R(1, 0) * R(2, 2) - R(1, 2) * R(2, 0)) +
        R(0, 2) * (R(1, 0) * R(2, 1) - R(1, 1) * R(2, 0));
      expect(determinant).toBeCloseTo(1, 9);
      if (mirror < 0) continue;
      expect(found.scale).toBeCloseTo(scale, 8);
      rotation.flat().forEach((v, k) => expect(found.rotation[k]).toBeCloseTo(v, 8));
      found.shift.forEach((v, k) => expect(v).toBeCloseTo(shift[k]!, 7));
    }
  });

  it('of one place is a shift', () => {
    const found = similarity(
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [4, 4, 4],
        [4, 4, 4],
      ],
    );
    expect(found.scale).toBe(1);
    const moved = [0, 1, 2].map((i) =>
      [1, 2, 3].reduce((s, v, j) => s + found.rotation[3 * i + j]! * v, found.shift[i]!),
    );
    moved.forEach((v) => expect(v).toBeCloseTo(4, 9));
  });
});

const POINTS: Record<number, Vector> = {
  1: [0, 0, 6],
  2: [1, 0.5, 7],
  3: [-1, 0.25, 8],
  4: [2, -1, 9],
  5: [-2, 1, 10],
  6: [0.5, 1.5, 11],
};
/** Where photo i stands. */
const stand = (i: number): Vector => [0.5 * i, 0.3 * (i % 2), 0.1 * i * i];
const SEES = [
  [1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
  [1, 3, 5],
  [4, 5, 6],
];

/** Some of the photos as a model in a world of its own. */
function model(photos: readonly number[], world: (p: Vector) => Vector): TinyModel {
  const seen = new Set(photos.flatMap((i) => SEES[i]!));
  return {
    images: photos.map((i) => ({ name: `p${i}.jpg`, at: world(stand(i)), sees: SEES[i]! })),
    points: Object.fromEntries([...seen].map((p) => [p, world(POINTS[p]!)])),
  };
}
async function libraryOf(name: string, models: readonly TinyModel[]): Promise<Library> {
  const library = Library.create(join(folder, name));
  const sources: string[] = [];
  for (const [k, m] of models.entries()) {
    const at = join(folder, `${name}-scene-${k}`);
    writeTextModel(join(at, 'sparse', '0'), m);
    for (const { name: file } of m.images)
      await writePhoto(join(at, 'images', file), Number(file.slice(1, -4)) + 1, [40, 32]);
    sources.push(at);
  }
  await importSources(library, { sources }, silentContext());
  return library;
}
const same: (p: Vector) => Vector = (p) => p;

/** What lies in a cluster's files: for each view its points, with colour, error, track and where it sees them. */
function content(
  library: Library,
  uid: string,
): {
  views: { name: string; points: { xyz: number[]; rgb: number[]; error: number; track: number; at: number[] }[] }[];
  count: number;
} {
  const read = (name: string): number[] => Array.from(readNpy(library.file('clusters', uid, `${name}.npy`)).data);
  const [xyz, rgb, errors, tracks] = ['points', 'colours', 'errors', 'tracks'].map(read) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const [offsets, points, xy] = ['view_offsets', 'observation_points', 'observation_xy'].map(read) as [
    number[],
    number[],
    number[],
  ];
  expect(offsets[0]).toBe(0);
  expect(offsets.at(-1)).toBe(points.length);
  expect(xy.length).toBe(2 * points.length);
  expect([xyz.length, rgb.length, tracks.length]).toEqual([3 * errors.length, 3 * errors.length, errors.length]);
  return {
    count: errors.length,
    views: clusterDetail(library, uid).views.map((v) => ({
      name: v.name,
      points: points.slice(offsets[v.index]!, offsets[v.index + 1]!).map((p, k) => ({
        xyz: xyz.slice(3 * p, 3 * p + 3),
        rgb: rgb.slice(3 * p, 3 * p + 3),
        error: errors[p]!,
        track: tracks[p]!,
        at: xy.slice(2 * (offsets[v.index]! + k), 2 * (offsets[v.index]! + k) + 2),
      })),
    })),
  };
}
const close = (a: readonly number[], b: readonly number[], by = 1e-4): void => {
  expect(a.length).toBe(b.length);
  a.forEach((v, k) => expect(Math.abs(v - b[k]!)).toBeLessThan(by));
};
/** The points that a photo sees, as its model says, in the order of its observations. */
function checkViews(
  got: ReturnType<typeof content>['views'],
  world: (name: string, part: number) => (p: Vector) => Vector,
): void {
  const part = new Map<string, number>();
  for (const { name, points } of got) {
    const photo = Number(name.slice(1, -4));
    const k = part.get(name) ?? 0;
    part.set(name, k + 1);
    expect(points.length).toBe(SEES[photo]!.length);
    points.forEach((p, j) => {
      const point = POINTS[SEES[photo]![j]!]!;
      close(p.xyz, world(name, k)(point));
      expect(p.rgb).toEqual([200, 100, 50]);
      expect(p.error).toBe(0.5);
      const [x, y, z] = point.map((v, a) => v - stand(photo)[a]!) as [number, number, number];
      close(p.at, [(90 * x) / z / 100 + 0.5, (90 * y) / z / 80 + 0.5], 1e-5);
    });
  }
}

describe('models that are merged', () => {
  it('stand in the world of the first where they share three photos: cameras, points, pairs', async () => {
    const other = (p: Vector): Vector => [2 * p[0] + 50, 2 * p[1] - 7, 2 * p[2] + 3];
    const library = await libraryOf('aligned', [model([0, 1, 2, 3], same), model([1, 2, 3, 4], other)]);
    const [a, b] = listClusters(library).map((c) => c.id) as [string, string];
    const { clusters, note } = editClusters(library, { kind: 'merge', clusters: [a, b] });
    expect(note).toBeNull();
    const merged = clusters[0]!;
    const { views, count } = content(library, merged);
    expect(views.map((v) => v.name)).toEqual([0, 1, 2, 3, 1, 2, 3, 4].map((i) => `p${i}.jpg`));
    checkViews(views, () => same);
    // Points 1 to 5 of the first, and 1 to 6 of the second: each with those that see it there.
    expect(count).toBe(11);
    expect(views[0]!.points.map((p) => p.track)).toEqual([3, 3, 4]);
    expect(views[7]!.points.map((p) => p.track)).toEqual([3, 3, 1]);
    const info = listClusters(library).find((c) => c.id === merged)!;
    expect(info).toMatchObject({ points: 11, observations: 28, meanReprojectionError: 0.5, photos: 8 });
    const detail = clusterDetail(library, merged);
    detail.views.forEach((v) => close(v.position, stand(Number(v.name.slice(1, -4)))));
    expect(detail.views.map((v) => v.pointsSeen)).toEqual([3, 4, 4, 3, 4, 4, 3, 3]);
    // Pairs of each part, at their new places; none between the parts.
    expect(covisibleViews(library, merged, 1).map((c) => [c.index, c.shared])).toEqual([
      [0, 3],
      [2, 3],
      [3, 2],
    ]);
    expect(covisibleViews(library, merged, 7).map((c) => [c.index, c.shared])).toEqual([
      [5, 2],
      [4, 1],
      [6, 1],
    ]);
    library.close();
  });

  it('stand side by side where they share two, a fifth of the width apart, and say so', async () => {
    const wide = (p: Vector): Vector => [3 * p[0] - 20, p[1], p[2]];
    const library = await libraryOf('apart', [model([0, 1, 2, 3], same), model([3, 4], wide), model([2, 4], same)]);
    const ids = listClusters(library).map((c) => c.id);
    const { clusters, note } = editClusters(library, { kind: 'merge', clusters: ids });
    expect(note).toContain('fewer than three photos');
    // The middle nine tenths along x: of few points, from the lowest to the one before the highest.
    const extent = (photos: number[], world: (p: Vector) => Vector): [number, number] => {
      const x = [...new Set(photos.flatMap((i) => SEES[i]!))].map((p) => world(POINTS[p]!)[0]).sort((u, v) => u - v);
      return [x[Math.floor(0.05 * x.length)]!, x[Math.floor(0.95 * (x.length - 1))]!];
    };
    const first = extent([0, 1, 2, 3], same);
    const [low2, high2] = extent([3, 4], wide);
    const [low3, high3] = extent([2, 4], same);
    const shift2 = first[1] - low2 + 0.2 * (high2 - low2);
    const shift3 = first[1] + 1.2 * (high2 - low2) - low3 + 0.2 * (high3 - low3);
    const detail = clusterDetail(library, clusters[0]!);
    const expected = [
      ...[0, 1, 2, 3].map(stand),
      ...[3, 4].map((i) => [wide(stand(i))[0] + shift2, stand(i)[1], stand(i)[2]]),
      ...[2, 4].map((i) => [stand(i)[0] + shift3, stand(i)[1], stand(i)[2]]),
    ];
    detail.views.forEach((v, i) => close(v.position, expected[i]!));
    const { views } = content(library, clusters[0]!);
    close(views[4]!.points[0]!.xyz, [wide(POINTS[1]!)[0] + shift2, POINTS[1]![1], POINTS[1]![2]]);
    close(views[7]!.points[2]!.xyz, [POINTS[6]![0] + shift3, POINTS[6]![1], POINTS[6]![2]]);
    library.close();
  });
});

describe('a model that is split', () => {
  it('leaves each part the points that its photos see', async () => {
    const library = await libraryOf('split', [model([0, 1, 2, 3, 4], same)]);
    const [whole] = listClusters(library);
    const { clusters } = editClusters(library, { kind: 'split', cluster: whole!.id, views: [1, 4] });
    const [rest, part] = clusters.map((c) => content(library, c)) as [
      ReturnType<typeof content>,
      ReturnType<typeof content>,
    ];
    expect(rest.views.map((v) => v.name)).toEqual(['p0.jpg', 'p2.jpg', 'p3.jpg']);
    expect(part.views.map((v) => v.name)).toEqual(['p1.jpg', 'p4.jpg']);
    expect([rest.count, part.count]).toEqual([5, 6]);
    for (const { views } of [rest, part]) checkViews(views, () => same);
    expect(part.views[1]!.points.map((p) => p.track)).toEqual([2, 1, 1]);
    expect(covisibleViews(library, clusters[0]!, 0).map((c) => [c.index, c.shared])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(covisibleViews(library, clusters[1]!, 0).map((c) => [c.index, c.shared])).toEqual([[1, 1]]);
    const listed = listClusters(library);
    expect(listed.map((c) => c.name)).toEqual([`${whole!.name} (1)`, `${whole!.name} (2)`]);
    // Their folder says that they are one place.
    expect(new Set([whole!, ...listed].map((c) => c.place)).size).toBe(1);
    library.close();
  });

  it('is two places where its folder holds photos of many', async () => {
    const library = await libraryOf('mixed', [model([0, 1, 2, 3, 4], same)]);
    library.db.exec('UPDATE scene SET mixed = 1');
    const [whole] = listClusters(library);
    editClusters(library, { kind: 'split', cluster: whole!.id, views: [1, 4] });
    const [rest, part] = listClusters(library);
    expect(rest!.place).toBe(whole!.place);
    expect(part!.place).not.toBe(whole!.place);
    const places = library.db
      .prepare('SELECT p.place FROM photo p JOIN photo_file f ON f.photo_id = p.id ORDER BY f.name')
      .pluck()
      .all();
    expect(places).toEqual([rest, part, rest, rest, part].map((c) => c!.place));
    library.close();
  });
});
