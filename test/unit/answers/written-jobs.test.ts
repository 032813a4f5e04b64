import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { indexFiles } from '../../../src/main/engine/evaluation/index-files.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { saidBy } from '../../../src/shared/jobs/job.ts';
import { JOBS, WRITING_JOBS, type JobKind } from '../../../src/shared/jobs/index.ts';
import type { RouteName, RouteParams, RouteResults } from '../../../src/shared/routes/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** What pages have written for other tools: never by a path, always new, or as a download. */
const folder = temporaryFolder();
const home = join(folder, 'home');
mkdirSync(home);
const engine = new Engine({ checkResults: true, start: { roots: [home] } });

async function ask<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  const reply = await engine.dispatch(route, params, 'page');
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.message}`);
  return reply.data as RouteResults<R>;
}

/** The id of something below the root, found as a page finds it. */
async function listed(path: string, files?: RouteParams<'start.folders'>['files']): Promise<string> {
  let at: string | undefined;
  for (const name of path.split('/')) {
    const { folders, files: found } = await ask('start.folders', {
      ...(at === undefined ? {} : { folder: at }),
      ...(files === undefined ? {} : { files }),
    });
    at = [...folders, ...found].find((f) => f.name === name)?.id;
    expect(at, `${name} of ${path}`).toBeDefined();
  }
  return at!;
}

async function ended(id: number): Promise<JobInfo> {
  for (;;) {
    const job = (await ask('jobs.list', {})).find((j) => j.id === id)!;
    if (job.state !== 'queued' && job.state !== 'running') return job;
    await new Promise((r) => setTimeout(r, 30));
  }
}

beforeAll(async () => {
  for (const name of ['out', 'full', 'photos']) mkdirSync(join(home, name), { recursive: true });
  writeFileSync(join(home, 'full', 'ranks.npy'), 'mine');
  // Four directions, and two queries that each ask for one of them.
  writeNpy(join(home, 'base.npy'), Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1), [4, 2]);
  writeNpy(join(home, 'asked.npy'), Float32Array.of(0.1, 1, -1, 0.1), [2, 2]);
  const grey = sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } });
  for (const name of ['one', 'two'])
    await grey
      .clone()
      .png()
      .toFile(join(home, 'photos', `${name}.png`));
  const index = { descriptors: join(home, 'base.npy'), out: join(home, 'index'), shardRows: 1000 };
  expect(indexFiles(index, silentContext())).toMatchObject({ rows: 4, dim: 2, shards: 1, out: join(home, 'index') });
  Library.create(join(folder, 'library')).close();
  await engine.open(join(folder, 'library'));
});
afterAll(() => engine.close());

it('ranks the descriptors of a file into a new one of the folder that was chosen, and says what it did', async () => {
  const given = {
    kind: 'rank' as const,
    database: await listed('base.npy', 'vectors'),
    queries: await listed('asked.npy', 'vectors'),
  };
  const { job, path } = await ask('start.job', {
    job: { ...given, out: await listed('full'), withScores: true, top: 2 },
  });
  // What lies there is left alone.
  expect(path).toBe(join(home, 'full', 'ranks-2.npy'));
  const done = await ended(job);
  expect(done).toMatchObject({ state: 'done', title: 'Rank base.npy' });
  expect(Array.from(readNpy(path!).data)).toEqual([1, 0, 2, 1]);
  expect(readNpy(join(home, 'full', 'ranks-2.scores.npy')).shape).toEqual([2, 2]);
  const result = JOBS.rank.result.parse(done.result);
  expect(saidBy(JOBS.rank, result).join()).toContain('2 queries against 4 images');
  expect(readdirSync(join(home, 'full')).sort()).toEqual(['ranks-2.npy', 'ranks-2.scores.npy', 'ranks.npy']);
});

it('searches an index that was chosen; one file is downloaded as it is', async () => {
  const { job: search, download } = await ask('start.download', {
    job: { kind: 'index-search', index: await listed('index'), queries: await listed('asked.npy', 'vectors'), top: 1 },
  });
  expect(await ended(search)).toMatchObject({ state: 'done', result: { top: 1, queries: 2 } });
  const { name, stream, done } = engine.download(download);
  const bytes = Buffer.concat(await stream.toArray());
  done();
  expect(name).toBe('ranks.npy');
  // The first query points where the second row does, the second where the third does.
  expect(
    Array.from(
      new Int32Array(bytes.buffer.slice(bytes.byteOffset + bytes.length - 8, bytes.byteOffset + bytes.length)),
    ),
  ).toEqual([1, 2]);
});

it('writes edge maps for a browser to download, in an archive', async () => {
  const maps = await ask('start.download', {
    job: { kind: 'edges', photos: await listed('photos'), classical: true },
  });
  expect(await ended(maps.job)).toMatchObject({
    state: 'done',
    result: { written: 2, failed: [], detector: 'classical' },
  });
  const zip = engine.download(maps.download);
  zip.done();
  expect(zip.name).toBe('library-edges.zip');
});

it('refuses what does not go together before anything begins, and a path of any kind', async () => {
  const [database, out] = [await listed('base.npy', 'vectors'), await listed('out')];
  const rank = { kind: 'rank', database, queries: database } as const;
  await expect(ask('start.job', { job: { ...rank, out, ranking: { expansion: 3 } } })).rejects.toThrow(/does not read/);
  await expect(ask('start.job', { job: { ...rank, out, verify: 5 } })).rejects.toThrow(/local features/);
  const refused: readonly Record<string, unknown>[] = [
    { ...rank, out: join(home, 'out') },
    { ...rank, out, scores: join(home, 'scores.npy') },
    { ...rank, out, index: join(home, 'index') },
    { ...rank, out, force: true },
    { ...rank, database: '/etc/passwd', out },
  ];
  for (const job of refused)
    await expect(ask('start.job', { job: job as never }), JSON.stringify(job)).rejects.toThrow(/VALIDATION_FAILED/);
  await expect(ask('start.download', { job: { ...rank, out } })).rejects.toThrow(/VALIDATION_FAILED/);
});

it('are those that write where a person says', () => {
  expect(WRITING_JOBS.map((j): JobKind => j.kind).sort()).toEqual([
    'convert',
    'edges',
    'index-build',
    'index-search',
    'rank',
  ]);
});
