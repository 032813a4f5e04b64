import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { makePlan } from '../../../src/main/engine/plan/make.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const path = join(folder, 'library');
const settings = process.env['COVIS_SETTINGS'];
const engine = new Engine();
type Reply = { readonly ok: boolean; readonly data: never; readonly error: { readonly message: string } };
const ask = async (route: string, params: unknown): Promise<Reply> =>
  (await engine.dispatch(route, params, 'page')) as Reply;

/** Lets pages choose it. @returns its id. */
async function chosen(at: string): Promise<string> {
  const reply = (await engine.dispatch('start.chosen', { paths: [at] }, 'host')) as Reply;
  return (reply.data as { id: string }[])[0]!.id;
}

beforeAll(async () => {
  process.env['COVIS_SETTINGS'] = join(folder, 'settings.json');
  (await smallLibrary(path)).close();
  await engine.open(path);
}, 300_000);
afterAll(async () => {
  await engine.close();
  if (settings === undefined) delete process.env['COVIS_SETTINGS'];
  else process.env['COVIS_SETTINGS'] = settings;
});

it('a folder of text files is a ground truth with the list of its images, and none without', async () => {
  const photos = (await ask('photos.random', { count: 2, seed: 1 })).data as { id: string }[];
  const names: string[] = [];
  for (const { id } of photos)
    names.push(((await ask('photos.info', { id })).data as { name: string }).name.replace(/\.[a-z]+$/, ''));
  const at = join(folder, 'oxford');
  mkdirSync(at);
  writeFileSync(join(at, 'one_query.txt'), `${names[0]} 0 0 10 10\n`);
  writeFileSync(join(at, 'one_good.txt'), `${names[1]}\n`);
  for (const kind of ['ok', 'junk']) writeFileSync(join(at, `one_${kind}.txt`), '');
  const list = join(folder, 'images.txt');
  writeFileSync(list, `${names.join('\n')}\n`);
  const take = { chosen: await chosen(at), protocol: 'oxford' };
  expect((await ask('truths.take', take)).error.message).toContain('do not list the database');
  const taken = await ask('truths.take', { ...take, imlist: await chosen(list) });
  expect(taken.data).toMatchObject({ name: 'oxford', images: 2, queries: 1, bound: 2, missing: [] });
});

it('a backup of another library is said to be one, and replaced only where that is said', async () => {
  const into = join(folder, 'backup');
  mkdirSync(into);
  const place = { folder: await chosen(into) };
  expect((await ask('start.backupPlace', place)).data).toEqual({ path: into, replaces: null });
  writeFileSync(join(into, 'covis-backup.json'), '{');
  const { replaces } = (await ask('start.backupPlace', place)).data as { replaces: string };
  expect(replaces).toContain('is damaged');
  expect(await ended(await ask('start.backup', place))).toBe('failed');
  expect(await ended(await ask('start.backup', { ...place, force: true }))).toBe('done');
  expect((await ask('start.backupPlace', place)).data).toEqual({ path: into, replaces: null });
}, 300_000);

it('what does not go with who does a plan is refused at once, and starts nothing', async () => {
  const library = Library.open(path);
  const plan = await makePlan(library, 'extract', { size: 64 }, { out: join(folder, 'plan') }, silentContext());
  library.close();
  const { uid } = plan.file;
  const refused = async (said: object): Promise<string> => (await ask('plans.retry', { uid, ...said })).error.message;
  expect(await refused({ partition: 'gpu' })).toBe('--partition goes with --executor slurm');
  expect(await refused({ executor: 'slurm', atOnce: 2 })).toBe('--at-once goes with --executor local');
  expect(await refused({ executor: 'slurm', mem: 'x2' })).toContain('multiplies what was asked for');
  expect(await refused({ executor: 'slurm', partition: 'a b' })).toContain('--partition takes what Slurm takes');
  // Never of a page.
  for (const key of ['sbatch', 'covis']) expect(await refused({ executor: 'slurm', [key]: 'x' })).toContain(key);
});

/** How a job ended. */
async function ended(reply: Reply): Promise<string> {
  const { job } = reply.data as { job: number };
  for (;;) {
    const jobs = (await ask('jobs.list', {})).data as { id: number; state: string }[];
    const state = jobs.find((j) => j.id === job)?.state ?? 'queued';
    if (!['queued', 'running'].includes(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
