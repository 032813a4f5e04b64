import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionInfo, listCollections } from '../../../src/main/engine/collections/info.ts';
import { membershipOf, photoLists } from '../../../src/main/engine/collections/lists.ts';
import { describePhotos, foldPhotos, unfoldPhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { addPhotos, createWith, movePhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import {
  createCollection,
  currentCollection,
  deleteCollection,
  duplicateCollection,
  renameCollection,
  setCurrentCollection,
} from '../../../src/main/engine/collections/store.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { redo, undo, undoState } from '../../../src/main/engine/mining/decisions.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
let photos: number[];
let hashes: string[];

beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  photos = allPhotos(library).map((p) => p.id);
  hashes = allPhotos(library).map((p) => p.hash);
}, 120_000);
afterAll(() => library.close());

/** Content of a collection in its order, as positions in the library. */
function order(name: string): number[] {
  const { list, total } = photoLists(library).open({ collection: name, filter: {}, sort: 'order', descending: false });
  return photoLists(library)
    .ids(list, 0, Math.max(1, total))
    .map((h) => hashes.indexOf(h));
}

function fresh(name: string, n = 6): string {
  const { uid } = createCollection(library, name).collection;
  addPhotos(
    library,
    uid,
    photos.slice(0, n).map((photo) => ({ photo })),
  );
  return uid;
}

