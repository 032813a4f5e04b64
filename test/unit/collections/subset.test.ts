import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection, renameCollection } from '../../../src/main/engine/collections/store.ts';
import { commitCollection } from '../../../src/main/engine/collections/commit.ts';
import { narrowed, subsetOf } from '../../../src/main/engine/library/collection-subset.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos, presentPhotos } from '../../../src/main/engine/library/photos.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { JOBS, type JobGiven, type JobKind, type JobResult } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const task = silentContext();
const SIZE = 64;
let library: Library;
let inside: Set<number>;
let facts: { collection: string; version: number; digest: string; items: number };

beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  // Every other photo: pairs and tuples remain, and what a job takes from outside shows.
  const chosen = allPhotos(library)
    .map((p) => p.id)
    .filter((_, i) => i % 2 === 0);
  inside = new Set(chosen);
  const { uid } = createCollection(library, 'Half').collection;
  addPhotos(
    library,
    uid,
    chosen.map((photo) => ({ photo })),
  );
  const { digest } = await commitCollection(library, { collection: uid, message: '', tag: 'good' }, task);
  facts = { collection: 'Half', version: 1, digest, items: chosen.length };
  // What is there now is another thing than the version.
  removePhotos(library, uid, chosen.slice(0, 3));
}, 120_000);
afterAll(() => library.close());

async function run<K extends JobKind>(kind: K, given: JobGiven<K>): Promise<JobResult<K>> {
  const result = (await WORK[kind].run(library, given, task)) as JobResult<K>;
  expect(subsetOf(library)).toBeUndefined();
  return JOBS[kind].result.parse(result) as JobResult<K>;
}

const on = { size: SIZE, collection: 'Half@good' };

