import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesOf, countedInPlace, countedWhole } from '../../../src/main/engine/collections/changes.ts';
import { commitCollection } from '../../../src/main/engine/collections/commit.ts';
import { collectionDifference, differencePage } from '../../../src/main/engine/collections/compare.ts';
import { describePhotos, foldPhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { addPhotos, movePhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import { collectionInfo } from '../../../src/main/engine/collections/info.ts';
import { PhotoLists } from '../../../src/main/engine/collections/lists.ts';
import { createCollection, setCollectionFields } from '../../../src/main/engine/collections/store.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { collectionNamed, newestVersion } from '../../../src/main/engine/library/tables/collection.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { ROUTES } from '../../../src/shared/routes/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const PHOTOS = 3000;
const folder = temporaryFolder();
let library: Library;

beforeAll(() => {
  ({ library } = syntheticLibrary(join(folder, 'library'), {
    photos: PHOTOS,
    clusters: 30,
    dim: 8,
    pairsPerPhoto: 1,
    seed: 1,
  }));
  // There are no files: the digests are invented, and the cameras number their photos alike.
  library.transaction(() => {
    library.db.prepare('UPDATE photo SET sha256 = hash || hash').run();
    library.db.prepare("UPDATE photo_file SET name = 'IMG_' || (photo_id % 100) || '.JPG'").run();
  });
});
afterAll(() => library.close());

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const commit = (collection: string): Promise<unknown> =>
  commitCollection(library, { collection, message: '', author: 'Ada' }, silentContext());
const hashOf = (photo: number): string =>
  library.db.prepare('SELECT hash FROM photo WHERE id = ?').pluck().get(photo) as string;

function holding(name: string, photos: readonly number[]): string {
  const { uid } = createCollection(library, name).collection;
  addPhotos(
    library,
    uid,
    photos.map((photo) => ({ photo })),
  );
  return uid;
}

describe('photos in an order', () => {
  const facts = (): { id: number; taken: number | null; pixels: number; name: string; files: number }[] =>
    library.db
      .prepare(
        `SELECT id, taken, width * height AS pixels, (SELECT MIN(name) FROM known_file k WHERE k.photo_id = p.id) AS name,
           (SELECT COUNT(*) FROM photo_file f WHERE f.photo_id = p.id) AS files FROM photo p`,
      )
      .all() as ReturnType<typeof facts>;
  const numbers = (of: PhotoLists, q: Parameters<PhotoLists['open']>[0]): number[] =>
    of.chosen({ list: of.open(q).list });

  it.each(['order', 'taken', 'pixels', 'name'] as const)(
    'are sorted by %s, both ways, as one would by hand',
    (sort) => {
      const gone = 77;
      library.transaction(() => {
        library.db.prepare('UPDATE photo SET taken = CASE WHEN id % 7 = 0 THEN NULL ELSE (id * 37) % 1000 END').run();
        library.db.prepare('UPDATE photo SET width = 100 + (id * 13) % 50').run();
        library.db.prepare('DELETE FROM photo_file WHERE photo_id = ?').run(gone);
      });
      const key = { order: 'id', taken: 'taken', pixels: 'pixels', name: 'name' }[sort] as 'id';
      const by = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
      for (const descending of [false, true])
        for (const filter of [{}, { gone: false }, { gone: true }]) {
          const all = facts().filter((f) => filter.gone === undefined || (f.files === 0) === filter.gone);
          // What has no such thing comes last either way, and what has the same in the order in which it came.
          all.sort((a, b) => {
            if (a[key] === null || b[key] === null)
              return by(Number(a[key] === null), Number(b[key] === null)) || by(a.id, b.id);
            return (descending ? by(b[key], a[key]) : by(a[key], b[key])) || by(a.id, b.id);
          });
          const found = numbers(new PhotoLists(library), { collection: null, sort, descending, filter });
          expect(found, JSON.stringify([descending, filter])).toEqual(all.map((f) => f.id));
        }
    },
  );

  it('stay one list as long as nothing is written, and are another when something is', () => {
    const lists = new PhotoLists(library);
    const asked = { collection: null, sort: 'taken', descending: false, filter: {} } as const;
    const first = lists.open(asked);
    expect(lists.open(asked)).toEqual(first);
    expect(lists.open({ ...asked, descending: true }).list).not.toBe(first.list);
    library.db.prepare('UPDATE photo SET taken = 5000 WHERE id = 1').run();
    const then = lists.open(asked);
    expect(then.list).not.toBe(first.list);
    expect(lists.chosen({ list: first.list })).not.toEqual(lists.chosen({ list: then.list }));
    const other = Library.open(library.path);
    other.db.prepare('UPDATE photo SET taken = 6000 WHERE id = 2').run();
    other.close();
    expect(lists.open(asked).list).not.toBe(then.list);
  });
});

describe('what differs between two states', () => {
  it('comes by pages that together are all of it, of one kind where that is asked for', async () => {
    const uid = holding('Paged', range(1, 2501));
    await commit(uid);
    removePhotos(library, uid, range(100, 400));
    movePhotos(library, uid, [2000, 2001], 1);
    addPhotos(library, uid, [{ photo: 3000 }]);
    const whole = collectionDifference(library, uid, 1, 'working');
    expect(whole.counts).toMatchObject({ added: 1, removed: 300, moved: 2 });
    const pages = (kind?: 'removed' | 'moved'): ReturnType<typeof differencePage>[] =>
      range(0, 4).map((k) => differencePage(library, uid, 1, 'working', { kind, at: 100 * k, limit: 100 }));
    expect(pages().flatMap((p) => p.photos)).toEqual(whole.photos);
    expect(pages().map((p) => [p.total, p.photos.length])).toEqual([[303, 100], [303, 100], [303, 100], [303, 3]]); // prettier-ignore
    expect(pages('removed').flatMap((p) => p.photos)).toEqual(whole.photos.filter((p) => p.kinds.includes('removed')));
    expect(pages('moved')[0]).toMatchObject({ total: 2, counts: whole.counts });
  });

  it('is compared anew when the collection changes', async () => {
    const uid = holding('Anew', range(1, 11));
    await commit(uid);
    const total = (): number => differencePage(library, uid, 1, 'working', { at: 0, limit: 10 }).total;
    expect(total()).toBe(0);
    removePhotos(library, uid, [3]);
    expect(total()).toBe(1);
    undo(library);
    expect(total()).toBe(0);
  });
});

describe('a message to a page', () => {
  it('never holds as many photos as a collection may have', () => {
    const most = (route: keyof typeof ROUTES, params: object): boolean =>
      ROUTES[route].params.safeParse(params).success;
    const list = 'p1';
    expect(most('collections.page', { list, from: 0, limit: 500 })).toBe(true);
    expect(most('collections.page', { list, from: 0, limit: 501 })).toBe(false);
    expect(most('collections.ids', { list, from: 0, limit: 10_000 })).toBe(true);
    expect(most('collections.ids', { list, from: 0, limit: 10_001 })).toBe(false);
    const diff = { collection: 'a'.repeat(32), from: null, to: 1 };
    expect(most('collections.diff', { ...diff, limit: 1000 })).toBe(true);
    expect(most('collections.diff', { ...diff, limit: 1001 })).toBe(false);
    expect(ROUTES['collections.diff'].params.parse(diff)).toMatchObject({ at: 0, limit: 1000 });
  });

  it('of all that is in a collection now is as long for three thousand photos as for thirty', () => {
    const size = (n: number): number =>
      JSON.stringify(collectionInfo(library, holding(`Of ${String(n).padStart(4, '0')}`, range(1, n + 1)))).length;
    expect(size(3000) - size(30)).toBeLessThan(20);
  });
});

describe('changes since a version', () => {
  it('are counted in the database as by the definition', async () => {
    const r = random(5);
    const uid = holding('Counted', range(1, 200));
    const both = (): [unknown, unknown] => {
      const c = collectionNamed(library, uid);
      const version = newestVersion(library, c.id);
      return [countedInPlace(library, c, version), countedWhole(library, c, version)];
    };
    const same = (): void => {
      const [fast, whole] = both();
      expect(fast).toEqual(whole);
    };
    same();
    await commit(uid);
    for (let step = 0; step < 24; step += 1) {
      const some = Array.from({ length: 1 + r.below(20) }, () => 1 + r.below(300));
      if (step % 4 === 0) removePhotos(library, uid, some, step % 8 === 0);
      if (step % 4 === 1) addPhotos(library, uid, some.map((photo) => ({ photo }))); // prettier-ignore
      if (step % 4 === 2) movePhotos(library, uid, some);
      if (step % 4 === 3)
        describePhotos(library, uid, range(1, 300), () => (r.below(2) === 0 ? null : '{"title":["a"]}'));
      if (step === 11) setCollectionFields(library, uid, { title: ['Steps'] });
      same();
      if (step === 15) await commit(uid);
    }
  });

  it('with folds are followed to their heads', async () => {
    const uid = holding('Folded', range(1, 20));
    await commit(uid);
    foldPhotos(library, uid, [{ head: 1, photos: [2, 3] }]);
    const c = collectionNamed(library, uid);
    const version = newestVersion(library, c.id);
    expect(countedInPlace(library, c, version)).toBe(undefined);
    expect(changesOf(library, c, version)).toMatchObject({ folded: 2, changes: { folded: 2, added: 0 } });
    expect(collectionInfo(library, uid).cover).toEqual([1, 4, 5, 6].map(hashOf));
  });
});

describe('lists of photos', () => {
  it('are said in parts, each photo with how it was come by', () => {
    const lists = new PhotoLists(library);
    const parts = [range(1, 1001), range(1001, 1500)];
    let list: string | undefined;
    for (const part of parts)
      ({ list } = lists.gather(
        part.map(hashOf),
        part.map((p) => ({ score: p / 2, rank: p, from: { how: 'search' } })),
        list,
      ));
    expect(lists.chosen({ list })).toEqual(range(1, 1500));
    expect(lists.cameBy(list!)!.get(1200)).toEqual({ score: 600, rank: 1200, from: { how: 'search' } });
    // A part that comes twice, because its answer was lost, changes nothing.
    lists.gather(parts[1]!.map(hashOf), parts[1]!.map((p) => ({ score: p / 2, rank: p, from: { how: 'search' } })), list); // prettier-ignore
    expect(lists.chosen({ list })).toEqual(range(1, 1500));
  });

  it('grow only where they were begun so', () => {
    const lists = new PhotoLists(library);
    const { list } = lists.open({ collection: null, filter: {}, sort: 'order', descending: false });
    expect(() => lists.gather([hashOf(1)], [{}], list)).toThrow(/not one that grows/);
  });

  it('have names that another start of the engine does not give', () => {
    const names = range(0, 2).map(() => new PhotoLists(library).put([1]).list);
    expect(names[0]).not.toBe(names[1]);
    expect(() => new PhotoLists(library).page(names[0]!, 0, 1)).toThrow(/no longer open/);
  });

  it('tell photos of one name apart by their folders', () => {
    const lists = new PhotoLists(library);
    const { list } = lists.put([1, 101]);
    expect(lists.page(list, 0, 2).map((p) => `${p.folder}/${p.name}`)).toEqual([
      'place_0/IMG_1.JPG',
      'place_1/IMG_1.JPG',
    ]);
  });
});
