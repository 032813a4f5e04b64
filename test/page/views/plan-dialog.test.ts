import { fork, type ChildProcess } from 'node:child_process';
import { basename, join } from 'node:path';
import { mount, type VueWrapper } from '@vue/test-utils';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../../src/shared/contract.ts';
import { FILE_PURPOSES, type ChoicePurpose, type FilePurpose } from '../../../src/shared/facts/desktop.ts';
import type { PlannedWork } from '../../../src/shared/facts/planned.ts';
import { PLANNED } from '../../../src/shared/jobs/planned-works.ts';
import type { RouteName, RouteParams, RouteResults } from '../../../src/shared/routes/index.ts';
import { TEST_ENVIRONMENT } from '../../support/environment.ts';
import { temporaryFolder } from '../../support/folders.ts';
import type { Told } from '../../support/planning-engine.ts';
import { fakeEngine, type FakeEngine } from '../support/fake-engine.ts';

// The dialog's modules are loaded anew for each test, and the engine plans in earnest.
const LONG = 120_000;
vi.setConfig({ testTimeout: LONG, hookTimeout: LONG });
const folder = temporaryFolder();
const home = join(folder, 'home');
let engine: ChildProcess;
let page: FakeEngine;
let view: VueWrapper | undefined;
let purposes: ChoicePurpose[];
const open = new Map<number, (reply: Reply<unknown>) => void>();
let last = 0;

