import type { Library } from '../library.ts';
import { whileUnchanged } from '../memo.ts';
import { integer, select } from '../rows.ts';

/** How much a library holds of what is in force. */
export interface Counts {
  readonly photos: number;
  readonly scenes: number;
  readonly clusters: number;
  /** Places of photos that differ. */
  readonly places: number;
  /** Pairs of photos that share points. */
  readonly pairs: number;
  /** Pairs that a list gave. */
  readonly given: number;
  readonly points: number;
}

/** Every page asks for it first: of a million pairs it is counted once, until something is written. */
export function counts(library: Library): Counts {
  return whileUnchanged(library, 'counts', () => counted(library));
}

function counted(library: Library): Counts {
  const count = (sql: string): number => select(library.db, sql, integer).one();
  return {
    photos: count('SELECT COUNT(*) FROM photo'),
    scenes: count('SELECT COUNT(*) FROM scene'),
    clusters: count('SELECT COUNT(*) FROM cluster'),
    places: count('SELECT COUNT(DISTINCT place) FROM photo'),
    pairs: count('SELECT COUNT(*) FROM pair'),
    given: count('SELECT COUNT(*) FROM given_pair'),
    points: count('SELECT COALESCE(SUM(points), 0) FROM cluster'),
  };
}
