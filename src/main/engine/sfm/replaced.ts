import type { Library } from '../library/library.ts';
import { flag, integer, record, select, text } from '../library/rows.ts';
import { IS_MADE_BY_HAND, IS_PART_BY_HAND } from './made-by-hand.ts';

/** Clusters, by number, that others replace. */
export interface Replacement {
  /** What the log of actions calls it. */
  readonly label: string;
  readonly older: readonly number[];
  readonly newer: readonly number[];
}

/**
 * Clusters in force that an earlier import made of other content at the same path. None where all that lies there now is in force
 * already: then nothing was rebuilt.
 * @param uids of the models that lie there now.
 * @returns with the day of the latest import, and whether an older model was merged or split by hand, which stays.
 */
export function olderModels(
  library: Library,
  path: string,
  uids: ReadonlySet<string>,
): { readonly clusters: readonly number[]; readonly when: string; readonly edited: boolean } {
  const made = select(
    library.db,
    `SELECT c.id, c.uid, c.state, c.created, ${IS_MADE_BY_HAND} AS made, ${IS_PART_BY_HAND} AS part FROM cluster_all c WHERE c.source = ? ORDER BY c.id`,
    record({ id: integer, uid: text, state: text, created: text, made: flag, part: flag }),
  ).all(path);
  const inForce = made.filter((c) => c.state !== 'replaced');
  const now = [...uids];
  const unchanged = now.every((uid) => inForce.some((c) => c.uid === uid));
  if (unchanged) return { clusters: [], when: '', edited: false };
  // A cluster that a person makes keeps the path of what it was made of.
  const older = inForce.filter((c) => !uids.has(c.uid) && !c.made);
  const created = older.map((c) => c.created.slice(0, 10)).sort();
  return {
    clusters: older.map((c) => c.id),
    when: created.at(-1) ?? '',
    // A model that is itself what was merged or split is no newer one.
    edited: made.some((c) => c.part) && !now.some((uid) => made.some((c) => c.uid === uid)),
  };
}
