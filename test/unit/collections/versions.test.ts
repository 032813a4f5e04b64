import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionDifference } from '../../../src/main/engine/collections/compare.ts';
import { collectionInfo } from '../../../src/main/engine/collections/info.ts';
import { describePhotos, foldPhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { addPhotos, movePhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection, setCollectionFields } from '../../../src/main/engine/collections/store.ts';
import { commitCollection } from '../../../src/main/engine/collections/commit.ts';
import {
  restoreVersion,
  tagVersion,
  versionContent,
  versionHistory,
} from '../../../src/main/engine/collections/versions.ts';
import { currentPhoto } from '../../../src/main/engine/library/current-photo.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { collectionState } from '../../../src/main/engine/library/tables/collection.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
let photos: number[];

beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  photos = allPhotos(library).map((p) => p.id);
}, 120_000);
afterAll(() => library.close());

const commit = (collection: string, o: object = {}, of = library) =>
  commitCollection(of, { collection, message: '', author: 'Ada', ...o }, silentContext());

function fresh(name: string, n = 5): string {
  const { uid } = createCollection(library, name).collection;
  addPhotos(
    library,
    uid,
    photos.slice(0, n).map((photo) => ({ photo })),
  );
  return uid;
}

function content(name: string, of = library): ReturnType<typeof versionContent> {
  const { collection, version } = collectionState(of, name);
  return versionContent(of, collection, version!);
}

