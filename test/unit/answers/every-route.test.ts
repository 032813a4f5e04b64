import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { ROUTE_NAMES, type RouteName, type RouteParams, type RouteResults } from '../../../src/shared/routes/index.ts';
import type { PageJob } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const path = join(folder, 'library');
const engine = new Engine({ checkResults: true, start: { roots: [folder] } });
const settings = process.env['COVIS_SETTINGS'];

/** Asks as the host, which may ask anything; what comes back was checked against the route's schema. */
async function ask<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  const reply = await engine.dispatch(route, params, 'host');
  expect(reply.ok ? '' : `${reply.error.code} ${reply.error.message}`, route).toBe('');
  return (reply as { data: RouteResults<R> }).data;
}

function end(id: number): Promise<JobInfo> {
  return new Promise((resolve) => {
    const off = engine.onEvent((e) => {
      if (e.event !== 'job' || e.job.id !== id || ['queued', 'running'].includes(e.job.state)) return;
      off();
      resolve(e.job);
    });
  });
}

async function done(job: PageJob): Promise<void> {
  const ended = end((await ask('jobs.start', { job })).job);
  expect(await ended, job.kind).toMatchObject({ state: 'done', error: null });
}

beforeAll(async () => {
  process.env['COVIS_SETTINGS'] = join(folder, 'settings.json');
  (await smallLibrary(path)).close();
  await engine.open(path);
  for (const job of [
    { kind: 'extract', size: 64 },
    { kind: 'mine', size: 64, mining: { queries: 8 } },
    { kind: 'mine', size: 64, mining: { queries: 8 }, seed: 3 },
    { kind: 'mine', size: 64, manifold: { k: 8 } },
    { kind: 'train', size: 64, epochs: 1, queriesPerEpoch: 4 },
    { kind: 'evaluate', size: 64 },
    { kind: 'measure', size: 64, protocol: 'sfm-medium' },
    { kind: 'measure', size: 64, protocol: 'sfm-medium', method: 'aqe' },
    { kind: 'duplicates' },
    { kind: 'map', size: 64 },
  ] satisfies PageJob[])
    await done(job);
}, 300_000);
afterAll(async () => {
  await engine.close();
  if (settings === undefined) delete process.env['COVIS_SETTINGS'];
  else process.env['COVIS_SETTINGS'] = settings;
});