describe('a version as the subset that work takes', () => {
  it('is refused without a version, and where there is none', async () => {
    await expect(run('extract', { ...on, collection: 'Half' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      hint: expect.stringContaining('commit it first') as string,
    });
    await expect(run('mine', { ...on, collection: 'Half@2' })).rejects.toThrow(/Half has no version "2"/);
    await expect(run('mine', { ...on, collection: 'Whole@1' })).rejects.toThrow(/no collection "Whole"/);
    createCollection(library, 'New');
    await expect(run('measure', { ...on, collection: 'New@1' })).rejects.toMatchObject({
      hint: expect.stringContaining('never committed') as string,
    });
  });

  it('narrows a library for a while and leaves it as it was', async () => {
    const all = presentPhotos(library).length;
    const views = (): number => library.db.prepare('SELECT COUNT(photo_id) FROM view').pluck().get() as number;
    const before = views();
    await narrowed(library, 'Half@1', () => {
      expect(presentPhotos(library).map((p) => p.id)).toEqual([...inside].sort((a, b) => a - b));
      expect(views()).toBeLessThan(before);
    });
    await expect(narrowed(library, 'Half@1', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect([presentPhotos(library).length, views()]).toEqual([all, before]);
  });

  it('is what is described; the rest stays as it is', async () => {
    const part = await run('extract', on);
    expect(part).toMatchObject({ photos: inside.size, computed: inside.size, collection: facts });
    const whole = await run('extract', { size: SIZE });
    expect(whole.photos).toBe(allPhotos(library).length);
    expect(whole.computed).toBe(allPhotos(library).length - inside.size);
    expect(whole).not.toHaveProperty('collection');
    expect(await run('extract', on)).toMatchObject({ photos: inside.size, computed: 0 });
  });

  it('is what tuples are mined of, by geometry and on the manifold, and the run says so', async () => {
    for (const how of [{ mining: { queries: 30, minShared: 3, minOverlap: 0 } }, { manifold: { k: 6 } }]) {
      const r = await run('mine', { ...on, ...how });
      expect(r).toMatchObject({ collection: facts });
      const tuples = library.db
        .prepare('SELECT query, positive, negatives, alternatives FROM tuple WHERE run_id = ?')
        .all(r.run) as { query: number; positive: number; negatives: string; alternatives: string }[];
      const used = tuples.flatMap((t) => [
        t.query,
        t.positive,
        ...[...JSON.parse(t.negatives), ...JSON.parse(t.alternatives)].map((n: { photo: number }) => n.photo),
      ]);
      expect(used.length).toBeGreaterThan(0);
      expect(used.filter((p) => !inside.has(p))).toEqual([]);
      const noted = library.db.prepare('SELECT parameters FROM mining_run WHERE id = ?').pluck().get(r.run) as string;
      expect(JSON.parse(noted)).toMatchObject({ collection: facts });
    }
  });

  it('is what a network is trained, whitened and measured on', async () => {
    const given = { ...on, epochs: 1, queriesPerEpoch: 4, mining: { minShared: 3, minOverlap: 0, maxScale: 4 } };
    const trained = await run('train', given);
    expect(trained).toMatchObject({ collection: facts });
    expect(listTrainingRuns(library)[0]!.parameters).toMatchObject({ collection: facts });
    const mined = library.db
      .prepare('SELECT query, positive FROM tuple t JOIN mining_run r ON r.id = t.run_id WHERE r.training_id = ?')
      .raw()
      .all(trained.run)
      .flat() as number[];
    expect(mined.every((p) => inside.has(p))).toBe(true);
    expect(await run('whiten', { ...on, whiten: { method: 'pca' } })).toMatchObject({ collection: facts });
    const part = await run('evaluate', on);
    expect(part.collection).toEqual(facts);
    const whole = await run('evaluate', { size: SIZE });
    expect(part.database).toBeLessThan(whole.database);
    const stored = library.db.prepare('SELECT protocol FROM evaluation ORDER BY id DESC LIMIT 2').pluck().all();
    expect(stored[1]).toContain('; on Half@1');
    expect(stored[0]).not.toContain('Half');
    const pools = await run('mine', { size: SIZE, manifold: { k: 6 } });
    await expect(run('train', { ...on, pools: pools.run })).rejects.toThrow(/was not mined on Half@1/);
  }, 120_000);

  it('is measured beside the whole library, not in its place', async () => {
    const part = await run('measure', { ...on, protocol: 'sfm-easy' });
    const whole = await run('measure', { size: SIZE, protocol: 'sfm-easy' });
    expect(part.collection).toEqual(facts);
    expect(part.queries).toBeLessThan(whole.queries);
    const cells = library.db.prepare('SELECT DISTINCT set_key FROM measurement').pluck().all() as string[];
    expect(cells).toHaveLength(2);
    expect(cells.filter((c) => c.endsWith(facts.digest))).toHaveLength(1);
  }, 120_000);

  it('is what is searched', async () => {
    const session = new SearchSession(library);
    try {
      const asked = { photo: allPhotos(library)[1]!.hash, size: SIZE, top: 1000, collection: 'Half@1' };
      for (const method of ['cosine', 'aqe'] as const) {
        const { hits, collection } = await session.search({ ...asked, method }, task);
        expect(collection, method).toEqual(facts);
        const ids = hits.map((h) => allPhotos(library).find((p) => p.hash === h.photo)!.id);
        expect(ids.length, method).toBeGreaterThan(0);
        expect(
          ids.filter((id) => !inside.has(id)),
          method,
        ).toEqual([]);
      }
      const all = await session.search({ ...asked, method: 'cosine', collection: undefined }, task);
      expect(all.hits.length).toBe(allPhotos(library).length);
      await expect(session.search({ ...asked, method: 'cosine', collection: 'Half' }, task)).rejects.toThrow(
        /no version/,
      );
    } finally {
      await session.close();
    }
  }, 120_000);

  it('is searched beside the whole library, which stays prepared', async () => {
    const session = new SearchSession(library);
    try {
      const asked = { photo: allPhotos(library)[1]!.hash, top: 5, method: 'cosine' as const, size: SIZE };
      await session.search(asked, task);
      await session.search({ ...asked, collection: 'Half@1' }, task);
      // What has to be prepared again takes time.
      expect((await session.search(asked, task)).preparedMs).toBe(0);
      expect((await session.search({ ...asked, collection: 'Half@1' }, task)).preparedMs).toBe(0);
    } finally {
      await session.close();
    }
  });

  it('is what is exported, in every format that photos are in', async () => {
    const names = new Set(
      allPhotos(library)
        .filter((p) => inside.has(p.id))
        .map((p) => library.db.prepare('SELECT name FROM photo_file WHERE photo_id = ?').pluck().get(p.id) as string),
    );
    const out = (name: string): string => join(folder, 'out', name);
    mkdirSync(join(folder, 'out'));
    const { run: mixed } = await run('mine', {
      size: SIZE,
      mining: { queries: 60, minShared: 3, minOverlap: 0, count: 1 },
    });
    for (const format of ['csv', 'jsonl', 'parquet', 'hloc-pairs'] as const) {
      const whole = await run('export', { format, out: out(`${format} whole`), run: mixed });
      const part = await run('export', { format, out: out(`${format} part`), run: mixed, collection: 'Half@1' });
      expect(part.collection, format).toEqual(facts);
      expect(part.items, format).toBeGreaterThan(0);
      expect(part.items, format).toBeLessThan(whole.items);
    }
    const lines = readFileSync(join(out('jsonl part'), 'tuples.jsonl'), 'utf8')
      .trim()
      .split('\n');
    for (const line of lines) {
      const t = JSON.parse(line) as { query: string; positive: string; negatives: string[] };
      for (const name of [t.query, t.positive, ...t.negatives]) expect(names).toContain(name.split('/').at(-1));
    }
    const descriptors = { format: 'descriptors', size: SIZE, collection: 'Half@1' } as const;
    expect(await run('export', { ...descriptors, out: out('x.npy') })).toMatchObject({ items: inside.size });
    for (const format of ['gnd', 'retrieval-sfm'] as const) {
      const given = { format, photos: 'none' } as const;
      const whole = await run('export', { ...given, out: out(`${format} whole`) });
      const part = await run('export', { ...given, out: out(`${format.replace('-', '')}part`), collection: 'Half@1' });
      expect(part.items, format).toBeLessThan(whole.items);
    }
    await expect(run('export', { format: 'network', out: out('n.onnx'), collection: 'Half@1' })).rejects.toThrow(
      /does not take collection/,
    );
  }, 120_000);

  it('goes on where a run was begun on it, also when the collection has another name by then', () => {
    renameCollection(library, 'Half', 'Renamed');
    return narrowed(library, facts, () => expect(presentPhotos(library)).toHaveLength(inside.size));
  });
});