describe('versions of a collection', () => {
  it('hold the photos by their files’ own SHA-256, with what is said of them', async () => {
    const uid = fresh('Whole');
    describePhotos(library, uid, [photos[1]!], () => '{"title":["Gate"]}');
    setCollectionFields(library, uid, { creator: ['Ada'] });
    foldPhotos(library, uid, [{ head: photos[0]!, photos: [photos[2]!] }]);
    await commit(uid, { message: 'first' });
    const { version, entries } = content('Whole@1');
    const shas = photos.slice(0, 5).map((p) =>
      createHash('sha256')
        .update(readFileSync(currentPhoto(library, p)))
        .digest('hex'),
    );
    expect(entries.map((e) => e.sha256)).toEqual(shas);
    expect(entries[1]!.fields).toEqual({ title: ['Gate'] });
    expect(entries[2]!.foldedUnder).toBe(shas[0]);
    // The digest as content.ts says it, written out: members, then what is said, each sorted by bytes.
    const members = entries.map((e) => `${e.sha256}  ${e.path}\n`).sort();
    const said = ['\tcreator\t["Ada"]\n', `${entries[1]!.path}\ttitle\t["Gate"]\n`].sort();
    expect(version.digest).toBe(
      createHash('sha256')
        .update([...members, ...said].join(''))
        .digest('hex'),
    );
    expect(version).toMatchObject({ number: 1, author: 'Ada', message: 'first', parents: [], items: 5 });
  });

  it('are refused where nothing changed, and have the one before as parent', async () => {
    const uid = fresh('Chain');
    const first = await commit(uid);
    await expect(commit(uid)).rejects.toThrow(/Nothing has changed since version 1 of Chain/);
    removePhotos(library, uid, [photos[0]!]);
    undo(library);
    await expect(commit(uid)).rejects.toThrow(/Nothing has changed/);
    movePhotos(library, uid, [photos[0]!]);
    const second = await commit(uid);
    // Order is not what a collection holds, but it is worth a version.
    expect(second).toMatchObject({ number: 2, digest: first.digest, parents: [first.digest] });
    await expect(commit(createCollection(library, 'Nothing').collection.uid)).rejects.toThrow(/has no photos/);
  });

  it('differ by what was added, removed, moved, described and folded', async () => {
    const uid = fresh('Differ', 6);
    await commit(uid);
    removePhotos(library, uid, [photos[0]!]);
    addPhotos(library, uid, [{ photo: photos[7]! }]);
    movePhotos(library, uid, [photos[5]!], photos[1]);
    describePhotos(library, uid, [photos[2]!], () => '{"title":["Gate"]}');
    foldPhotos(library, uid, [{ head: photos[3]!, photos: [photos[4]!] }]);
    setCollectionFields(library, uid, { title: ['Six'] });
    const d = collectionDifference(library, uid, 1, 'working');
    expect(d.counts).toEqual({ added: 1, removed: 1, moved: 1, described: 1, folded: 1, fields: true });
    expect(collectionInfo(library, uid)).toMatchObject({ uncommitted: true, changes: d.counts });
    expect(d.fields).toEqual([{ field: 'title', before: null, after: ['Six'] }]);
    const hash = (i: number): string => allPhotos(library)[i]!.hash;
    expect(d.photos.map((p) => [p.photo, p.kinds])).toEqual([
      [hash(5), ['moved']],
      [hash(2), ['described']],
      [hash(4), ['folded']],
      [hash(7), ['added']],
      [hash(0), ['removed']],
    ]);
    await commit(uid);
    expect(collectionDifference(library, uid, 1, 2).counts).toEqual(d.counts);
    expect(versionHistory(library, uid).map((v) => [v.number, v.changes.added])).toEqual([
      [2, 1],
      [1, 6],
    ]);
  });

  it('tell what each changed, whichever were asked for before, and nothing of one that was taken back', async () => {
    const uid = fresh('Many times');
    setCollectionFields(library, uid, { title: ['First'] });
    await commit(uid);
    const first = versionHistory(library, uid);
    removePhotos(library, uid, photos.slice(0, 2));
    await commit(uid);
    addPhotos(library, uid, [{ photo: photos[9]! }]);
    setCollectionFields(library, uid, {});
    await commit(uid);
    const told = versionHistory(library, uid);
    expect(told.at(-1)).toEqual(first[0]);
    expect(told.map((v) => v.changes)).toEqual([
      collectionDifference(library, uid, 2, 3).counts,
      collectionDifference(library, uid, 1, 2).counts,
      collectionDifference(library, uid, null, 1).counts,
    ]);
    expect(told.map((v) => v.changes.fields)).toEqual([true, false, true]);
    // One that another took the place of.
    const { db } = library;
    const add = (items: number): void =>
      void db
        .prepare(
          `INSERT INTO collection_version (collection_id, number, name, author, message, created, digest, parents, fields, items)
           SELECT collection_id, 4, name, author, message, created, digest || ?, parents, '{}', ? FROM collection_version WHERE collection_id =
             (SELECT id FROM collection WHERE uid = ?) AND number = 3`,
        )
        .run(String(items), items, uid);
    db.exec('BEGIN');
    add(0);
    const within = versionHistory(library, uid)[0]!.changes.removed;
    db.exec('ROLLBACK');
    expect(within).toBe(told[0]!.items);
    expect(versionHistory(library, uid)).toEqual(told);
    removePhotos(library, uid, photos.slice(2, 3));
    await commit(uid);
    expect(versionHistory(library, uid)[0]!.changes).toMatchObject({ removed: 1, added: 0 });
  });

  it('are restored as they were, which can be undone', async () => {
    const uid = fresh('Back');
    setCollectionFields(library, uid, { title: ['Then'] });
    foldPhotos(library, uid, [{ head: photos[0]!, photos: [photos[1]!] }]);
    await commit(uid);
    removePhotos(library, uid, photos.slice(0, 3));
    addPhotos(library, uid, [{ photo: photos[9]! }]);
    setCollectionFields(library, uid, {});
    const now = collectionInfo(library, uid);
    restoreVersion(library, uid, '1');
    expect(collectionInfo(library, uid)).toMatchObject({
      uncommitted: false,
      items: 5,
      folded: 1,
      fields: { title: ['Then'] },
    });
    expect(restoreVersion(library, uid, '1').action).toBeNull();
    undo(library);
    expect(collectionInfo(library, uid)).toEqual(now);
  });

  it('are named by number, tag and the beginning of their digest, and by nothing else', async () => {
    const uid = fresh('Named');
    const { digest } = await commit(uid, { tag: 'v1' });
    removePhotos(library, uid, [photos[0]!]);
    await commit(uid);
    for (const name of ['Named@1', 'Named@v1', `Named@${digest.slice(0, 8)}`, `${uid}@1`])
      expect(collectionState(library, name).version?.number, name).toBe(1);
    tagVersion(library, uid, 'v1', 2);
    expect(collectionState(library, 'Named@v1').version?.number).toBe(2);
    undo(library);
    expect(collectionState(library, 'Named@v1').version?.number).toBe(1);
    for (const name of ['Named@3', 'Named@v%', 'Named@v_', 'Named@', `Named@${digest.slice(0, 3)}`])
      expect(() => collectionState(library, name), name).toThrow(/has no version/);
    for (const tag of ['7', 'a@b', '', 'x'.repeat(101)])
      expect(() => tagVersion(library, uid, tag, 1), tag).toThrow(/A tag has/);
  });

  it('never change', async () => {
    const uid = fresh('Fixed', 2);
    await commit(uid);
    for (const sql of [
      'UPDATE collection_version SET message = message',
      'DELETE FROM collection_version',
      'UPDATE version_item SET path = path',
      'DELETE FROM version_item',
    ])
      expect(() => library.db.prepare(sql).run(), sql).toThrow(/versions never change/);
  });

  it('have the same digest on another machine, whatever was imported when and where', async () => {
    const uid = createCollection(library, 'Portable').collection.uid;
    const names = new Map(
      library.db.prepare('SELECT name, photo_id FROM photo_file').raw().all() as [string, number][],
    );
    const wanted = ['castle_01.jpg', 'pagoda_01.jpg', 'castle_02.jpg'];
    addPhotos(
      library,
      uid,
      wanted.map((n) => ({ photo: names.get(n)! })),
    );
    const here = await commit(uid);
    const other = Library.create(join(folder, 'other'));
    try {
      for (const scene of ['pagoda', 'castle'])
        await importSources(other, { sources: [join(SAMPLE, scene)] }, silentContext());
      // As libraries were before SHA-256 was kept.
      other.db.exec('UPDATE photo SET sha256 = NULL');
      const there = new Map(
        other.db.prepare('SELECT name, photo_id FROM photo_file').raw().all() as [string, number][],
      );
      const { uid: theirs } = createCollection(other, 'Elsewhere').collection;
      addPhotos(
        other,
        theirs,
        wanted.toReversed().map((n) => ({ photo: there.get(n)! })),
      );
      expect((await commit(theirs, {}, other)).digest).toBe(here.digest);
    } finally {
      other.close();
    }
  });

  it('say which photos are gone, and need their SHA-256', async () => {
    const at = join(folder, 'gone');
    const own = join(folder, 'photos');
    mkdirSync(own);
    const files = ['a.jpg', 'b.jpg', 'c.jpg'].map((n, i) => {
      copyFileSync(join(SAMPLE, 'castle', 'images', `castle_0${i + 1}.jpg`), join(own, n));
      return join(own, n);
    });
    const l = Library.create(at);
    try {
      await importSources(l, { sources: [own], photosOnly: true, images: own }, silentContext());
      const { uid } = createCollection(l, 'Gone').collection;
      addPhotos(
        l,
        uid,
        allPhotos(l).map((p) => ({ photo: p.id })),
      );
      rmSync(files[0]!);
      await importSources(l, { sources: [own], photosOnly: true, images: own }, silentContext());
      const first = await commit(uid, {}, l);
      expect(first).toMatchObject({ items: 3, gone: ['a.jpg'] });
      expect(content('Gone@1', l).entries).toHaveLength(3);
      expect(collectionInfo(l, uid).gone).toBe(1);
      l.db.exec('UPDATE photo SET sha256 = NULL');
      describePhotos(
        l,
        uid,
        allPhotos(l).map((p) => p.id),
        () => '{"title":["x"]}',
      );
      await expect(commit(uid, {}, l)).rejects.toThrow(/Of 1 of 3 photos of Gone no file is there.*a\.jpg/);
    } finally {
      l.close();
    }
  });
});
