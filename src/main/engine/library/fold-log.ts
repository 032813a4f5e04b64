/** Near duplicates as a relation of photos: written under an action of the log, undone and done again with it. */
import { z } from 'zod';
import type { Library } from './library.ts';
import { integer, json, nullable, oneOf, record, select } from './rows.ts';

const STATES = ['under', 'head', 'alone'] as const;
const SAID_BY = ['proposal', 'person'] as const;

/** How a photo stands to near duplicates. Photos are numbers of the library. */
export interface Fold {
  /** Folded under `head`; a head that a person chose; for itself because a person said so. */
  readonly state: (typeof STATES)[number];
  readonly head: number | null;
  readonly by: (typeof SAID_BY)[number];
}

const stored = z.object({ state: z.enum(STATES), head: z.int().nullable(), by: z.enum(SAID_BY) });

/** Everything that is said, by photo. */
export function allFolds(library: Library): Map<number, Fold> {
  const rows = select(
    library.db,
    'SELECT photo_id AS photo, state, head_id AS head, said_by AS by FROM photo_fold ORDER BY photo_id',
    record({ photo: integer, state: oneOf(STATES), head: nullable(integer), by: oneOf(SAID_BY) }),
  ).all();
  return new Map(rows.map(({ photo, ...fold }) => [photo, fold]));
}

/** What is said of a photo after an action; undefined for nothing. */
export interface FoldChange {
  readonly photo: number;
  readonly after: Fold | undefined;
}

/** Notes changes under an action and brings them into force. Runs inside a transaction. */
export function changeFolds(library: Library, action: number, changes: readonly FoldChange[]): void {
  const before = allFolds(library);
  const insert = library.db.prepare('INSERT INTO fold_change (action_id, photo_id, before, after) VALUES (?, ?, ?, ?)');
  const text = (f: Fold | undefined): string | null => (f === undefined ? null : JSON.stringify(f));
  const put = writer(library);
  for (const { photo, after } of changes) {
    insert.run(action, photo, text(before.get(photo)), text(after));
    put(photo, after);
  }
}

/** Brings what an action did to folds into force, or what was before it. Runs inside a transaction. */
export function turnFolds(library: Library, action: number, to: 'before' | 'after'): void {
  const changes = select(
    library.db,
    'SELECT photo_id AS photo, before, after FROM fold_change WHERE action_id = ? ORDER BY id',
    record({ photo: integer, before: nullable(json(stored)), after: nullable(json(stored)) }),
  ).all(action);
  const put = writer(library);
  for (const c of to === 'before' ? changes.toReversed() : changes) put(c.photo, c[to] ?? undefined);
}

function writer(library: Library): (photo: number, fold: Fold | undefined) => void {
  const remove = library.db.prepare('DELETE FROM photo_fold WHERE photo_id = ?');
  const insert = library.db.prepare(
    'INSERT OR REPLACE INTO photo_fold (photo_id, state, head_id, said_by) VALUES (?, ?, ?, ?)',
  );
  return (photo, fold) => {
    if (fold === undefined) remove.run(photo);
    else insert.run(photo, fold.state, fold.head, fold.by);
  };
}

/** The photo that each of those that are folded is folded under. Every view may ask: search, grids, exports. */
export function foldedUnder(library: Library): Map<number, number> {
  const rows = select(
    library.db,
    'SELECT photo_id AS photo, head_id AS head FROM folded_photo ORDER BY photo_id',
    record({ photo: integer, head: integer }),
  ).all();
  return new Map(rows.map(({ photo, head }) => [photo, head]));
}

/** The same of single photos, for those who ask about few of many: what each is folded under, and how many are under it. */
export function foldsOf(library: Library): {
  readonly headOf: (photo: number) => number | undefined;
  readonly under: (photo: number) => number;
} {
  const head = select(library.db, 'SELECT head_id FROM folded_photo WHERE photo_id = ?', integer);
  const under = select(library.db, 'SELECT COUNT(*) FROM folded_photo WHERE head_id = ?', integer);
  return { headOf: (photo) => head.get(photo), under: (photo) => under.one(photo) };
}
