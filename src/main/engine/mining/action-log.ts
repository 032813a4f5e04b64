import { now, type Library } from '../library/library.ts';
import { integer, nullable, record, select, text } from '../library/rows.ts';

/** The last row of the log: the action in force and the newest one that redo leads to. */
export interface History {
  readonly id: number;
  readonly head: number | null;
  readonly tip: number | null;
}

/** One transaction that is on the disk, not only in the system's memory, when it returns: a decision cannot be computed again. */
export function durably<T>(library: Library, work: () => T): T {
  // Part of another that is.
  if (library.db.inTransaction) return work();
  library.db.pragma('synchronous = FULL');
  try {
    return library.transaction(work);
  } finally {
    library.db.pragma('synchronous = NORMAL');
  }
}

/** Where the log stands. */
export function history(library: Library): History {
  return (
    select(
      library.db,
      'SELECT id, head, tip FROM action ORDER BY id DESC LIMIT 1',
      record<History>({ id: integer, head: nullable(integer), tip: nullable(integer) }),
    ).get() ?? { id: 0, head: null, tip: null }
  );
}

/** Appends a row to the log. @returns its id. */
export function append(
  library: Library,
  kind: 'do' | 'undo' | 'redo',
  label: string,
  parent: number | null,
  after: (id: number) => { head: number | null; tip: number | null },
): number {
  // The row says its own id, so the id is known before it is written.
  const id = select(library.db, 'SELECT COALESCE(MAX(id), 0) + 1 FROM action', integer).one();
  const { head, tip } = after(id);
  library.db
    .prepare('INSERT INTO action (id, created, kind, label, parent, head, tip) VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(id, now(), kind, label, parent, head, tip);
  return id;
}

/** Parent and name of an action. */
export function actionRow(library: Library, id: number): { parent: number | null; label: string } {
  return select(
    library.db,
    'SELECT parent, label FROM action WHERE id = ?',
    record({ parent: nullable(integer), label: text }),
  ).one(id);
}

/** The action after `head` on the way to `tip`; null where head is the tip. */
export function towards(library: Library, head: number | null, tip: number | null): number | null {
  if (tip === head || tip === null) return null;
  return select(
    library.db,
    `WITH RECURSIVE up(id, parent) AS (
       SELECT id, parent FROM action WHERE id = :tip
       UNION ALL SELECT a.id, a.parent FROM action a JOIN up ON a.id = up.parent WHERE up.parent IS NOT :head
     ) SELECT id FROM up WHERE parent IS :head`,
    integer,
  ).one({ tip, head });
}
