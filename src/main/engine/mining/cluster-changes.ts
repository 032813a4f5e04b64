import { CovisError } from '../../../shared/errors.ts';
import { findOne } from '../library/find.ts';
import type { Library } from '../library/library.ts';
import { byHandLabel } from '../sfm/made-by-hand.ts';
import { relabelPlaces } from '../sfm/places.ts';
import type { Replacement } from '../sfm/replaced.ts';
import { append, durably, history } from './action-log.ts';
import { deriveCluster, type ClusterPart } from './derived-clusters.ts';
import { integer, nullable, oneOf, record as columns, select, text } from '../library/rows.ts';

/** One change of a cluster that stands in the log. */
export interface ClusterChange {
  readonly cluster: number;
  readonly field: 'alias' | 'state';
  readonly after: string | null;
}

/** What a person does to clusters; ids are content hashes. */
export type ClusterEdit =
  | { readonly kind: 'rename'; readonly cluster: string; readonly name: string }
  | { readonly kind: 'exclude' | 'include'; readonly clusters: readonly string[] }
  | { readonly kind: 'merge'; readonly clusters: readonly string[] }
  /** Views, by index, that become a cluster of their own. */
  | { readonly kind: 'split'; readonly cluster: string; readonly views: readonly number[] };

const LONGEST_NAME = 200;

interface Row {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
}

/**
 * Changes clusters as one action of the log, undone and redone as one. Nothing is lost: what is merged or split stays, out of force.
 * @returns the clusters that the edit made or changed. @throws CovisError `INPUT_INVALID`, `NOT_FOUND`.
 */
export function editClusters(
  library: Library,
  edit: ClusterEdit,
): { readonly clusters: readonly string[]; readonly note: string | null } {
  const clusters = (edit.kind === 'rename' || edit.kind === 'split' ? [edit.cluster] : [...new Set(edit.clusters)]).map(
    (uid) => rowOf(library, uid),
  );
  if (clusters.length === 0) throw new CovisError('INPUT_INVALID', 'No cluster was chosen');
  const names = clusters.map((c) => c.name).join(', ');
  switch (edit.kind) {
    case 'rename': {
      const name = edit.name.trim();
      if (name === '' || name.length > LONGEST_NAME)
        throw new CovisError('INPUT_INVALID', `A name has between 1 and ${LONGEST_NAME} characters`);
      act(library, `Rename ${names} to ${name}`, [{ cluster: clusters[0]!.id, field: 'alias', after: name }]);
      return { clusters: clusters.map((c) => c.uid), note: null };
    }
    case 'exclude':
    case 'include': {
      const state = edit.kind === 'exclude' ? 'excluded' : 'active';
      const label = `${edit.kind === 'exclude' ? 'Exclude' : 'Include'} ${names}`;
      act(
        library,
        label,
        clusters.map((c): ClusterChange => ({ cluster: c.id, field: 'state', after: state })),
      );
      return { clusters: clusters.map((c) => c.uid), note: null };
    }
    case 'merge': {
      if (clusters.length < 2) throw new CovisError('INPUT_INVALID', 'Merging takes at least two clusters');
      const parts = clusters.map((c): ClusterPart => ({ cluster: c.id, views: viewsOf(library, c.id) }));
      return durably(library, () => {
        const made = deriveCluster(library, parts, clusters[0]!.name, 'merged');
        recordChanges(library, byHandLabel('merge', names), [
          ...clusters.map((c): ClusterChange => ({ cluster: c.id, field: 'state', after: 'replaced' })),
          { cluster: made.id, field: 'state', after: 'active' },
        ]);
        return {
          clusters: [made.uid],
          note: made.aligned
            ? null
            : 'The models have fewer than three photos in common, so they stand side by side and are not aligned.',
        };
      });
    }
    case 'split': {
      const all = viewsOf(library, clusters[0]!.id);
      const chosen = new Set(edit.views);
      const [part, rest] = [all.filter((v) => chosen.has(v)), all.filter((v) => !chosen.has(v))];
      if (part.length === 0 || rest.length === 0)
        throw new CovisError('INPUT_INVALID', 'Splitting takes some of the photos of a cluster, not none and not all');
      return durably(library, () => {
        const cluster = clusters[0]!;
        const made = [rest, part].map((views, i) =>
          deriveCluster(
            library,
            [{ cluster: cluster.id, views }],
            `${cluster.name} (${i + 1})`,
            i === 0 ? 'rest' : 'split',
          ),
        );
        recordChanges(library, byHandLabel('split', names), [
          { cluster: cluster.id, field: 'state', after: 'replaced' },
          ...made.map((m): ClusterChange => ({ cluster: m.id, field: 'state', after: 'active' })),
        ]);
        return { clusters: made.map((m) => m.uid), note: null };
      });
    }
  }
}

