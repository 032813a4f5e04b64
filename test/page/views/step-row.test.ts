import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { JobInfo, LibraryInfo, PathSteps } from '../../../src/shared/domain.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const PATH: PathSteps = {
  steps: [
    { name: 'photos', state: 'done', why: '40 photos', estimate: null },
    { name: 'places', state: 'done', why: '3 clusters', estimate: null },
    { name: 'describe', state: 'possible', why: '40 photos not described yet', estimate: null },
  ],
  next: 'describe',
};
const progress = { step: 'Matching', done: 1, total: 2, unit: 'pairs', rate: 1, left: 1 };
const finding = {
  id: 5,
  kind: 'cluster',
  title: 'Cluster photos',
  state: 'running',
  progress,
  brings: ['photos', 'matches', 'clusters'],
  error: null,
  warnings: [],
  result: null,
} as unknown as JobInfo;

let engine: FakeEngine;
let row: VueWrapper;
beforeAll(() => import('../../../src/renderer/views/start/StepRow.vue'), 120_000);
beforeEach(() => {
  engine = fakeEngine({
    'library.current': () =>
      ({ path: '/data/places', name: 'places', photos: 40, networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'start.steps': () => PATH,
    'jobs.list': () => [finding],
    'jobs.cancel': () => null,
  });
});
afterEach(() => {
  row?.unmount();
  vi.unstubAllGlobals();
});

it('a job that finds places is stopped at them once they would stay', async () => {
  const { default: StepRow } = await import('../../../src/renderer/views/start/StepRow.vue');
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
  const { useSteps } = await import('../../../src/renderer/stores/steps.ts');
  useJobs().listen();
  await useLibrary().refresh();
  await useJobs().refresh();
  useSteps().take({ steps: true });
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/', name: 'clusters', component: { template: '<p />' } }],
  });
  await router.push('/');
  row = mount(StepRow, { global: { plugins: [router] } });
  await settled();
  await nextTick();
  expect(row.get('[role=status]').text()).toBe('Places are being found');
  expect(row.find('[data-test=stop-here]').exists()).toBe(false);

  // What is described for drawings is no step.
  engine.say({ event: 'job', job: { ...finding, id: 6, kind: 'extract', brings: ['edge-descriptors'] } });
  engine.say({ event: 'job', job: { ...finding, state: 'queued' } });
  await nextTick();
  expect(row.get('[role=status]').text()).toBe('Places are being found');
  expect(row.findAll('button').map((b) => b.attributes('aria-label'))).toContain('Describe: next');

  engine.say({ event: 'progress', id: 5, progress: { ...progress, kept: 'The places stay.' } });
  await nextTick();
  expect(row.get('[role=status]').text()).toBe('3D models are being built');
  const stop = row.get('[data-test=stop-here]');
  expect(stop.text()).toBe('Stop at places');
  await stop.trigger('click');
  await settled();
  expect(engine.asked.filter((a) => a.route === 'jobs.cancel')).toEqual([{ route: 'jobs.cancel', params: { id: 5 } }]);
});

it('a job that describes is at work however many others of its kind were added since', async () => {
  const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
  const { useSteps } = await import('../../../src/renderer/stores/steps.ts');
  const put = (change: Partial<JobInfo>): void => engine.say({ event: 'job', job: { ...finding, ...change } });
  const off = useJobs().listen();
  await useJobs().refresh();
  put({ id: 6, kind: 'extract', brings: ['descriptors'] });
  put({ id: 7, kind: 'extract', state: 'queued', brings: ['edge-descriptors'] });
  expect(useSteps().going('describe')?.id).toBe(6);
  // One that only tries an import leaves the library as it is.
  put({ id: 8, kind: 'import', state: 'queued', brings: [] });
  expect(useSteps().going('photos')).toBeNull();
  put({ id: 6, kind: 'extract', state: 'done' });
  expect(useSteps().going('describe')).toBeNull();
  off();
});