describe('collections by hand', () => {
  it('keep what is added once, in order, with where it came from', () => {
    const { uid } = createCollection(library, 'Towers').collection;
    const from = { how: 'search', query: hashes[0]!, method: 'cosine', network: 'aa' } as const;
    const additions = [3, 1, 3, 2].map((i, k) => ({ photo: photos[i]!, score: 1 - k / 10, rank: k + 1 }));
    expect(addPhotos(library, uid, additions, from)).toMatchObject({ added: 3, already: 0 });
    expect(addPhotos(library, uid, additions)).toEqual({ action: null, added: 0, already: 3 });
    expect(order(uid)).toEqual([3, 1, 2]);
    const { list } = photoLists(library).open({ collection: uid, filter: {}, sort: 'order', descending: false });
    expect(photoLists(library).page(list, 1, 1)).toMatchObject([
      {
        at: 1,
        photo: hashes[1],
        provenance: { ...from, score: 0.9, rank: 2 },
        foldedUnder: null,
        folds: 0,
        gone: false,
      },
    ]);
    expect(undoState(library).undo).toBe('Add 3 photos to Towers');
  });

  it('take what one gesture adds as one step, however its photos were found, and are made with them as one', () => {
    const found = { how: 'search', query: 'gate', method: 'cosine', network: null } as const;
    const drawn = { how: 'drawing', query: null, method: 'sum', network: 'ab' } as const;
    const additions = [
      { photo: photos[4]!, from: found, score: 0.5, rank: 1 },
      { photo: photos[2]! },
      { photo: photos[0]!, from: drawn },
    ];
    const origins = (uid: string): unknown[] => {
      const { list } = photoLists(library).open({ collection: uid, filter: {}, sort: 'order', descending: false });
      return photoLists(library)
        .page(list, 0, 10)
        .map((p) => p.provenance);
    };
    const nothing = { score: null, rank: null };
    const by = [
      { ...found, score: 0.5, rank: 1 },
      { how: 'hand', query: null, method: null, network: null, ...nothing },
      { ...drawn, ...nothing },
    ];
    const { uid } = createCollection(library, 'Several ways').collection;
    addPhotos(library, uid, additions);
    expect([order(uid), origins(uid)]).toEqual([[4, 2, 0], by]);
    undo(library);
    expect(order(uid)).toEqual([]);
    undo(library);
    const made = createWith(library, 'Several ways', [...additions, additions[0]!]).collection.uid;
    expect([order(made), origins(made)]).toEqual([[4, 2, 0], by]);
    expect(undoState(library).undo).toBe('Create Several ways with 3 photos');
    undo(library);
    expect(listCollections(library).map((c) => c.name)).not.toContain('Several ways');
    redo(library);
    expect(order(made)).toEqual([4, 2, 0]);
    undo(library);
  });

  it('are undone and done again, step by step', () => {
    const uid = fresh('Steps');
    removePhotos(library, uid, photos.slice(0, 2));
    movePhotos(library, uid, [photos[5]!], photos[2]);
    describePhotos(library, uid, [photos[3]!], () => '{"title":["Gate"]}');
    foldPhotos(library, uid, [{ head: photos[2]!, photos: [photos[3]!, photos[4]!] }]);
    const seen = (): unknown => {
      const { list } = photoLists(library).open({ collection: uid, filter: {}, sort: 'order', descending: false });
      return photoLists(library).page(list, 0, 100);
    };
    const after = seen();
    expect(order(uid)).toEqual([5, 2, 3, 4]);
    expect(collectionInfo(library, uid)).toMatchObject({ items: 4, folded: 2 });
    for (let i = 0; i < 4; i += 1) undo(library);
    expect(order(uid)).toEqual([0, 1, 2, 3, 4, 5]);
    undo(library);
    expect(order(uid)).toEqual([]);
    undo(library);
    expect(() => collectionInfo(library, uid)).toThrow(/no collection/);
    for (let i = 0; i < 6; i += 1) redo(library);
    expect(seen()).toEqual(after);
  });

  it('put photos between others, again and again, without losing their order', () => {
    const uid = fresh('Between', 3);
    let expected = [0, 1, 2];
    // Each time right before the last: the room between two is halved, until there is none.
    for (let i = 3; i < 40; i += 1) {
      const k = i % photos.length;
      if (expected.includes(k)) {
        movePhotos(library, uid, [photos[k]!], photos[2]);
        if (k === 2) continue;
        expected = expected.filter((x) => x !== k);
      } else addPhotos(library, uid, [{ photo: photos[k]! }], undefined, photos[2]);
      expected.splice(expected.indexOf(2), 0, k);
    }
    for (let n = 0; n < 60; n += 1) {
      const k = expected.find((x) => x !== 2)!;
      movePhotos(library, uid, [photos[k]!], photos[2]);
      expected = expected.filter((x) => x !== k);
      expected.splice(expected.indexOf(2), 0, k);
    }
    expect(order(uid)).toEqual(expected);
  });

  it('fold as a relation: heads carry what is under them, and taking a head out lets it go', () => {
    const uid = fresh('Folds');
    foldPhotos(library, uid, [{ head: photos[1]!, photos: [photos[2]!] }]);
    foldPhotos(library, uid, [{ head: photos[0]!, photos: [photos[1]!] }]);
    const heads = (): (number | null)[] => {
      const { list } = photoLists(library).open({ collection: uid, filter: {}, sort: 'order', descending: false });
      return photoLists(library)
        .page(list, 0, 10)
        .map((p) => (p.foldedUnder === null ? null : hashes.indexOf(p.foldedUnder)));
    };
    expect(heads()).toEqual([null, 0, 0, null, null, null]);
    const filter = { heads: true };
    expect(photoLists(library).open({ collection: uid, filter, sort: 'order', descending: false }).total).toBe(4);
    unfoldPhotos(library, uid, [photos[1]!]);
    expect(heads()).toEqual([null, null, 0, null, null, null]);
    removePhotos(library, uid, [photos[0]!]);
    expect(heads()).toEqual([null, null, null, null, null]);
    expect(() => foldPhotos(library, uid, [{ head: photos[0]!, photos: [photos[1]!] }])).toThrow(/is not in Folds/);
  });

  it('give some of their photos by name, wherever those stand', () => {
    const uid = fresh('Some of them', 4);
    const named = (...wanted: string[]): string[] => {
      const q = { collection: uid, filter: { photos: wanted }, sort: 'order', descending: false } as const;
      return photoLists(library)
        .page(photoLists(library).open(q).list, 0, 10)
        .map((p) => p.photo);
    };
    expect(named(hashes[3]!, hashes[1]!)).toEqual([hashes[1]!, hashes[3]!]);
    // What is not in it, and what nobody knows.
    expect(named(hashes[4]!, 'f'.repeat(32), hashes[0]!)).toEqual([hashes[0]!]);
  });

  it('say which photos are in which, and which are in none', () => {
    const uid = fresh('Marks', 2);
    const of = membershipOf(library, [hashes[0]!, hashes.at(-1)!, 'f'.repeat(32)]);
    expect(of[0]).toContain(uid);
    expect(of[1]).not.toContain(uid);
    expect(of[2]).toEqual([]);
    const none = photoLists(library).open({
      collection: null,
      filter: { inNone: true },
      sort: 'order',
      descending: false,
    });
    const any = photoLists(library).open({
      collection: null,
      filter: { inNone: false },
      sort: 'order',
      descending: false,
    });
    expect(none.total + any.total).toBe(photos.length);
    const lists = photoLists(library);
    expect(membershipOf(library, lists.ids(none.list, 0, 1000)).every((m) => m.length === 0)).toBe(true);
    expect(membershipOf(library, lists.ids(any.list, 0, 1000)).every((m) => m.length > 0)).toBe(true);
  });

  it('refuse names that would mean something else', () => {
    const uid = fresh('Names', 1);
    for (const wrong of ['', '   ', 'a@b', 'a\nb', 'x'.repeat(201)])
      expect(() => createCollection(library, wrong), JSON.stringify(wrong)).toThrow(/The name of a collection/);
    expect(() => createCollection(library, 'Names')).toThrow(/There is a collection "Names" already/);
    expect(renameCollection(library, uid, ' Names ')).toBeNull();
    renameCollection(library, uid, '100 % of [it] *');
    // What is a wildcard elsewhere is a plain character.
    expect(collectionInfo(library, '100 % of [it] *').id).toBe(uid);
    expect(() => collectionInfo(library, '100 %')).toThrow(/has no collection/);
  });

  it('are deleted and duplicated without anything being lost', () => {
    const uid = fresh('Old');
    const { collection } = duplicateCollection(library, uid, 'New');
    setCurrentCollection(library, uid);
    expect(currentCollection(library)?.name).toBe('Old');
    deleteCollection(library, uid);
    expect(currentCollection(library)).toBeUndefined();
    expect(listCollections(library).map((c) => c.name)).not.toContain('Old');
    expect(order(collection.uid)).toEqual([0, 1, 2, 3, 4, 5]);
    undo(library);
    expect(currentCollection(library)?.name).toBe('Old');
    expect(collectionInfo(library, uid)).toMatchObject({ items: 6, current: true });
  });

  it('are changed in the log alone, which nobody rewrites', () => {
    for (const sql of ['UPDATE collection_change SET part = part', 'DELETE FROM collection_change'])
      expect(() => library.db.prepare(sql).run()).toThrow(/only ever added/);
  });
});
