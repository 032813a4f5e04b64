import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { createMemoryHistory, createRouter, type Router } from 'vue-router';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Who matches whom, best first. */
const MATCHED: Readonly<Record<string, readonly string[]>> = { a: ['b', 'c'], b: ['a'], c: ['a'], d: [] };
let engine: FakeEngine;
let view: VueWrapper | undefined;
let router: Router;

beforeEach(() => {
  engine = fakeEngine({
    'photos.info': ({ id }) => ({ id, name: `${id}.jpg`, scene: 's', width: 4, height: 3, clusters: [] }) as never,
    'matches.of': ({ photo }) =>
      (MATCHED[photo] ?? []).map((id) => ({
        photo: id,
        name: `${id}.jpg`,
        matches: 9,
        inliers: 8,
        aspect: 1.5,
      })) as never,
    'collections.list': () => [],
    'folds.under': ({ photos }) => ({ under: photos.map(() => null), folds: photos.map(() => 0) }),
  });
});
afterEach(() => {
  view?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

/** Opens the page at an address, as a reload does. */
async function opened(query: string): Promise<void> {
  const { default: PhotosView } = await import('../../../src/renderer/views/photos/PhotosView.vue');
  router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/photos', name: 'photos', component: PhotosView }],
  });
  await router.push(`/photos${query}`);
  view = mount(PhotosView, {
    global: { plugins: [router], stubs: { KitPhotoTile: true, ActionButton: true, TimePlaceTab: true } },
    attachTo: document.body,
  });
  await still();
}
async function still(): Promise<void> {
  for (let i = 0; i < 8; i += 1) {
    await settled();
    await nextTick();
  }
}
/** Whose matches are shown, and which photos those are. */
const shown = (): readonly string[] => [
  (engine.asked.filter((q) => q.route === 'matches.of').at(-1)?.params as { photo: string }).photo,
  ...view!.findAll('.frame').map((f) => f.attributes('data-choose')!),
];
const address = (): Record<string, unknown> => ({ ...router.currentRoute.value.query });
const frame = (id: string) => view!.get(`.frame[data-choose=${id}]`);

describe('a photo that matches the one shown', () => {
  it('is chosen without taking its place, and the address says which is which', async () => {
    await opened('?tab=matches&photo=a');
    expect(shown()).toEqual(['a', 'b', 'c']);
    expect(address()).toEqual({ tab: 'matches', photo: 'a' });
    await frame('c').trigger('click', { ctrlKey: true });
    await still();
    expect(shown()).toEqual(['a', 'b', 'c']);
    expect(address()).toEqual({ tab: 'matches', photo: 'c', of: 'a' });
    expect(frame('c').attributes('aria-pressed')).toBe('true');
  });

  it('is still the chosen one after a reload, and the one shown is still shown', async () => {
    await opened('?tab=matches&photo=c&of=a');
    expect(shown()).toEqual(['a', 'b', 'c']);
    expect(address()).toEqual({ tab: 'matches', photo: 'c', of: 'a' });
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    expect(useLibrary().selectedPhoto).toBe('c');
  });

  it('is looked at beside it, and turned around with it', async () => {
    await opened('?tab=matches&photo=c&of=a');
    await frame('b').trigger('click');
    await still();
    expect(address()).toEqual({ tab: 'matches', photo: 'a', with: 'b' });
    await view!
      .findAll('button')
      .find((b) => b.text() === 'Turn around')!
      .trigger('click');
    await still();
    expect(shown()).toEqual(['b', 'a']);
    expect(address()).toEqual({ tab: 'matches', photo: 'b', with: 'a' });
  });
});

it('a photo that does not match takes the place of the one shown, also where an address says otherwise', async () => {
  await opened('?tab=matches&photo=a');
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  await useLibrary().select('d');
  await still();
  expect(shown()).toEqual(['d']);
  expect(address()).toEqual({ tab: 'matches', photo: 'd' });
  view!.unmount();
  await opened('?tab=matches&photo=d&of=a');
  expect(shown()).toEqual(['d']);
  expect(address()).toEqual({ tab: 'matches', photo: 'd' });
});

it('another tab forgets which one was shown', async () => {
  await opened('?tab=matches&photo=c&of=a&with=b');
  await view!
    .findAll('[role=tab]')
    .find((t) => t.text() === 'When and where')!
    .trigger('click');
  await still();
  expect(address()).toEqual({ tab: 'when', photo: 'c' });
});
