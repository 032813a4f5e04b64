import { CovisError } from '../../../../shared/errors.ts';
import { now, type Library } from '../library.ts';
import { nullable, record, select, text } from '../rows.ts';

/** A plan of a library: where it lies, and what its `plan.json` was when it was made. */
export interface PlanRow {
  readonly uid: string;
  readonly folder: string;
  readonly work: string;
  readonly title: string;
  readonly sha256: string;
  readonly created: string;
  readonly collected: string | null;
}

const ROW = record<PlanRow>({
  uid: text,
  folder: text,
  work: text,
  title: text,
  sha256: text,
  created: text,
  collected: nullable(text),
});
const COLUMNS = 'uid, folder, work, title, sha256, created, collected';
const LISTED = 50;

export function notePlan(library: Library, plan: Omit<PlanRow, 'collected'>): void {
  library.transaction(() =>
    library.db
      .prepare('INSERT INTO plan (uid, folder, work, title, sha256, created) VALUES (?, ?, ?, ?, ?, ?)')
      .run(plan.uid, plan.folder, plan.work, plan.title, plan.sha256, plan.created),
  );
}

/** The newest plans that are not forgotten, newest first. */
export function listPlans(library: Library): PlanRow[] {
  return select(
    library.db,
    `SELECT ${COLUMNS} FROM plan WHERE forgotten IS NULL ORDER BY id DESC LIMIT ${LISTED}`,
    ROW,
  ).all();
}

/** @throws CovisError `NOT_FOUND` for a plan that another library made. */
export function planRow(library: Library, uid: string): PlanRow {
  const found = select(library.db, `SELECT ${COLUMNS} FROM plan WHERE uid = ?`, ROW).get(uid);
  if (found === undefined)
    throw new CovisError('NOT_FOUND', `The library ${library.path} did not make this plan`, {
      hint: 'Name the library that did with --library.',
    });
  return found;
}

/** Use it in the transaction that takes up what came of the plan. */
export function planCollected(library: Library, uid: string): void {
  library.db.prepare('UPDATE plan SET collected = ? WHERE uid = ?').run(now(), uid);
}

/** It is no longer listed; its folder stays. */
export function forgetPlan(library: Library, uid: string): void {
  library.db.prepare('UPDATE plan SET forgotten = ? WHERE uid = ?').run(now(), uid);
}

/** Where it lies by now. */
export function planMoved(library: Library, uid: string, folder: string): void {
  library.db.prepare('UPDATE plan SET folder = ? WHERE uid = ?').run(folder, uid);
}