/** Asks each route for something that the library has. @returns what of the answer shows that it was not an empty one. */
const QUESTIONS: { readonly [R in RouteName]: () => Promise<unknown> } = {
  'start.overview': async () => (await ask('start.overview', {})).sample.photos,
  'start.leaving': async () => (await ask('start.leaving', {})) !== undefined,
  'start.folders': async () => {
    emptyFolder('listed');
    return (await ask('start.folders', {})).folders.length;
  },
  'start.backup': async () => {
    const { job, path: into } = await ask('start.backup', { folder: (await chosen(emptyFolder('kept'))).id });
    return (await end(job)).state === 'done' && into;
  },
  'start.domains': async () =>
    cancelled(await ask('start.domains', { folder: (await chosen(emptyFolder('domains'))).id })),
  'start.steps': async () => (await ask('start.steps', {})).steps.length,
  'start.places': async () => {
    const reply = await engine.dispatch('start.places', {}, 'page');
    return !reply.ok && reply.error.code === 'STATE_EMPTY';
  },
  'start.chosen': async () => (await chosen(path)).name,
  'start.open': async () => (await ask('start.open', { folder: (await chosen(path)).id })).clusters,
  'start.create': async () => {
    const { id } = await chosen(emptyFolder('made'));
    const made = await ask('start.create', { within: id, name: 'New', stopJobs: true });
    await engine.open(path);
    return made.name === 'New';
  },
  'start.close': async () => {
    await ask('start.close', { stopJobs: true });
    await engine.open(path);
    return true;
  },
  'start.known': async () => {
    await ask('start.known', { paths: [join(folder, 'gone')] });
    return (await ask('start.overview', {})).recent.some((r) => r.gone);
  },
  'start.forget': async () => {
    await ask('start.known', { paths: [join(folder, 'gone')] });
    const { recent } = await ask('start.overview', {});
    return (await ask('start.forget', { library: recent.find((r) => r.gone)!.id })) === null;
  },
  'start.locate': async () => {
    await ask('start.known', { paths: [join(folder, 'moved')] });
    const { id: library } = (await ask('start.overview', {})).recent.find((r) => r.name === 'moved')!;
    return (await ask('start.locate', { library, folder: (await chosen(path)).id })).clusters;
  },
  'start.sample': async () => {
    const { job } = await ask('start.sample', { stopJobs: true });
    await engine.open(path);
    return job;
  },
  'start.import': async () => {
    const { job } = await ask('start.import', { folders: [(await chosen(join(SAMPLE, 'arch'))).id] });
    return (await end(job)).state === 'done';
  },
  'start.cluster': async () =>
    cancelled(await ask('start.cluster', { folder: (await chosen(emptyFolder('photos'))).id })),
  'library.current': async () => (await ask('library.current', {}))?.networks.length,
  'library.open': async () => (await ask('library.open', { path })).clusters,
  'library.import': async () => {
    const { job } = await ask('library.import', { paths: [join(SAMPLE, 'arch')] });
    return (await end(job)).state === 'done';
  },
  'library.export': async () => {
    const [run] = await ask('tuples.runs', {});
    const { job } = await ask('library.export', { path: join(folder, 'out'), format: 'jsonl', run: run!.id });
    return (await end(job)).state === 'done';
  },
  'library.download': async () => {
    const [run] = await ask('tuples.runs', {});
    const { job, download } = await ask('library.download', { format: 'csv', run: run!.id });
    expect((await end(job)).state).toBe('done');
    const { name, done } = engine.download(download);
    done();
    return name;
  },
  'library.backup': async () => {
    const { job } = await ask('library.backup', { path: join(folder, 'backup') });
    return (await end(job)).state === 'done';
  },
  // These take minutes or programs of others: that they are started is what the route promises.
  'library.cluster': async () => cancelled(await ask('library.cluster', { path: emptyFolder('photos') })),
  'library.domains': async () => cancelled(await ask('library.domains', { path: emptyFolder('domains') })),
  'library.network': async () => {
    const network = join(ROOT, 'resources', 'nothing.onnx');
    return (await end((await ask('library.network', { path: network, pooling: 'gem' })).job)).state === 'failed';
  },
  'clusters.list': async () => (await ask('clusters.list', {})).length,
  'clusters.detail': async () => (await ask('clusters.detail', { id: await cluster() })).views.length,
  'clusters.covisible': async () => (await ask('clusters.covisible', { id: await cluster(), view: 0 })).length,
  'clusters.edit': async () =>
    (await ask('clusters.edit', { edit: { kind: 'rename', cluster: await cluster(), name: 'Other' } })).clusters.length,
  'photos.info': async () => (await ask('photos.info', { id: await photo() })).clusters.length,
  'photos.random': async () => (await ask('photos.random', { count: 2, seed: 1 })).length,
  'photos.find': async () => (await ask('photos.find', { text: 'CASTLE_0', limit: 3 })).length,
  'photos.facts': async () => (await ask('photos.facts', {})).length,
  'photos.duplicates': async () => (await ask('photos.duplicates', { bits: 16 })) !== undefined,
  'matches.of': async () => (await ask('matches.of', { photo: await photo() })) !== undefined,
  'tuples.runs': async () => (await ask('tuples.runs', {})).length,
  'tuples.open': async () => (await list()).total,
  'tuples.page': async () => (await tuple()).negatives.length,
  'tuples.find': async () => (await ask('tuples.find', { list: (await list()).list, index: 0 })).position + 1,
  'tuples.compare': async () => {
    const [a, b] = (await ask('tuples.runs', {})).filter((r) => r.parameters.positives !== 'manifold');
    return (await ask('tuples.compare', { a: a!.id, b: b!.id })).queries;
  },
  'review.progress': async () => (await ask('review.progress', { run: await run() })).tuples,
  'review.decide': async () => {
    const t = await tuple();
    const said = { query: t.query, other: t.positive, run: await run(), tuple: t.index };
    const alternative = t.negatives[0]!.photo;
    await ask('review.decide', {
      label: 'Swapped',
      judgements: [{ ...said, aspect: 'positive', verdict: 'swap', replacement: alternative }],
    });
    return (
      await ask('review.decide', {
        label: 'Noted',
        judgements: [{ ...said, aspect: 'note', verdict: 'note', note: 'blurred' }],
      })
    ).action;
  },
  'review.undo': async () => (await ask('review.undo', {}))?.label,
  'review.redo': async () => (await ask('review.redo', {}))?.label,
  'manifold.around': async () => {
    // The run on the manifold mined the embedded network's descriptors; the trained one has none yet.
    const set = (await ask('tuples.runs', {})).find((r) => r.parameters.positives === 'manifold')!.set;
    const { query } = await tuple();
    return (await ask('manifold.around', { photo: query, set, k: 8 })).nodes.length;
  },
  'search.run': async () => {
    for (const method of ['cosine', 'hybrid'] as const)
      expect((await ask('search.run', { photo: await photo(), size: 64, method, top: 5 })).hits.length).toBe(5);
    return true;
  },
  'search.explain': async () => {
    const [query, hit] = await ask('photos.random', { count: 2, seed: 2 });
    return (await ask('search.explain', { photo: query!.id, hit: hit!.id, size: 64 })).query.values.length;
  },
  'edges.info': async () => (await ask('edges.info', {})) !== undefined,
  'sets.list': async () => (await ask('sets.list', {})).length,
  'sets.remove': async () => {
    const reply = await engine.dispatch('sets.remove', { set: '0'.repeat(16) }, 'page');
    return !reply.ok && reply.error.code === 'NOT_FOUND';
  },
  'map.points': async () => {
    const sets = await ask('sets.list', {});
    const maps = await Promise.all(sets.map((s) => ask('map.points', { set: s.key })));
    return maps.find((m) => m !== null)?.fields.length;
  },
  'evaluations.list': async () => (await ask('evaluations.list', {})).length,
  'truths.add': async () => (await addTruth('own.json')).queries,
  'truths.list': async () => {
    await addTruth('other.json');
    return (await ask('truths.list', {})).length;
  },
  'measurements.list': async () => (await ask('measurements.list', {})).length,
  'measurements.detail': async () => {
    const [m] = await ask('measurements.list', {});
    return (await ask('measurements.detail', { id: m!.id })).perQuery.length;
  },
  'measurements.paired': async () => {
    const [a, b] = await ask('measurements.list', {});
    return (await ask('measurements.paired', { a: a!.id, b: b!.id })).queries;
  },
  'training.runs': async () => (await ask('training.runs', {}))[0]?.epochs.length,
  'training.presets': async () => (await ask('training.presets', {})).length,
  'experiments.list': async () => (await ask('experiments.list', {})) !== undefined,
  'networks.default': async () => {
    const [network] = (await ask('library.current', {}))!.networks;
    return (await ask('networks.default', { network: network!.id })).reason === 'chosen by a person';
  },
  'networks.catalogue': async () => (await ask('networks.catalogue', {})).entries.length,
  'settings.set': async () => (await ask('settings.set', { keys: { accept: ['a'] } })).keys?.['accept'],
  'settings.get': async () => {
    await ask('settings.set', { keys: { reject: ['r'] } });
    return (await ask('settings.get', {})).keys?.['reject'];
  },
  'storage.report': async () => (await ask('storage.report', {})).parts.length,
  'jobs.list': async () => (await ask('jobs.list', {})).length,
  'jobs.start': async () => (await ask('jobs.start', { job: { kind: 'duplicates' } })).job,
  'log.page': async () => (await ask('log.page', { message: 'x is not a function', view: '/map' })) === null,
  'jobs.cancel': async () => (await ask('jobs.cancel', { id: 1 })) === null,
};

