import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Component } from 'vue';
import type { FolderEntry, JobInfo, LibraryInfo } from '../../../src/shared/domain.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { sized } from '../setup.ts';
import { fakeEngine, type FakeEngine } from '../support/fake-engine.ts';

vi.setConfig({ testTimeout: 60_000 });
const NETWORK = { id: 'a'.repeat(32), name: 'MobileNetV1 GeM', domain: 'photo' };
const INFO = { path: '/data/x', name: 'x', photos: 9, networks: [NETWORK], defaults: [] } as unknown as LibraryInfo;
const entry = (name: string, kind: FolderEntry['kind']): FolderEntry => ({
  id: name.repeat(32).slice(0, 32),
  name,
  path: `/home/${name}`,
  kind,
  photos: 0,
  more: false,
});

let unsize: () => void;
let engine: FakeEngine;
let mounted: VueWrapper | undefined;
beforeAll(() => (unsize = sized(720, 400)));
afterAll(() => unsize());
beforeEach(() => {
  engine = fakeEngine({ 'library.current': () => INFO, 'clusters.list': () => [] });
});
afterEach(() => {
  mounted?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

/** Mounts a dialog over an engine of the test's; `panels` opens it. */
async function show(load: () => Promise<{ default: Component }>, provide: Record<symbol, unknown> = {}) {
  const { default: part } = await load();
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const { usePanels } = await import('../../../src/renderer/stores/panels.ts');
  await useLibrary().refresh();
  mounted = mount(part, { attachTo: document.body, global: { provide } });
  await flushPromises();
  return usePanels();
}
const dialog = (): HTMLElement | null => document.querySelector<HTMLElement>('[role="dialog"]');
const said = (): string => dialog()?.textContent ?? '';
const button = (name: string): HTMLButtonElement =>
  [...dialog()!.querySelectorAll('button')].find(
    (b) => (b.getAttribute('aria-label') ?? b.textContent.trim()) === name,
  )!;
const askedOf = (route: string): unknown[] => engine.asked.filter((a) => a.route === route).map((a) => a.params);
const soon = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 20_000 });

describe('the log', () => {
  it('shows the last entries of the wanted kind, and asks anew for another', async () => {
    engine.answers['log.last'] = ({ level }) => ({
      file: '/home/log',
      entries:
        level === 'error'
          ? []
          : [{ time: '2026-01-02T03:04:05.000Z', level: 'warn', component: 'queue', process: 'engine', text: 'Slow' }],
    });
    const panels = await show(() => import('../../../src/renderer/views/tools/LogDialog.vue'));
    expect(dialog()).toBeNull();
    panels.log = true;
    await soon(() => expect(said()).toContain('Slow'));
    const level = dialog()!.querySelector('select')!;
    level.value = 'error';
    level.dispatchEvent(new Event('change'));
    await soon(() => expect(said()).toContain('There are no entries of this kind.'));
    expect(askedOf('log.last')).toEqual([
      { lines: 300, level: 'info' },
      { lines: 300, level: 'error' },
    ]);
  });
});

describe('the check of a library', () => {
  const job = (state: JobInfo['state'], result: unknown): JobInfo =>
    ({
      id: 7,
      kind: 'check',
      title: 'Check the library',
      state,
      result,
      created: '',
      error: null,
    }) as unknown as JobInfo;

  it('is started as it was asked for, and shows that it is at work', async () => {
    engine.answers['jobs.start'] = () => ({ job: 7 });
    const panels = await show(() => import('../../../src/renderer/views/storage/CheckDialog.vue'));
    const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
    useJobs().listen();
    panels.checking = true;
    await soon(() => expect(said()).toContain('Nothing is changed until you ask for it.'));
    dialog()!.querySelector<HTMLInputElement>('input[role="switch"]')!.click();
    await flushPromises();
    button('Check').click();
    await soon(() => expect(askedOf('jobs.start')).toEqual([{ job: { kind: 'check', full: true } }]));
    engine.say({ event: 'job', job: job('running', null) });
    await soon(() => expect(dialog()!.querySelector('[role="progressbar"]')).not.toBeNull());
  });

  it('says why it could not begin', async () => {
    engine.answers['jobs.start'] = () => {
      throw new CovisError('STATE_CONFLICT', 'A check is running already');
    };
    const panels = await show(() => import('../../../src/renderer/views/storage/CheckDialog.vue'));
    panels.checking = true;
    await soon(() => expect(button('Check')).toBeDefined());
    button('Check').click();
    await soon(() => expect(dialog()!.querySelector('[role="alert"]')?.textContent).toContain('running already'));
  });
});

describe('restoring a backup', () => {
  beforeEach(() => {
    engine.answers['start.overview'] = () => ({ recent: [], roots: [entry('home', 'folder')], sample: null }) as never;
  });

  it('takes the name of the backup for the library, and is refused until that is one', async () => {
    const panels = await show(() => import('../../../src/renderer/views/start/RestoreDialog.vue'));
    panels.restoring = entry('Town backup', 'backup');
    await soon(() => expect(dialog()!.querySelector<HTMLInputElement>('input')!.value).toBe('Town'));
    await soon(() => expect(said()).toContain('/home/home'));
    expect(button('Restore').getAttribute('aria-disabled')).toBeNull();
    const name = dialog()!.querySelector<HTMLInputElement>('input')!;
    name.value = '../Town';
    name.dispatchEvent(new Event('input'));
    await soon(() => expect(button('Restore').getAttribute('aria-disabled')).toBe('true'));
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });

  it('says that a folder is no backup', async () => {
    const panels = await show(() => import('../../../src/renderer/views/start/RestoreDialog.vue'));
    panels.restoring = entry('Town', 'library');
    await soon(() => expect(said()).toContain('This folder is no backup'));
    expect(button('Restore').getAttribute('aria-description')).toBe('This folder is no backup');
  });
});

