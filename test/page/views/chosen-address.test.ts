import { mount, type VueWrapper } from '@vue/test-utils';
import { getActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref, shallowRef, type ShallowRef } from 'vue';
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router';
import type { Point } from '../../../src/renderer/kit/polygon.ts';
import { photosText } from '../../../src/renderer/kit/short-text.ts';
import type { useLibrary } from '../../../src/renderer/stores/library.ts';
import type { useNotices } from '../../../src/renderer/stores/notices.ts';
import type { useSelection } from '../../../src/renderer/stores/selection.ts';
import type { MapPhotos, ShownMap } from '../../../src/renderer/views/map/map-data.ts';
import type { Lassoed } from '../../../src/renderer/views/map/use-lassoed.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';
import { random } from '../setup.ts';

type Map2 = Pick<ShownMap, 'photos' | 'x' | 'y'>;

const N = 1000;
let ids: string[];
let engine: FakeEngine;
let studio: VueWrapper | undefined;
let router: Router;
let selection: ReturnType<typeof useSelection>;
let library: ReturnType<typeof useLibrary>;
let notices: ReturnType<typeof useNotices>;
let lasso: Lassoed;
let map: ShallowRef<Map2 | null>;
let shown: Map2;
let tooLong: { readonly value: boolean };

/** Photos at places of their own, by a seed. */
async function laidOut(seed: number): Promise<Map2> {
  const { MapPhotos } = await import('../../../src/renderer/views/map/map-data.ts');
  const next = random(seed);
  const photos: MapPhotos = new MapPhotos(Uint8Array.from(Buffer.from(ids.join(''), 'hex')));
  return { photos, x: Float32Array.from({ length: N }, next), y: Float32Array.from({ length: N }, next) };
}
async function still(): Promise<void> {
  for (let i = 0; i < 6; i += 1) {
    await settled();
    await nextTick();
  }
}
/** Opens the page at an address, as a reload does: nothing of before is known, and the map is on its way. */
async function opened(address: string, mapThere = true): Promise<void> {
  engine = fakeEngine({
    'photos.info': ({ id }) => ({ id, name: id, clusters: [] }) as never,
    'photos.named': ({ begins }) => ({ photos: begins.map((b) => ids.find((id) => id.startsWith(b)) ?? null) }),
  });
  const stores = await Promise.all([
    import('../../../src/renderer/stores/selection.ts'),
    import('../../../src/renderer/stores/library.ts'),
    import('../../../src/renderer/stores/notices.ts'),
  ]);
  selection = stores[0].useSelection();
  library = stores[1].useLibrary();
  notices = stores[2].useNotices();
  library.info = { path: '/one', networks: [], photos: N } as never;
  const { useSelectionAddress } = await import('../../../src/renderer/views/common/use-selection-address.ts');
  const { useLassoed } = await import('../../../src/renderer/views/map/use-lassoed.ts');
  const { usePhotoAddress } = await import('../../../src/renderer/views/common/use-photo-address.ts');
  shown = await laidOut(3);
  map = shallowRef(mapThere ? shown : null);
  const MapPage = defineComponent({
    setup() {
      lasso = useLassoed(map, ref('set'), (photos, also) => selection.choose(photos, undefined, also));
      usePhotoAddress();
      return () => h('p', 'map');
    },
  });
  const Page = defineComponent({ render: () => h('p', 'other') });
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/map', name: 'map', component: MapPage, meta: { view: 'map' } },
      { path: '/other', name: 'other', component: Page, meta: { view: 'other' } },
    ],
  });
  await router.push(address);
  const Bar = defineComponent({
    setup() {
      ({ tooLong } = useSelectionAddress());
      return () => h('b');
    },
  });
  studio = mount(defineComponent({ render: () => [h(RouterView), h(Bar)] }), {
    global: { plugins: [getActivePinia()!, router] },
  });
  await still();
}
const at = (): string => router.currentRoute.value.fullPath;
const query = (): Record<string, unknown> => router.currentRoute.value.query;
const chosen = (): string[] => [...selection.chosen].sort();
const said = (): string[] => notices.notices.map((n) => n.text);
const square = (x: number, y: number, side: number): Point[] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
];
const PIXEL: Point = [1 / 900, 1 / 600];
/** What a person does on the map. */
function draw(line: Point[], also = false): void {
  lasso.draw(line, PIXEL, also);
}

vi.setConfig({ testTimeout: 60_000 });
beforeEach(() => {
  const next = random(11);
  ids = Array.from({ length: N }, () =>
    Array.from({ length: 32 }, () => Math.floor(next() * 16).toString(16)).join(''),
  );
});
afterEach(() => {
  studio?.unmount();
  vi.unstubAllGlobals();
});

