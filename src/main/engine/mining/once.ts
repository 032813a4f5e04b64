import { now, type Library } from '../library/library.ts';
import { integer, select, text } from '../library/rows.ts';
import { durably } from './action-log.ts';

/** Answers that are kept; a page sends again what it sent last, not what it sent long ago. */
const KEPT = 10_000;

/** The answer to what was asked under this key before; undefined where it was not. */
export function answeredBefore<T>(library: Library, key: string | undefined): { readonly answer: T } | undefined {
  if (key === undefined) return undefined;
  const had = select(library.db, 'SELECT answer FROM answered WHERE once = ?', text).get(key);
  return had === undefined ? undefined : { answer: JSON.parse(had) as T };
}

/**
 * Does what is asked under a key once, however often it comes: a repeat is answered as the first was. The answer and what was done are in the
 * library together or not at all. Without a key it is done each time.
 * @param work gives what can be written as JSON.
 */
export function once<T>(library: Library, key: string | undefined, work: () => T): T {
  if (key === undefined) return work();
  return durably(library, () => {
    const had = answeredBefore<T>(library, key);
    if (had !== undefined) return had.answer;
    const answer = work();
    const id = select(
      library.db,
      'INSERT INTO answered (once, answer, created) VALUES (?, ?, ?) RETURNING id',
      integer,
    ).one(key, JSON.stringify(answer), now());
    library.db.prepare('DELETE FROM answered WHERE id <= ?').run(id - KEPT);
    return answer;
  });
}
