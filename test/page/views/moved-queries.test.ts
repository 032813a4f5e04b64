import { mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { fakeEngine } from '../support/fake-engine.ts';

afterEach(() => vi.unstubAllGlobals());

it('makes rows as one goes on, all of them in the end, and begins anew with other ones', async () => {
  fakeEngine();
  /** Tells the newest observer whether what it looks at is seen. */
  let tell: (seen: boolean) => void = () => undefined;
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      #told: (entries: { isIntersecting: boolean }[]) => void;
      constructor(told: (entries: { isIntersecting: boolean }[]) => void) {
        this.#told = told;
      }
      observe(): void {
        tell = (isIntersecting) => this.#told([{ isIntersecting }]);
      }
      disconnect(): void {
        tell = () => undefined;
      }
    },
  );
  const { default: MovedQueries } = await import('../../../src/renderer/views/tuples/MovedQueries.vue');
  const of = (n: number) =>
    Array.from({ length: n }, (_, i) => ({
      query: `q${i}`,
      indexA: i,
      indexB: 100 + i,
      before: 0.5,
      after: 0.4 + 0.01 * i,
      negativeBefore: `b${i}`,
      negativeAfter: `a${i}`,
    }));
  const view = mount(MovedQueries, { props: { moved: of(30) } });
  const rows = (): number => view.findAll('.moved').length;
  await nextTick();
  expect(rows()).toBe(12);
  tell(false);
  await nextTick();
  expect(rows()).toBe(12);
  for (const expected of [24, 30]) {
    tell(true);
    await nextTick();
    await nextTick();
    expect(rows()).toBe(expected);
  }
  tell(true);
  await nextTick();
  expect(rows()).toBe(30);
  await view.findAll('.moved .query')[29]!.trigger('click');
  expect(view.emitted('open')).toEqual([[129]]);
  await view.setProps({ moved: of(40) });
  await nextTick();
  expect(rows()).toBe(12);
  tell(true);
  await nextTick();
  expect(rows()).toBe(24);
  await view.setProps({ moved: [] });
  expect(view.text()).toContain('None: the runs share no query');
  view.unmount();
});
