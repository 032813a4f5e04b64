import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { ExperimentInfo, JobInfo, LibraryInfo } from '../../../src/shared/domain.ts';
import type { AdaptReport } from '../../../src/shared/facts/adapt.ts';
import { signedOf100 } from '../../../src/renderer/kit/format.ts';
import { direction, rangeOf } from '../../../src/renderer/views/adapt/interval-rows.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const interval = (mean: number, low: number | null, high: number | null) => ({ mean, low, high });
const START = { network: 'aaaaaaaa', name: 'Tiny' };
const LEARNED = { network: 'bbbbbbbb', name: 'Tiny · adapted' };
const REPORT: AdaptReport = {
  outcome: 'changed',
  said: 'Search takes Tiny · adapted now.',
  protocol: 'new-photos',
  photos: 40,
  places: 8,
  pairs: 90,
  geometry: '3D models',
  size: 320,
  seed: 0,
  protocols: [
    { protocol: 'own', possible: true, queries: 40, places: 8, missing: null },
    { protocol: 'new-photos', possible: true, queries: 40, places: 8, missing: null },
    { protocol: 'new-places', possible: false, queries: 0, places: 3, missing: 'It takes 4 places; there are 3' },
  ],
  guards: [{ name: 'minShared', label: 'Shared points', value: 10, why: 'more would leave 3 pairs' }],
  start: START,
  before: START,
  after: LEARNED,
  candidates: [
    { name: 'start', map: interval(0.5, 0.4, 0.6), difference: null, why: null },
    { name: 'whitened', map: interval(0.45, 0.4, 0.5), difference: interval(-0.05, -0.09, -0.01), why: null },
    { name: 'trained', map: interval(0.625, 0.6, 0.65), difference: interval(0.125, 0.1, 0.15), why: null },
    { name: 'trained-whitened', map: null, difference: null, why: 'no pair is left' },
  ],
  chosen: 'trained',
  figures: [
    {
      protocol: 'new-photos',
      learned: 'Before: Tiny; after: learned on what was not held out',
      queries: 40,
      places: 8,
      folds: 2,
      before: interval(0.5, 0.4, 0.6),
      after: interval(0.625, 0.6, 0.65),
      difference: interval(0.125, 0.1, 0.15),
    },
  ],
  gained: [
    {
      photo: 'c'.repeat(32),
      name: 'castle_1.jpg',
      before: 0.2,
      after: 0.9,
      foundBefore: [{ photo: 'd'.repeat(32), verdict: 'wrong' }],
      foundAfter: [
        { photo: 'e'.repeat(32), verdict: 'right' },
        { photo: 'f'.repeat(32), verdict: 'unknown' },
      ],
    },
  ],
  lost: [],
  seconds: 75,
};

let reports: ExperimentInfo[];
let engine: FakeEngine;
let view: VueWrapper;
const kept = (id: number, report: AdaptReport): ExperimentInfo => ({
  id,
  created: '2026-01-02T03:04:05.000Z',
  folder: '',
  kind: 'adapt',
  report,
});

