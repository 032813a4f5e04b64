import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { foldCollection } from '../../../src/main/engine/collections/fold-collection.ts';
import { closeDeeds, deed } from '../../../src/main/engine/collections/deeds-thread.ts';
import {
  editFolds,
  foldGroups,
  foldsToPropose,
  proposeLibraryFolds,
} from '../../../src/main/engine/collections/fold-library.ts';
import { answerRule } from '../../../src/main/engine/collections/rules.ts';
import { addPhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection } from '../../../src/main/engine/collections/store.ts';
import { foldedUnder, foldsOf } from '../../../src/main/engine/library/fold-log.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { redo, undo, undoState } from '../../../src/main/engine/mining/decisions.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let made = 0;
let library: Library | undefined;
const open = (): Library => library!;
const under = (): Record<number, number> => Object.fromEntries(foldedUnder(open()));
const apply = () => proposeLibraryFolds(open(), {}, true);
const close = (): void => {
  library?.close();
  library = undefined;
};

beforeEach(() => {
  close();
  made += 1;
  library = syntheticLibrary(join(folder, String(made)), {
    photos: 12,
    clusters: 2,
    dim: 4,
    pairsPerPhoto: 1,
    seed: 1,
  }).library;
  const { db } = library;
  // Photos 1 to 4 look the same, 5 and 6 do; the others do not. Of each, the last is the largest.
  for (let id = 1; id <= 12; id += 1) {
    const look = id <= 4 ? '00000000000000ff' : id <= 6 ? 'ffff000000000000' : (BigInt(id) * 0x1111222233334441n).toString(16).padStart(16, '0').slice(-16); // prettier-ignore
    db.prepare('UPDATE photo SET look = ?, width = ? WHERE id = ?').run(look, 1000 + id, id);
    db.prepare('INSERT INTO photo_quality VALUES (?, 1, 40, 0.5, 0, 0, 7, 20, 0)').run(id);
  }
  db.prepare('UPDATE pair_all SET shared = 1').run();
});
afterAll(close);

describe('proposals', () => {
  it('change nothing until they are applied, and then once', () => {
    expect(proposeLibraryFolds(open(), {}, false)).toMatchObject({ folded: 4, changed: 0, action: null });
    expect(under()).toEqual({});
    expect(apply()).toMatchObject({ folded: 4, changed: 4 });
    expect(under()).toEqual({ 1: 4, 2: 4, 3: 4, 5: 6 });
    expect(apply()).toMatchObject({ changed: 0, action: null });
  });
  it('say score, parts and reason of each', () => {
    const [group] = apply().groups;
    expect(group!.under).toHaveLength(3);
    expect(group!.under.every((u) => u.why === 'looks')).toBe(true);
    expect(group!.head.score).toBeGreaterThan(group!.under[0]!.score);
    expect(group!.head.parts).toMatchObject({ sharpness: 0.5, clipping: 1, blockiness: 1 });
  });
  it('say what was not measured', () => {
    open().db.prepare('DELETE FROM photo_quality WHERE photo_id = 4').run();
    open().db.prepare('UPDATE photo SET look = NULL WHERE id = 9').run();
    expect(apply().notes).toEqual([
      '1 photo was not looked at for near duplicates yet: covis duplicates does it.',
      '1 photo was not measured yet, which counts as the worst shot: covis quality does it.',
    ]);
    expect(under()).toEqual({ 1: 3, 2: 3, 4: 3, 5: 6 });
  });
  it('are undone and done again', () => {
    apply();
    undo(open());
    expect(under()).toEqual({});
    redo(open());
    expect(under()).toEqual({ 1: 4, 2: 4, 3: 4, 5: 6 });
  });
});

describe('proposals in the thread beside', () => {
  const page = { at: 0, limit: 1 };
  it('are the same, a page of them, and done once under a key', async () => {
    const here = proposeLibraryFolds(open(), {}, false);
    expect(await deed(open(), Infinity, 'proposeFolds', undefined, {}, false, page)).toEqual({
      ...here,
      groups: here.groups.slice(0, 1),
    });
    expect(here.groups).toHaveLength(2);
    const key = 'a-key-of-a-page-0123456789';
    const first = await deed(open(), Infinity, 'proposeFolds', key, {}, true, page);
    expect(first).toMatchObject({ folded: 4, changed: 4, total: 2 });
    expect(under()).toEqual({ 1: 4, 2: 4, 3: 4, 5: 6 });
    expect(await deed(open(), Infinity, 'proposeFolds', key, {}, true, page)).toEqual(first);
    await closeDeeds(open());
  });
  it('are computed anew where a person said something while they were computed', () => {
    const ahead = foldsToPropose(open(), {});
    editFolds(open(), { kind: 'unfold', photos: [1] });
    expect(proposeLibraryFolds(open(), {}, true, ahead)).toMatchObject({ folded: 3, changed: 3 });
    expect(under()).toEqual({ 2: 4, 3: 4, 5: 6 });
  });
  it('are told of single photos as of all', () => {
    apply();
    const { headOf, under: folded } = foldsOf(open());
    expect([1, 4, 5, 7].map((p) => [headOf(p), folded(p)])).toEqual([[4, 0], [undefined, 3], [6, 0], [undefined, 0]]); // prettier-ignore
  });
});

