import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, ref, shallowRef, type ShallowRef } from 'vue';
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router';
import type { MiningRunInfo } from '../../../src/shared/domain.ts';
import { useAddress, type TuplesAddress } from '../../../src/renderer/views/tuples/use-address.ts';
import { fakeEngine, settled } from '../support/fake-engine.ts';

vi.setConfig({ testTimeout: 60_000 });

const runsOf = (...ids: number[]): MiningRunInfo[] => ids.map((id) => ({ id }) as MiningRunInfo);

describe('a list of tuples', () => {
  let router: Router;
  let runs: ShallowRef<readonly MiningRunInfo[]>;
  let address: TuplesAddress;
  const at = (): string => router.currentRoute.value.fullPath;

  async function opened(path: string): Promise<void> {
    runs = shallowRef([]);
    const View = defineComponent({
      setup() {
        address = useAddress(runs, ref(50));
        return () => h('p');
      },
    });
    router = createRouter({
      history: createMemoryHistory(),
      routes: [{ path: '/tuples/:run?/:index?', name: 'tuples', component: View }],
    });
    await router.push(path);
    mount(RouterView, { global: { plugins: [router] } });
    await flushPromises();
  }
  async function mined(...ids: number[]): Promise<void> {
    runs.value = runsOf(...ids);
    await flushPromises();
  }

  it('has its run in the address as soon as one is shown, in no step of its own', async () => {
    await opened('/tuples?sort=mined');
    expect(at()).toBe('/tuples?sort=mined');
    await mined(4, 2);
    expect(at()).toBe('/tuples/4?sort=mined');
    await router.push('/tuples/2');
    router.back();
    await flushPromises();
    expect(at()).toBe('/tuples/4?sort=mined');
  });

  it('follows a newer run only as long as nobody asked for this one or moved in it', async () => {
    await opened('/tuples');
    await mined(4);
    await mined(5, 4);
    expect([at(), address.run.value?.id]).toEqual(['/tuples/5', 5]);
    address.show(3);
    await flushPromises();
    await mined(6, 5, 4);
    expect(at()).toBe('/tuples/5/3');
    address.chooseRun(6);
    await flushPromises();
    await mined(7, 6, 5, 4);
    expect(at()).toBe('/tuples/6');
  });

  it('keeps a run that an address names and that there is not, so that it is said', async () => {
    await opened('/tuples/99');
    await mined(4);
    expect([at(), address.run.value]).toEqual(['/tuples/99', null]);
  });
});

describe('a collection that an address names', () => {
  let view: VueWrapper | undefined;
  afterEach(() => {
    view?.unmount();
    vi.unstubAllGlobals();
  });

  async function said(path: string): Promise<string> {
    fakeEngine({ 'collections.list': () => [] });
    const { default: CollectionsView } = await import('../../../src/renderer/views/collections/CollectionsView.vue');
    const { useCollections } = await import('../../../src/renderer/stores/collections.ts');
    const router = createRouter({
      history: createMemoryHistory(),
      routes: [
        { path: '/collections', name: 'collections', component: CollectionsView },
        { path: '/collections/:id', name: 'collection', component: CollectionsView },
      ],
    });
    await router.push(path);
    view = mount(CollectionsView, { global: { plugins: [router], stubs: { NewDialog: true, KitToolbar: true } } });
    await useCollections().refresh();
    await settled();
    return view.get('.kit-empty').text();
  }

  it('is said to be none in a library without any, with the way to a first one', async () => {
    const text = await said('/collections/none');
    expect(text).toContain('There is no collection none');
    expect(text).toContain('This library has no collections');
    expect(view!.find('[data-test=first-collection]').exists()).toBe(true);
  });

  it('is not said where none is named', async () => {
    expect(await said('/collections')).toContain('No collections yet');
  });
});
