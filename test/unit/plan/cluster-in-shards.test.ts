import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { clusterPhotos, takePhotos } from '../../../src/main/engine/clustering/cluster.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { collectPlan } from '../../../src/main/engine/plan/collect.ts';
import { readPlan, shardFiles } from '../../../src/main/engine/plan/folder.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, filesIn, planKind, withLibrary } from '../../support/planned.ts';
import { describeWith } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const LONG = 600_000;
const folder = temporaryFolder();
const photos = join(folder, 'photos');
const taken = join(folder, 'taken');
const options = { photos, neighbours: 6 };
let copies = 0;
const copy = (): string => {
  const to = join(folder, `library${(copies += 1)}`);
  cpSync(taken, to, { recursive: true });
  return to;
};

/** What clustering made, without numbers of rows and times. */
const held = (library: Library) => {
  const rows = (sql: string): unknown[] => library.db.prepare(sql).raw().all();
  return {
    clusters: rows(
      `SELECT c.uid, c.name, c.state, c.points, c.observations, s.name, s.root FROM cluster_all c
       JOIN scene s ON s.id = c.scene_id ORDER BY c.uid`,
    ),
    views: rows(
      `SELECT c.uid, v.view_index, v.name, p.hash FROM view_all v JOIN cluster_all c ON c.id = v.cluster_id
       JOIN photo p ON p.id = v.photo_id ORDER BY c.uid, v.view_index`,
    ),
    matches: rows('SELECT a, b, inliers, hex(matches), hex(confirmed), apart FROM photo_match ORDER BY a, b'),
    places: rows('SELECT hash, place FROM photo ORDER BY hash'),
  };
};

beforeAll(async () => {
  mkdirSync(photos, { recursive: true });
  for (const place of ['castle', 'factory']) {
    const images = join(SAMPLE, place, 'images');
    for (const n of readdirSync(images).sort().slice(0, 9)) cpSync(join(images, n), join(photos, n));
  }
  Library.create(taken).close();
  await withLibrary(taken, (l) => takePhotos(l, photos, silentContext()));
}, LONG);

it(
  'finding places in shards without COLMAP makes the clusters of covis cluster',
  async () => {
    const [library, alone] = [copy(), copy()];
    await withLibrary(alone, (l) => clusterPhotos(l, { ...options, reconstruct: false }, silentContext()));
    const plan = await planKind(library, { work: 'cluster', ...options, reconstruct: false, shards: 2 });
    expect(plan.file.stages.map((s) => [s.name, s.shards.length])).toEqual([
      ['features', 2],
      ['words', 1],
      ['match', 2],
      ['scenes', 2],
    ]);
    const want = await withLibrary(alone, held);
    expect(want.clusters.length).toBeGreaterThan(1);
    expect(await doAndCollect(library, plan)).toMatchObject({ added: want.clusters.length, failed: 0 });
    expect(await withLibrary(library, held)).toEqual(want);
    const arrays = (at: string) => filesIn(join(at, 'clusters'));
    expect(arrays(library)).toEqual(arrays(alone));
    expect(await doAndCollect(library, plan)).toMatchObject({ before: true });
    expect(await withLibrary(library, held)).toEqual(want);
  },
  LONG,
);

describeWith(['colmap'], 'finding places in shards with COLMAP', () => {
  it(
    'works in a folder that holds no features, and of finished scenes those alone that the shard goes on from',
    async () => {
      const library = copy();
      await withLibrary(library, (l) => clusterPhotos(l, options, silentContext()));
      // What COLMAP was told is not kept.
      const scenesOf = () =>
        Object.fromEntries(Object.entries(filesIn(join(library, 'scenes'))).filter(([f]) => !f.endsWith('pairs.txt')));
      const finished = scenesOf();
      const keys = (files: Record<string, Buffer>) => [...new Set(Object.keys(files).map((f) => f.slice(0, 16)))];
      expect(keys(finished).length).toBeGreaterThan(1);
      const before = await withLibrary(library, held);
      const plan = await planKind(library, { work: 'cluster', ...options, shards: 2 });
      const had: string[] = [];
      for (const { name, shards } of plan.file.stages)
        for (let i = 1; i <= shards.length; i += 1) {
          const own = join(shardFiles(plan.folder, name, i).work, 'library');
          const step = (said: string): void => {
            if (name !== 'scenes' || !said.startsWith('Features of scene ')) return;
            expect(filesIn(join(own, 'features'))).toEqual({});
            had.push(...keys(filesIn(join(own, 'scenes'))).map((key) => `${i} ${key}`));
          };
          await doShard(plan.folder, name, i, { ...silentContext(), step });
        }
      // Each finished scene went to one shard.
      expect(had.map((h) => h.slice(2)).sort()).toEqual(keys(finished).sort());
      expect(new Set(had.map((h) => h[0]))).toEqual(new Set(['1', '2']));
      await withLibrary(library, (l) => collectPlan(l, readPlan(plan.folder), silentContext()));
      expect(await withLibrary(library, held)).toEqual(before);
      expect(scenesOf()).toEqual(finished);
    },
    LONG,
  );

  it(
    'makes a model of each scene, which a run of covis cluster on the same photos finds finished',
    async () => {
      const library = copy();
      const plan = await planKind(library, { work: 'cluster', ...options, shards: 2 });
      const { added } = await doAndCollect(library, plan);
      const before = await withLibrary(library, held);
      expect(added).toBe(before.clusters.length);
      // Models have points in space; clusters of matches have none.
      expect(filesIn(join(library, 'scenes'))).not.toEqual({});
      await withLibrary(library, (l) => clusterPhotos(l, options, silentContext()));
      expect(await withLibrary(library, held)).toEqual(before);
    },
    LONG,
  );
});