/** By hash, exact name or the beginning of a hash. */
function rowOf(library: Library, wanted: string): Row {
  const rows = select(
    library.db,
    "SELECT id, uid, COALESCE(alias, name) AS name FROM cluster_all WHERE state <> 'replaced' ORDER BY id",
    columns<Row>({ id: integer, uid: text, name: text }),
  ).all();
  return findOne('cluster', wanted, rows, (r) => ({ id: r.uid, name: r.name }));
}

function viewsOf(library: Library, id: number): number[] {
  return select(library.db, 'SELECT view_index FROM view_all WHERE cluster_id = ? ORDER BY view_index', integer).all(
    id,
  );
}

function act(library: Library, label: string, changes: readonly ClusterChange[]): void {
  durably(library, () => recordChanges(library, label, changes));
}

/**
 * A model that was rebuilt in place takes the place of the older one, as one action that can be undone. Names and exclusions that a person
 * gave pass on. Decisions are of photos, so that they hold on. Runs inside a transaction.
 */
export function replaceClusters(library: Library, { label, older, newer }: Replacement): void {
  const had = older.map((id) =>
    select(
      library.db,
      'SELECT alias, state FROM cluster_all WHERE id = ?',
      columns({ alias: nullable(text), state: text }),
    ).one(id),
  );
  const alone = older.length === 1 && newer.length === 1 ? had[0] : undefined;
  const state = had.length > 0 && had.every((h) => h.state === 'excluded') ? 'excluded' : 'active';
  recordChanges(library, label, [
    ...older.map((cluster): ClusterChange => ({ cluster, field: 'state', after: 'replaced' })),
    ...newer.map((cluster): ClusterChange => ({ cluster, field: 'state', after: state })),
    ...(alone?.alias == null ? [] : [{ cluster: newer[0]!, field: 'alias', after: alone.alias } as const]),
  ]);
}

/** Makes changes of clusters as one action of the log. Runs inside a transaction. @param label what undo calls it, as a phrase; cut where it is long. */
export function recordChanges(library: Library, label: string, changes: readonly ClusterChange[]): void {
  const before = history(library);
  const action = append(library, 'do', label.slice(0, LONGEST_NAME), before.head, (own) => ({ head: own, tip: own }));
  const insert = library.db.prepare(
    'INSERT INTO cluster_change (action_id, cluster_id, field, before, after) VALUES (?, ?, ?, ?, ?)',
  );
  for (const c of changes) {
    const had = select(library.db, `SELECT ${c.field} FROM cluster_all WHERE id = ?`, nullable(text)).one(c.cluster);
    insert.run(action, c.cluster, c.field, had, c.after);
  }
  turnChanges(library, action, 'after');
}

/** Brings what an action did to clusters into force, or what was before it. Runs inside a transaction. */
export function turnChanges(library: Library, action: number, to: 'before' | 'after'): void {
  const changes = select(
    library.db,
    'SELECT cluster_id AS cluster, field, before, after FROM cluster_change WHERE action_id = ? ORDER BY id',
    columns({ cluster: integer, field: oneOf(['alias', 'state']), before: nullable(text), after: nullable(text) }),
  ).all(action);
  for (const c of to === 'before' ? changes.toReversed() : changes)
    library.db.prepare(`UPDATE cluster_all SET ${c.field} = ? WHERE id = ?`).run(c[to], c.cluster);
  if (changes.some((c) => c.field === 'state')) relabelPlaces(library);
}