/** What the engine answers; it is a process, for its modules are not those of a page. */
async function sent(asking: object): Promise<unknown> {
  const reply = await new Promise<Reply<unknown>>((resolve) => {
    open.set((last += 1), resolve);
    engine.send({ id: last, ...asking });
  });
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.message}`);
  return reply.data;
}
const ask = <R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> =>
  sent({ route, params }) as Promise<RouteResults<R>>;

/** What is chosen for each purpose. */
const CHOSEN: Partial<Record<ChoicePurpose, string>> = {
  photos: 'photos',
  domains: 'images',
  into: 'out',
  vectors: 'base.npy',
  rows: 'base.npy',
};

/** The id of something in the root, as a page finds it. */
async function chosen(purpose: ChoicePurpose): Promise<string> {
  purposes.push(purpose);
  const files = FILE_PURPOSES.includes(purpose as FilePurpose) ? { files: purpose as FilePurpose } : {};
  const { folders, files: found } = await ask('start.folders', files);
  return [...folders, ...found].find((f) => f.name === CHOSEN[purpose])!.id;
}

beforeAll(async () => {
  const script = join(process.cwd(), 'test', 'support', 'planning-engine.ts');
  engine = fork(script, [folder], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, ...TEST_ENVIRONMENT, COVIS_SETTINGS: join(folder, 'settings.json') },
  });
  const ready = new Promise<void>((resolve, reject) => {
    engine.once('message', () => resolve());
    engine.once('exit', (code) => reject(new Error(`The engine ended with ${code}`)));
  });
  engine.on('message', ({ id, reply }: { id: number; reply: Reply<unknown> }) => open.get(id)?.(reply));
  await ready;
});
afterAll(async () => {
  const end = new Promise((resolve) => engine.once('exit', resolve));
  engine.disconnect();
  await end;
});
afterEach(() => {
  view?.unmount();
  vi.unstubAllGlobals();
  document.body.innerHTML = '';
});

const form = (): HTMLElement => document.querySelector('[data-test=plan-form]')!;
const soon = (what: () => void): Promise<void> => vi.waitFor(what, { timeout: LONG / 4, interval: 20 });

/** The dialog of this kind of work, whose requests the real engine answers. */
async function dialogOf(work: PlannedWork): Promise<void> {
  purposes = [];
  page = fakeEngine({
    'plans.list': () => ({ plans: [], executors: ['local'] }),
    'library.current': (p) => ask('library.current', p),
    'start.job': (p) => ask('start.job', p),
    'jobs.start': (p) => ask('jobs.start', p),
    'jobs.list': (p) => ask('jobs.list', p),
  });
  const { FIELD_PLACES } = await import('../../../src/renderer/kit/field-places.ts');
  const { default: PlanDialog } = await import('../../../src/renderer/views/jobs/PlanDialog.vue');
  const places = { choose: chosen, of: (id: string) => ({ path: id, looks: '' }) };
  view = mount(PlanDialog, {
    attachTo: document.body,
    props: { open: true },
    global: { provide: { [FIELD_PLACES as symbol]: places } },
  });
  await soon(() => expect(form().querySelector('select')).not.toBeNull());
  const which = [...form().querySelectorAll('select')].find((s) => s.textContent.includes(PLANNED.extract.title))!;
  which.value = work;
  which.dispatchEvent(new Event('change'));
  await soon(() => expect(form().textContent).toContain(PLANNED[work].text));
}

/** Chooses something for so many places that were left empty. */
async function chooseRequired(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const place = [...form().querySelectorAll('.place.invalid')].at(0)!;
    place.querySelector<HTMLButtonElement>('button')!.click();
    await soon(() => expect(purposes).toHaveLength(i + 1));
    await soon(() => expect(form().querySelectorAll('.place.invalid')).toHaveLength(count - i - 1));
  }
}

const begin = (): void => document.querySelector<HTMLButtonElement>('[data-test=begin-plan]')!.click();

/** What the engine has noted for the last job, and the plan of it; the job itself is not waited for. */
async function told(plan: boolean): Promise<Told> {
  const [job] = (await ask('jobs.list', {})).toSorted((a, b) => b.id - a.id);
  await ask('jobs.cancel', { id: job!.id });
  return sent({ job: job!.id, plan }) as Promise<Told>;
}

/** Kinds that take folders and files, what they are chosen for, and what the engine is told in the place of their ids. */
const TAKING: readonly (readonly [PlannedWork, readonly ChoicePurpose[], Readonly<Record<string, string>>])[] = [
  ['edges', ['photos', 'into'], { photos: 'photos', into: 'out/edge maps' }],
  ['matches', ['photos'], { photos: 'photos' }],
  ['neighbours', ['vectors', 'into'], { database: 'base.npy', ranks: 'out/ranks.npy' }],
  ['diffusion', ['vectors', 'into'], { database: 'base.npy', ranks: 'out/ranks.npy' }],
  ['index', ['rows', 'into'], { descriptors: 'base.npy', into: 'out/index' }],
  ['domains', ['domains'], { folder: 'images' }],
  ['cluster', ['photos'], { photos: 'photos' }],
];

describe('work in shards that takes folders and files', () => {
  it.each(TAKING)('%s asks for them and sends their ids; the engine plans it', async (work, wanted, paths) => {
    await dialogOf(work);
    // Nothing is sent before they are chosen.
    begin();
    await soon(() => expect(form().textContent).toContain('Choose one'));
    expect(page.asked.filter((a) => a.route === 'start.job')).toEqual([]);
    await chooseRequired(wanted.length);
    expect(purposes).toEqual(wanted);
    begin();
    await soon(() => expect(view!.emitted('update:open')).toEqual([[false]]));
    const asked = page.asked.filter((a) => a.route === 'start.job');
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).not.toContain(basename(folder));
    const { kind, params, stages } = await told(true);
    const whole = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, join(home, path)]));
    expect(kind).toBe('submit');
    expect(params).toMatchObject({ work, executor: 'local', ...whole });
    expect(stages.reduce((n, s) => n + s.shards, 0)).toBeGreaterThan(0);
  });

  it('needs none for what is in the library', async () => {
    await dialogOf('teacher');
    begin();
    await soon(() => expect(view!.emitted('update:open')).toEqual([[false]]));
    expect(purposes).toEqual([]);
    expect(page.asked.filter((a) => a.route === 'start.job')).toEqual([]);
    expect(await told(true)).toMatchObject({ kind: 'submit', params: { work: 'teacher', executor: 'local' } });
  });
});
