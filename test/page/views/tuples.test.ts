import { flushPromises, mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import { computed, defineComponent, h, ref } from 'vue';
import { createMemoryHistory, createRouter, RouterView } from 'vue-router';
import type { TupleInfo, TupleNegative } from '../../../src/shared/domain.ts';
import { isDecided, judged, judgedMany } from '../../../src/renderer/views/tuples/judgements.ts';
import { factsOf } from '../../../src/renderer/views/tuples/shown-text.ts';
import { isPool, shownPhotos } from '../../../src/renderer/views/tuples/shown.ts';
import { useBeside, type Beside } from '../../../src/renderer/views/tuples/use-beside.ts';
import { useTupleSelection } from '../../../src/renderer/views/tuples/use-selection.ts';

const negative = (photo: string, change: Partial<TupleNegative> = {}): TupleNegative =>
  ({
    photo,
    cluster: 'c',
    clusterName: 'c',
    similarity: 0.5,
    rank: 1,
    links: null,
    mutual: false,
    shared: 0,
    verdict: null,
    ...change,
  }) as TupleNegative;
const tuple = (change: Partial<TupleInfo> = {}): TupleInfo =>
  ({
    index: 6,
    query: 'q1',
    positive: 'p1',
    strategies: 4,
    shared: 40,
    overlap: 0.5,
    scale: 1.2,
    positiveSimilarity: 0.8,
    alternatives: [],
    negatives: [negative('n1'), negative('n2')],
    verdict: null,
    note: null,
    ...change,
  }) as unknown as TupleInfo;
const held = (k: Partial<Record<'shiftKey' | 'ctrlKey' | 'metaKey', boolean>> = {}) => ({
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  ...k,
});

describe('a decision as the log takes it', () => {
  const where = { run: 2, tuple: 6, query: 'q1' };

  it('of the positive, of a negative, and taken away', () => {
    expect(judged(tuple(), 2, { verdict: 'accept', target: { photo: 'p1', role: 'positive' } })).toEqual({
      label: 'Accepted: tuple 7 of run 2',
      judgements: [{ ...where, other: 'p1', aspect: 'positive', verdict: 'accept' }],
    });
    expect(judged(tuple(), 2, { verdict: 'same-object', target: { photo: 'n2', role: 'negative' } })).toEqual({
      label: 'Same object: a negative of tuple 7 of run 2',
      judgements: [{ ...where, other: 'n2', aspect: 'negative', verdict: 'same-object', everyPair: true }],
    });
    expect(judged(tuple(), 2, { verdict: 'none', target: { photo: 'p1', role: 'positive' } }).label).toBe(
      'Cleared: tuple 7 of run 2',
    );
  });

  it('of a swap names what was taken and what takes its place; of a note its text', () => {
    expect(judged(tuple(), 2, { verdict: 'swap', target: { photo: 'a9', role: 'alternative' } })).toEqual({
      label: 'swap in tuple 7 of run 2',
      judgements: [{ ...where, other: 'p1', aspect: 'positive', verdict: 'swap', replacement: 'a9' }],
    });
    expect(judged(tuple(), 2, { verdict: 'note', target: { photo: 'p1', role: 'positive' }, note: 'dark' })).toEqual({
      label: 'note on tuple 7 of run 2',
      judgements: [{ ...where, other: 'p1', aspect: 'note', verdict: 'note', note: 'dark' }],
    });
  });

  it('of many: their positives, or the hardest negative of each; one without negatives has nothing to say', () => {
    const two = [tuple(), tuple({ index: 8, query: 'q2', positive: 'p2', negatives: [] })];
    const others = (v: 'accept' | 'same-object') => judgedMany(two, 2, v).judgements.map((j) => [j.other, j.aspect]);
    expect(others('accept')).toEqual([
      ['p1', 'positive'],
      ['p2', 'positive'],
    ]);
    expect(others('same-object')).toEqual([['n1', 'negative']]);
    expect(judgedMany(two, 2, 'reject').label).toBe('Rejected: 2 tuples');
  });

  it('of another positive that is on the screen is about that photo, not about the one that was mined', () => {
    const target = { photo: 'a9', role: 'alternative' } as const;
    expect(judged(tuple(), 2, { verdict: 'reject', target })).toEqual({
      label: 'Rejected: another positive of tuple 7 of run 2',
      judgements: [{ ...where, other: 'a9', aspect: 'positive', verdict: 'reject' }],
    });
  });

  it('of many is about the positives that the rows show: after a swap, the one that was swapped in', () => {
    const swapped = tuple({ verdict: 'swap', replacement: 'a9' });
    expect(judgedMany([swapped], 2, 'accept').judgements.map((j) => j.other)).toEqual(['a9']);
  });

  it('counts when it was said of the tuple or of one of its negatives', () => {
    expect(isDecided(tuple())).toBe(false);
    expect(isDecided(tuple({ verdict: 'reject' }))).toBe(true);
    expect(isDecided(tuple({ negatives: [negative('n1'), negative('n2', { verdict: 'same-object' })] }))).toBe(true);
  });
});

describe('tuples selected for a decision on many', () => {
  it('are chosen all, inverted and reached as photos are', () => {
    const s = useTupleSelection();
    s.begin(3);
    s.reach(5);
    expect([...s.selected.value]).toEqual([3, 4, 5]);
    s.invert(8);
    expect([...s.selected.value]).toEqual([0, 1, 2, 6, 7]);
    s.drop([1, 7]);
    s.choose([4], true);
    expect([...s.selected.value]).toEqual([0, 2, 6, 4]);
    s.held.set(0, ['a']);
    s.forget();
    expect([s.selected.value.size, s.held.size]).toEqual([0, 0]);
  });

  it('by Ctrl one by one, by Shift from where the last click was; a plain click shows', () => {
    const s = useTupleSelection();
    expect(s.click(3, held())).toBe(false);
    expect(s.click(6, held({ shiftKey: true }))).toBe(true);
    expect([...s.selected.value]).toEqual([3, 4, 5, 6]);
    s.click(1, held({ ctrlKey: true }));
    s.click(4, held({ metaKey: true }));
    expect([...s.selected.value].sort()).toEqual([1, 3, 5, 6]);
    s.click(2, held({ shiftKey: true }));
    expect([...s.selected.value].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('only those that were on the screen can be decided', () => {
    const s = useTupleSelection();
    for (const i of [9, 2, 4]) s.toggle(i);
    s.seen.add(4);
    expect(s.seenSelected.value).toEqual([4]);
    s.seen.add(2);
    expect(s.seenSelected.value).toEqual([2, 4]);
    s.forget();
    expect([s.selected.value.size, s.seen.size]).toEqual([0, 0]);
  });
});

describe('what is shown of a tuple', () => {
  it('the positive first, then what other strategies would take, then the negatives', () => {
    const other = { photo: 'a1', strategies: 1, shared: 9, overlap: 0, scale: null, similarity: 0.4, weight: null };
    const shown = shownPhotos(tuple({ alternatives: [other] as unknown as TupleInfo['alternatives'] }));
    expect(shown.map((p) => [p.photo, p.role])).toEqual([
      ['p1', 'positive'],
      ['a1', 'alternative'],
      ['n1', 'negative'],
      ['n2', 'negative'],
    ]);
  });

  it('in numbers, of which those that are not there are left out', () => {
    const [positive, hardest] = [shownPhotos(tuple())[0]!, shownPhotos(tuple())[1]!];
    expect(factsOf(positive, 40)).toBe('similarity 0.800, 40 shared points, overlap 50 %, scale change 1.20');
    expect(factsOf(hardest, 1)).toBe('similarity 0.500, 1 shared point');
  });

  it('knows a pool of the manifold', () => {
    expect([isPool(tuple()), isPool(tuple({ strategies: 16 })), isPool(tuple({ strategies: 17 }))]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('the photo beside the query', () => {
  async function opened(address: string) {
    const shown = ref(tuple());
    let beside: Beside | undefined;
    const View = defineComponent({
      setup() {
        const photos = computed(() => shownPhotos(shown.value));
        beside = useBeside(() => shown.value.query, photos, ['side', 'slider', 'flicker']);
        return () => h('p');
      },
    });
    const router = createRouter({
      history: createMemoryHistory(),
      routes: [{ path: '/tuples/:run?/:index?', name: 'tuples', component: View }],
    });
    await router.push(address);
    mount(RouterView, { global: { plugins: [router] } });
    await flushPromises();
    return { beside: beside!, router, shown };
  }

  it('stands in the address with how the two are compared, and is there again from it', async () => {
    const { beside, router } = await opened('/tuples/2/6?sort=mined');
    beside.focus(2);
    // A key right after it is about what was just chosen.
    expect(beside.focused.value).toMatchObject({ photo: 'n2', role: 'negative' });
    await flushPromises();
    beside.mode.value = 'flicker';
    await flushPromises();
    expect(router.currentRoute.value.fullPath).toBe('/tuples/2/6?sort=mined&beside=n2&compared-by=flicker');
    const again = (await opened(router.currentRoute.value.fullPath)).beside;
    expect([again.focused.value.photo, again.mode.value]).toEqual(['n2', 'flicker']);
  });

  it('goes round, keeps up with keys that are faster than the address, and follows the way back', async () => {
    const { beside, router } = await opened('/tuples/2/6');
    // Two at once stand in the address together.
    beside.focus(1);
    beside.mode.value = 'slider';
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ beside: 'n1', 'compared-by': 'slider' });
    beside.focus(0);
    beside.mode.value = 'side';
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({});
    for (const photo of ['n1', 'n2', 'p1', 'n1', 'n2']) {
      beside.focus(beside.at.value + 1);
      expect(beside.focused.value.photo).toBe(photo);
    }
    await flushPromises();
    expect([beside.focused.value.photo, router.currentRoute.value.query['beside']]).toEqual(['n2', 'n2']);
    await router.push('/tuples/2/6?beside=n1');
    expect(beside.focused.value.photo).toBe('n1');
  });

  it('is the positive of another tuple, and where the address names a photo of none', async () => {
    const { beside, shown } = await opened('/tuples/2/6?beside=n2&compared-by=upside-down');
    expect([beside.at.value, beside.mode.value]).toEqual([2, 'side']);
    shown.value = tuple({ query: 'q9', positive: 'p9', negatives: [negative('n9')] });
    await flushPromises();
    expect(beside.focused.value).toMatchObject({ photo: 'p9', role: 'positive' });
  });
});
