import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { ROUTES, type RouteName, type RouteParams, type RouteResults } from '../../../src/shared/routes/index.ts';
import { Engine } from '../../../src/main/engine/engine.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { SAMPLE } from '../../support/small-library.ts';

/** For slow machines. */
const WAIT = { timeout: 40_000, interval: 100 };
let folder: string;
let home: string;
let engine: Engine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'covis-start-'));
  home = join(folder, 'home');
  mkdirSync(home);
  vi.stubEnv('COVIS_SETTINGS', join(folder, 'person', 'settings.json'));
  engine = new Engine({ start: { roots: [home] } });
});
afterEach(async () => {
  await engine.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks as a page. */
async function ask<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  const reply = await engine.dispatch(route, params, 'page');
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.message}`);
  return reply.data as RouteResults<R>;
}
async function top(): Promise<string> {
  return (await ask('start.folders', {})).here!.id;
}
async function below(name: string): Promise<string> {
  return (await ask('start.folders', {})).folders.find((f) => f.name === name)!.id;
}
const ended = (id: number): Promise<JobInfo> =>
  new Promise((resolve) =>
    engine.onEvent((e) => {
      if (e.event === 'job' && e.job.id === id && !['queued', 'running'].includes(e.job.state)) resolve(e.job);
    }),
  );
/** A folder that a person chose in a dialog, as a page would name it. */
async function chosen(path: string): Promise<string> {
  const reply = await engine.dispatch('start.chosen', { paths: [path] }, 'host');
  return (reply as { data: { id: string }[] }).data[0]!.id;
}
/** What the list says when `holds` does. */
async function recent(
  holds: (all: RouteResults<'start.overview'>['recent']) => boolean,
): Promise<RouteResults<'start.overview'>['recent']> {
  return vi.waitFor(async () => {
    const all = (await ask('start.overview', {})).recent;
    expect(holds(all), JSON.stringify(all)).toBe(true);
    return all;
  }, WAIT);
}

describe('from a page, without a library', () => {
  it('one is made in a folder that was listed, opened, closed and opened again', async () => {
    const made = await ask('start.create', { within: await top(), name: 'First' });
    expect(made).toMatchObject({ path: join(home, 'First'), photos: 0 });
    await ask('start.close', {});
    expect(await ask('library.current', {})).toBeNull();
    expect(await ask('start.open', { folder: await below('First') })).toMatchObject({ name: 'First' });
  });

  it('nothing is made over what is there, and nothing opened that is no library', async () => {
    mkdirSync(join(home, 'Photos'));
    await expect(ask('start.create', { within: await top(), name: 'Photos' })).rejects.toThrow(
      /STATE_CONFLICT.*this name/,
    );
    await expect(ask('start.open', { folder: await below('Photos') })).rejects.toThrow(/NOT_FOUND: No library/);
    expect(readdirSync(join(home, 'Photos'))).toEqual([]);
  });

  it.each<[RouteName, Record<string, unknown>]>([
    ['start.open', { folder: '/etc' }],
    ['start.open', { folder: '../..' }],
    ['start.create', { within: 'ab'.repeat(16), name: '../x' }],
    ['start.create', { within: '/tmp', name: 'x' }],
    ['start.import', { folders: ['/etc'] }],
    ['start.import', { folders: [] }],
    ['start.job', { job: { kind: 'cluster', photos: '/etc' } }],
    ['start.folders', { folder: '/' }],
    ['start.folders', { path: '/' }],
    ['start.locate', { library: 'ab'.repeat(16), folder: '/etc' }],
  ])('%s of %j is refused before anything is looked at', async (route, params) => {
    expect(ROUTES[route].params.safeParse(params).success).toBe(false);
    await expect(ask(route, params as never)).rejects.toThrow(/VALIDATION_FAILED/);
  });

  it('an id of nothing opens, lists, imports and clusters nothing', async () => {
    const id = 'ab'.repeat(16);
    await ask('start.create', { within: await top(), name: 'First' });
    for (const [route, params] of [
      ['start.open', { folder: id }],
      ['start.folders', { folder: id }],
      ['start.create', { within: id, name: 'x' }],
      ['start.import', { folders: [id] }],
      ['start.job', { job: { kind: 'cluster', photos: id } }],
      ['start.forget', { library: id }],
      ['start.locate', { library: id, folder: id }],
    ] as const)
      await expect(ask(route, params as never), route).rejects.toThrow(/NOT_FOUND/);
  });
});

describe('jobs of a library', () => {
  it('are not stopped without a word: leaving is refused until it is said that they may be', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    // Takes long enough to be at work all the while.
    const { job } = await ask('start.job', {
      job: { kind: 'cluster', photos: await chosen(join(SAMPLE, 'castle', 'images')) },
    });
    expect(await ask('start.leaving', {})).toEqual(['Cluster images']);
    const within = await top();
    for (const refused of [
      ask('start.close', {}),
      ask('start.create', { within, name: 'Second' }),
      ask('start.sample', {}),
    ])
      await expect(refused).rejects.toThrow(/STATE_CONFLICT: “Cluster images” is at work/);
    expect(existsSync(join(home, 'Second'))).toBe(false);
    expect(await ask('library.current', {})).toMatchObject({ name: 'First' });
    // The one that is open is not left by opening it.
    expect(await ask('start.open', { folder: await below('First') })).toMatchObject({ name: 'First' });
    expect((await ask('jobs.list', {})).find((j) => j.id === job)!.state).toMatch(/running|queued|done/);
    expect(await ask('start.create', { within, name: 'Second', stopJobs: true })).toMatchObject({ name: 'Second' });
    expect(await ask('start.leaving', {})).toEqual([]);
  });
});

describe('libraries that were open', () => {
  it('are listed with their facts and pictures, also by an engine that never had them open', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    const folders = [await chosen(join(SAMPLE, 'castle'))];
    const { job } = await ask('start.import', { folders });
    expect((await ended(job)).state).toBe('done');
    const [first] = await recent(([l]) => l?.photos === 13 && l.pictures === 4);
    expect(first).toMatchObject({ name: 'First', gone: false, clusters: 1 });
    await engine.close();
    engine = new Engine({ start: { roots: [home] } });
    const [again] = await recent(([l]) => l !== undefined && l.bytes !== null);
    expect(again!.bytes).toBeGreaterThan(100_000);
    const picture = await engine.asset(`recent/${again!.id}/0`, new URLSearchParams());
    expect([picture.type, picture.bytes[0], picture.bytes[1]]).toEqual(['image/jpeg', 0xff, 0xd8]);
    for (const n of ['4', '-1', '../settings.json', '0x0', ''])
      await expect(engine.asset(`recent/${again!.id}/${n}`, new URLSearchParams()), n).rejects.toThrow(/nothing here/);
  });

  it('are listed with what they held when they were closed, whatever brought it', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    await recent((all) => all.length === 1);
    const other = Library.open(join(home, 'First'));
    await importSources(other, { sources: [join(SAMPLE, 'castle')] }, silentContext());
    other.close();
    await engine.close();
    engine = new Engine({ start: { roots: [home] } });
    expect((await ask('start.overview', {})).recent).toMatchObject([{ photos: 13, clusters: 1 }]);
  });

  it('are opened from the list; one that was moved is found again in its place', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    await ask('start.close', {});
    const [first] = await recent((all) => all.length === 1);
    expect(await ask('start.open', { folder: first!.id })).toMatchObject({ name: 'First' });
    await ask('start.close', {});
    renameSync(join(home, 'First'), join(home, 'Moved'));
    expect((await ask('start.overview', {})).recent).toMatchObject([{ name: 'First', gone: true, bytes: null }]);
    await expect(ask('start.open', { folder: first!.id })).rejects.toThrow(/no longer there/);
    expect(await ask('start.locate', { library: first!.id, folder: await below('Moved') })).toMatchObject({
      name: 'Moved',
      stays: false,
    });
    expect((await recent((all) => all[0]?.name === 'Moved')).map((l) => l.name)).toEqual(['Moved']);
  });

  it('are not taken for one that was moved: another of the list is refused, and one of other photos does not push it out', async () => {
    for (const name of ['First', 'Second', 'Third']) {
      await ask('start.create', { within: await top(), name });
      const made = Library.open(join(home, name));
      if (name === 'First') await importSources(made, { sources: [join(SAMPLE, 'castle')] }, silentContext());
      made.close();
      await ask('start.close', {});
    }
    const all = await recent((l) => l.length === 3);
    const first = all.find((l) => l.name === 'First')!;
    const third = all.find((l) => l.name === 'Third')!;
    await ask('start.forget', { library: third.id });
    renameSync(join(home, 'First'), join(home, 'Moved'));
    await expect(ask('start.locate', { library: first.id, folder: await below('Second') })).rejects.toThrow(
      /INPUT_INVALID: This is another library/,
    );
    expect(await ask('start.locate', { library: first.id, folder: await below('Third') })).toMatchObject({
      photos: 0,
      stays: true,
    });
    await ask('start.close', {});
    expect((await ask('start.overview', {})).recent.find((l) => l.name === 'First')).toMatchObject({ gone: true });
    expect(await ask('start.locate', { library: first.id, folder: await below('Moved') })).toMatchObject({
      photos: 13,
    });
    expect((await recent((l) => l[0]?.name === 'Moved')).map((l) => l.name).sort()).toEqual([
      'Moved',
      'Second',
      'Third',
    ]);
  });

  it('are themselves where they lie again, whatever they hold by then', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    await ask('start.close', {});
    const [first] = await recent((all) => all.length === 1);
    const made = Library.open(join(home, 'First'));
    await importSources(made, { sources: [join(SAMPLE, 'castle')] }, silentContext());
    made.close();
    expect(await ask('start.locate', { library: first!.id, folder: first!.id })).toMatchObject({
      photos: 13,
      stays: false,
    });
  });

  it('are taken out of the list, and nothing of them is removed', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    const [first] = await recent((all) => all.length === 1);
    await ask('start.close', {});
    await ask('start.forget', { library: first!.id });
    expect((await ask('start.overview', {})).recent).toEqual([]);
    expect(existsSync(join(home, 'First', 'library.db'))).toBe(true);
  });

  it('are not offered below other folders than those that were allowed', async () => {
    await ask('start.create', { within: await top(), name: 'First' });
    await recent((all) => all.length === 1);
    const other = join(folder, 'other');
    mkdirSync(other);
    const narrow = new Engine({ start: { roots: [other], only: true } });
    const reply = await narrow.dispatch('start.overview', {}, 'page');
    expect((reply as { data: { recent: unknown[] } }).data.recent).toEqual([]);
  });

  it('are none where the list is damaged, which is no reason to stop', async () => {
    mkdirSync(join(folder, 'person'));
    writeFileSync(join(folder, 'person', 'libraries.json'), '[{"path": 3}, {');
    expect((await ask('start.overview', {})).recent).toEqual([]);
    await ask('start.create', { within: await top(), name: 'First' });
    await recent((all) => all.length === 1);
  });

  it('are not noted by an engine that nobody chooses libraries in', async () => {
    const quiet = new Engine();
    await quiet.open(join(home, 'Quiet'), true);
    await quiet.close();
    expect(existsSync(join(folder, 'person', 'libraries.json'))).toBe(false);
  });
});

describe('the sample', () => {
  it('is copied to where a person may write, imported once, and opened the next time', async () => {
    const { sample } = await ask('start.overview', {});
    expect(sample).toMatchObject({ photos: 208, places: 16, there: false });
    const { library, job } = await ask('start.sample', {});
    expect(library.path).toBe(sample.path);
    expect(library.path.startsWith(join(folder, 'person'))).toBe(true);
    await expect(ask('start.close', {})).rejects.toThrow(/STATE_CONFLICT/);
    await ask('jobs.cancel', { id: job! });
    await vi.waitFor(async () => expect(await ask('start.leaving', {})).toEqual([]), WAIT);
    expect(readFileSync(join(folder, 'person', 'sample', 'photos', 'castle', 'images', 'castle_01.jpg'))).toEqual(
      readFileSync(join(SAMPLE, 'castle', 'images', 'castle_01.jpg')),
    );
    expect((await ask('start.overview', {})).sample.there).toBe(true);
    expect((await ask('start.sample', {})).job, 'it was stopped before, so it is imported now').toBeGreaterThan(job!);
  });
});
