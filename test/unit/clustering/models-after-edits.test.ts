import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BuiltScene } from '../../../src/main/engine/clustering/build-scenes.ts';
import { bringScenes, clustersOf, takePhotos } from '../../../src/main/engine/clustering/cluster.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos, type PhotoRow } from '../../../src/main/engine/library/photos.ts';
import { editClusters, type ClusterEdit } from '../../../src/main/engine/mining/cluster-changes.ts';
import { redo, undo, undoState } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { clusterDetail, listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import type { SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { stageModel } from '../../../src/main/engine/sfm/staged.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const POINTS = 12;
const WIDTH = 100;

/** Photos that all see the same points, from places along x; with matches alone, without poses. */
function modelOf(of: readonly PhotoRow[], matchesOnly: boolean): SparseModel {
  const n = of.length;
  return {
    cameras: [{ id: 1, model: 'SIMPLE_PINHOLE', width: WIDTH, height: 80, params: [90, 50, 40] }],
    views: of.map((p, i) => ({
      imageId: i + 1,
      name: `${p.hash}.jpg`,
      cameraId: 1,
      rotation: [1, 0, 0, 0],
      translation: [-i, 0, 0],
    })),
    viewOffsets: Uint32Array.from({ length: n + 1 }, (_, i) => i * POINTS),
    obsPoint: Uint32Array.from({ length: n * POINTS }, (_, k) => k % POINTS),
    obsXy: Float32Array.from({ length: 2 * n * POINTS }, (_, k) => k % 80),
    pointXyz: Float64Array.from(Object.values(somePoints(POINTS)).flat()),
    pointRgb: new Uint8Array(3 * POINTS),
    pointError: new Float32Array(POINTS),
    pointTrackLength: new Uint32Array(POINTS).fill(n),
    matchesOnly,
  };
}

let library: Library;
let all: PhotoRow[];

beforeEach(async () => {
  library?.close();
  rmSync(join(folder, 'library'), { recursive: true, force: true });
  mkdirSync(photos, { recursive: true });
  for (let i = 0; i < 12; i += 1)
    await writePhoto(join(photos, `p${String(i).padStart(2, '0')}.jpg`), i + 1, [WIDTH, 80]);
  library = Library.create(join(folder, 'library'));
  await takePhotos(library, photos, silentContext());
  const named = library.db.prepare('SELECT photo_id FROM photo_file ORDER BY name').pluck().all() as number[];
  const rows = new Map(allPhotos(library).map((p) => [p.id, p]));
  all = named.map((id) => rows.get(id)!);
});

/** Commits clusters of photos by their numbers, a scene each, as one run of finding places does. @returns what it says has changed. */
function find(how: 'tracks' | 'models', ...scenes: readonly (readonly number[])[]): string[] {
  const staging = library.staging();
  const built = scenes.map((numbers, s): BuiltScene => {
    const of = numbers.map((n) => all[n]!);
    const key = `${how}-${numbers.join('-')}`;
    const uid = createHash('sha256').update(key).digest('hex').slice(0, 16);
    const model = stageModel(
      { path: library.path, label: '' },
      uid,
      modelOf(of, how === 'tracks'),
      join(staging, String(s)),
    );
    return { key, photos: of, models: [model] };
  });
  const changed: string[] = [];
  bringScenes(library, photos, built, { ...silentContext(), changed: (what) => void changed.push(what) });
  rmSync(staging, { recursive: true, force: true });
  return changed;
}

/** What is in force: numbers of the photos of each cluster, with what a person said of it. */
function inForce(): { photos: number[]; name: string; modelled: boolean; excluded: boolean }[] {
  return listClusters(library)
    .map((c) => {
      const { views, modelled } = clusterDetail(library, c.id);
      const numbers = views.map((v) => all.findIndex((p) => p.hash === v.photo)).sort((a, b) => a - b);
      return { photos: numbers, name: c.name, modelled, excluded: c.excluded };
    })
    .sort((a, b) => a.photos[0]! - b.photos[0]! || a.photos.length - b.photos.length);
}
const groups = (): number[][] => inForce().map((c) => c.photos);
const idOf = (first: number): string =>
  listClusters(library).find((c) => clusterDetail(library, c.id).views.some((v) => v.photo === all[first]!.hash))!.id;
const edit = (e: ClusterEdit): void => void editClusters(library, e);
/** Views of the cluster that holds a photo, by numbers of photos. */
function viewsOf(first: number, numbers: readonly number[]): number[] {
  const hashes = new Set(numbers.map((n) => all[n]!.hash));
  return clusterDetail(library, idOf(first)).views.flatMap((v) => (hashes.has(v.photo!) ? [v.index] : []));
}
const places = (): Map<number, number> =>
  new Map(
    all.map((p, i) => [i, library.db.prepare('SELECT place FROM photo WHERE id = ?').pluck().get(p.id) as number]),
  );

const A = [0, 1, 2, 3];
const B = [4, 5, 6, 7];
const C = [8, 9, 10, 11];

describe('models that come after a person has changed the places', () => {
  it('take the place of clusters that nobody touched, without a word in the history', () => {
    find('tracks', A, B);
    find('models', A, B);
    expect(inForce().map((c) => [c.photos, c.modelled])).toEqual([
      [A, true],
      [B, true],
    ]);
    expect(undoState(library)).toEqual({ undo: null, redo: null });
  });

  it('are merged as their places were; each photo is there once', () => {
    find('tracks', A, B, C);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    edit({ kind: 'rename', cluster: idOf(0), name: 'Both' });
    find('models', A, B, C);
    const now = inForce();
    expect(now.map((c) => c.photos)).toEqual([[...A, ...B], C]);
    expect(now.every((c) => c.modelled)).toBe(true);
    expect(now[0]!.name).toBe('Both');
  });

  it('are split as their places were, which stay two places', () => {
    find('tracks', A, B);
    edit({ kind: 'split', cluster: idOf(0), views: viewsOf(0, [2, 3]) });
    // What nobody touched changes no history, what a person made does.
    expect(find('models', A, B)).toEqual(['clusters', 'decisions']);
    expect(find('models', A, B)).toEqual(['clusters']);
    expect(groups()).toEqual([[0, 1], [2, 3], B]);
    expect(inForce().every((c) => c.modelled)).toBe(true);
    expect(places().get(0)).not.toBe(places().get(2));
  });

  it('hold what was split off one place and merged into another', () => {
    find('tracks', A, B);
    edit({ kind: 'split', cluster: idOf(0), views: viewsOf(0, [3]) });
    edit({ kind: 'merge', clusters: [idOf(4), idOf(3)] });
    find('models', A, B);
    expect(groups()).toEqual([
      [0, 1, 2],
      [3, ...B],
    ]);
    expect(inForce().every((c) => c.modelled)).toBe(true);
  });

  it('are what was merged where one model has it all', () => {
    find('tracks', A, B);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    find('models', [...A, ...B]);
    expect(groups()).toEqual([[...A, ...B]]);
    // What grew by one photo stays one.
    find('models', A, B, C);
    expect(groups()).toEqual([[...A, ...B], C]);
  });

  it('stay out where the place was excluded, until that is undone step by step', () => {
    find('tracks', A, B);
    edit({ kind: 'exclude', clusters: [idOf(0)] });
    find('models', A, B);
    expect(inForce().map((c) => [c.photos, c.excluded, c.modelled])).toEqual([
      [A, true, true],
      [B, false, true],
    ]);
    undo(library);
    undo(library);
    expect(inForce().map((c) => [c.photos, c.excluded, c.modelled])).toEqual([
      [A, false, false],
      [B, false, false],
    ]);
    redo(library);
    redo(library);
    expect(inForce().map((c) => [c.photos, c.excluded, c.modelled])).toEqual([
      [A, true, true],
      [B, false, true],
    ]);
  });

  it('are undone with what was merged, and never stand beside it', () => {
    find('tracks', A, B);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    find('models', A, B);
    const merged = [[...A, ...B]];
    expect(groups()).toEqual(merged);
    undo(library);
    expect(inForce().map((c) => [c.photos, c.modelled])).toEqual([[merged[0], false]]);
    undo(library);
    expect(groups()).toEqual([A, B]);
    redo(library);
    redo(library);
    expect(inForce().map((c) => [c.photos, c.modelled])).toEqual([[merged[0], true]]);
  });

  it('are not merged again once that was undone, be it of the models or of their places, too', () => {
    find('tracks', A, B, C);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    // The longest name that there is does not hide what was done.
    edit({ kind: 'rename', cluster: idOf(0), name: `Both${'h'.repeat(190)}` });
    find('models', A, B, C);
    undo(library);
    expect(groups()).toEqual([[...A, ...B], C]);
    // By the same models as before, and by others.
    for (const first of [A, A.slice(1)]) {
      find('models', first, B, C);
      expect(inForce().map((c) => [c.photos, c.modelled])).toEqual([
        [first, true],
        [B, true],
        [C, true],
      ]);
      expect(inForce().some((c) => c.name.startsWith('Both'))).toBe(false);
    }
    // The step back is there, and leads to one cluster of each photo.
    undo(library);
    undo(library);
    expect(groups()).toEqual([[...A, ...B], C]);
    undo(library);
    undo(library);
    expect(groups()).toEqual([A, B, C]);
    find('models', A, [...B, 8]);
    expect(groups()).toEqual([A, [...B, 8]]);
  });

  it('are not split again once that was undone', () => {
    find('tracks', A, B);
    edit({ kind: 'split', cluster: idOf(0), views: viewsOf(0, [2, 3]) });
    find('models', A, B);
    undo(library);
    expect(groups()).toEqual([[0, 1], [2, 3], B]);
    find('models', A, B);
    expect(inForce().map((c) => [c.photos, c.modelled])).toEqual([
      [A, true],
      [B, true],
    ]);
  });

  it('are merged again where that was redone, where another merge was undone, and where only the exclusion was', () => {
    find('tracks', A, B, C);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    edit({ kind: 'merge', clusters: [idOf(0), idOf(8)] });
    undo(library);
    find('models', A, B, C);
    expect(groups()).toEqual([[...A, ...B], C]);
    undo(library);
    redo(library);
    find('models', A, [4, 5, 6], C);
    expect(groups()).toEqual([[...A, 4, 5, 6], C]);
    edit({ kind: 'exclude', clusters: [idOf(0)] });
    undo(library);
    find('models', [0, 1, 2], B, C);
    expect(groups()).toEqual([[0, 1, 2, ...B], C]);
  });

  it('stay out where what was merged and undone is excluded', () => {
    find('tracks', A, B, C);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    edit({ kind: 'exclude', clusters: [idOf(0)] });
    find('models', A, B, C);
    undo(library);
    find('models', A, B, C);
    expect(inForce().map((c) => [c.photos, c.excluded])).toEqual([
      [A, true],
      [B, true],
      [C, false],
    ]);
  });

  it('take the place of what was merged and undone before; that cannot be redone into twice the photos', () => {
    find('tracks', A, B);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    undo(library);
    find('models', A, B);
    expect(groups()).toEqual([A, B]);
    expect(undoState(library).redo).toBeNull();
    redo(library);
    expect(groups()).toEqual([A, B]);
  });

  it('are found again without another word in the history, and grow with what a person made of them', () => {
    find('tracks', A, B);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    find('models', A, B);
    const actions = (): unknown => library.db.prepare('SELECT COUNT(*) FROM action').pluck().get();
    const [ids, before] = [listClusters(library).map((c) => c.id), actions()];
    find('models', A, B);
    expect(listClusters(library).map((c) => c.id)).toEqual(ids);
    expect(actions()).toBe(before);
    find('models', [...A, 8], B);
    expect(groups()).toEqual([[...A, ...B, 8]]);
  });

  it('leave a photo of another place that one of them has, too, where it is', () => {
    find('tracks', A, B, C);
    edit({ kind: 'merge', clusters: [idOf(0), idOf(4)] });
    find('models', A, B, [7, ...C]);
    expect(groups()).toEqual([
      [...A, ...B],
      [7, ...C],
    ]);
  });

  it('are merged with an imported model as their place was', async () => {
    const own = join(folder, 'imported');
    for (let i = 0; i < 3; i += 1) await writePhoto(join(own, 'images', `q${i}.jpg`), 50 + i, [WIDTH, 80]);
    writeTextModel(join(own, 'sparse'), {
      images: [0, 1, 2].map((i) => ({ name: `q${i}.jpg`, at: [i, 0, 0], sees: [1, 2, 3, 4] })),
      points: somePoints(4),
    });
    await importSources(library, { sources: [own] }, silentContext());
    find('tracks', A, B);
    const imported = listClusters(library).find((c) => c.photos === 3)!.id;
    edit({ kind: 'merge', clusters: [imported, idOf(0)] });
    find('models', A, B);
    expect(
      listClusters(library)
        .map((c) => c.photos)
        .sort(),
    ).toEqual([4, 7]);
    // Undone, it comes apart when places are found again: what was imported is there as it was.
    undo(library);
    find('models', A, B);
    const apart = listClusters(library);
    expect(apart.map((c) => c.photos).sort()).toEqual([3, 4, 4]);
    expect(apart.find((c) => c.photos === 3)!.id).toBe(imported);
    undo(library);
    redo(library);
    undo(library);
    redo(library);
    undo(library);
    expect(
      listClusters(library)
        .map((c) => c.photos)
        .sort(),
    ).toEqual([4, 7]);
    // Photos that stand in the scene of what was imported are in a cluster all the same.
    const said = clustersOf(library, all);
    expect(said.clusters.map((c) => c.photos.length)).toEqual([4, 4]);
    expect(said.unclustered).toHaveLength(C.length);
    const merged = clusterDetail(library, listClusters(library).find((c) => c.photos === 7)!.id);
    expect(merged.views.filter((v) => v.photo !== null && all.some((p) => p.hash === v.photo))).toHaveLength(4);
  });
});