describe('the form of a job', () => {
  it('asks for what its schema takes, refuses in its words, and starts with what was said', async () => {
    engine.answers['jobs.start'] = () => ({ job: 3 });
    await show(() => import('../../../src/renderer/views/start/JobDialog.vue'));
    const { useForms } = await import('../../../src/renderer/stores/forms.ts');
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    useLibrary().chosenNetwork = NETWORK.id;
    useForms().open('extract');
    await soon(() => expect(said()).toContain('With the network in use: MobileNetV1 GeM'));
    const size = dialog()!.querySelector<HTMLInputElement>('input[inputmode], input[type="number"], input')!;
    size.value = '7';
    size.dispatchEvent(new Event('input'));
    size.dispatchEvent(new Event('change'));
    await flushPromises();
    button('Describe').click();
    await soon(() => expect(dialog()!.querySelector('[aria-invalid="true"]')).not.toBeNull());
    expect(askedOf('jobs.start')).toEqual([]);
    size.value = '320';
    size.dispatchEvent(new Event('input'));
    size.dispatchEvent(new Event('change'));
    await flushPromises();
    button('Describe').click();
    await soon(() => expect(askedOf('jobs.start')).toHaveLength(1));
    expect(askedOf('jobs.start')[0]).toMatchObject({ job: { kind: 'extract', size: 320 } });
    await soon(() => expect(dialog()).toBeNull());
  });
});

describe('a job that writes for other tools', () => {
  it('is downloaded in a browser unless a folder is chosen, and asks what the chosen method reads', async () => {
    engine.answers['start.download'] = () => ({ job: 5, download: 'b'.repeat(32) });
    engine.answers['start.job'] = () => ({ job: 6, path: '/home/out/ranks.npy' });
    const { FIELD_PLACES } = await import('../../../src/renderer/kit/field-places.ts');
    const { useForms } = await import('../../../src/renderer/stores/forms.ts');
    const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
    const places = { choose: () => Promise.resolve(null), of: (id: string) => ({ path: id, looks: '' }) };
    await show(() => import('../../../src/renderer/views/start/JobDialog.vue'), { [FIELD_PLACES as symbol]: places });
    const [database, queries, out] = [entry('a', 'file'), entry('b', 'file'), entry('c', 'folder')];
    const forms = useForms();
    forms.open('rank', { method: 'aqe' }, { database, queries });
    const group = (): boolean => said().includes('Parameters of the method');
    await soon(() => expect(group()).toBe(true));
    expect(said()).not.toContain('Choose one');
    forms.draft = { ...forms.draft, ranking: { expansion: 3 } };
    await flushPromises();
    button('Rank').click();
    await soon(() => expect(askedOf('start.download')).toHaveLength(1));
    const job = { kind: 'rank', database: database.id, queries: queries.id };
    expect(askedOf('start.download')).toEqual([{ job: { ...job, method: 'aqe', ranking: { expansion: 3 } } }]);

    forms.open('rank', { method: 'aqe', ranking: { expansion: 3 } }, { database, queries });
    await flushPromises();
    // Cosine reads nothing: what was said of another method is not said any more.
    forms.draft = { ...forms.draft, method: 'cosine' };
    await soon(() => expect(group()).toBe(false));
    const [, folder] = [...dialog()!.querySelectorAll<HTMLElement>('[role="radio"]')];
    folder!.click();
    await flushPromises();
    forms.draft = { ...forms.draft, out: out.id };
    await flushPromises();
    button('Rank').click();
    await soon(() => expect(askedOf('start.job')).toHaveLength(1));
    expect(askedOf('start.job')).toEqual([{ job: { ...job, method: 'cosine', out: out.id } }]);
    await soon(() => expect(useNotices().notices.at(-1)?.text).toContain('/home/out/ranks.npy'));
  });
});

describe('an export', () => {
  it('is written as a download in a browser, and stays open with the reason where it is refused', async () => {
    let refused = true;
    engine.answers['library.download'] = () => {
      if (refused) throw new CovisError('STATE_EMPTY', 'Nothing is described yet');
      return { job: 4, download: 'b'.repeat(32) } as never;
    };
    const panels = await show(() => import('../../../src/renderer/views/tools/ExportDialog.vue'));
    panels.export('descriptors');
    await soon(() => expect(button('Download')).toBeDefined());
    button('Download').click();
    await soon(() => expect(askedOf('library.download')).toHaveLength(1));
    const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
    await soon(() => expect(useNotices().notices.map((n) => n.text)).toEqual(['Nothing is described yet']));
    expect(dialog()).not.toBeNull();
    refused = false;
    button('Download').click();
    await soon(() => expect(dialog()).toBeNull());
    expect(askedOf('library.download')[1]).toMatchObject({ format: 'descriptors' });
  });
});
