import type { Library } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';

/** Clusters, by number, that others replace. */
export interface Replacement {
  /** What the log of actions calls it. */
  readonly label: string;
  readonly older: readonly number[];
  readonly newer: readonly number[];
}

/** Merging and splitting by hand makes clusters that keep the path of what they were made of. */
const BY_HAND = `SELECT 1 FROM cluster_change k JOIN action a ON a.id = k.action_id
  WHERE k.cluster_id = c.id AND k.field = 'state' AND (a.label LIKE 'Merge %' OR a.label LIKE 'Split %')`;

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
    `SELECT c.id, c.uid, c.state, c.created, EXISTS (${BY_HAND}) AS byHand FROM cluster_all c WHERE c.source = ? ORDER BY c.id`,
    record({ id: integer, uid: text, state: text, created: text, byHand: integer }),
  ).all(path);
  const inForce = made.filter((c) => c.state !== 'replaced');
  const now = [...uids];
  const unchanged = now.every((uid) => inForce.some((c) => c.uid === uid));
  if (unchanged) return { clusters: [], when: '', edited: false };
  const older = inForce.filter((c) => !uids.has(c.uid) && c.byHand === 0);
  const created = older.map((c) => c.created.slice(0, 10)).sort();
  return {
    clusters: older.map((c) => c.id),
    when: created.at(-1) ?? '',
    // A model that is itself what was merged or split is no newer one.
    edited: made.some((c) => c.byHand === 1) && !now.some((uid) => made.some((c) => c.uid === uid)),
  };
}
