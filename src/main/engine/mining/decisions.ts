import type { Verdict } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { turnCollections } from '../library/collection-log.ts';
import { turnFolds } from '../library/fold-log.ts';
import type { Library } from '../library/library.ts';
import { actionRow, append, durably, history, towards } from './action-log.ts';
import { turnChanges } from './cluster-changes.ts';
import { VERDICTS } from '../../../shared/domain.ts';
import { integer, nullable, oneOf, record, select, text } from '../library/rows.ts';

/** One judgement; photos are ids of the library. */
export interface Judgement {
  readonly query: number;
  readonly other: number;
  /** Whether `other` was looked at as positive or negative of `query`, or the note on both is set. */
  readonly aspect: 'positive' | 'negative' | 'note';
  readonly verdict: Verdict | 'note';
  /** The photo that takes the place of `other`, for `swap`. */
  readonly replacement?: number | undefined;
  /** Text for `note`; empty to remove it. */
  readonly note?: string | undefined;
  readonly run?: number | undefined;
  readonly tuple?: number | undefined;
}

const MAX_NOTE = 10_000;

/**
 * Appends judgements as one action, undone as one. What was undone before it can no longer be redone, but stays in the log.
 * @param label what undo calls it, as a phrase.
 * @throws CovisError `INPUT_INVALID` for a judgement that makes no sense.
 */
