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

describe('the descriptor sets', () => {
  const set = (key: string, name: string, more: object = {}) => ({
    ...{ key, name, network: null, size: null, regional: false, dim: 4, rows: 9, photos: 9, half: false },
    ...{ created: '2026-01-01T00:00:00.000Z', stale: null },
    ...more,
  });

  it('say what they are; only those that are made of no network go, once that is asked', async () => {
    const own = set(`${NETWORK.id}-320`, 'MobileNetV1 GeM, 320 px', { network: NETWORK.id, size: 320 });
    const other = set('c'.repeat(32), 'Other', { half: true, stale: 'its file has changed' });
    engine.answers['sets.list'] = () => [own, other] as never;
    engine.answers['sets.remove'] = () => null;
    const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
    const panels = await show(() => import('../../../src/renderer/views/tools/SetsDialog.vue'));
    panels.sets = true;
    await soon(() => expect(said()).toContain('Other'));
    expect(said()).toContain('9 photos · 4 dimensions · half precision');
    expect(said()).toContain('Stale: its file has changed');
    expect(button('Remove MobileNetV1 GeM, 320 px…').getAttribute('aria-disabled')).toBe('true');
    button('Remove MobileNetV1 GeM, 320 px…').click();
    await flushPromises();
    expect(useQuestions().question).toBeNull();
    button('Remove Other…').click();
    await soon(() => expect(useQuestions().question?.text).toContain('cannot be undone'));
    useQuestions().answer('keep');
    await soon(() => expect(dialog()).not.toBeNull());
    expect(askedOf('sets.remove')).toEqual([]);
    button('Remove Other…').click();
    await soon(() => expect(useQuestions().question).not.toBeNull());
    useQuestions().answer('remove');
    await soon(() => expect(askedOf('sets.remove')).toEqual([{ set: other.key }]));
  });
});

describe('the forms of what is done with files', () => {
  it('ask for what is needed, stay open with the reason of a refusal, and send ids alone', async () => {
    engine.answers['start.job'] = ({ job }) => {
      if (!('gnd' in job)) throw new CovisError('INPUT_INVALID', 'gnd: Choose a ground truth');
      return { job: 7, path: null };
    };
    const { FIELD_PLACES } = await import('../../../src/renderer/kit/field-places.ts');
    const { useForms } = await import('../../../src/renderer/stores/forms.ts');
    const places = { choose: () => Promise.resolve(null), of: (id: string) => ({ path: id, looks: '' }) };
    await show(() => import('../../../src/renderer/views/start/JobDialog.vue'), { [FIELD_PLACES as symbol]: places });
    const forms = useForms();
    const [ranks, gnd] = [entry('a', 'file'), entry('b', 'file')];
    forms.open('evaluate-ranks');
    await soon(() => expect(said()).toContain('Measure a ranking of a file'));
    button('Measure').click();
    await soon(() => expect(said()).toContain('Choose one'));
    expect(askedOf('start.job')).toEqual([]);
    forms.draft = { ...forms.draft, ranks: ranks.id };
    await flushPromises();
    button('Measure').click();
    await soon(() => expect(said()).toContain('Choose a ground truth'));
    forms.draft = { ...forms.draft, gnd: gnd.id };
    await flushPromises();
    button('Measure').click();
    await soon(() => expect(dialog()).toBeNull());
    const asked = { kind: 'evaluate-ranks', ranks: ranks.id, protocol: 'oxford', ap: 'trapezoidal', distractors: 0 };
    expect(askedOf('start.job')).toEqual([{ job: asked }, { job: { ...asked, gnd: gnd.id } }]);
  });

  it('keep what is chosen while the picker of a browser lies over them', async () => {
    const { FIELD_PLACES } = await import('../../../src/renderer/kit/field-places.ts');
    const { useForms } = await import('../../../src/renderer/stores/forms.ts');
    const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
    const places = {
      choose: async () => (await useQuestions().folder('photos'))?.id ?? null,
      of: (id: string) => useQuestions().known.get(id) && { path: useQuestions().known.get(id)!.path, looks: '' },
    };
    await show(() => import('../../../src/renderer/views/start/JobDialog.vue'), { [FIELD_PLACES as symbol]: places });
    useForms().open('extract-folder');
    await soon(() => expect(said()).toContain('Nothing is chosen'));
    button('Choose…').click();
    await soon(() => expect(useQuestions().purpose).toBe('photos'));
    await flushPromises();
    useQuestions().choose(entry('trip', 'folder'));
    await soon(() => expect(said()).toContain('/home/trip'));
    expect(useForms().draft['photos']).toBe(entry('trip', 'folder').id);
  });

  it('work with the network in use, but drawings with their own', async () => {
    engine.answers['jobs.start'] = () => ({ job: 8 });
    const { useForms } = await import('../../../src/renderer/stores/forms.ts');
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    await show(() => import('../../../src/renderer/views/start/JobDialog.vue'));
    useLibrary().chosenNetwork = NETWORK.id;
    const forms = useForms();
    for (const domain of ['photos', 'edges']) {
      forms.open('extract', { domain });
      await soon(() => expect(said()).toContain('Describe the photos'));
      button('Describe').click();
      await soon(() => expect(dialog()).toBeNull());
    }
    expect(askedOf('jobs.start')).toEqual([
      { job: { kind: 'extract', network: NETWORK.id, domain: 'photos' } },
      { job: { kind: 'extract', domain: 'edges' } },
    ]);
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
