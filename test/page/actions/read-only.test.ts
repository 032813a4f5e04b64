import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { createMemoryHistory, createRouter } from 'vue-router';
import { beforeEach, expect, it, vi } from 'vitest';
import { action } from '../../../src/renderer/actions/action.ts';
import ActionButton from '../../../src/renderer/actions/ActionButton.vue';
import { ACTIONS } from '../../../src/renderer/actions/index.ts';
import { stateOf } from '../../../src/renderer/actions/use-action.ts';
import StatusBar from '../../../src/renderer/app/StatusBar.vue';
import { useLibrary } from '../../../src/renderer/stores/library.ts';
import type { LibraryInfo } from '../../../src/shared/domain.ts';

const WHY = 'This library is on a disk that cannot be written to';
const open = (readOnly?: string): void => {
  useLibrary().info = {
    name: 'places',
    photos: 3,
    clusters: 1,
    points: 9,
    pairs: 2,
    networks: [],
    defaults: [],
    ...(readOnly === undefined ? {} : { readOnly }),
  } as unknown as LibraryInfo;
};
beforeEach(() => setActivePinia(createPinia()));

it('what changes the library cannot be done in one that is open for reading, and says why', async () => {
  const run = vi.fn();
  const writing = action({ id: 'w', label: 'Decide', group: 'Review', undoneBy: 'undo', run });
  open(WHY);
  const w = mount(ActionButton, { props: { action: writing } });
  expect(w.attributes()).toMatchObject({ 'aria-disabled': 'true', 'aria-description': WHY });
  await w.trigger('click');
  expect(run).not.toHaveBeenCalled();
  open();
  await w.vm.$nextTick();
  await w.trigger('click');
  expect(run).toHaveBeenCalledTimes(1);
});

it('what only looks can be done', () => {
  open(WHY);
  const run = (): null => null;
  expect(stateOf(action({ id: 'r', label: 'Look', group: 'Map', undoneBy: 'look', run }))).toBe(true);
});

it('every action that starts a job, decides or imports is one that changes the library', () => {
  const ids = ['extract', 'mineTuples', 'trainDefaults', 'undo', 'accept', 'merge', 'importModels', 'findPlaces'];
  const writing = new Set(ACTIONS.filter((a) => a.writes).map((a) => a.id));
  expect(ids.filter((id) => ACTIONS.some((a) => a.id === id) && !writing.has(id))).toEqual([]);
  expect(writing.has('undo') && writing.has('extract')).toBe(true);
});

it('the page says that a library is open for reading', async () => {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/', name: 'jobs', component: { render: () => null } }],
  });
  open();
  const bar = mount(StatusBar, { global: { plugins: [router] } });
  expect(bar.find('[data-test="read-only"]').exists()).toBe(false);
  open(WHY);
  await bar.vm.$nextTick();
  expect(bar.get('[data-test="read-only"]').text()).toBe(`Read-only: ${WHY}`);
});