async function chosen(folder: string): Promise<RouteResults<'start.chosen'>[number]> {
  return (await ask('start.chosen', { paths: [folder] }))[0]!;
}

async function addTruth(name: string): Promise<RouteResults<'truths.add'>> {
  const info = await ask('photos.info', { id: await photo() });
  const bare = info.name.replace(/\.[a-z]+$/, '');
  const gnd = { imlist: [bare], qimlist: [bare], gnd: [{ ok: [0], junk: [] }] };
  return ask('truths.add', { upload: engine.upload(Buffer.from(JSON.stringify(gnd))), name, protocol: 'oxford' });
}

async function cancelled({ job }: { readonly job: number }): Promise<boolean> {
  const ended = end(job);
  await ask('jobs.cancel', { id: job });
  return (await ended).state !== 'done';
}

function emptyFolder(name: string): string {
  mkdirSync(join(folder, name), { recursive: true });
  return join(folder, name);
}

const photo = async (): Promise<string> => (await ask('photos.random', { count: 1, seed: 1 }))[0]!.id;
const cluster = async (): Promise<string> => (await ask('clusters.list', {}))[0]!.id;
const run = async (): Promise<number> =>
  (await ask('tuples.runs', {})).find((r) => r.parameters.positives !== 'manifold')!.id;
const list = async (): Promise<RouteResults<'tuples.open'>> =>
  ask('tuples.open', { run: await run(), filter: {}, sort: 'suspicion' });
const tuple = async (): Promise<RouteResults<'tuples.page'>['tuples'][number]> =>
  (await ask('tuples.page', { list: (await list()).list, from: 0, limit: 8 })).tuples[0]!;

it.each(ROUTE_NAMES)('%s answers what it promises', async (name) => {
  expect(await QUESTIONS[name]()).toBeTruthy();
});
