import { flushPromises, mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router';
import { changeQuery, useQuery } from '../../../src/renderer/stores/query.ts';

type Change = ReturnType<typeof useQuery>['change'];

/** A router at an address of the page `a`, and how a component on that page changes its query; `b` takes a while to be fetched. */
async function opened(address: string): Promise<{ router: Router; change: Change; arrive: () => void }> {
  let change: Change | undefined;
  let arrive: () => void = () => undefined;
  const A = defineComponent({
    setup() {
      ({ change } = useQuery());
      return () => h('p');
    },
  });
  const B = defineComponent({ render: () => h('b') });
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/a/:id?', name: 'a', component: A },
      { path: '/b', name: 'b', component: () => new Promise((done) => (arrive = () => done(B))) },
      { path: '/c', name: 'c', component: () => Promise.reject(new Error('no server')) },
    ],
  });
  await router.push(address);
  mount(RouterView, { global: { plugins: [router] } });
  await flushPromises();
  return { router, change: change!, arrive: () => arrive() };
}
const at = (router: Router): string => router.currentRoute.value.fullPath;

describe('the query of the address', () => {
  it('has both of two changes in one turn, whoever says them, and keeps what neither names', async () => {
    const { router, change } = await opened('/a?keep=1&gone=2');
    void change({ one: 1, gone: undefined });
    void changeQuery(router, { two: 'x' });
    void change({ one: 3 });
    await flushPromises();
    expect(at(router)).toBe('/a?keep=1&one=3&two=x');
    // What was said is not said again.
    await change({ one: undefined });
    await changeQuery(router, { two: undefined });
    expect(at(router)).toBe('/a?keep=1');
  });

  it('has what a change says that comes while one is under way', async () => {
    const { router, change } = await opened('/a');
    void change({ one: 1 });
    await Promise.resolve();
    await change({ two: 2 });
    expect(at(router)).toBe('/a?one=1&two=2');
  });

  it('is one step where one of those that come together is, and none where none is', async () => {
    const { router, change } = await opened('/a');
    void change({ one: 1 }, { push: true, params: { id: 7 } });
    void change({ two: 2 });
    await flushPromises();
    expect(at(router)).toBe('/a/7?one=1&two=2');
    await change({ three: 3 });
    expect(at(router)).toBe('/a/7?one=1&two=2&three=3');
    router.back();
    await flushPromises();
    expect(at(router)).toBe('/a');
  });

  it('keeps nobody from another page, which has a query of its own', async () => {
    const { router, change, arrive } = await opened('/a?one=1');
    void router.push('/b?other=2');
    await flushPromises();
    void change({ one: 3 });
    await flushPromises();
    arrive();
    await flushPromises();
    expect(at(router)).toBe('/b?other=2');
    // What comes late from a page that was left is not about this one.
    await change({ one: 4 });
    expect(at(router)).toBe('/b?other=2');
  });

  it('can be changed again where another page could not be opened', async () => {
    const { router, change } = await opened('/a?one=1');
    router.onError(() => undefined);
    await expect(router.push('/c')).rejects.toThrow('no server');
    await change({ one: 2 });
    expect(at(router)).toBe('/a?one=2');
  });
});
