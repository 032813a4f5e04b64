import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import type { RouteName, RouteParams, RouteResults } from '../../../src/shared/routes/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const PHOTOS = 2500;
const folder = temporaryFolder();
const engine = new Engine();
let photos: readonly string[];

beforeAll(async () => {
  const path = join(folder, 'library');
  syntheticLibrary(path, { photos: PHOTOS, clusters: 25, dim: 8, pairsPerPhoto: 1, seed: 1 }).library.close();
  await engine.open(path);
  const { list } = await ask('collections.open', { collection: null });
  ({ photos } = await ask('collections.ids', { list, from: 0, limit: PHOTOS }));
}, 60_000);
afterAll(() => engine.close());

async function ask<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  const reply = await engine.dispatch(route, params, 'page');
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.message}`);
  return reply.data as RouteResults<R>;
}
const items = async (collection: string): Promise<number> => (await ask('collections.open', { collection })).total;
const order = async (collection: string): Promise<readonly string[]> => {
  const { list } = await ask('collections.open', { collection });
  return (await ask('collections.ids', { list, from: 0, limit: PHOTOS })).photos;
};

describe('what is done with many photos', () => {
  it('lets others be answered meanwhile, and is there once it is answered', async () => {
    const { id: collection } = await ask('collections.create', { name: 'Many' });
    const ended: string[] = [];
    const note = (what: string) => () => void ended.push(what);
    const added = ask('collections.add', { collection, photos });
    await Promise.all([added.then(note('added')), ask('start.leaving', {}).then(note('other'))]);
    expect(ended).toEqual(['other', 'added']);
    expect(await added).toMatchObject({ added: PHOTOS, already: 0 });
    expect(await items(collection)).toBe(PHOTOS);
  });

  it('lets others be answered while near duplicates are found, and knows what was said of them since', async () => {
    const library = Library.open(engine.library);
    const look = library.db.prepare('UPDATE photo SET look = ? WHERE hash = ?');
    photos.forEach((hash, i) =>
      look.run((i < 6 ? 0 : (i * 2654435761) % 2 ** 32).toString(16).padStart(16, 'a'), hash),
    );
    const asked = { bits: 0, open: true, from: 0, limit: 9 };
    const ended: string[] = [];
    const note = (what: string) => () => void ended.push(what);
    const found = ask('photos.duplicates', asked);
    await Promise.all([found.then(note('found')), ask('start.leaving', {}).then(note('other'))]);
    expect(ended).toEqual(['other', 'found']);
    const { total, groups } = await found;
    expect([total, groups[0]!.photos.map((p) => p.photo).sort()]).toEqual([1, photos.slice(0, 6).sort()]);
    const best = await ask('photos.duplicateIds', { bits: 0, open: true, which: 'best' });
    expect(best.photos).toEqual([groups[0]!.photos[0]!.photo]);
    // Two bits from them.
    look.run('3'.padStart(16, 'a'), photos[6]!);
    const at = async (bits: number): Promise<number> => (await ask('photos.duplicates', { ...asked, bits })).photos;
    expect([await at(0), await at(2), await at(1)]).toEqual([6, 7, 6]);
    look.run('f'.repeat(16), photos[0]!);
    expect((await ask('photos.duplicates', asked)).photos).toBe(5);
    library.close();
  });

  it('lets others be answered while rules are tried, also while much is changed, and gives what they give', async () => {
    const { id: collection } = await ask('collections.create', { name: 'Ruled' });
    const rule = { is: 'name', pattern: '*7*' } as const;
    const ended: string[] = [];
    const note = (what: string) => () => void ended.push(what);
    const added = ask('collections.add', { collection, photos });
    const tried = ask('rules.preview', { rule });
    await Promise.all([tried.then(note('tried')), ask('start.leaving', {}).then(note('other'))]);
    expect(ended).toEqual(['other', 'tried']);
    await added;
    const { list, total } = await tried;
    const given = new Set((await ask('collections.ids', { list, from: 0, limit: PHOTOS })).photos);
    expect(total).toBe(given.size);
    expect(total).toBeGreaterThan(100);
    expect(total).toBeLessThan(PHOTOS);
    const { id: smart } = await ask('collections.create', { name: 'Smart', kind: 'smart', rules: rule });
    await ask('rules.refresh', { collection: smart });
    expect(new Set(await order(smart))).toEqual(given);
    const within = { is: 'all', of: [rule, { is: 'name', pattern: '*1*' }] } as const;
    const fewer = await ask('rules.preview', { collection: smart, rule: within });
    expect(fewer.added).toBe(0);
    expect(fewer.removed).toBe(given.size - fewer.total);
  });

  it('is undone and done again as one step, moved, described and taken out', async () => {
    const { id: collection } = await ask('collections.create', { name: 'Steps', add: { photos } });
    await ask('review.undo', {});
    await expect(items(collection)).rejects.toThrow(/NOT_FOUND/);
    expect((await ask('review.redo', {}))?.label).toBe(`Create Steps with ${PHOTOS} photos`);
    expect(await order(collection)).toEqual(photos);
    const turned = photos.toReversed();
    expect((await ask('collections.move', { collection, photos: turned })).moved).toBe(PHOTOS);
    expect(await order(collection)).toEqual(turned);
    const change = { set: { title: ['Gate'] } };
    expect((await ask('collections.describe', { collection, photos, change })).changed).toBe(PHOTOS);
    expect(await ask('collections.fields', { collection })).toEqual([
      { field: 'title', items: PHOTOS, values: [{ value: 'Gate', items: PHOTOS }] },
    ]);
    expect((await ask('collections.remove', { collection, photos })).removed).toBe(PHOTOS);
    expect(await items(collection)).toBe(0);
    await ask('review.undo', {});
    expect(await order(collection)).toEqual(turned);
  });

  it('is done once under its key, also when its list is gone by then', async () => {
    const { id: collection } = await ask('collections.create', { name: 'Once' });
    const { list } = await ask('collections.gather', { photos, ranks: photos.map((_, i) => i + 1) });
    const asked = {
      collection,
      list,
      provenance: { how: 'search' },
      once: '0b8f3f0e-4f0c-4a57-9d0e-1f5f0a2b3c4d',
    } as const;
    const first = await ask('collections.add', asked);
    for (let i = 0; i < 40; i += 1) await ask('collections.open', { filter: { text: `${i}` }, collection: null });
    await expect(ask('collections.ids', { list, from: 0, limit: 1 })).rejects.toThrow(/no longer open/);
    expect(await ask('collections.add', asked)).toEqual(first);
    const { list: own } = await ask('collections.open', { collection });
    const [last] = (await ask('collections.page', { list: own, from: PHOTOS - 1, limit: 1 })).photos;
    expect(last!.provenance).toMatchObject({ how: 'search', rank: PHOTOS });
  });

  it('that cannot be done is refused with its reason', async () => {
    await expect(ask('collections.add', { collection: 'f'.repeat(32), photos })).rejects.toThrow(/NOT_FOUND/);
    const { id: collection } = await ask('collections.create', { name: 'Refused' });
    await expect(ask('collections.add', { collection, photos, before: photos[0]! })).rejects.toThrow(
      /INPUT_INVALID: .*not in Refused/,
    );
    expect(await items(collection)).toBe(0);
  });

  it('is finished before the library is closed', async () => {
    const { id: collection } = await ask('collections.create', { name: 'Closed' });
    const adding = ask('collections.add', { collection, photos });
    const path = engine.library;
    // It is under way by then.
    await ask('start.leaving', {});
    await engine.close();
    expect((await adding).added).toBe(PHOTOS);
    await engine.open(path);
    expect(await items(collection)).toBe(PHOTOS);
  });
});
