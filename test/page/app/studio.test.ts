import { mount, type VueWrapper } from '@vue/test-utils';
import { getActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defineComponent, h } from 'vue';
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router';
import type { LibraryInfo } from '../../../src/shared/domain.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let studio: VueWrapper;
let router: Router;
const page = (text: string) => ({ render: () => h('p', text) });
/** How often the view of trainings was fetched; the first time its code cannot be had. */
let fetched = 0;

beforeEach(async () => {
  vi.useFakeTimers();
  fetched = 0;
  engine = fakeEngine({
    'library.current': () =>
      ({ name: 'places', photos: 3, clusters: 1, networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'jobs.list': () => [],
    'settings.get': () => ({ keys: { theme: ['q'] } }),
  });
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', name: 'tuples', component: page('tuples'), meta: { view: 'tuples' } },
      {
        path: '/train',
        name: 'train',
        meta: { view: 'train' },
        component: () => {
          fetched += 1;
          return fetched === 1 ? Promise.reject(new TypeError('no network')) : Promise.resolve(page('train'));
        },
      },
    ],
  });
  const { useStudio } = await import('../../../src/renderer/app/start.ts');
  const { usePlace } = await import('../../../src/renderer/stores/place.ts');
  usePlace().follow(router);
  await router.push('/');
  const Studio = defineComponent({
    setup() {
      useStudio();
      return () => h(RouterView);
    },
  });
  studio = mount(Studio, { global: { plugins: [getActivePinia()!, router] } });
  await settled();
  await settled();
});
afterEach(() => {
  studio.unmount();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('names the window after the view and the library', async () => {
  expect(document.title).toBe('Tuples — places — Covis');
  fetched = 1;
  await router.push('/train');
  await settled();
  expect(document.title).toBe('Train — places — Covis');
});

it('names the window after the start where no library is open, at whatever address', async () => {
  engine.answers['library.current'] = () => null;
  engine.say({ event: 'changed', what: 'library' });
  await settled();
  await settled();
  expect(document.title).toBe('Start — Covis');
});

it('takes the keys that a person chose, and those of another window as they change', async () => {
  const { keyLabel } = await import('../../../src/renderer/actions/keys.ts');
  const { theme } = await import('../../../src/renderer/actions/everywhere.ts');
  expect(keyLabel(theme)).toBe('Q');
  engine.answers['settings.get'] = () => ({});
  engine.say({ event: 'changed', what: 'settings' });
  await settled();
  expect(keyLabel(theme)).toBe('Shift T');
});

it('says that a view cannot be opened, and opens it when the engine is back', async () => {
  const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
  engine.cut();
  await router.push('/train').catch(() => undefined);
  expect(useNotices().notices.at(-1)?.text).toBe('Train cannot be opened: no network');
  expect(studio.text()).toBe('tuples');
  await vi.advanceTimersByTimeAsync(1500);
  engine.accept();
  await vi.advanceTimersByTimeAsync(1);
  await settled();
  expect(studio.text()).toBe('train');
});

it('hears nothing any more once it is gone', async () => {
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const library = useLibrary();
  studio.unmount();
  engine.say({ event: 'changed', what: 'mining' });
  expect(library.changed('mining')).toBe(0);
});
