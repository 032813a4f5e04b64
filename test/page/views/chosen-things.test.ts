import { mount, type VueWrapper } from '@vue/test-utils';
import { getActivePinia } from 'pinia';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref, type Ref } from 'vue';
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router';
import type { TupleInfo } from '../../../src/shared/domain.ts';
import { rowsOf, rowsText, sumOfRows } from '../../../src/renderer/views/tuples/chosen-text.ts';
import type { TupleSelection } from '../../../src/renderer/views/tuples/use-selection.ts';
import type { Choice } from '../../../src/renderer/views/clusters/use-choice.ts';
import { fakeEngine, settled } from '../support/fake-engine.ts';
import { random } from '../setup.ts';

vi.setConfig({ testTimeout: 60_000 });

let studio: VueWrapper | undefined;
let router: Router;
afterEach(() => {
  studio?.unmount();
  vi.unstubAllGlobals();
});
const at = (): string => router.currentRoute.value.fullPath;
const said = async (): Promise<string[]> =>
  (await import('../../../src/renderer/stores/notices.ts')).useNotices().notices.map((n) => n.text);
async function still(): Promise<void> {
  for (let i = 0; i < 6; i += 1) {
    await settled();
    await nextTick();
  }
}
/** A page at an address, and beside it what keeps the chosen photos of all views in it. */
async function opened(name: string, path: string, address: string, setup: () => void): Promise<void> {
  const { useSelectionAddress } = await import('../../../src/renderer/views/common/use-selection-address.ts');
  const page = (inside: () => void) => defineComponent({ setup: () => (inside(), () => h('p')) });
  router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path, name, component: page(setup), meta: { view: name } }],
  });
  await router.push(address);
  const Bar = page(() => void useSelectionAddress());
  studio = mount(defineComponent({ render: () => [h(RouterView), h(Bar)] }), {
    global: { plugins: [getActivePinia()!, router] },
  });
  await still();
}

describe('rows of a list in an address', () => {
  const next = random(5);
  it('are read as they were written, in few characters where they stand together', () => {
    for (let round = 0; round < 300; round += 1) {
      const rows = new Set(Array.from({ length: 1 + Math.floor(next() * 40) }, () => Math.floor(next() * 500)));
      const sum = sumOfRows(new Map([...rows].map((r) => [r, Math.floor(next() * 1e5)])));
      const text = rowsText(rows, sum)!;
      expect(encodeURIComponent(text)).toBe(text);
      expect(rowsOf(text, 500)).toEqual({ rows: [...rows].sort((a, b) => a - b), sum });
      expect(rowsOf(text, Math.max(...rows))).toBeNull();
    }
    expect(rowsText(Array(100_000).keys(), 0)!.length).toBeLessThan(12);
    expect(
      rowsText(
        Array.from({ length: 5000 }, (_, i) => 3 * i),
        0,
      ),
    ).toBeNull();
  });
  it('are refused where something else stands', () => {
    for (const text of ['', '.', '0.', '0.A', '0.AA', '0.BC.C', 'x y.AC', '0.AAAAAA', `0.${'AC'.repeat(3000)}`])
      expect(rowsOf(text, 1e9), text).toBeNull();
  });
});

