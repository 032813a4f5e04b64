import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { makePlan } from '../../../src/main/engine/plan/make.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { ROUTE_NAMES, type RouteName, type RouteParams, type RouteResults } from '../../../src/shared/routes/index.ts';
import type { PageJob } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
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
    { kind: 'quality' },
    { kind: 'choose', n: 3, size: 64 },
    { kind: 'map', size: 64 },
  ] satisfies PageJob[])
    await done(job);
}, 300_000);
afterAll(async () => {
  await engine.close();
  if (settings === undefined) delete process.env['COVIS_SETTINGS'];
  else process.env['COVIS_SETTINGS'] = settings;
});

/** A version that was exported. @returns its folder. */
async function exportedInto(name: string): Promise<string> {
  const { id } = await chosen(emptyFolder(name));
  const { job, path: into } = await ask('collection-files.export', { collection: await twice(), folder: id });
  expect((await end(job)).state).toBe('done');
  return into;
}

/** A search by words, which has photos to read and says so. */
async function readingPhotos(): Promise<{ wait: string; search: ReturnType<Engine['dispatch']> }> {
  const [wait, asking] = [randomUUID(), (await ask('photos.random', { count: 1, seed: 1 }))[0]!.id];
  const search = engine.dispatch('search.run', { photo: asking, method: 'bow', top: 5, wait }, 'page');
  for (;;) {
    const { progress } = await ask('search.progress', { wait });
    if (progress !== null) return { wait, search };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

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
  'start.backupPlace': async () => {
    const into = emptyFolder('others-backup');
    writeFileSync(join(into, 'covis-backup.json'), '{');
    const place = await ask('start.backupPlace', { folder: (await chosen(into)).id });
    expect(place.path).toBe(into);
    // It is left alone, and goes where that is said.
    const { id } = await chosen(into);
    const kept = await ask('start.backup', { folder: id });
    expect((await end(kept.job)).state).toBe('failed');
    const replaced = await ask('start.backup', { folder: id, force: true });
    expect((await end(replaced.job)).state).toBe('done');
    expect((await ask('start.backupPlace', { folder: id })).replaces).toBeNull();
    return place.replaces!.includes('damaged');
  },
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
    const found = join(folder, 'found again');
    Library.create(found).close();
    const { name } = await ask('start.locate', { library, folder: (await chosen(found)).id, stopJobs: true });
    await engine.open(path);
    return name === 'found again';
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
  'start.job': async () => {
    const { id } = await chosen(join(SAMPLE, 'arch'));
    const { job } = await ask('start.job', { job: { kind: 'import', sources: [id], dryRun: true } });
    return (await end(job)).state === 'done';
  },
  'start.download': async () => {
    const { id: source } = await chosen(join(SAMPLE, 'arch'));
    const { job, download } = await ask('start.download', { job: { kind: 'convert', source, to: 'nvm' } });
    expect((await end(job)).state).toBe('done');
    const { name, done } = engine.download(download);
    done();
    return name;
  },
  'start.restore': async () => {
    const into = await chosen(emptyFolder('to-restore'));
    const { job, path: backup } = await ask('start.backup', { folder: into.id });
    expect((await end(job)).state).toBe('done');
    const within = await chosen(emptyFolder('restored'));
    const { library, files } = await ask('start.restore', {
      backup: (await chosen(backup)).id,
      within: within.id,
      name: 'Again',
      stopJobs: true,
    });
    await engine.open(path);
    return files > 0 && library.clusters > 0 && library.name === 'Again';
  },
  'start.stopRestoring': async () => (await ask('start.stopRestoring', {})) === null,
  'start.export': async () => {
    const [run] = await ask('tuples.runs', {});
    const { id } = await chosen(emptyFolder('to-export'));
    const { job, path: into } = await ask('start.export', { folder: id, format: 'csv', run: run!.id });
    return (await end(job)).state === 'done' && into;
  },
  'start.machine': async () => (await ask('start.machine', {})).backends.some((b) => b.device !== null),
  'library.current': async () => (await ask('library.current', {}))?.networks.length,
  'library.open': async () => (await ask('library.open', { path })).clusters,
  'library.download': async () => {
    const [run] = await ask('tuples.runs', {});
    const { job, download } = await ask('library.download', { format: 'csv', run: run!.id });
    expect((await end(job)).state).toBe('done');
    const { name, done } = engine.download(download);
    done();
    return name;
  },
  'clusters.list': async () => (await ask('clusters.list', {})).length,
  'clusters.detail': async () => (await ask('clusters.detail', { id: await cluster() })).views.length,
  'clusters.photos': async () => (await ask('clusters.photos', { clusters: [await cluster()] })).of[0]!.length,
  'clusters.covisible': async () => (await ask('clusters.covisible', { id: await cluster(), view: 0 })).length,
  'clusters.edit': async () =>
    (await ask('clusters.edit', { edit: { kind: 'rename', cluster: await cluster(), name: 'Other' } })).clusters.length,
  'collections.create': async () =>
    (await ask('collections.create', { name: 'Made', kind: 'smart', rules: { is: 'all', of: [] } })).id,
  'collections.list': async () => {
    await towers();
    return (await ask('collections.list', {})).length;
  },
  'collections.rename': async () => {
    const { id } = await ask('collections.create', { name: 'Before' });
    return (await ask('collections.rename', { collection: id, name: 'After' })).action;
  },
  'collections.delete': async () => {
    const { id } = await ask('collections.create', { name: 'Short-lived' });
    return (await ask('collections.delete', { collection: id })).action;
  },
  'collections.duplicate': async () =>
    (await ask('collections.duplicate', { collection: await towers(), name: 'Again' })).id,
  'collections.setRules': async () => {
    const { id } = await ask('collections.create', { name: 'Ruled', kind: 'smart', rules: { is: 'loose' } });
    return (await ask('collections.setRules', { collection: id, rules: { is: 'any', of: [] } })).action;
  },
  'collections.setCurrent': async () => {
    const collection = await towers();
    await ask('collections.setCurrent', { collection });
    return (await ask('collections.list', {})).find((c) => c.current)?.id === collection;
  },
  'collections.add': async () => {
    const photos = await some(3, 7);
    const provenance = { how: 'search', method: 'cosine' } as const;
    const { id } = await ask('collections.create', { name: 'Filled' });
    return (
      await ask('collections.add', { collection: id, photos, provenance, scores: [1, 0.5, null], ranks: [1, 2, 3] })
    ).added;
  },
  'collections.remove': async () =>
    (await ask('collections.remove', { collection: await copy('Emptied'), photos: await members(1) })).removed,
  'collections.move': async () =>
    (await ask('collections.move', { collection: await copy('Moved'), photos: await members(1) })).moved,
  'collections.fold': async () => {
    const [head, other] = await members(2);
    return (await ask('collections.fold', { collection: await copy('Folded'), head: head!, photos: [other!] })).folded;
  },
  'collections.unfold': async () => {
    const collection = await copy('Unfolded');
    const [head, other] = await members(2);
    await ask('collections.fold', { collection, head: head!, photos: [other!] });
    return (await ask('collections.unfold', { collection, photos: [head!] })).unfolded;
  },
  'collections.setFields': async () =>
    (await ask('collections.setFields', { collection: await towers(), change: { set: { rights: ['mine'] } } })).notes
      .length,
  'collections.describe': async () => {
    const { list } = await opened();
    const change = { set: { title: ['Gate'] }, add: { keywords: ['a', 'b'] } };
    return (await ask('collections.describe', { collection: await towers(), list, change })).changed;
  },
  'collections.fields': async () => (await ask('collections.fields', { collection: await towers() })).length,
  'collections.readFieldsTable': async () => {
    const [photo] = await members(1);
    const file = sent(`photo,place\r\n${photo!},Speyer\r\n`);
    return (await ask('collections.readFieldsTable', { collection: await towers(), file })).changed;
  },
  'collections.open': async () => (await opened()).total,
  'collections.page': async () =>
    (await ask('collections.page', { list: (await opened()).list, from: 1, limit: 2 })).photos[0]!.name,
  'collections.ids': async () => (await members(2)).length,
  'collections.gather': async () => {
    const [first, second] = await members(2);
    const { list } = await ask('collections.gather', { photos: [first!], scores: [0.5] });
    return (await ask('collections.gather', { list, photos: [second!] })).total;
  },
  'collections.named': async () => {
    const two = await members(2);
    const { list, total } = await ask('collections.named', { file: sent(two.join('\n')), fileName: 'two.txt' });
    expect((await ask('collections.ids', { list, from: 0, limit: 10 })).photos).toEqual(two);
    await expect(
      ask('collections.named', { file: sent(`${two[0]!}\nnobody.jpg\n`), fileName: 'two.txt' }),
    ).rejects.toThrow(/two\.txt, entry 2/);
    return total;
  },
  'collections.membership': async () =>
    (await ask('collections.membership', { photos: await members(1) })).of[0]!.includes(await towers()),
  'collections.commit': async () => {
    const { job } = await ask('collections.commit', { collection: await copy('Kept'), message: 'first' });
    return (await end(job)).state === 'done';
  },
  'collection-files.export': async () => basename(await exportedInto('exported')),
  'collection-files.download': async () => {
    const { job, download } = await ask('collection-files.download', { collection: await twice(), format: ['csv'] });
    expect((await end(job)).state).toBe('done');
    const { name, done } = engine.download(download);
    done();
    return name.endsWith('.csv') || name.endsWith('.zip');
  },
  'collection-files.import': async () => {
    const { id } = await chosen(await exportedInto('to-import'));
    const { job } = await ask('collection-files.import', { folder: id });
    return (await end(job)).result;
  },
  'collection-files.sent': async () => (await ask('collection-files.sent', { file: sent('four') })).bytes === 4,
  'collection-files.drop': async () => {
    const file = sent('one');
    await ask('collection-files.drop', { file });
    await expect(ask('collections.named', { file, fileName: 'gone' })).rejects.toThrow(/was not sent/);
    return true;
  },
  'collection-files.table': async () => {
    const { download } = await ask('collection-files.table', { collection: await towers() });
    const { name, length, done } = engine.download(download);
    done();
    return name === 'Towers.csv' && length! > 0;
  },
  'collection-files.bundle': async () => {
    const asked = { collection: await twice(), version: 2, base: 1, author: 'Ada' };
    const { download } = await ask('collection-files.bundle', asked);
    const { name, length, done } = engine.download(download);
    done();
    return name.endsWith(' 1-2.jsonl') && length! > 0;
  },
  'collection-files.verify': async () => {
    const { id } = await chosen(await exportedInto('to-verify'));
    const { job } = await ask('collection-files.verify', { folder: id });
    return ((await end(job)).result as { ok: boolean }).ok;
  },
  'collections.missing': async () => {
    const { total, photos } = await ask('collections.missing', { collection: await twice(), version: 1 });
    return total === 0 && photos.length === 0;
  },
  'collections.versions': async () => (await ask('collections.versions', { collection: await twice() })).length === 2,
  'collections.diff': async () =>
    (await ask('collections.diff', { collection: await twice(), from: 1, to: 2 })).photos.length,
  'collections.restore': async () =>
    (await ask('collections.restore', { collection: await twice(), version: 1 })).action,
  'collections.tag': async () =>
    (await ask('collections.tag', { collection: await twice(), tag: 'good', version: 1 })).action,
  'collections.merge': async () => {
    await ask('collections.restore', { collection: await twice(), version: 1 });
    const collection = await twice();
    return (await ask('collections.merge', { collection, file: await bundleOf(collection) })).removed;
  },
  'collections.conflicts': async () => (await ask('collections.conflicts', { collection: await atOdds() })).length,
  'collections.judge': async () => {
    const collection = await atOdds();
    const [c] = await ask('collections.conflicts', { collection });
    return (await ask('collections.judge', { collection, sha256: c!.sha256, aspect: c!.aspect, proposal: 0 })).action;
  },
  'quality.histogram': async () =>
    (await ask('quality.histogram', { field: 'sharpness', photos: await some(5, 2), bins: 4 })).measured,
  'rules.preview': async () => (await ask('rules.preview', { rule: { is: 'size', field: 'width', from: 1 } })).total,
  'rules.refresh': async () => {
    const rules = { is: 'cluster', clusters: [await cluster()] };
    const { id } = await ask('collections.create', { name: 'Of a cluster', kind: 'smart', rules });
    return (await ask('rules.refresh', { collection: id })).added;
  },
  'folds.propose': async () => (await ask('folds.propose', { bits: 16, apply: false })).groups !== undefined,
  'folds.edit': async () => {
    const [head, ...photos] = await some(3, 5);
    return (await ask('folds.edit', { edit: { kind: 'fold', head: head!, photos } })).action;
  },
  'folds.under': async () => {
    const [head, ...photos] = await folded(7);
    const { under, folds } = await ask('folds.under', { photos: [...photos, head!] });
    return under.join() === `${head},${head},` && folds.at(-1) === 2;
  },
  'folds.collection': async () => {
    const photos = await folded(8);
    const { id } = await ask('collections.create', { name: 'Folded as the library is' });
    await ask('collections.add', { collection: id, photos });
    return (await ask('folds.collection', { collection: id })).folded;
  },
  'exemplars.next': async () => {
    const [set] = await ask('sets.list', {});
    const exemplars = { positive: await some(2, 3) };
    return (await ask('exemplars.next', { exemplars, set: set!.key, n: 5 })).photos.length;
  },
  'photos.info': async () => (await ask('photos.info', { id: await photo() })).clusters.length,
  'photos.random': async () => (await ask('photos.random', { count: 2, seed: 1 })).length,
  'photos.find': async () => (await ask('photos.find', { text: 'CASTLE_0', limit: 3 })).length,
  'photos.named': async () => {
    const whole = await photo();
    const asked = { begins: [whole.slice(0, 12), '0'.repeat(12), whole] };
    return (await ask('photos.named', asked)).photos.join() === `${whole},,${whole}`;
  },
  'photos.overview': async () => (await ask('photos.overview', {})).photos,
  'photos.places': async () => {
    const box = { south: -90, north: 91, west: -180, east: 181 };
    return Array.isArray(await ask('photos.places', { box, cell: 1 }));
  },
  'photos.duplicateIds': async () => {
    const { photos } = await ask('photos.duplicateIds', { bits: 16, which: 'all' });
    return (await ask('photos.duplicates', { bits: 16 })).photos === photos.length;
  },
  'photos.duplicates': async () => (await ask('photos.duplicates', { bits: 16 })) !== undefined,
  'matches.of': async () => (await ask('matches.of', { photo: await photo() })) !== undefined,
  'tuples.runs': async () => (await ask('tuples.runs', {})).length,
  'tuples.open': async () => (await list()).total,
  'tuples.page': async () => (await tuple()).negatives.length,
  'tuples.find': async () => (await ask('tuples.find', { list: (await list()).list, index: 0 })).position + 1,
  'tuples.compare': async () => {
    const [a, b] = (await ask('tuples.runs', {})).filter((r) => r.parameters.positives !== 'manifold');
    // Runs that drew other parts of the library may have no query in common.
    return (await ask('tuples.compare', { a: a!.id, b: b!.id })).queries + 1;
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
  'review.history': async () => (await ask('review.history', {})).actions.length,
  'review.goTo': async () => {
    const { actions } = await ask('review.history', {});
    expect(await ask('review.goTo', { action: null })).toEqual({ turned: actions.filter((a) => !a.undone).length });
    return ask('review.goTo', { action: actions[0]!.id });
  },
  'review.redo': async () => (await ask('review.redo', {}))?.label,
  'manifold.around': async () => {
    // The run on the manifold mined the embedded network's descriptors; the trained one has none yet.
    const set = (await ask('tuples.runs', {})).find((r) => r.parameters.positives === 'manifold')!.set;
    const { query } = await tuple();
    return (await ask('manifold.around', { photo: query, set, k: 8 })).nodes.length;
  },
  'manifold.graph': async () => {
    const set = (await ask('tuples.runs', {})).find((r) => r.parameters.positives === 'manifold')!.set;
    return (await ask('manifold.graph', { set, k: 8 })).ready;
  },
  'search.run': async () => {
    for (const method of ['cosine', 'hybrid'] as const)
      expect((await ask('search.run', { photo: await photo(), size: 64, method, top: 5 })).hits.length).toBe(5);
    return true;
  },
  'search.progress': async () => {
    const { wait, search } = await readingPhotos();
    await ask('search.stop', { wait });
    expect(await search).toMatchObject({ ok: false, error: { code: 'CANCELLED' } });
    return (await ask('search.progress', { wait })).progress === null;
  },
  'search.stop': async () => {
    const { wait, search } = await readingPhotos();
    expect(await ask('search.stop', { wait })).toBeNull();
    return !(await search).ok;
  },
  'search.prepare': async () => (await ask('search.prepare', { descriptors: true })).ready,
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
  'truths.take': async () => {
    const at = emptyFolder('oxford');
    const { name } = await ask('photos.info', { id: await photo() });
    const bare = name.replace(/\.[a-z]+$/, '');
    writeFileSync(join(at, 'one_query.txt'), `${bare} 0 0 10 10\n`);
    for (const kind of ['good', 'ok', 'junk'])
      writeFileSync(join(at, `one_${kind}.txt`), kind === 'ok' ? `${bare}\n` : '');
    writeFileSync(join(folder, 'images.txt'), `${bare}\n`);
    const [from, list] = [await chosen(at), await chosen(join(folder, 'images.txt'))];
    return (await ask('truths.take', { chosen: from.id, protocol: 'oxford', imlist: list.id })).bound;
  },
  'truths.list': async () => {
    await addTruth('other.json');
    return (await ask('truths.list', {})).length;
  },
  'measurements.list': async () => (await ask('measurements.list', {})).length,
  'measurements.detail': async () => {
    const [m] = await ask('measurements.list', {});
    return (await ask('measurements.detail', { id: m!.id })).curve.length;
  },
  'measurements.queries': async () => {
    const [m] = await ask('measurements.list', {});
    return (await ask('measurements.queries', { id: m!.id, order: 'worst', from: 0, limit: 10 })).queries.length;
  },
  'measurements.paired': async () => {
    const [a, b] = await ask('measurements.list', {});
    return (await ask('measurements.paired', { a: a!.id, b: b!.id })).queries;
  },
  'training.runs': async () => (await ask('training.runs', {}))[0]?.epochs.length,
  'training.memory': async () => (await ask('training.memory', { size: 320 }))!.text.length,
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
  'log.last': async () => (await ask('log.last', {})).file,
  'log.page': async () => (await ask('log.page', { message: 'x is not a function', view: '/map' })) === null,
  'plans.list': async () => {
    await plan();
    return (await ask('plans.list', {})).plans.length;
  },
  'plans.retry': async () => aside(async () => (await ask('plans.retry', { uid: await plan() })) === null),
  'plans.cancel': async () => aside(async () => (await ask('plans.cancel', { uid: await plan() })) === null),
  // Nothing of it is done, so that there is nothing to be collected.
  'plans.collect': async () => (await end((await ask('plans.collect', { uid: await plan() })).job)).state === 'failed',
  'plans.forget': async () => (await ask('plans.forget', { uid: await plan() })) === null,
  'jobs.cancel': async () => (await ask('jobs.cancel', { id: 1 })) === null,
};

let plans = 0;
/** Work in shards that nobody does. */
async function plan(): Promise<string> {
  const library = Library.open(path);
  try {
    const out = join(folder, `plan${(plans += 1)}`);
    return (await makePlan(library, 'extract', { size: 100 + plans }, { out }, silentContext())).file.uid;
  } finally {
    library.close();
  }
}

/** What is started beside the engine ends before it begins: it outlives these tests. */
async function aside<T>(work: () => Promise<T>): Promise<T> {
  process.env['COVIS_THREADS'] = 'none';
  try {
    return await work();
  } finally {
    delete process.env['COVIS_THREADS'];
  }
}

async function chosen(folder: string): Promise<RouteResults<'start.chosen'>[number]> {
  return (await ask('start.chosen', { paths: [folder] }))[0]!;
}

async function addTruth(name: string): Promise<RouteResults<'truths.add'>> {
  const info = await ask('photos.info', { id: await photo() });
  const bare = info.name.replace(/\.[a-z]+$/, '');
  const gnd = { imlist: [bare], qimlist: [bare], gnd: [{ ok: [0], junk: [] }] };
  return ask('truths.add', { upload: engine.upload(Buffer.from(JSON.stringify(gnd))), name, protocol: 'oxford' });
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

const some = async (count: number, seed: number): Promise<string[]> =>
  (await ask('photos.random', { count, seed })).map((p) => p.id);
/** Photos of which the first stands for the others. */
async function folded(seed: number): Promise<string[]> {
  const photos = await some(3, seed);
  await ask('folds.edit', { edit: { kind: 'forget', photos } });
  await ask('folds.edit', { edit: { kind: 'fold', head: photos[0]!, photos: photos.slice(1) } });
  return photos;
}
const made = new Map<string, string>();

/** A collection of eight photos that tests share, by name. */
async function towers(name = 'Towers'): Promise<string> {
  const known = made.get(name);
  if (known !== undefined) return known;
  const { id } = await ask('collections.create', { name });
  await ask('collections.add', { collection: id, photos: (await some(8, 4)).sort() });
  made.set(name, id);
  return id;
}
const copy = async (name: string): Promise<string> =>
  (await ask('collections.duplicate', { collection: await towers(), name })).id;
const opened = async (): Promise<RouteResults<'collections.open'>> =>
  ask('collections.open', { collection: await towers(), sort: 'order' });
const members = async (limit: number): Promise<string[]> => [
  ...(await ask('collections.ids', { list: (await opened()).list, from: 0, limit })).photos,
];

async function commit(collection: string): Promise<void> {
  await done({ kind: 'collection-commit', collection });
}

/** A collection of two versions; the second lacks a photo and describes another. */
async function twice(): Promise<string> {
  const known = made.get('Twice');
  if (known !== undefined) return known;
  const collection = await copy('Twice');
  const [first, second] = await members(2);
  await commit(collection);
  await ask('collections.remove', { collection, photos: [first!] });
  await ask('collections.describe', { collection, photos: [second!], change: { set: { title: ['Theirs'] } } });
  await commit(collection);
  made.set('Twice', collection);
  return collection;
}
/** A file as a page sends it. */
const sent = (text: string): string => engine.uploadPart(undefined, 0, Buffer.from(text)).id;

/** What the second version of a collection changed, sent back as a file. */
async function bundleOf(collection: string): Promise<string> {
  const { download } = await ask('collection-files.bundle', { collection, version: 2, base: 1, author: 'Ada' });
  const { stream, done } = engine.download(download);
  const said = await text(stream);
  done();
  return sent(said);
}

/** A collection in which two described a photo differently. */
async function atOdds(): Promise<string> {
  const known = made.get('At odds');
  if (known !== undefined) return known;
  const collection = await copy('At odds');
  const [, second] = await members(2);
  await commit(collection);
  const describe = (title: string): Promise<unknown> =>
    ask('collections.describe', { collection, photos: [second!], change: { set: { title: [title] } } });
  await describe('Theirs');
  await commit(collection);
  const file = await bundleOf(collection);
  await describe('Ours');
  await ask('collections.merge', { collection, file });
  made.set('At odds', collection);
  return collection;
}

it.each(ROUTE_NAMES)('%s answers what it promises', async (name) => {
  expect(await QUESTIONS[name]()).toBeTruthy();
});
