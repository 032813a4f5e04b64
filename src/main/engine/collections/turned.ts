import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import { history, towards } from '../mining/action-log.ts';

/** Characters that the log takes to note a photo of a collection, at least. */
const OF_A_PHOTO = 40;

/** How many photos of collections, and decisions on pairs, the next step back or forward is about, roughly. */
export function turnedPhotos(library: Library, way: 'undo' | 'redo'): number {
  const { head, tip } = history(library);
  const action = way === 'undo' ? head : towards(library, head, tip);
  const noted = select(
    library.db,
    'SELECT COALESCE(SUM(length(before) + length(after)), 0) FROM collection_change WHERE action_id = ?',
    integer,
  ).one(action);
  const decided = select(library.db, 'SELECT COUNT(*) FROM decision WHERE action_id = ?', integer).one(action);
  const folded = select(library.db, 'SELECT COUNT(*) FROM fold_change WHERE action_id = ?', integer).one(action);
  return noted / OF_A_PHOTO + decided + folded;
}