describe('photos that are chosen', () => {
  it('stand in the address, are chosen again by a reload, and leave it when they are let go of', async () => {
    await opened('/other?keep=1');
    selection.choose(ids.slice(0, 40));
    await still();
    expect(query()).toEqual({ keep: '1', photos: photosText(new Set(ids.slice(0, 40))) });
    const address = at();
    studio!.unmount();
    await opened(address);
    expect(chosen()).toEqual(ids.slice(0, 40).sort());
    expect([...selection.chosen]).toEqual(ids.slice(0, 40));
    expect([at(), said()]).toEqual([address, []]);
    selection.letGo();
    await still();
    expect(at()).toBe('/other?keep=1');
  });

  it('are no steps of their own, come back with the way back, and go along to other views', async () => {
    await opened('/other');
    selection.choose(ids.slice(0, 3));
    await still();
    selection.choose(ids.slice(0, 5));
    await still();
    await router.push('/map');
    await still();
    expect(query()).toEqual({ photos: photosText(new Set(ids.slice(0, 5))) });
    selection.clear();
    await still();
    expect(at()).toBe('/map');
    router.back();
    await still();
    expect([router.currentRoute.value.name, chosen()]).toEqual(['other', ids.slice(0, 5).sort()]);
    router.forward();
    await still();
    // An address that says nothing takes nothing away.
    expect(query()).toEqual({ photos: photosText(new Set(ids.slice(0, 5))) });
  });

  it('follow a hand that is faster than the address', async () => {
    await opened('/other');
    for (let n = 1; n < 9; n += 1) {
      selection.choose(ids.slice(0, n));
      await nextTick();
    }
    await still();
    expect(chosen()).toHaveLength(8);
    expect(query()).toEqual({ photos: photosText(new Set(ids.slice(0, 8))) });
  });

  it('are said once where one photo is chosen and is the selected one', async () => {
    await opened('/map');
    selection.take(selection.state.click(ids, ids[4]!));
    await still();
    expect(query()).toEqual({ photo: ids[4] });
  });

  it('are not in the address where they are too many, which is known', async () => {
    await opened(`/other?photos=${photosText(new Set(ids.slice(0, 3)))}`);
    selection.choose(ids.slice(0, 251));
    await still();
    expect([at(), tooLong.value]).toEqual(['/other', true]);
    selection.choose(ids.slice(0, 250));
    await still();
    expect([String(query()['photos']).length, tooLong.value]).toEqual([2000, false]);
  });

  it('are those that there are; that others are not here is said', async () => {
    const gone = 'f'.repeat(32);
    await opened(`/other?photos=${photosText(new Set([ids[1]!, gone, ids[2]!]))}`);
    expect(chosen()).toEqual([ids[1]!, ids[2]!].sort());
    expect(said()).toEqual(['The library has 2 of the 3 photos that the address chooses']);
    expect(query()).toEqual({ photos: photosText(new Set([ids[1]!, ids[2]!])) });
    await router.push(`/other?photos=${photosText(new Set([gone]))}`);
    await still();
    expect(said()).toContain('The library does not have the photo that the address chooses');
    expect(chosen()).toHaveLength(2);
  });

  it('are refused in words where the address says them twice', async () => {
    const one = photosText(new Set([ids[1]!]))!;
    await opened(`/other?photos=${one}&photos=${one}`);
    expect([chosen(), at(), said()]).toEqual([[], '/other', ['The photos that the address chooses cannot be read']]);
  });

  it.each([['x'], ['A'.repeat(4000)], ['%00%00%00%00'], ['<script>'], ['~'], ['~AAAAAAAA'], ['ääääääää']])(
    'are refused in words where the address says something else (%#)',
    async (text) => {
      await opened(`/other?photos=${encodeURIComponent(text)}`);
      expect([chosen(), at()]).toEqual([[], '/other']);
      expect(said().join()).toMatch(/cannot be read|that are not here|does not have/);
    },
  );

  it('stay in the address where the engine cannot be asked, until others are chosen', async () => {
    await opened('/other');
    engine.answers['photos.named'] = () => {
      throw new Error('no engine');
    };
    const address = `/other?photos=${photosText(new Set(ids.slice(0, 3)))}`;
    await router.push(address);
    await still();
    expect([at(), said().length]).toEqual([address, 1]);
    selection.choose(ids.slice(5, 7));
    await still();
    expect(query()).toEqual({ photos: photosText(new Set(ids.slice(5, 7))) });
  });
});