describe('what a person says', () => {
  it('stays when folds are proposed again', () => {
    apply();
    editFolds(open(), { kind: 'head', photo: 2 });
    editFolds(open(), { kind: 'unfold', photos: [5] });
    editFolds(open(), { kind: 'fold', head: 11, photos: [9, 10] });
    const said = { 1: 2, 3: 2, 4: 2, 9: 11, 10: 11 };
    expect(under()).toEqual(said);
    apply();
    expect(under()).toEqual(said);
    // Also where looks no longer say that they belong together.
    open().db.prepare("UPDATE photo SET look = '0f0f0f0f0f0f0f0f' WHERE id = 1").run();
    apply();
    expect(under()).toEqual(said);
  });
  it('is undone step by step', () => {
    apply();
    editFolds(open(), { kind: 'head', photo: 2 });
    editFolds(open(), { kind: 'unfold', photos: [2] });
    expect(under()).toEqual({ 5: 6 });
    expect(undoState(open()).undo).toBe('Unfold 4 photos');
    undo(open());
    expect(under()).toEqual({ 1: 2, 3: 2, 4: 2, 5: 6 });
    undo(open());
    expect(under()).toEqual({ 1: 4, 2: 4, 3: 4, 5: 6 });
  });
  it('can be taken back, so that proposals decide again', () => {
    apply();
    editFolds(open(), { kind: 'head', photo: 2 });
    editFolds(open(), { kind: 'forget', photos: [1, 2, 3, 4] });
    apply();
    expect(under()).toEqual({ 1: 4, 2: 4, 3: 4, 5: 6 });
  });
  it('takes along what is folded under a photo that is folded itself', () => {
    apply();
    editFolds(open(), { kind: 'fold', head: 6, photos: [4] });
    expect(under()).toEqual({ 1: 6, 2: 6, 3: 6, 4: 6, 5: 6 });
    editFolds(open(), { kind: 'fold', head: 1, photos: [6] });
    expect(under()).toEqual({ 2: 1, 3: 1, 4: 1, 5: 1, 6: 1 });
  });
  it('is refused where it makes no sense', () => {
    expect(() => editFolds(open(), { kind: 'fold', head: 3, photos: [3] })).toThrow(/under itself/);
    expect(() => editFolds(open(), { kind: 'head', photo: 9 })).toThrow(/in no group/);
    expect(editFolds(open(), { kind: 'forget', photos: [3] })).toEqual({ action: null, changed: 0 });
  });
  it('is said of groups', () => {
    apply();
    editFolds(open(), { kind: 'head', photo: 2 });
    expect(foldGroups(open()).groups.map((g) => [g.under.length, g.chosen])).toEqual([
      [3, true],
      [1, false],
    ]);
  });
});

it('a head whose file is gone stands for nothing', async () => {
  apply();
  open().db.prepare('DELETE FROM photo_file WHERE photo_id = 4').run();
  expect(under()).toEqual({ 5: 6 });
  expect((await answerRule(open(), { is: 'folded', as: 'under' })).photos).toEqual([5]);
});

it('a collection folds what it holds: under the head, or the best of those it has', () => {
  apply();
  const { uid } = createCollection(open(), 'Some').collection;
  addPhotos(open(), uid, [1, 2, 5, 6, 8].map((photo) => ({ photo }))); // prettier-ignore
  expect(foldCollection(open(), uid)).toMatchObject({ folded: 2 });
  const heads = open()
    .db.prepare('SELECT photo_id, head FROM collection_item WHERE head IS NOT NULL ORDER BY 1')
    .raw()
    .all();
  expect(heads).toEqual([
    [1, 2],
    [5, 6],
  ]);
  expect(foldCollection(open(), uid)).toEqual({ action: null, folded: 0 });
});
