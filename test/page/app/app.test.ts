import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia, type Pinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory } from 'vue-router';
import type { ClusterInfo, LibraryInfo } from '../../../src/shared/domain.ts';
import { action } from '../../../src/renderer/actions/action.ts';
import { ACTIONS } from '../../../src/renderer/actions/index.ts';
import { chosenKeys } from '../../../src/renderer/actions/keys.ts';
import CommandPalette from '../../../src/renderer/app/CommandPalette.vue';
import KeyRow from '../../../src/renderer/app/KeyRow.vue';
import SideBar from '../../../src/renderer/app/SideBar.vue';
import { actionEntries, fit, namedEntries, search, viewEntries } from '../../../src/renderer/app/palette.ts';
import { makeRouter, windowTitle } from '../../../src/renderer/app/router.ts';
import { useLibrary } from '../../../src/renderer/stores/library.ts';
import { usePlace } from '../../../src/renderer/stores/place.ts';
import { VIEWS } from '../../../src/renderer/views/index.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { view } from '../../../src/renderer/views/view.ts';

let pinia: Pinia;
const mounted: VueWrapper[] = [];
beforeEach(() => {
  pinia = createPinia();
  setActivePinia(pinia);
  chosenKeys.value = {};
});
afterEach(() => {
  vi.unstubAllGlobals();
  for (const w of mounted.splice(0)) w.unmount();
  document.body.innerHTML = '';
});

const blank = { default: { render: () => null } };
const garden = view({
  name: 'garden',
  title: 'Garden',
  icon: blank.default,
  path: '/garden',
  component: () => Promise.resolve(blank),
  palette: [{ label: 'Garden: roses', query: { tab: 'roses' } }],
  pages: [{ name: 'bed', path: '/garden/:id', component: () => Promise.resolve(blank) }],
});

describe('the router from the list of views', () => {
  it('leads to each view and its pages, and says whose they are', async () => {
    const router = makeRouter([...VIEWS, garden], createMemoryHistory());
    const of = (path: string) => {
      const to = router.resolve(path);
      return [to.name, to.meta['view'], to.params];
    };
    expect(of('/garden')).toEqual(['garden', 'garden', {}]);
    expect(of('/garden/7')).toEqual(['bed', 'garden', { id: '7' }]);
    expect(of('/clusters/ab')).toEqual(['cluster', 'clusters', { id: 'ab' }]);
    expect(of('/tuples/3/9')).toEqual(['tuples', 'tuples', { run: '3', index: '9' }]);
    for (const v of VIEWS) expect(router.hasRoute(v.name), v.name).toBe(true);
  });

  it('opens on the first view, also from addresses that nothing has', async () => {
    const router = makeRouter([garden], createMemoryHistory());
    await router.push('/');
    expect(router.currentRoute.value.path).toBe('/garden');
    await router.push('/nowhere/at/all');
    expect(router.currentRoute.value.path).toBe('/garden');
  });

  it('tells the place which view is shown, and lets actions go elsewhere', async () => {
    const router = makeRouter([garden], createMemoryHistory());
    usePlace().follow(router);
    await router.push('/garden/7');
    expect(usePlace().view).toBe('garden');
    usePlace().go({ name: 'garden' });
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe('garden'));
  });
});

it('the window is called after its view and its library', () => {
  expect(windowTitle(garden, 'places')).toBe('Garden — places — Covis');
  expect(windowTitle(garden, undefined)).toBe('Garden — Covis');
  expect(windowTitle(undefined, undefined)).toBe('Covis');
});

it('the side bar has every view in order, with its key, and marks the one that is shown', async () => {
  const router = makeRouter(VIEWS, createMemoryHistory());
  usePlace().follow(router);
  usePlace().view = 'clusters';
  chosenKeys.value = { photos: ['q'] };
  const bar = mount(SideBar, { global: { plugins: [pinia, router] } });
  mounted.push(bar);
  const links = bar.findAll('a');
  expect(links.map((l) => l.text())).toEqual(VIEWS.map((v) => v.title));
  expect(links[0]!.attributes()).toMatchObject({ href: '/clusters', title: 'Clusters (1)', 'aria-current': 'page' });
  expect(links[1]!.attributes('title')).toBe('Photos (Q)');
  expect(links[1]!.attributes('aria-current')).toBeUndefined();
});

