import { tmpdir } from 'node:os';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { indexFiles } from '../../../src/main/engine/evaluation/index-files.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { readNetworkFile } from '../../../src/main/engine/network/networks.ts';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { saidBy } from '../../../src/shared/jobs/job.ts';
import { JOBS, type JobKind } from '../../../src/shared/jobs/index.ts';
import { WRITING_JOBS } from '../../../src/shared/jobs/started.ts';
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

const networksOf = async (): Promise<readonly { readonly name: string }[]> =>
  (await ask('library.current', {}))!.networks;

async function ended(id: number): Promise<JobInfo> {
  for (;;) {
    const job = (await ask('jobs.list', {})).find((j) => j.id === id)!;
    if (job.state !== 'queued' && job.state !== 'running') return job;
    await new Promise((r) => setTimeout(r, 30));
  }
}

beforeAll(async () => {
  for (const name of ['out', 'full', 'photos', 'kept', 'scenes/red', 'scenes/blue'])
    mkdirSync(join(home, name), { recursive: true });
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
  // Two classes that any network tells apart: upright stripes and level ones, of three distances.
  for (const [name, turned] of [
    ['red', 0],
    ['blue', 90],
  ] as const)
    for (const width of [8, 9, 10]) {
      const bars = Array.from(
        { length: 20 },
        (_, i) => `<rect x="${i * 2 * width - 60}" y="-60" width="${width}" height="260"/>`,
      );
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="#ddd"/><g transform="rotate(${turned} 48 48)">${bars.join('')}</g></svg>`;
      await sharp(Buffer.from(svg))
        .png()
        .toFile(join(home, 'scenes', name, `${width}.png`));
    }
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

it('keeps the index of neighbours beside the ranks where it is asked to, and opens it when it is chosen', async () => {
  const given = {
    kind: 'rank' as const,
    method: 'ann' as const,
    database: await listed('base.npy', 'vectors'),
    queries: await listed('asked.npy', 'vectors'),
    out: await listed('kept'),
  };
  const first = await ask('start.job', { job: { ...given, keepIndex: true, top: 2 } });
  expect(await ended(first.job)).toMatchObject({ state: 'done', error: null });
  const index = join(home, 'kept', 'ranks.usearch');
  const before = statSync(index).mtimeMs;
  const second = await ask('start.job', {
    job: { ...given, index: await listed('kept/ranks.usearch', 'neighbour-index'), top: 2 },
  });
  expect(await ended(second.job)).toMatchObject({ state: 'done', error: null });
  expect(Array.from(readNpy(second.path!).data)).toEqual(Array.from(readNpy(first.path!).data));
  expect(statSync(index).mtimeMs).toBe(before);
  await expect(ask('start.job', { job: { ...given, method: 'cosine', keepIndex: true } })).rejects.toThrow(
    /of the method ann/,
  );
});

it('measures a ranking against a ground truth that was chosen, and another beside it', async () => {
  const truth = {
    imlist: ['a', 'b', 'c', 'd'],
    qimlist: ['q', 'r'],
    gnd: [
      { ok: [1], junk: [] },
      { ok: [2], junk: [] },
    ],
  };
  writeFileSync(join(home, 'gnd.json'), JSON.stringify(truth));
  // Both queries have their photo first; the other way round both have it last.
  writeNpy(join(home, 'right.npy'), Int32Array.of(1, 0, 2, 3, 2, 1, 0, 3), [2, 4]);
  writeNpy(join(home, 'wrong.npy'), Int32Array.of(0, 2, 3, 1, 0, 1, 3, 2), [2, 4]);
  const { job, path } = await ask('start.job', {
    job: {
      kind: 'evaluate-ranks',
      ranks: await listed('right.npy', 'ranks'),
      against: await listed('wrong.npy', 'ranks'),
      gnd: await listed('gnd.json', 'ground-truth'),
    },
  });
  expect(path).toBeNull();
  const done = await ended(job);
  expect(done).toMatchObject({ state: 'done', title: 'Measure right.npy' });
  const result = JOBS['evaluate-ranks'].result.parse(done.result);
  expect(result).toMatchObject({ map: 1, queries: 2, paired: { wins: 0, losses: 2 } });
  // Trapezoids from precision 0 to 1/4 at the fourth rank.
  expect(result.against?.map).toBeCloseTo(0.125, 10);
  expect(saidBy(JOBS['evaluate-ranks'], result).join('; ')).toContain('difference -87.50');
  const ranks = await listed('right.npy', 'ranks');
  await expect(ask('start.job', { job: { kind: 'evaluate-ranks', ranks } })).rejects.toThrow(/Choose a ground truth/);
});

it('describes a folder outside the library, mines what it wrote, and exports the network that described', async () => {
  const described = await ask('start.job', {
    job: { kind: 'extract-folder', photos: await listed('scenes'), out: await listed('out'), size: 64 },
  });
  expect(described.path).toBe(join(home, 'out', 'descriptors.npy'));
  expect(await ended(described.job)).toMatchObject({ state: 'done', error: null, result: { photos: 6, failed: [] } });
  expect(readFileSync(join(home, 'out', 'descriptors.txt'), 'utf8').split('\n')).toHaveLength(7);
  const { shape } = readNpy(described.path!);
  expect(shape[0]).toBe(6);

  const mined = await ask('start.download', {
    job: {
      kind: 'mine-descriptors',
      descriptors: await listed('out/descriptors.npy', 'vectors'),
      manifold: { k: 3, anchors: 'all', positivesK: 2, negativesK: 4 },
    },
  });
  expect(await ended(mined.job)).toMatchObject({ state: 'done', error: null, result: { descriptors: 6 } });
  const pools = engine.download(mined.download);
  pools.done();
  expect(pools.name).toBe('pools.jsonl');

  const exported = await ask('start.job', {
    job: { kind: 'network-export', out: await listed('out'), scales: [1, 0.7071] },
  });
  expect(await ended(exported.job)).toMatchObject({ state: 'done', error: null, result: { scales: [1, 0.7071] } });
  // What was written is a network of its own, of the dimensions that the folder was described in.
  const [network] = await networksOf();
  expect(exported.path).toBe(join(home, 'out', `${network!.name}.onnx`));
  expect(readNetworkFile(exported.path!).spec).toMatchObject({ dim: shape[1], scales: [1, 0.7071] });

  // As a download it has the same name, and nothing that a person reads of the job has the place where it was written.
  const sent = await ask('start.download', { job: { kind: 'network-export' } });
  const job = await ended(sent.job);
  expect(job).toMatchObject({ state: 'done', result: { file: `${network!.name}.onnx` } });
  expect(JSON.stringify(job)).not.toContain(tmpdir());
  const file = engine.download(sent.download);
  file.done();
  expect(file.name).toBe(`${network!.name}.onnx`);
  expect(Library.exists(join(folder, 'library'))).toBe(true);
  expect(await ask('sets.list', {})).toEqual([]);
});

it('measures the network on a folder of classes, and gives it a layer to fewer dimensions', async () => {
  const { job } = await ask('start.job', {
    job: { kind: 'evaluate-classes', classes: await listed('scenes'), size: 64 },
  });
  const done = await ended(job);
  expect(done).toMatchObject({ state: 'done', error: null, result: { photos: 6, classes: 2 } });
  const { recallAtK, nmi } = JOBS['evaluate-classes'].result.parse(done.result);
  // Each of three is nearest to one of its own class.
  expect([recallAtK['1'], nmi]).toEqual([1, 1]);

  const { job: layer } = await ask('jobs.start', { job: { kind: 'project', project: 16 } });
  const made = JOBS.project.result.parse((await ended(layer)).result);
  expect(made.dim).toBe(16);
  const { networks } = (await ask('library.current', {}))!;
  expect(networks.find((n) => n.id === made.network)).toMatchObject({ dim: 16 });
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
    'extract-folder',
    'index-build',
    'index-search',
    'mine-descriptors',
    'network-export',
    'rank',
  ]);
});
