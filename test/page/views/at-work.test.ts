import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { nextTick, type Component } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { Brought, JobInfo, LibraryInfo } from '../../../src/shared/domain.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let view: VueWrapper;
let jobs: JobInfo[];
const job = (change: Partial<JobInfo>): JobInfo =>
  ({
    id: 7,
    kind: 'extract',
    title: 'Extract descriptors',
    state: 'running',
    progress: { step: 'Describing photos with Tiny', done: 3, total: 40, unit: 'photos', rate: 1, left: 37 },
    error: null,
    warnings: [],
    result: null,
    ...change,
  }) as JobInfo;

// The first import compiles the views, which a busy machine takes long for.
beforeAll(async () => {
  await import('../../../src/renderer/views/manifold/ManifoldView.vue');
  await import('../../../src/renderer/views/map/MapView.vue');
}, 120_000);
beforeEach(() => {
  jobs = [];
  engine = fakeEngine({
    'library.current': () =>
      ({ path: '/data/places', name: 'places', photos: 40, networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'sets.list': () => [],
    'jobs.list': () => jobs,
    'jobs.cancel': () => null,
  });
});
afterEach(() => {
  view.unmount();
  vi.unstubAllGlobals();
});

async function opened(name: 'manifold' | 'map'): Promise<void> {
  const { default: shown } = (await (name === 'map'
    ? import('../../../src/renderer/views/map/MapView.vue')
    : import('../../../src/renderer/views/manifold/ManifoldView.vue'))) as { default: Component };
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
  useJobs().listen();
  await useLibrary().refresh();
  await useJobs().refresh();
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', name, component: shown }] });
  await router.push('/');
  view = mount(shown, { global: { plugins: [router] } });
  await settled();
  await nextTick();
}
const title = (): string => view.find('h2').text();
const brings = (...brought: Brought[]): JobInfo[] => [job({ brings: brought })];

it.each([
  ['manifold', 'No descriptors yet'],
  ['map', 'No map yet'],
] as const)('%s says what it lacks where nobody makes it', async (name, said) => {
  jobs = [job({ brings: ['edge-descriptors'] }), job({ id: 6, state: 'done' })];
  await opened(name);
  expect(title()).toBe(said);
});

it.each(['manifold', 'map'] as const)(
  '%s shows the descriptors that are on their way, and stops them',
  async (name) => {
    jobs = brings('descriptors');
    await opened(name);
    expect(title()).toBe('Photos are being described');
    expect(view.get('[role=progressbar]').attributes('aria-valuenow')).toBe('3');
    expect(view.find('[data-test=make-map]').exists()).toBe(false);
    await view
      .findAll('button')
      .find((b) => b.text() === 'Cancel')!
      .trigger('click');
    await settled();
    expect(engine.asked.filter((a) => a.route === 'jobs.cancel')).toEqual([
      { route: 'jobs.cancel', params: { id: 7 } },
    ]);
    engine.say({ event: 'job', job: { ...jobs[0]!, state: 'cancelled' } });
    await nextTick();
    expect(title()).toBe(name === 'map' ? 'No map yet' : 'No descriptors yet');
  },
);

it('a map that is laid out is no longer offered', async () => {
  jobs = [job({ kind: 'map', title: 'Map of all photos', brings: ['descriptors', 'map'] })];
  await opened('map');
  expect(title()).toBe('The map is being laid out');
});