export function decide(library: Library, label: string, judgements: readonly Judgement[]): number {
  if (judgements.length === 0)
    throw new CovisError('INPUT_INVALID', 'There is nothing to decide', {
      hint: 'A decision has query, other and a verdict.',
    });
  judgements.forEach(check);
  return durably(library, () => {
    const before = history(library);
    const id = append(library, 'do', label, before.head, (own) => ({ head: own, tip: own }));
    const insert = select(
      library.db,
      `INSERT INTO decision (action_id, a, b, aspect, verdict, query, replacement, note, run_id, tuple_index, previous)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      integer,
    );
    const held = verdicts(library);
    for (const j of judgements) {
      const [a, b] = j.query < j.other ? [j.query, j.other] : [j.other, j.query];
      const previous = held.inForce(a, b, j.aspect);
      const decision = insert.one(
        id,
        a,
        b,
        j.aspect,
        j.verdict,
        j.query,
        j.replacement ?? null,
        j.note ?? null,
        j.run ?? null,
        j.tuple ?? null,
        previous ?? null,
      );
      held.put(a, b, j.aspect, decision);
    }
    return id;
  });
}

function check(j: Judgement): void {
  const wrong = (message: string): never => {
    throw new CovisError('INPUT_INVALID', message);
  };
  if (j.query === j.other) wrong('A photo cannot be judged against itself');
  if (j.verdict === 'swap' && (j.replacement === undefined || j.aspect !== 'positive'))
    wrong('A swap needs the photo that becomes the positive');
  if (j.replacement !== undefined && (j.replacement === j.query || j.replacement === j.other))
    wrong('A positive is swapped for another photo than the query or itself');
  if (j.verdict === 'same-object' && j.aspect !== 'negative') wrong('"Same object" is said of a negative');
  if ((j.verdict === 'note') !== (j.aspect === 'note'))
    wrong('A note is neither a verdict on a positive nor on a negative');
  if ((j.note?.length ?? 0) > MAX_NOTE) wrong(`A note has at most ${MAX_NOTE} characters`);
}

/** What undo or redo turned, and the tuple that was looked at then. */
export interface Turned {
  readonly label: string;
  readonly run: number | null;
  readonly tuple: number | null;
}

/** Takes back the action in force. @returns null when there is none. */
export function undo(library: Library): Turned | null {
  return durably(library, () => {
    const { head, tip } = history(library);
    if (head === null) return null;
    const { parent, label } = actionRow(library, head);
    append(library, 'undo', label, head, () => ({ head: parent, tip }));
    const decisions = decisionsOf(library, head);
    const held = verdicts(library);
    for (const d of decisions.toReversed()) held.put(d.a, d.b, d.aspect, d.previous);
    turnChanges(library, head, 'before');
    turnCollections(library, head, 'before');
    turnFolds(library, head, 'before');
    return { label, run: decisions[0]?.run_id ?? null, tuple: decisions[0]?.tuple_index ?? null };
  });
}

/** Brings back what was undone last. @returns null when there is nothing. */
export function redo(library: Library): Turned | null {
  return durably(library, () => {
    const { head, tip } = history(library);
    const next = towards(library, head, tip);
    if (next === null) return null;
    const { label } = actionRow(library, next);
    append(library, 'redo', label, head, () => ({ head: next, tip }));
    const decisions = decisionsOf(library, next);
    const held = verdicts(library);
    for (const d of decisions) held.put(d.a, d.b, d.aspect, d.id);
    turnChanges(library, next, 'after');
    turnCollections(library, next, 'after');
    turnFolds(library, next, 'after');
    return { label, run: decisions[0]?.run_id ?? null, tuple: decisions[0]?.tuple_index ?? null };
  });
}

/** What undo and redo would do now; null where there is nothing. */
export function undoState(library: Library): { readonly undo: string | null; readonly redo: string | null } {
  const { head, tip } = history(library);
  const next = towards(library, head, tip);
  return {
    undo: head === null ? null : actionRow(library, head).label,
    redo: next === null ? null : actionRow(library, next).label,
  };
}

/** Grows with every action, undo and redo. */
export function decisionVersion(library: Library): number {
  return history(library).id;
}

/** One line of the log, oldest first. */
export interface LoggedAction {
  readonly id: number;
  readonly created: string;
  readonly kind: 'do' | 'undo' | 'redo';
  readonly label: string;
  readonly decisions: number;
}

/** The log from an action on. */
export function decisionLog(library: Library, after: number, limit: number): LoggedAction[] {
  return select(
    library.db,
    `SELECT id, created, kind, label, (SELECT COUNT(*) FROM decision d WHERE d.action_id = action.id) AS decisions
     FROM action WHERE id > ? ORDER BY id LIMIT ?`,
    record<LoggedAction>({
      id: integer,
      created: text,
      kind: oneOf(['do', 'undo', 'redo']),
      label: text,
      decisions: integer,
    }),
  ).all(after, limit);
}

interface DecisionRow {
  readonly id: number;
  readonly a: number;
  readonly b: number;
  readonly aspect: string;
  readonly previous: number | null;
  readonly run_id: number | null;
  readonly tuple_index: number | null;
}

function decisionsOf(library: Library, action: number): DecisionRow[] {
  return select(
    library.db,
    'SELECT id, a, b, aspect, previous, run_id, tuple_index FROM decision WHERE action_id = ? ORDER BY id',
    record<DecisionRow>({
      id: integer,
      a: integer,
      b: integer,
      aspect: text,
      previous: nullable(integer),
      run_id: nullable(integer),
      tuple_index: nullable(integer),
    }),
  ).all(action);
}

/** The table of decisions in force, for many changes of it. */
function verdicts(library: Library): {
  inForce(a: number, b: number, aspect: string): number | undefined;
  /** Makes a decision the one in force; null for none. */
  put(a: number, b: number, aspect: string, decision: number | null): void;
} {
  const found = select(library.db, 'SELECT decision_id FROM verdict WHERE a = ? AND b = ? AND aspect = ?', integer);
  const remove = library.db.prepare('DELETE FROM verdict WHERE a = ? AND b = ? AND aspect = ?');
  const insert = library.db.prepare(
    `INSERT INTO verdict (a, b, aspect, decision_id, verdict)
     SELECT a, b, aspect, id, verdict FROM decision WHERE id = ? AND verdict <> 'none' AND NOT (verdict = 'note' AND COALESCE(note, '') = '')`,
  );
  return {
    inForce: (a, b, aspect) => found.get(a, b, aspect),
    put: (a, b, aspect, decision) => {
      remove.run(a, b, aspect);
      if (decision !== null) insert.run(decision);
    },
  };
}

/** Everything in force, as mining needs it. Its size is what people decided, not what was mined. */
export interface Judgements {
  /** False for pairs that a person refused as positive, or swapped. */
  readonly mayMatch: (query: number, positive: number) => boolean;
  /** False for pairs that a person refused as negative. */
  readonly mayDiffer: (query: number, negative: number) => boolean;
  /** Query to the positive that a person chose. */
  readonly chosen: ReadonlyMap<number, number>;
  readonly sameObject: readonly (readonly [number, number])[];
}

/** @returns the judgements in force. */
export function judgements(library: Library): Judgements {
  const rows = select(
    library.db,
    `SELECT v.a, v.b, v.aspect, v.verdict, d.query, d.replacement FROM verdict v JOIN decision d ON d.id = v.decision_id
     WHERE v.aspect <> 'note' ORDER BY d.id`,
    record({
      a: integer,
      b: integer,
      aspect: text,
      verdict: oneOf(VERDICTS),
      query: integer,
      replacement: nullable(integer),
    }),
  ).all();
  const refusedPositive = new Set<string>();
  const refusedNegative = new Set<string>();
  const chosen = new Map<number, number>();
  const sameObject: [number, number][] = [];
  for (const r of rows) {
    const key = `${r.a} ${r.b}`;
    if (r.aspect === 'positive' && (r.verdict === 'reject' || r.verdict === 'swap')) refusedPositive.add(key);
    if (r.aspect === 'negative' && (r.verdict === 'reject' || r.verdict === 'same-object')) refusedNegative.add(key);
    if (r.verdict === 'swap') chosen.set(r.query, r.replacement!);
    // An accepted positive of two places says the same of them as a false negative does.
    if (r.verdict === 'same-object' || (r.verdict === 'accept' && r.aspect === 'positive')) sameObject.push([r.a, r.b]);
  }
  for (const [query, positive] of chosen) if (refusedPositive.has(pairKey(query, positive))) chosen.delete(query);
  return {
    mayMatch: (q, p) => refusedPositive.size === 0 || !refusedPositive.has(pairKey(q, p)),
    mayDiffer: (q, n) => refusedNegative.size === 0 || !refusedNegative.has(pairKey(q, n)),
    chosen,
    sameObject,
  };
}

function pairKey(x: number, y: number): string {
  return x < y ? `${x} ${y}` : `${y} ${x}`;
}