// The first import compiles the view, which a busy machine takes long for.
beforeAll(() => import('../../../src/renderer/views/adapt/AdaptView.vue'), 60_000);
beforeEach(() => {
  reports = [kept(1, REPORT)];
  engine = fakeEngine({
    'library.current': () =>
      ({ path: '/data/places', name: 'places', photos: 40, networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'settings.get': () => ({}),
    'experiments.list': () => reports,
    'jobs.start': () => ({ job: 1 }),
    'jobs.cancel': () => null,
  });
});
afterEach(() => {
  view.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

async function opened(): Promise<void> {
  const { default: AdaptView } = await import('../../../src/renderer/views/adapt/AdaptView.vue');
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
  useLibrary().listen();
  useJobs().listen();
  await useLibrary().refresh();
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/adapt', name: 'adapt', component: AdaptView },
      { path: '/search', name: 'search', component: { template: '<p />' } },
    ],
  });
  await router.push('/adapt');
  view = mount(AdaptView, { global: { plugins: [router] }, attachTo: document.body });
  await settled();
  await nextTick();
}
const find = (test: string): HTMLElement => document.querySelector<HTMLElement>(`[data-test="${test}"]`)!;
const started = (): unknown[] =>
  engine.asked.filter((a) => a.route === 'jobs.start').map((a) => (a.params as { job: unknown }).job);

describe('the page of adapting', () => {
  it('says what was decided, and before and after under the name of the protocol', async () => {
    await opened();
    expect(find('adapt-said').textContent).toContain('Search takes Tiny · adapted now.');
    const figure = find('adapt-new-photos').textContent;
    expect(figure).toContain('New photos of known places: 40 photos of 8 places ask');
    expect(figure).toMatch(/Before50\.0 40\.0 to 60\.0/);
    expect(figure).toMatch(/After62\.5 60\.0 to 65\.0\+12\.5 \(\+10\.0 to \+15\.0\)/);
    expect(figure).toContain('learned on what was not held out.');
    expect(find('adapt-tried').textContent).toMatch(/trained \(taken\).*no pair is left/);
    expect(view.text()).toContain('more would leave 3 pairs');
    expect(view.text()).toContain('New places cannot be measured. It takes 4 places; there are 3.');
  });

  it('shows what came first before and after for the photos that gained, and says that none lost', async () => {
    await opened();
    const names = [...document.querySelectorAll('img, [role="img"]')].map(
      (i) => i.getAttribute('alt') ?? i.getAttribute('aria-label') ?? '',
    );
    expect(names.filter((n) => n.startsWith('Answer'))).toEqual([
      'Answer 1, false',
      'Answer 1, true',
      'Answer 2, not counted',
    ]);
    expect(view.text()).toContain('No photo is found worse.');
  });

  it('starts for new photos unless another is asked for, and undoes', async () => {
    await opened();
    find('adapt-start').click();
    find('adapt-undo').click();
    await settled();
    expect(started()).toEqual([
      { kind: 'adapt', protocol: 'new-photos' },
      { kind: 'adapt', undo: true },
    ]);
  });

  it('does not offer to undo what is undone already, and says what it is before the first time', async () => {
    reports = [kept(2, { ...REPORT, outcome: 'undone', before: LEARNED, after: START }), ...reports];
    await opened();
    expect(find('adapt-undo').getAttribute('aria-disabled')).toBe('true');
    find('adapt-undo').click();
    expect(started()).toEqual([]);
    view.unmount();
    reports = [];
    await opened();
    expect(view.text()).toContain('Let search learn from your photos');
  });

  it('shows progress while it is at work, and stops it', async () => {
    await opened();
    const job = { id: 7, kind: 'adapt', title: 'Adapt to my photos', state: 'running', error: null, warnings: [] };
    engine.say({ event: 'job', job: { ...job, result: null, progress: null } as unknown as JobInfo });
    engine.say({
      event: 'progress',
      id: 7,
      progress: { step: 'Training, fold 1 of 2', done: 3, total: 12, unit: 'tuples', rate: 1, left: 9, whole: 7200 },
    });
    await settled();
    await nextTick();
    expect(view.text()).toContain('Training, fold 1 of 2');
    // Of all steps, not of this one.
    expect(view.find('.now').text()).toContain('2 h left');
    expect(find('adapt-start').getAttribute('aria-disabled')).toBe('true');
    document.querySelector<HTMLElement>('.now button')!.click();
    await settled();
    expect(engine.asked.at(-1)).toEqual({ route: 'jobs.cancel', params: { id: 7 } });
  });
});

describe('differences as people read them', () => {
  it('are up or down only where the whole interval is', () => {
    expect(direction(interval(0.1, 0.01, 0.2))).toBe('up');
    expect(direction(interval(-0.1, -0.2, -0.01))).toBe('down');
    expect(direction(interval(0.1, -0.01, 0.2))).toBe('open');
    expect(direction(interval(0.1, null, null))).toBe('open');
    expect(rangeOf(interval(0.1, null, null))).toBe('too few places for an interval');
    expect(signedOf100(-0.0314)).toBe('−3.1');
  });
});
