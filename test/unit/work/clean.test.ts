import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import {
  ensureDefaultNetwork,
  listNetworks,
  loadNetwork,
  networkRow,
  storeNetwork,
} from '../../../src/main/engine/network/networks.ts';
import { noteDefault } from '../../../src/main/engine/network/default-network.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { storageReport } from '../../../src/main/engine/work/storage.ts';
import type { JobGiven, JobResult } from '../../../src/shared/jobs/index.ts';
import type { StoragePart } from '../../../src/shared/facts/storage.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
let count = 0;
let library: Library;
const OLD = new Date('2020-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

function file(name: string, bytes: number, when?: Date): string {
  const path = join(library.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes));
  if (when !== undefined) utimesSync(path, when, when);
  return path;
}

/** A network of its own, as a training run would leave one. */
function trained(name: string): { id: number; uid: string } {
  const start = ensureDefaultNetwork(library);
  const { graph, spec } = loadNetwork(library, start);
  return storeNetwork(library, graph, { ...spec, name }, start.uid);
}

/** A descriptor set as an extraction leaves it: 10 rows of 4 numbers. */
function described(network: { id: number; uid: string }, size: number): void {
  library.db
    .prepare('INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, ?, 10, ?)')
    .run(network.id, size, '2026-01-01');
  file(`descriptors/${network.uid}-${size}.npy`, 288);
  file(`descriptors/${network.uid}-${size}.ids.npy`, 288);
}

const clean = async (given: JobGiven<'clean'>): Promise<JobResult<'clean'>> =>
  (await WORK.clean.run(library, given, silentContext())) as JobResult<'clean'>;
const parts = async (): Promise<Readonly<Record<string, StoragePart>>> =>
  Object.fromEntries((await storageReport(library)).parts.map((p) => [p.kind, p]));
const run = (sql: string): unknown => library.db.prepare(sql).run();

beforeEach(() => {
  library = Library.create(join(folder, `library-${(count += 1)}`));
  ensureDefaultNetwork(library);
  return () => library.close();
});

