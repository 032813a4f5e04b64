import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { createMemoryHistory, createRouter, type Router } from 'vue-router';
import type { JobInfo, LibraryInfo } from '../../../src/shared/domain.ts';
import type { StorageItem, StoragePart, StorageReport } from '../../../src/shared/facts/storage.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

vi.setConfig({ testTimeout: 60_000 });
const item = (id: string, bytes: number, more: Partial<StorageItem> = {}): StorageItem => ({
  id,
  name: id === 'all' ? 'All' : id,
  bytes,
  files: 1,
  written: '2026-01-02T03:04:05.000Z',
  kept: null,
  firm: false,
  network: null,
  ...more,
});
const part = (
  kind: StoragePart['kind'],
  title: string,
  items: StorageItem[],
  more: Partial<StoragePart> = {},
): StoragePart => {
  const goes = items.filter((i) => i.kept === null).reduce((n, i) => n + i.bytes, 0);
  const bytes = items.reduce((n, i) => n + i.bytes, 0);
  return {
    kind,
    title,
    from: 'photos',
    again: 'Made again.',
    removable: true,
    derived: true,
    bytes,
    files: items.length,
    goes,
    items,
    ...more,
  };
};

let report: StorageReport;
let engine: FakeEngine;
let view: VueWrapper;

