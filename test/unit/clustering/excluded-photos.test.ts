import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clustersOf } from '../../../src/main/engine/clustering/cluster.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos, photoInfo } from '../../../src/main/engine/library/photos.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { clusterJob } from '../../../src/shared/jobs/cluster.ts';
import { saidBy } from '../../../src/shared/jobs/job.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const MODELS = 5;
let library: Library;

/** Models of three photos each, of which each shares its last with the next. */
beforeAll(async () => {
  library = Library.create(join(folder, 'library'));
  const sources: string[] = [];
  for (let m = 0; m < MODELS; m += 1) {
    const root = join(folder, `model${m}`);
    const names = [2 * m, 2 * m + 1, 2 * m + 2].map((n) => `p${n}.jpg`);
    for (const [i, name] of names.entries()) await writePhoto(join(root, 'images', name), 2 * m + i + 1, [60, 40]);
    await writePhoto(join(root, 'images', `alone${m}.jpg`), 90 + m, [60, 40]);
    writeTextModel(join(root, 'sparse'), {
      images: names.map((name, i) => ({ name, at: [i, 0, 0], sees: [1, 2, 3, 4] })),
      points: somePoints(4),
    });
    sources.push(root);
  }
  await importSources(library, { sources }, silentContext());
});
afterAll(() => library.close());

/** Each photo by all that was ever a cluster, one row after the other. */
function literally(): { inForce: string[]; excluded: string[]; none: string[] } {
  const states = new Map(
    library.db
      .prepare('SELECT id, state FROM cluster_all')
      .all()
      .map((r) => Object.values(r as object) as [number, string]),
  );
  const views = library.db.prepare('SELECT cluster_id, photo_id FROM view_all').all() as {
    cluster_id: number;
    photo_id: number | null;
  }[];
  const out = { inForce: [] as string[], excluded: [] as string[], none: [] as string[] };
  for (const p of allPhotos(library)) {
    const own = new Set<string>();
    for (const v of views) if (v.photo_id === p.id) own.add(states.get(v.cluster_id)!);
    const where = own.has('active') ? out.inForce : own.has('excluded') ? out.excluded : out.none;
    where.push(photoInfo(library, p.hash).name);
  }
  return out;
}

it('photos of excluded clusters are said as such, whatever a person did, and never as in none', () => {
  const r = random(7);
  let excludedSeen = 0;
  for (let step = 0; step < 60; step += 1) {
    const all = listClusters(library);
    const one = all[r.below(all.length)]!;
    const what = r.below(4);
    if (what === 0) editClusters(library, { kind: 'exclude', clusters: [one.id] });
    else if (what === 1) editClusters(library, { kind: 'include', clusters: [one.id] });
    else if (what === 2 && all.length > 2)
      editClusters(library, { kind: 'merge', clusters: [one.id, all.find((c) => c !== one)!.id] });
    else undo(library);
    const truth = literally();
    const found = clustersOf(library, allPhotos(library));
    expect(found.unclustered.toSorted()).toEqual(truth.none.toSorted());
    expect((found.excluded ?? []).toSorted()).toEqual(truth.excluded.toSorted());
    expect(new Set(found.clusters.flatMap((c) => c.photos)).size).toBe(truth.inForce.length);
    excludedSeen += truth.excluded.length;
    for (const p of allPhotos(library)) {
      const { name, clusters, excluded } = photoInfo(library, p.hash);
      expect([name, clusters.length === 0 && excluded !== undefined]).toEqual([name, truth.excluded.includes(name)]);
      expect([name, clusters.length === 0 && excluded === undefined]).toEqual([name, truth.none.includes(name)]);
    }
  }
  expect(excludedSeen).toBeGreaterThan(20);
});

it('the end of finding places counts them for themselves', () => {
  const place = { id: 'a', name: 'A', photos: ['a', 'b'], points: 0 };
  const report = { steps: [], pairs: 0, verified: 0, scenes: 1, apart: 0, alone: 0, photos: 6 };
  const said = (clusters: (typeof place)[], unclustered: string[], excluded?: string[]): readonly string[] =>
    saidBy(clusterJob, { ...report, clusters, unclustered, ...(excluded === undefined ? {} : { excluded }) });
  expect(said([place], ['c'], ['d', 'e', 'f'])).toEqual([
    '1 cluster of 2 of 6 photos',
    '1 photo is in none: it shares too little with others',
    '3 photos are in excluded clusters alone',
  ]);
  expect(said([], ['c'], ['a', 'b', 'd', 'e', 'f'])).toEqual([
    'No cluster is in force',
    '5 photos are in excluded clusters alone',
  ]);
  expect(said([], ['c'])).toEqual(['No place was found: no two of 6 photos are confirmed to see the same things']);
});