describe('clusters that are chosen', () => {
  const PHOTOS: Readonly<Record<string, readonly string[]>> = {
    c1: ['1'.repeat(32), '2'.repeat(32)],
    c2: ['3'.repeat(32)],
    c3: ['4'.repeat(32)],
  };
  let choice: Choice;
  async function clusters(address: string): Promise<void> {
    fakeEngine({
      'photos.info': () => ({ clusters: [] }) as never,
      'photos.named': ({ begins }) => ({ photos: begins.map((b) => b[0]!.repeat(32)) }),
      'clusters.photos': ({ clusters: asked }) => ({ of: asked.map((id) => [...(PHOTOS[id] ?? [])]) }),
    });
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    const { useChoice } = await import('../../../src/renderer/views/clusters/use-choice.ts');
    const library = useLibrary();
    library.info = { path: '/one', networks: [] } as never;
    library.clusters = Object.keys(PHOTOS).map((id) => ({ id, name: id })) as never;
    library.allClusters = true;
    await opened('clusters', '/clusters', address, () => {
      choice = useChoice(() => Object.keys(PHOTOS));
    });
  }
  const photos = async (): Promise<string> =>
    [...(await import('../../../src/renderer/stores/selection.ts')).useSelection().chosen]
      .map((p) => p[0])
      .sort()
      .join('');

  it('stand in the address without their photos, which it names beside them', async () => {
    await clusters('/clusters');
    choice.choose(['c1', 'c2'], false);
    await still();
    expect([at(), await photos()]).toEqual(['/clusters?chosen=c1,c2', '123']);
    const { useSelection } = await import('../../../src/renderer/stores/selection.ts');
    useSelection().choose(['9'.repeat(32)], undefined, true);
    await still();
    expect(at()).toMatch(/^\/clusters\?chosen=c1,c2&photos=~[\w-]{8}$/);
    const address = at();
    studio!.unmount();
    await clusters(address);
    expect([[...choice.chosen.value], await photos(), at(), await said()]).toEqual([['c1', 'c2'], '1239', address, []]);
    choice.none();
    await still();
    expect([await photos(), router.currentRoute.value.query['chosen']]).toEqual(['9', undefined]);
  });

  it('are those that there are; that others are not here is said', async () => {
    await clusters('/clusters?chosen=c2,gone');
    expect([[...choice.chosen.value], at()]).toEqual([['c2'], '/clusters?chosen=c2']);
    expect(await said()).toEqual(['The library has 1 of the 2 clusters that the address chooses']);
  });

  it('are known to be too many for the address', async () => {
    await clusters('/clusters?as=table');
    choice.choose(
      Array.from({ length: 900 }, (_, i) => `c${i}`),
      false,
    );
    await still();
    const { query } = router.currentRoute.value;
    expect([choice.tooLong.value, query['chosen'], query['as']]).toEqual([true, undefined, 'table']);
    // Their photos are few enough.
    expect(String(query['photos'])).toHaveLength(4 * 8);
  });
});

describe('tuples that are selected', () => {
  let selection: TupleSelection;
  let ready: Ref<boolean>;
  /** Numbers as mined, in the order of the list. */
  async function tuples(address: string, order: readonly number[]): Promise<void> {
    fakeEngine({});
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    useLibrary().info = { path: '/one', networks: [] } as never;
    const { useChosenTuples } = await import('../../../src/renderer/views/tuples/use-chosen-tuples.ts');
    const { useTupleSelection } = await import('../../../src/renderer/views/tuples/use-selection.ts');
    const rowsAt = (rows: readonly number[]): Promise<ReadonlyMap<number, TupleInfo>> =>
      Promise.resolve(new Map(rows.map((row) => [row, { index: order[row] } as TupleInfo])));
    await opened('tuples', '/tuples/:run?/:index?', address, () => {
      selection = useTupleSelection();
      ready = ref(false);
      useChosenTuples({ ready, total: ref(order.length), rowsAt }, selection);
    });
    ready.value = true;
    await still();
  }
  function select(rows: readonly number[], order: readonly number[]): void {
    selection.numbers.value = new Map(rows.map((row) => [row, order[row]!]));
    selection.choose(rows);
  }
  const ORDER = [5, 3, 9, 1, 0, 2, 4, 8, 7, 6];

  it('stand in the address, and are selected again in the same list', async () => {
    await tuples('/tuples/2?sort=mined', ORDER);
    select([1, 2, 3, 7], ORDER);
    await still();
    const address = at();
    expect(address).toMatch(/^\/tuples\/2\?sort=mined&chosen=\w+\.[\w-]{4}$/);
    studio!.unmount();
    await tuples(address, ORDER);
    expect([[...selection.selected.value], at(), await said()]).toEqual([[1, 2, 3, 7], address, []]);
    // They were not on the screen yet: nothing can be decided of them.
    expect(selection.seenSelected.value).toEqual([]);
    selection.clear();
    await still();
    expect(at()).toBe('/tuples/2?sort=mined');
  });

  it('are not guessed in a list that has changed, which is said', async () => {
    await tuples('/tuples/2', ORDER);
    select([1, 2], ORDER);
    await still();
    const address = at();
    studio!.unmount();
    await tuples(address, ORDER.slice(1));
    expect([selection.selected.value.size, at()]).toEqual([0, '/tuples/2']);
    expect(await said()).toEqual(['The tuples that the address chooses are not chosen']);
  });
});
