import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { covisiblePairs } from '../../../src/main/engine/mining/candidates.ts';
import { editClusters, type ClusterEdit } from '../../../src/main/engine/mining/cluster-changes.ts';
import { decide, redo, undo, undoState } from '../../../src/main/engine/mining/decisions.ts';
import { similarity } from '../../../src/main/engine/mining/derived-clusters.ts';
import {
  clusterDetail,
  covisibleViews,
  listClusters,
  sharedPointsOfPhotos,
  viewPoints,
} from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();

/** Everything in force that mining reads, and what lists show. */
function state(library: Library): unknown {
  return {
    clusters: listClusters(library),
    pairs: [...covisiblePairs(library, 1)]
      .map((p) => [p.query, p.other, p.shared])
      .sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!),
    places: library.db.prepare('SELECT hash, place FROM photo ORDER BY hash').all(),
  };
}

describe('changing clusters', async () => {
  const library = await smallLibrary(join(folder, 'library'));
  const named = (name: string): string => listClusters(library).find((c) => c.name === name)!.id;
  const before = state(library);
  const edit = (e: ClusterEdit): ReturnType<typeof editClusters> => editClusters(library, e);

  it('renames, and undoes that, with decisions in the same history', () => {
    const id = named('castle');
    edit({ kind: 'rename', cluster: id, name: '  The old castle ' });
    expect(listClusters(library).map((c) => c.name)).toContain('The old castle');
    const [a, b] = library.db.prepare('SELECT id FROM photo LIMIT 2').pluck().all() as number[];
    decide(library, 'Accept', [{ query: a!, other: b!, aspect: 'positive', verdict: 'accept' }]);
    expect(undo(library)?.label).toBe('Accept');
    expect(undo(library)?.label).toContain('Rename castle');
    expect(state(library)).toEqual(before);
    expect(undoState(library)).toEqual({ undo: null, redo: 'Rename castle to The old castle' });
  });

  it('takes an excluded cluster out of mining and keeps it in the list', () => {
    const id = named('castle');
    edit({ kind: 'exclude', clusters: [id] });
    expect(listClusters(library).find((c) => c.id === id)!.excluded).toBe(true);
    const left = new Set(library.db.prepare('SELECT DISTINCT cluster_id FROM pair').pluck().all() as number[]);
    expect(left.size).toBe(4);
    edit({ kind: 'include', clusters: [id] });
    expect(state(library)).toEqual(before);
    undo(library);
    undo(library);
    expect(state(library)).toEqual(before);
  });

  it.each([
    ['is missing', (file: string) => rmSync(file)],
    ['is cut short', (file: string) => truncateSync(file, 140)],
    ['is of another cluster', (file: string) => writeNpy(file, new Uint32Array(3), [3])],
  ])('neither splits nor merges a cluster of which an array %s', (_, damage) => {
    const [id, other] = [named('castle'), listClusters(library).find((c) => c.name !== 'castle')!.id];
    for (const array of ['observation_points', 'view_offsets', 'points', 'colours']) {
      const file = library.file('clusters', id, `${array}.npy`);
      const whole = readFileSync(file);
      damage(file);
      const kept = readdirSync(library.file('clusters')).sort();
      for (const e of [
        { kind: 'split', cluster: id, views: [0, 1, 2] },
        { kind: 'merge', clusters: [id, other] },
      ] as const)
        expect(() => edit(e)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT', file }) as Error);
      writeFileSync(file, whole);
      expect(readdirSync(library.file('clusters')).sort()).toEqual(kept);
    }
    expect(state(library)).toEqual(before);
  });

  it('splits photos off: pairs, points and observations go with them, and all comes back', () => {
    const id = named('castle');
    const whole = clusterDetail(library, id);
    const views = whole.views.slice(0, 5).map((v) => v.index);
    const { clusters } = edit({ kind: 'split', cluster: id, views });
    const parts = clusters.map((c) => clusterDetail(library, c));
    expect(parts.map((p) => p.views.length).sort((a, b) => a - b)).toEqual([5, whole.views.length - 5]);
    const part = parts.find((p) => p.views.length === 5)!;
    expect(part.views.map((v) => v.name)).toEqual(whole.views.slice(0, 5).map((v) => v.name));
    expect(part.views[1]!.position).toEqual(whole.views[1]!.position);
    // The same points are shared within the part as before.
    const shared = (cluster: string): (readonly [number, number])[] =>
      covisibleViews(library, cluster, 0)
        .filter((c) => c.index < 5)
        .map((c) => [c.index, c.shared] as const);
    expect(shared(part.id)).toEqual(shared(id));
    expect(viewPoints(library, part.id, 2).length).toBe(viewPoints(library, id, 2).length);
    expect(listClusters(library).map((c) => c.id)).not.toContain(id);
    const after = state(library);
    undo(library);
    expect(state(library)).toEqual(before);
    redo(library);
    expect(state(library)).toEqual(after);
    undo(library);
  });

  it('merges: one place afterwards, and drawn points of a pair are as before', () => {
    const [a, b] = [named('castle'), named('pagoda')];
    const detail = clusterDetail(library, b);
    const [x, y] = [detail.views[0]!.photo!, detail.views[covisibleViews(library, b, 0)[0]!.index]!.photo!];
    const drawn = sharedPointsOfPhotos(library, x, y);
    const { clusters, note } = edit({ kind: 'merge', clusters: [a, b] });
    expect(note).toContain('not aligned');
    const merged = clusterDetail(library, clusters[0]!);
    expect(merged.views.length).toBe(clusterDetail(library, a).views.length + detail.views.length);
    expect(sharedPointsOfPhotos(library, x, y)).toEqual(drawn);
    const places = library.db
      .prepare(
        "SELECT DISTINCT p.place FROM photo p JOIN photo_file f ON f.photo_id = p.id WHERE f.name LIKE 'castle%' OR f.name LIKE 'pagoda%'",
      )
      .pluck()
      .all();
    expect(places.length).toBe(1);
    undo(library);
    expect(state(library)).toEqual(before);
  });

  it('refuses what makes no sense, and changes nothing', () => {
    const id = named('castle');
    const views = clusterDetail(library, id).views.map((v) => v.index);
    expect(() => edit({ kind: 'split', cluster: id, views })).toThrow(/not none and not all/);
    expect(() => edit({ kind: 'merge', clusters: [id, id] })).toThrow(/at least two/);
    expect(() => edit({ kind: 'rename', cluster: id, name: ' ' })).toThrow(/between 1 and 200/);
    expect(() => edit({ kind: 'exclude', clusters: ['00000000'] })).toThrow(/no cluster/);
    expect(state(library)).toEqual(before);
  });

  it('keeps its changes when the library is opened again, and can then undo them', () => {
    edit({ kind: 'rename', cluster: named('pagoda'), name: 'Tower' });
    const again = Library.open(library.path);
    expect(listClusters(again).map((c) => c.name)).toContain('Tower');
    undo(again);
    expect(state(again)).toEqual(before);
    again.close();
  });
});

describe('models that share photos', () => {
  it('are aligned when they are merged', async () => {
    // The same eight photos and points in two worlds, the second twice as large, turned and elsewhere.
    const sees = [1, 2, 3, 4];
    const points = somePoints(4);
    const scene = (name: string, change: (p: readonly number[]) => [number, number, number], from: number): string => {
      const at = join(folder, name);
      writeTextModel(join(at, 'sparse', '0'), {
        images: [0, 1, 2, 3].map((i) => ({
          name: `p${from + i}.jpg`,
          at: change([from + i, (from + i) % 2, 0]),
          sees,
        })),
        points: Object.fromEntries(Object.entries(points).map(([k, p]) => [k, change(p)])) as typeof points,
      });
      return at;
    };
    const one = scene('one', (p) => [p[0]!, p[1]!, p[2]!], 0);
    const two = scene('two', (p) => [2 * p[0]! + 50, 2 * p[1]! - 7, 2 * p[2]! + 3], 1);
    for (const at of [one, two])
      for (let i = 0; i < 6; i += 1) await writePhoto(join(at, 'images', `p${i}.jpg`), i + 1);
    const library = Library.create(join(folder, 'aligned'));
    await importSources(library, { sources: [one, two] }, silentContext());
    const ids = listClusters(library).map((c) => c.id);
    const { clusters, note } = editClusters(library, { kind: 'merge', clusters: ids });
    expect(note).toBeNull();
    const merged = clusterDetail(library, clusters[0]!);
    const centre = (name: string): number[][] =>
      merged.views.filter((v) => v.name === name).map((v) => v.position.map((x) => Math.round(1e4 * x) / 1e4 + 0));
    expect(centre('p1.jpg')).toEqual([
      [1, 1, 0],
      [1, 1, 0],
    ]);
    expect(centre('p4.jpg')).toEqual([[4, 0, 0]]);
    const xyz = readFileSync(library.file('clusters', merged.id, 'points.npy'));
    expect(xyz.length).toBeGreaterThan(8 * 3 * 4);
    library.close();
  });

  it('a similarity is found from three points and more', () => {
    const from = [
      [0, 0, 0],
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 3],
      [1, 1, 1],
    ];
    const c = Math.cos(0.7);
    const s = Math.sin(0.7);
    const to = from.map(([x, y, z]) => [2.5 * (c * x! - s * y!) + 1, 2.5 * (s * x! + c * y!) - 2, 2.5 * z! + 3]);
    const found = similarity(from, to);
    expect(found.scale).toBeCloseTo(2.5);
    expect(found.rotation[0]).toBeCloseTo(c);
    expect(found.shift.map((v) => Math.round(v * 1e6) / 1e6)).toEqual([1, -2, 3]);
  });
});
