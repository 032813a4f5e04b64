import type { HistoryLine } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';
import { durably, history } from './action-log.ts';
import { redo, undo } from './decisions.ts';

/** Actions that are listed; older ones are reached by undoing one at a time. */
const LISTED = 2000;

/**
 * The one history: what undo takes back and redo brings again, newest first, each with what it was and when. Actions that were undone and
 * then overtaken by others stay in the log and are in no list.
 */
export function historyLine(library: Library): HistoryLine {
  const { head, tip } = history(library);
  const rows = select(
    library.db,
    `WITH RECURSIVE up(id, parent, created, label, depth) AS (
       SELECT id, parent, created, label, 0 FROM action WHERE id = :tip
       UNION ALL SELECT a.id, a.parent, a.created, a.label, up.depth + 1 FROM action a JOIN up ON a.id = up.parent WHERE up.depth < :most
     ) SELECT id, created, label, (SELECT COUNT(*) FROM decision d WHERE d.action_id = up.id) AS decisions FROM up ORDER BY depth`,
    record({ id: integer, created: text, label: text, decisions: integer }),
  ).all({ tip, most: LISTED });
  const at = head === null ? rows.length : rows.findIndex((r) => r.id === head);
  // What lies before all that is listed is reached no further than the oldest of them.
  const more = rows.length > LISTED;
  return {
    head,
    more,
    actions: rows.slice(0, LISTED).map((r, i) => ({ ...r, undone: at < 0 || i < at })),
  };
}

/**
 * Undoes or redoes, one after another and all together or not at all, until an action of {@link historyLine} is the last in force; null is
 * before the first. @returns how many were turned. @throws CovisError `STATE_CONFLICT` for an action that is in no such list.
 */
export function turnTo(library: Library, action: number | null): number {
  return durably(library, () => {
    const { actions, head, more } = historyLine(library);
    const known = action === null ? !more : actions.some((a) => a.id === action);
    if (!known)
      throw new CovisError('STATE_CONFLICT', 'The history has no such action any more', {
        hint: 'Something else was decided since; look at the history again.',
      });
    const place = (id: number | null): number => (id === null ? actions.length : actions.findIndex((a) => a.id === id));
    const steps = place(head) - place(action);
    for (let i = 0; i < Math.abs(steps); i += 1) (steps > 0 ? redo : undo)(library);
    return Math.abs(steps);
  });
}