describe('photos under a lasso', () => {
  it('stand in the address by name where they are few, on whatever map', async () => {
    await opened('/map');
    draw(square(0.2, 0.2, 0.3));
    await still();
    const photos = lasso.lassoed.value;
    expect([photos.length > 50, photos.length < 250]).toEqual([true, true]);
    expect(query()).toEqual({ lasso: photosText(new Set(photos)) });
    const address = at();
    studio!.unmount();
    await opened(address, false);
    expect(at()).toBe(address);
    map.value = await laidOut(4);
    await still();
    expect([...lasso.lassoed.value]).toEqual(photos);
    expect([chosen(), at(), said()]).toEqual([[...photos].sort(), address, []]);
  });

  it('stand in it by what was drawn where they are many, and are found on the same map', async () => {
    await opened('/map');
    draw(square(0.1, 0.1, 0.5));
    draw(square(0.5, 0.5, 0.6), true);
    await still();
    const photos = [...lasso.lassoed.value];
    expect(photos.length).toBeGreaterThan(400);
    expect(Object.keys(query())).toEqual(['lasso']);
    expect(at().length).toBeLessThan(90);
    const address = at();
    studio!.unmount();
    await opened(address, false);
    expect([at(), chosen()]).toEqual([address, []]);
    map.value = shown;
    await still();
    expect([[...lasso.lassoed.value], chosen(), at(), said()]).toEqual([photos, [...photos].sort(), address, []]);
  });

  it('are not guessed on another map, which is said', async () => {
    await opened('/map');
    draw(square(0.1, 0.1, 0.8));
    await still();
    const address = at();
    studio!.unmount();
    await opened(address, false);
    map.value = await laidOut(4);
    await still();
    expect(said()).toEqual(['The lasso in the address was drawn on another map']);
    expect([lasso.lassoed.value, chosen(), at()]).toEqual([[], [], '/map']);
  });

  it('keep what was let go of, added, and that all of it was, through a reload', async () => {
    await opened('/map');
    draw(square(0.1, 0.1, 0.7));
    await still();
    const photos = [...lasso.lassoed.value];
    const outside = ids.find((id) => !photos.includes(id))!;
    for (const id of [photos[0]!, photos[7]!, outside]) selection.take(selection.state.toggled(id));
    await still();
    expect(query()['photos']).toBe(`~${photosText(new Set([outside, photos[0]!, photos[7]!]))}`);
    const wanted = chosen();
    let address = at();
    studio!.unmount();
    await opened(address, false);
    expect(at()).toBe(address);
    map.value = shown;
    await still();
    expect([lasso.lassoed.value.length, chosen(), at()]).toEqual([photos.length, wanted, address]);
    expect(selection.earlier.size).toBe(0);
    selection.clear();
    await still();
    expect(query()['photos']).toBe('none');
    address = at();
    studio!.unmount();
    await opened(address);
    expect([lasso.lassoed.value.length, chosen(), at()]).toEqual([photos.length, [], address]);
    lasso.letGo();
    await still();
    expect(Object.keys(query())).toEqual(['photo']);
  });

  it('go on without their lasso in other views, and are under it again on the map', async () => {
    await opened('/map');
    draw(square(0.2, 0.2, 0.3));
    await still();
    const photos = [...lasso.lassoed.value];
    await router.push('/other');
    await still();
    expect(query()).toEqual({ photos: photosText(new Set(photos)) });
    await router.push('/map');
    await still();
    expect([[...lasso.lassoed.value], query()]).toEqual([photos, { lasso: photosText(new Set(photos)) }]);
  });

  it('stay in sight on a map that is laid out anew, where the address cannot say them any more', async () => {
    await opened('/map');
    draw(square(0.1, 0.1, 0.8));
    await still();
    const photos = [...lasso.lassoed.value].sort();
    map.value = await laidOut(9);
    await still();
    expect([[...lasso.lassoed.value].sort(), lasso.tooLong.value, at()]).toEqual([photos, true, '/map']);
  });

  it.each([['x.y.z'], ['1.1.AAAA'], ['a.b'], ['~~~'], ['.'.repeat(1999)]])(
    'are refused where the address says something else (%#)',
    async (text) => {
      await opened(`/map?lasso=${encodeURIComponent(text)}`);
      expect([lasso.lassoed.value, chosen(), at()]).toEqual([[], [], '/map']);
      expect(said()).toEqual(['The lasso in the address cannot be read']);
    },
  );
});