beforeEach(() => {
  report = {
    parts: [
      part('thumbnails', 'Thumbnails', [item('all', 3_000_000)]),
      part('descriptors', 'Descriptors', [
        item('aaaaaaaa-320', 2_000_000, { network: 'aaaaaaaa', kept: 'they are of the default network for photos' }),
        item('bbbbbbbb-320', 1_000_000, { network: 'bbbbbbbb' }),
      ]),
      part('copies', 'Copies of the database', [item('12', 500_000)], { derived: false }),
      part(
        'networks',
        'Networks',
        [
          item('aaaaaaaa', 9_000_000, {
            name: 'start',
            kept: 'it is the default for photos',
            firm: true,
            network: 'aaaaaaaa',
          }),
          item('bbbbbbbb', 8_000_000, { name: 'run 1', kept: 'named by evaluation 1', network: 'bbbbbbbb' }),
        ],
        { removable: false, derived: false, goes: 0 },
      ),
      part('database', 'Database', [item('all', 700_000, { kept: 'Never removed.', firm: true })], {
        removable: false,
        derived: false,
        goes: 0,
      }),
    ],
    uncounted: [],
    bytes: 24_200_000,
    database: { bytes: 700_000, free: 0 },
    free: 5_000_000_000,
    busy: null,
    elsewhere: [{ name: 'Log', bytes: 1000, about: 'old entries go by themselves' }],
  };
  engine = fakeEngine({
    'library.current': () =>
      ({ path: '/data/places', name: 'places', networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'storage.report': () => report,
    'settings.get': () => ({}),
    'settings.set': (change) => change,
    'jobs.start': () => ({ job: 1 }),
  });
});
afterEach(() => {
  view.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

async function opened(query = ''): Promise<Router> {
  const { default: StorageView } = await import('../../../src/renderer/views/storage/StorageView.vue');
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
  useLibrary().listen();
  useJobs().listen();
  await useLibrary().refresh();
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/storage', name: 'storage', component: StorageView }],
  });
  await router.push(`/storage${query}`);
  view = mount(StorageView, { global: { plugins: [router] }, attachTo: document.body });
  // What is known at once is asked for first, then all.
  await settled();
  await settled();
  await nextTick();
  return router;
}
const find = (test: string): HTMLElement => document.querySelector<HTMLElement>(`[data-test="${test}"]`)!;
const click = async (test: string): Promise<void> => {
  find(test).click();
  await settled();
  await nextTick();
};
const boxes = (kind: string, within = ''): HTMLInputElement[] => [
  ...find(`part-${kind}`).querySelectorAll<HTMLInputElement>(`${within} input`),
];
async function choose(box: HTMLInputElement): Promise<void> {
  box.click();
  await nextTick();
}
const started = (): unknown[] =>
  engine.asked.filter((a) => a.route === 'jobs.start').map((a) => (a.params as { job: unknown }).job);

describe('the page of storage', () => {
  it('says what takes how much, what it is made of, and what of it can go', async () => {
    await opened();
    expect(find('storage-sum').textContent).toBe('24.2 MB in this library · 5.0 GB free on its disk');
    expect(find('part-thumbnails').textContent).toMatch(/Thumbnails.*From photos\. Made again\..*3\.0 MB.*can go/);
    expect(find('part-descriptors').textContent).toMatch(/1\.0 MB can go/);
    expect(find('part-networks').textContent).toMatch(/one by one/);
    expect(find('part-database').textContent).toMatch(/stays/);
    expect(boxes('database')).toEqual([]);
    await click('open-networks');
    expect(find('part-networks').textContent).toMatch(
      /start.*Stays: it is the default for photos.*run 1.*Kept: named by evaluation 1/,
    );
    expect(boxes('networks', 'li').map((b) => b.disabled)).toEqual([true, false]);
    expect(view.text()).toContain('Outside the library: Log, old entries go by themselves');
  });

  it('shows what is known at once, and says what is not counted yet', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<StorageReport>();
    engine.answers['storage.report'] = ({ look }) =>
      look === 'few'
        ? { ...report, parts: report.parts.filter((p) => p.kind !== 'thumbnails'), uncounted: ['Thumbnails'] }
        : slow;
    await opened();
    expect(find('storage-sum').textContent).toBe('5.0 GB free on its disk');
    expect(find('uncounted').textContent).toBe('Looking at every file. Not counted yet: Thumbnails.');
    expect(find('part-descriptors').textContent).toMatch(/1\.0 MB can go/);
    const all = [...document.querySelectorAll('button')].find((b) => b.textContent.includes('Choose all'))!;
    expect(all.getAttribute('aria-disabled')).toBe('true');
    resolve(report);
    await settled();
    await nextTick();
    expect(find('uncounted')).toBeNull();
    expect(find('storage-sum').textContent).toBe('24.2 MB in this library · 5.0 GB free on its disk');
    expect(find('part-thumbnails')).not.toBeNull();
    // Read again later, what stands there stays.
    engine.say({ event: 'changed', what: 'storage' });
    await settled();
    expect(engine.asked.filter((a) => a.route === 'storage.report').map((a) => a.params)).toEqual([
      { look: 'few' },
      {},
      {},
    ]);
  });

  it('removes what was chosen and nothing else, once it was named and confirmed', async () => {
    await opened();
    await click('remove');
    expect(document.querySelector('[role=dialog]')).toBeNull();
    await choose(boxes('thumbnails')[0]!);
    await choose(boxes('descriptors')[0]!);
    await click('remove');
    const dialog = document.querySelector('[role=dialog]')!;
    expect(dialog.textContent).toMatch(/Remove 4\.0 MB.*cannot be undone.*Thumbnails.*3\.0 MB.*bbbbbbbb-320.*1\.0 MB/);
    // What is of the default network was not chosen with its kind.
    expect(dialog.textContent).not.toContain('aaaaaaaa');
    expect(started()).toEqual([]);
    await click('remove-now');
    expect(started()).toEqual([
      {
        kind: 'clean',
        remove: ['thumbnails:all', 'descriptors:bbbbbbbb-320'],
        networks: [],
        force: false,
        vacuum: false,
        yes: true,
      },
    ]);
    expect(boxes('thumbnails')[0]!.checked).toBe(false);
  });

  it('names what goes along with a network, and that records name it', async () => {
    await opened();
    await click('open-networks');
    await choose(boxes('networks', 'li')[1]!);
    await click('remove');
    const text = document.querySelector('[role=dialog]')!.textContent;
    expect(text).toMatch(
      /Remove 9\.0 MB.*run 1.*8\.0 MB.*bbbbbbbb-320.*1\.0 MB.*run 1 was kept: named by evaluation 1\./,
    );
    await click('remove-now');
    expect(started()).toEqual([
      { kind: 'clean', remove: [], networks: ['bbbbbbbb'], force: true, vacuum: false, yes: true },
    ]);
  });

  it('removes only what is older than that, where it is said', async () => {
    report = {
      ...report,
      parts: report.parts.map((p) =>
        p.kind === 'descriptors'
          ? { ...p, items: p.items.map((i) => ({ ...i, written: new Date().toISOString() })) }
          : p,
      ),
    };
    await opened();
    await choose(boxes('thumbnails')[0]!);
    await choose(boxes('descriptors')[0]!);
    await click('remove');
    const dialog = document.querySelector('[role=dialog]')!;
    const age = dialog.querySelector('select')!;
    age.value = '30d';
    age.dispatchEvent(new Event('change'));
    await nextTick();
    expect(dialog.textContent).toMatch(/Remove 3\.0 MB.*Thumbnails/);
    expect(dialog.textContent).toMatch(/1 thing that was chosen is not that old/);
    await click('remove-now');
    expect(started()).toMatchObject([{ remove: ['thumbnails:all'], olderThan: '30d' }]);
  });

  it('chooses all that can be computed again, without what is kept and what cannot', async () => {
    await opened();
    [...document.querySelectorAll('button')].find((b) => b.textContent.includes('Choose all'))!.click();
    await nextTick();
    await click('remove');
    await click('remove-now');
    expect(started()).toMatchObject([{ remove: ['thumbnails:all', 'descriptors:bbbbbbbb-320'], force: false }]);
  });

  it('looks again when something changed, and says what was removed last', async () => {
    await opened();
    report = { ...report, parts: report.parts.slice(1), busy: 'Job 4 (Train) is under way' };
    engine.say({ event: 'changed', what: 'storage' });
    await settled();
    await nextTick();
    expect(find('part-thumbnails')).toBeNull();
    expect(view.text()).toContain('Job 4 (Train) is under way. Until it is done');
    const result = { done: true, removed: [], stays: [], files: 12, bytes: 3_000_000, compacted: null };
    engine.say({
      event: 'job',
      job: {
        id: 5,
        kind: 'clean',
        title: 'Clean the library',
        state: 'done',
        warnings: [],
        result,
        created: '',
        started: null,
        finished: null,
        error: null,
        progress: null,
      } as unknown as JobInfo,
    });
    // What jobs give comes in when it is first looked at.
    await vi.waitFor(() => expect(view.text()).toContain('Removed last: 3.0 MB in 12 files'));
  });

  it('sets what goes by itself', async () => {
    await opened();
    const form = document.querySelector<HTMLFormElement>('form[aria-label="What goes by itself"]')!;
    const [thumbnails, checkpoints] = [...form.querySelectorAll('input')];
    expect([thumbnails!.value, checkpoints!.value]).toEqual(['4000', '10']);
    checkpoints!.value = '2';
    checkpoints!.dispatchEvent(new Event('input'));
    form.dispatchEvent(new Event('submit', { cancelable: true }));
    await settled();
    expect(engine.asked.at(-1)).toEqual({ route: 'settings.set', params: { thumbnailsMb: 4000, checkpoints: 2 } });
  });

  it('asks at once for the folder of a backup where the address does, and forgets that it did', async () => {
    const router = await opened('?backup=');
    const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
    expect(useQuestions().purpose).toBe('backup');
    expect(router.currentRoute.value.query).toEqual({});
  });
});
