import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { clusterPhotos, takePhotos } from '../../../src/main/engine/clustering/cluster.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { shardFiles } from '../../../src/main/engine/plan/folder.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, filesIn, planKind, thrown, withLibrary } from '../../support/planned.ts';
import { SAMPLE } from '../../support/small-library.ts';

const LONG = 300_000;
const folder = temporaryFolder();
const photos = join(folder, 'photos');
const [taken, alone] = [join(folder, 'taken'), join(folder, 'alone')];
const options = { photos, neighbours: 5 };

/** Some photos of two places, under one folder. */
function photosInto(to: string, from: number, count: number): void {
  mkdirSync(to, { recursive: true });
  for (const place of ['castle', 'factory']) {
    const images = join(SAMPLE, place, 'images');
    const names = readdirSync(images).filter((n) => n.endsWith('.jpg'));
    for (const n of names.slice(from, from + count)) cpSync(join(images, n), join(to, n));
  }
}

/** Pairs and what clustering made of them, without numbers of rows that times give. */
function held(library: Library) {
  const rows = (sql: string): unknown[] => library.db.prepare(sql).raw().all();
  return {
    matches: rows(
      `SELECT p.hash, q.hash, m.inliers, hex(m.matches), hex(m.confirmed) FROM photo_match m
       JOIN photo p ON p.id = m.a JOIN photo q ON q.id = m.b ORDER BY p.hash, q.hash`,
    ),
    clusters: rows('SELECT uid, points FROM cluster_all ORDER BY uid'),
  };
}
const computed = (library: string) => ({
  features: filesIn(join(library, 'features')),
  teacher: filesIn(join(library, 'teacher')),
});

beforeAll(async () => {
  photosInto(photos, 0, 6);
  writeFileSync(join(photos, 'broken.jpg'), 'no photo');
  // Photos are numbered as they are read, which is not always in the same order.
  Library.create(taken).close();
  await withLibrary(taken, (l) => takePhotos(l, photos, silentContext()));
  cpSync(taken, alone, { recursive: true });
  await withLibrary(alone, (l) => clusterPhotos(l, { ...options, reconstruct: false }, silentContext()));
}, LONG);

describe('photos matched in shards', () => {
  it(
    'have the features, words and matches of covis cluster, which goes on from them',
    async () => {
      const library = join(folder, 'library');
      cpSync(taken, library, { recursive: true });
      const plan = await planKind(library, { work: 'matches', ...options, shards: 3 });
      expect(plan.file.stages.map((s) => [s.name, s.shards.length, s.after])).toEqual([
        ['features', 3, []],
        ['words', 1, ['features']],
        ['match', 3, ['words']],
      ]);
      // Stages come one after another.
      expect((await thrown(doShard(plan.folder, 'match', 1, silentContext()))).message).toMatch(/comes after words/);
      rmSync(shardFiles(plan.folder, 'match', 1).failed, { force: true });
      const report = await doAndCollect(library, plan);
      const want = await withLibrary(alone, held);
      expect(await withLibrary(library, held)).toEqual({ matches: want.matches, clusters: [] });
      expect(report).toMatchObject({ added: want.matches.length, done: 12, failed: 0 });
      expect(computed(library)).toEqual(computed(alone));
      await withLibrary(library, (l) => clusterPhotos(l, { ...options, reconstruct: false }, silentContext()));
      expect(await withLibrary(library, held)).toEqual(want);
      expect(want.clusters.length).toBeGreaterThan(0);
      expect(await doAndCollect(library, plan)).toMatchObject({ before: true, added: 0 });
    },
    LONG,
  );

  it(
    'go on from what the library has: only new photos are looked at, and only new pairs matched',
    async () => {
      const library = join(folder, 'grown');
      cpSync(alone, library, { recursive: true });
      const more = join(folder, 'more');
      photosInto(more, 6, 2);
      const plan = await planKind(library, { work: 'matches', ...options, photos: more, shards: 2 });
      expect(plan.file.stages.map((s) => s.shards.map((x) => x.items))).toEqual([[2, 2], [16], [1, 1]]);
      const before = (await withLibrary(library, held)).matches.length;
      const { added } = await doAndCollect(library, plan);
      await withLibrary(alone, (l) =>
        clusterPhotos(l, { ...options, photos: more, reconstruct: false }, silentContext()),
      );
      const { matches } = await withLibrary(library, held);
      expect(matches).toEqual((await withLibrary(alone, held)).matches);
      expect(before + added).toBe(matches.length);
      expect(computed(library)).toEqual(computed(alone));
    },
    LONG,
  );
});
