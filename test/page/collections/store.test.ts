import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CollectionInfo } from '../../../src/shared/facts/collections.ts';
import type { RouteParams } from '../../../src/shared/routes/index.ts';
import type { useCollections } from '../../../src/renderer/stores/collections.ts';
import type { useSelection } from '../../../src/renderer/stores/selection.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

type Store = ReturnType<typeof useCollections>;
type Selection = ReturnType<typeof useSelection>;

const info = (id: string, more: Partial<CollectionInfo> = {}): CollectionInfo =>
  ({
    id,
    name: `${id} name`,
    kind: 'manual',
    items: 0,
    current: false,
    fields: {},
    cover: [],
    ...more,
  }) as CollectionInfo;

let engine: FakeEngine;
let store: Store;
let selection: Selection;
let said: () => string[];
let list: CollectionInfo[];
let asked: <R extends 'collections.add' | 'collections.create' | 'collections.membership'>(
  route: R,
) => RouteParams<R>[];

beforeEach(async () => {
  vi.useRealTimers();
  list = [info('one', { current: true }), info('two')];
  engine = fakeEngine({
    'collections.list': () => list,
    'collections.membership': ({ photos }) => ({ of: photos.map((p) => (p.startsWith('in') ? ['one'] : [])) }),
    'folds.under': ({ photos }) => ({ under: photos.map(() => null), folds: photos.map(() => 0) }),
    'collections.add': ({ photos }) => ({ action: 1, added: (photos ?? []).length, already: 0 }),
    'collections.remove': () => ({ action: 2, removed: 1 }),
    'collections.create': () => ({ action: 3, id: 'three' }),
    'collections.setCurrent': () => null,
    'photos.info': () => ({ clusters: [] }) as never,
  });
  store = (await import('../../../src/renderer/stores/collections.ts')).useCollections();
  selection = (await import('../../../src/renderer/stores/selection.ts')).useSelection();
  const library = (await import('../../../src/renderer/stores/library.ts')).useLibrary();
  const notices = (await import('../../../src/renderer/stores/notices.ts')).useNotices();
  const { outbox } = await import('../../../src/renderer/transport/index.ts');
  said = () => notices.notices.map((n) => n.text);
  asked = (route) => engine.asked.filter((a) => a.route === route).map((a) => a.params as never);
  library.info = { path: '/library', networks: [] } as never;
  outbox.opened('/library');
  await vi.waitFor(() => expect(store.loaded).toBe(true));
}, 60_000);

describe('the collections of the page', () => {
  it('knows the current one', () => {
    expect([store.current?.id, store.manual.map((c) => c.id)]).toEqual(['one', ['one', 'two']]);
  });

  it('asks once for the membership of all photos that come into sight together', async () => {
    expect(['in a', 'b', 'in c'].map((p) => store.collected(p))).toEqual([false, false, false]);
    await vi.waitFor(() => expect(store.collected('in a')).toBe(true));
    expect([store.collected('b'), store.collected('in c')]).toEqual([false, true]);
    expect(asked('collections.membership')).toEqual([{ photos: ['in a', 'b', 'in c'] }]);
  });

  it('asks for no membership where there is no collection', async () => {
    list = [];
    await store.refresh();
    store.of('in a');
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(asked('collections.membership')).toEqual([]);
  });

  it('adds photos as one step, in their order, with how each was come by', async () => {
    const found = { how: 'search', query: 'q', method: 'cosine', network: 'n' } as const;
    selection.choose(['a'], () => ({ ...found, score: 0.9, rank: 1 }));
    selection.choose(['c'], undefined, true);
    selection.choose(['b'], () => ({ ...found, score: 0.8, rank: 2 }), true);
    expect(await store.add(store.current!, selection.meant)).toBe(true);
    expect(asked('collections.add').map(({ once: _, ...rest }) => rest)).toEqual([
      {
        collection: 'one',
        photos: ['a', 'c', 'b'],
        origins: [found, { how: 'hand', query: null, method: null, network: null }],
        originOf: [0, 1, 0],
        scores: [0.9, null, 0.8],
        ranks: [1, null, 2],
      },
    ]);
    expect(said()).toEqual(['Added 3 photos to one name']);
  });

  it('says what was in already, and what was not there to take out', async () => {
    engine.answers['collections.add'] = () => ({ action: null, added: 0, already: 2 });
    engine.answers['collections.remove'] = () => ({ action: null, removed: 0 });
    await store.add(store.current!, ['a', 'b']);
    await store.remove(store.current!, ['z']);
    expect(said()).toEqual(['Added 0 photos to one name: all are in already', 'None of them is in one name']);
  });

  it('makes a collection the current one and fills it', async () => {
    expect(await store.create('Towers', ['a'])).toBe('three');
    expect(engine.asked.filter((a) => a.route.startsWith('collections.')).map((a) => a.route)).toEqual([
      'collections.list',
      'collections.create',
      'collections.setCurrent',
    ]);
    expect(asked('collections.create')[0]).toMatchObject({ name: 'Towers', kind: 'manual', add: { photos: ['a'] } });
    expect(said()).toEqual(['Made the collection Towers with 1 photo']);
  });

  it('says why something was refused, and gives null', async () => {
    engine.answers['collections.rename'] = () => Promise.reject(new Error('There is a collection of this name'));
    expect(await store.write('collections.rename', { collection: 'one', name: 'two name' })).toBeNull();
    await settled();
    expect(said()).toEqual(['There is a collection of this name']);
  });
});