describe('what a library takes', () => {
  it('is all there is in its folder, each file once, by what it is made of', async () => {
    run("INSERT INTO photo (hash, width, height, orientation, bytes) VALUES ('" + 'ab'.repeat(16) + "', 4, 3, 1, 9)");
    run("INSERT INTO scene (name, root, images) VALUES ('a', '/a', '/a')");
    run("INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (1, 1, 'a.jpg', 0, 9)");
    run("INSERT INTO photo (hash, width, height, orientation, bytes) VALUES ('" + 'cd'.repeat(16) + "', 4, 3, 1, 9)");
    run("INSERT INTO former_file (photo_id, scene_id, name) VALUES (2, 1, 'b.jpg')");
    file(`thumbnails/ab/${'ab'.repeat(16)}-96.jpg`, 1000);
    file(`thumbnails/cd/${'cd'.repeat(16)}-96.jpg`, 100);
    file(`edges/covis-edges-1-227/ab/${'ab'.repeat(16)}.png`, 2000);
    file(`features/ab/${'ab'.repeat(16)}.sift1`, 3000);
    file('teacher/words.npy', 4000);
    const network = trained('run 1');
    described(network, 64);
    file(`descriptors/${network.uid}-64.map.npy`, 50);
    file(`descriptors/${network.uid}-96.npy.part`, 60);
    file('staging/x/points.npy', 70, OLD);
    file('staging/y/points.npy', 7);
    file('networks/0123456789abcdef.onnx', 80, OLD);
    file('library.db.before-11', 90);
    file('notes.txt', 5);
    const now = await parts();
    const seen = Object.fromEntries(Object.values(now).map((p) => [p.kind, p.bytes]));
    expect(seen).toMatchObject({
      thumbnails: 1000,
      'gone-photos': 100,
      edges: 2000,
      features: 3000,
      teacher: 4000,
      descriptors: 576,
      maps: 50,
      unfinished: 60,
      leftovers: 150,
      copies: 90,
      // A file of no kind, and one that an import may be at.
      other: 12,
    });
    const all = readdirSync(library.path, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const sum = all.reduce((n, e) => n + statSync(join(e.parentPath, e.name)).size, 0);
    expect(Object.values(seen).reduce((n, b) => n + b, 0)).toBe(sum);
    expect((await storageReport(library)).bytes).toBe(sum);
    expect(now['descriptors']).toMatchObject({ derived: true, goes: 576, from: 'photos and a network' });
    expect(now['networks']).toMatchObject({ removable: false, goes: 0 });
    // What is known at once is the same, without what takes looking at files of every photo, and says so.
    const few = await storageReport(library, 'few');
    const left = Object.values(now).filter((p) => few.uncounted.includes(p.title));
    expect(left.map((p) => p.kind)).toEqual(
      expect.arrayContaining(['thumbnails', 'edges', 'features', 'gone-photos', 'leftovers', 'other']),
    );
    expect(few.parts).toEqual(Object.values(now).filter((p) => !left.includes(p)));
    expect(few.bytes).toBe(sum - left.reduce((n, p) => n + p.bytes, 0));
    expect((await storageReport(library)).uncounted).toEqual([]);
  });

  it('says what needs a network, and what only names it', async () => {
    const start = ensureDefaultNetwork(library);
    const [named, chosen, free] = [trained('named'), trained('chosen'), trained('free')];
    noteDefault(library, networkRow(library, chosen.uid), 'chosen by a person');
    run(
      `INSERT INTO training_run (created, state, pid, network_id, result_id, parameters, device) VALUES ('', 'done', 1, ${start.id}, ${free.id}, '{}', '')`,
    );
    run(
      `INSERT INTO evaluation (created, network_id, size, protocol, queries, database_size, map) VALUES ('', ${named.id}, 64, '', 1, 1, 0.5)`,
    );
    run(
      `INSERT INTO measurement (created, set_key, set_name, method, parameters, truth, protocol, map, low, high, queries, facts) VALUES ('', '${named.uid}-64', '', '', '{}', '', '', 0, 0, 0, 1, '{}')`,
    );
    const items = (await parts())['networks']!.items;
    const of = (uid: string): unknown => {
      const { kept, firm } = items.find((i) => i.id === uid)!;
      return [kept, firm];
    };
    expect(of(start.uid)).toEqual(['it comes with Covis', true]);
    expect(of(chosen.uid)).toEqual(['it is the default for photos', true]);
    expect(of(named.uid)).toEqual(['named by evaluation 1, measurement 1', false]);
    // The run that made it is its record, and needs it for nothing.
    expect(of(free.uid)).toEqual([null, false]);
  });
});

describe('removing', () => {
  it('names what would go and removes nothing until it is told to', async () => {
    const thumbnail = file(`thumbnails/ab/${'ab'.repeat(16)}-96.jpg`, 1000);
    run("INSERT INTO photo (hash, width, height, orientation, bytes) VALUES ('" + 'ab'.repeat(16) + "', 4, 3, 1, 9)");
    run("INSERT INTO scene (name, root, images) VALUES ('a', '/a', '/a')");
    run("INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (1, 1, 'a.jpg', 0, 9)");
    const copy = file('library.db.before-11', 90);
    const planned = await clean({ remove: ['thumbnails'] });
    expect(planned).toEqual({
      done: false,
      removed: [{ kind: 'thumbnails', name: 'Thumbnails', files: 1, bytes: 1000 }],
      stays: [],
      files: 1,
      bytes: 1000,
      compacted: null,
    });
    expect(existsSync(thumbnail)).toBe(true);
    expect(await clean({ remove: ['thumbnails'], yes: true })).toEqual({ ...planned, done: true });
    expect([existsSync(thumbnail), existsSync(dirname(thumbnail)), existsSync(copy)]).toEqual([false, false, true]);
    expect(await clean({ remove: ['thumbnails'] })).toMatchObject({ removed: [], bytes: 0 });
  });

  it('takes what is old enough alone', async () => {
    const [old, young] = [
      file('staging/x/old.npy', 10, OLD),
      file('staging/x/young.npy', 20, new Date(Date.now() - 2 * DAY_MS)),
    ];
    expect((await clean({ remove: ['leftovers'], olderThan: '30d', yes: true })).bytes).toBe(10);
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
    expect((await clean({ remove: ['leftovers'], olderThan: '1w' })).bytes).toBe(0);
    expect((await clean({ remove: ['leftovers'], olderThan: '36h' })).bytes).toBe(20);
    await expect(clean({ remove: ['leftovers'], olderThan: 'soon' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(clean({ remove: ['photos'] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(clean({ remove: ['database'] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('lets descriptors of the default network stay unless it is forced, and rows go with files', async () => {
    const [start, other] = [ensureDefaultNetwork(library), trained('other')];
    described(start, 64);
    described(other, 64);
    file(`descriptors/${other.uid}-64.map.npy`, 50);
    const r = await clean({ allDerived: true, yes: true });
    expect(r.stays).toEqual([
      { kind: 'descriptors', name: 'MobileNetV1 0.25 GeM, 64 px', why: 'they are of the default network for photos' },
    ]);
    expect(readdirSync(library.file('descriptors')).sort()).toEqual([`${start.uid}-64.ids.npy`, `${start.uid}-64.npy`]);
    expect(library.db.prepare('SELECT network_id FROM descriptor_set').pluck().all()).toEqual([start.id]);
    await clean({ remove: [`descriptors:${start.uid}-64`], force: true, yes: true });
    expect(readdirSync(library.file('descriptors'))).toEqual([]);
    await expect(loadSet(library, `${start.uid}-64`)).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    await expect(clean({ remove: ['descriptors:deadbeef-64'] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('of a network takes its descriptors with it, keeps its records, and is undone by adding it again', async () => {
    const network = trained('run 1');
    described(network, 64);
    run(
      `INSERT INTO training_run (created, state, pid, network_id, result_id, parameters, device) VALUES ('', 'done', 1, 1, ${network.id}, '{}', '')`,
    );
    const r = await clean({ networks: ['run 1'], yes: true });
    expect(r.removed.map((x) => [x.kind, x.files])).toEqual([
      ['networks', 1],
      ['descriptors', 2],
    ]);
    expect(existsSync(library.file('networks', `${network.uid}.onnx`))).toBe(false);
    expect(listNetworks(library).map((n) => n.name)).toEqual(['MobileNetV1 0.25 GeM']);
    expect(() => networkRow(library, network.uid)).toThrow(/^The network run 1 was removed on \d{4}-/);
    expect(library.db.prepare('SELECT result_id FROM training_run').pluck().get()).toBe(network.id);
    const { parts: checked } = (await WORK.check.run(library, { full: true }, silentContext())) as JobResult<'check'>;
    expect(checked.filter((p) => p.missing + p.damaged > 0)).toEqual([]);
    expect(trained('run 1').uid).toBe(network.uid);
    expect(listNetworks(library).map((n) => n.name)).toEqual(['MobileNetV1 0.25 GeM', 'run 1']);
  });

  it('of a network is refused where something needs it, and where records name it unless forced', async () => {
    const network = trained('run 1');
    run(
      `INSERT INTO evaluation (created, network_id, size, protocol, queries, database_size, map) VALUES ('', ${network.id}, 64, '', 1, 1, 0.5)`,
    );
    const refused = {
      code: 'STATE_CONFLICT',
      message: `The network run 1 (${network.uid}) stays: named by evaluation 1`,
    };
    await expect(clean({ networks: ['run 1'], yes: true })).rejects.toMatchObject(refused);
    run(
      `INSERT INTO training_run (created, state, pid, network_id, parameters, device) VALUES ('', 'stopped', 1, ${network.id}, '{}', '')`,
    );
    file('runs/1.checkpoint', 10);
    const needed = { message: `The network run 1 (${network.uid}) stays: it is needed to take up training run 1` };
    await expect(clean({ networks: ['run 1'], force: true, yes: true })).rejects.toMatchObject(needed);
    await clean({ remove: ['checkpoints:1'], force: true, yes: true });
    await clean({ networks: ['run 1'], force: true, yes: true });
    expect(library.db.prepare('SELECT map FROM evaluation').pluck().get()).toBe(0.5);
  });

  it('waits for jobs of whatever process that are under way, but for what they do not need', async () => {
    const [leftover, copy] = [file('staging/x/a.npy', 10, OLD), file('library.db.before-11', 90)];
    run(
      `INSERT INTO job (kind, title, params, state, pid, created) VALUES ('extract', 'Extract descriptors', '{}', 'running', ${process.ppid}, '${new Date().toISOString()}')`,
    );
    expect((await storageReport(library)).busy).toBe('Job 1 (Extract descriptors) is under way');
    await expect(clean({ remove: ['leftovers', 'copies'], yes: true })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    });
    expect([existsSync(leftover), existsSync(copy)]).toEqual([true, true]);
    await clean({ remove: ['copies'], yes: true });
    expect(existsSync(copy)).toBe(false);
    run("UPDATE job SET state = 'done'");
    await clean({ remove: ['leftovers'], yes: true });
    expect(existsSync(leftover)).toBe(false);
  });

  it('gives the pages of matches back to the disk', async () => {
    run("INSERT INTO photo (hash, width, height, orientation, bytes) VALUES ('" + 'ab'.repeat(16) + "', 4, 3, 1, 9)");
    run("INSERT INTO photo (hash, width, height, orientation, bytes) VALUES ('" + 'cd'.repeat(16) + "', 4, 3, 1, 9)");
    run('INSERT INTO photo_match (a, b, inliers, matches, confirmed) VALUES (1, 2, 1, zeroblob(2000000), zeroblob(4))');
    expect((await parts())['matches']!.bytes).toBe(2_000_020);
    expect(await clean({ remove: ['matches'], yes: true })).toMatchObject({ bytes: 2_000_020, compacted: null });
    expect((await storageReport(library)).database.free).toBeGreaterThan(1_900_000);
    const { compacted } = await clean({ vacuum: true, yes: true });
    expect(compacted).toBeGreaterThan(1_900_000);
    expect((await storageReport(library)).database.free).toBe(0);
    expect(library.db.prepare('SELECT COUNT(*) FROM photo').pluck().get()).toBe(2);
  });

  it('never touches decisions, records and photos, whatever is asked for', async () => {
    await importSources(library, { sources: [join(SAMPLE, 'castle')] }, silentContext());
    await WORK.extract.run(library, { size: 64 }, silentContext());
    const tables = [
      'photo',
      'photo_file',
      'cluster_all',
      'view_all',
      'pair_all',
      'action',
      'decision',
      'job',
      'network',
      'training_run',
    ];
    const counts = (): unknown => tables.map((t) => library.db.prepare(`SELECT COUNT(*) FROM ${t}`).pluck().get());
    const before = counts();
    const originals = readdirSync(join(SAMPLE, 'castle'), { recursive: true }).length;
    await clean({
      allDerived: true,
      remove: ['experiments', 'checkpoints', 'scenes', 'unfinished', 'leftovers', 'copies'],
      vacuum: true,
      force: true,
      yes: true,
    });
    expect(counts()).toEqual(before);
    expect(readdirSync(join(SAMPLE, 'castle'), { recursive: true }).length).toBe(originals);
    const r = (await WORK.extract.run(library, { size: 64 }, silentContext())) as JobResult<'extract'>;
    expect([r.photos, r.computed]).toEqual([13, 13]);
  });
});
