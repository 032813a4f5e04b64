import { effectScope, nextTick, ref } from 'vue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Provenance } from '../../../src/shared/facts/collections.ts';
import type { useSelection } from '../../../src/renderer/stores/selection.ts';
import { fakeEngine, settled } from '../support/fake-engine.ts';

type Store = ReturnType<typeof useSelection>;

const PHOTOS: Readonly<Record<string, readonly string[]>> = { one: ['a', 'b'], two: ['b', 'c'], three: ['d'] };
const came = (query: string): Provenance => ({
  how: 'cluster',
  query,
  method: null,
  network: null,
  score: null,
  rank: null,
});
const held = new Map<string, readonly string[]>();
const groups = ref<ReadonlySet<string>>(new Set());
let selection: Store;
let asked: string[][];
let leave: () => void = () => undefined;

beforeEach(async () => {
  fakeEngine({ 'photos.info': () => ({ clusters: [] }) as never });
  selection = (await import('../../../src/renderer/stores/selection.ts')).useSelection();
  held.clear();
  groups.value = new Set();
  asked = [];
});

afterEach(() => leave());

/** A view of groups, until it is left. */
async function view(): Promise<void> {
  const { useGroupPhotos } = await import('../../../src/renderer/views/common/use-group-photos.ts');
  const scope = effectScope();
  scope.run(() =>
    useGroupPhotos({
      held,
      chosen: () => groups.value,
      said: () => true,
      photos: (keys) => {
        asked.push([...keys]);
        return Promise.resolve(new Map(keys.map((k) => [k, PHOTOS[k]!])));
      },
      origin: (key) => came(key),
      drop: (keys) => (groups.value = new Set([...groups.value].filter((k) => !keys.includes(k)))),
    }),
  );
  leave = () => scope.stop();
}
async function choose(...keys: string[]): Promise<void> {
  groups.value = new Set(keys);
  await nextTick();
  await settled();
}
const chosen = (): string => [...selection.chosen].sort().join('');

describe('choosing what stands for several photos', () => {
  it('chooses its photos beside those that are chosen, with how they were come by', async () => {
    await view();
    selection.choose(['z']);
    await choose('one', 'three');
    expect(chosen()).toBe('abdz');
    expect(selection.originsOf(['a', 'd']).get('d')?.query).toBe('three');
  });

  it('lets go of photos of none of those that are still chosen', async () => {
    await view();
    await choose('one', 'two');
    expect(chosen()).toBe('abc');
    await choose('two');
    expect(chosen()).toBe('bc');
    await choose();
    expect(chosen()).toBe('');
  });

  it('is not chosen any more where one of its photos was let go of', async () => {
    await view();
    await choose('one', 'three');
    selection.choose(['a', 'd']);
    expect([[...groups.value], chosen()]).toEqual([['three'], 'ad']);
    await nextTick();
    expect(chosen()).toBe('ad');
  });

  it('outlives its view, and is asked for once', async () => {
    await view();
    await choose('one', 'three');
    leave();
    selection.choose(['d', 'y']);
    await view();
    await settled();
    expect([[...groups.value], chosen(), asked]).toEqual([['three'], 'dy', [['one', 'three']]]);
  });
});