describe('the palette', () => {
  const ready = action({ id: 'r', label: 'Ready', group: 'Map', keys: ['q'], run: () => undefined });
  const refused = action({ id: 'n', label: 'Refused', group: 'Map', applies: () => 'Not today', run: () => undefined });
  const elsewhere = action({ id: 'w', label: 'Elsewhere', group: 'Map', within: ['map'] });
  const hidden = action({ id: 'h', label: 'Hidden', group: 'Map', offered: [], run: () => undefined });

  it('finds by words in any order and ranks starts of labels and of words first', () => {
    expect(fit('Show the selected photo', ['photo', 'show'])).toBe(5);
    expect(fit('Photos', ['photo'])).toBeGreaterThan(fit('Show the selected photo', ['photo']));
    expect(fit('Show the selected photo', ['hot'])).toBe(1);
    expect(fit('Show', ['map'])).toBe(-1);
  });

  it('shows what cannot be done with the reason, last; what only other views do when asked for by name', () => {
    const all = [hidden, refused, elsewhere, ready];
    expect(search(actionEntries(all, false), '').map((e) => [e.label, e.note, e.why])).toEqual([
      ['Ready', 'Q', null],
      ['Refused', '', 'Not today'],
    ]);
    expect(search(actionEntries(all, true), 'else').map((e) => e.why)).toEqual(['Only in Map']);
  });

  it('knows every view, places within views, undo, clusters and photos', () => {
    const went: unknown[] = [];
    const all = [
      ...actionEntries(ACTIONS, true),
      ...viewEntries(VIEWS, (name, query) => went.push([name, query])),
      ...namedEntries('cluster', [{ id: 'c1', name: 'pagoda' }], (id) => went.push(id)),
      ...namedEntries('photo', [{ id: 'p1', name: 'pagoda_01.jpg' }], (id) => went.push(id)),
    ];
    const first = (text: string) => search(all, text)[0]?.id;
    for (const v of VIEWS)
      expect(
        search(all, v.title).map((e) => e.id),
        v.name,
      ).toContain(`action ${v.name}`);
    expect([first('photos'), first('undo'), first('near dupl'), first('pagoda'), first('pagoda_01')]).toEqual([
      'action photos',
      'action undo',
      'view photos Photos: near duplicates',
      'cluster c1',
      'photo p1',
    ]);
    for (const text of ['near dupl', 'pagoda', 'pagoda_01']) search(all, text)[0]!.run();
    expect(went).toEqual([['photos', { tab: 'duplicates' }], 'c1', 'p1']);
  });

  it('is used by keyboard: type, move, Enter; what is grey is not done', async () => {
    FakeSocket.install();
    const library = useLibrary();
    library.info = { photos: 0, clusters: 0, networks: [] } as unknown as LibraryInfo;
    library.clusters = [
      { id: 'c1', name: 'pagoda' },
      { id: 'c2', name: 'pagoda east' },
    ] as ClusterInfo[];
    const go = vi.spyOn(usePlace(), 'go').mockReturnValue();
    const palette = mount(CommandPalette, {
      props: { open: false },
      attachTo: document.body,
      global: { plugins: [pinia] },
    });
    mounted.push(palette);
    await palette.setProps({ open: true });
    const input = document.querySelector<HTMLInputElement>('[role="combobox"]')!;
    const type = async (text: string) => {
      input.value = text;
      input.dispatchEvent(new Event('input'));
      await Promise.resolve();
    };
    const key = async (k: string) => {
      input.dispatchEvent(new KeyboardEvent('keydown', { key: k, bubbles: true, cancelable: true }));
      await new Promise((r) => setTimeout(r));
    };
    const options = () => [...document.querySelectorAll('[role="option"]')];
    await type('pagoda');
    expect(options().map((o) => o.getAttribute('aria-selected'))).toEqual(['true', 'false']);
    await key('ArrowDown');
    expect(input.getAttribute('aria-activedescendant')).toBe(options()[1]!.id);
    await key('ArrowDown');
    await key('ArrowUp');
    await key('Enter');
    expect(go).toHaveBeenCalledWith({ name: 'cluster', params: { id: 'c2' } });
    expect(palette.emitted('update:open')).toEqual([[false]]);
    await palette.setProps({ open: false });
    await palette.setProps({ open: true });
    await type('with the defaults');
    expect(options()[0]?.textContent).toContain('The library has no photos yet');
    expect(options()[0]?.getAttribute('aria-disabled')).toBe('true');
    await key('Enter');
    expect(palette.emitted('update:open')).toHaveLength(1);
    await type('zzz');
    expect(document.body.textContent).toContain('Nothing has this name');
  });
});

describe('a row of the sheet of keys', () => {
  const row = (changing: boolean) => {
    const w = mount(KeyRow, {
      props: {
        action: action({ id: 'a', label: 'Accept', group: 'Review', keys: ['a'], run: () => undefined }),
        changing,
      },
      attachTo: document.body,
    });
    mounted.push(w);
    return w;
  };

  it('binds nothing unless keys are being changed', () => {
    expect(row(false).find('button').exists()).toBe(false);
  });

  it('takes the next key after it was chosen; Esc, its own key and leaving change nothing', async () => {
    const w = row(true);
    const button = w.get('button');
    await button.trigger('keydown', { key: 'q' });
    expect(w.emitted('bind')).toBeUndefined();
    await button.trigger('click');
    expect(button.attributes('aria-label')).toBe('Press the new key of “Accept”');
    await button.trigger('keydown', { key: 'Escape' });
    await button.trigger('click');
    await button.trigger('keydown', { key: 'a' });
    await button.trigger('click');
    await button.trigger('keydown', { key: 'Tab' });
    await button.trigger('blur');
    await button.trigger('keydown', { key: 'q' });
    expect(w.emitted('bind')).toBeUndefined();
    await button.trigger('click');
    await button.trigger('keydown', { key: 'Q', shiftKey: true });
    expect(w.emitted('bind')).toEqual([['shift+q']]);
  });
});
