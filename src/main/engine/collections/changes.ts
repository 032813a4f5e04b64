/** What a collection has that its newest version has not, counted where the photos lie: in the database. */
import type { ChangeCounts } from '../../../shared/facts/collections.ts';
import type { Library } from '../library/library.ts';
import { integer, list, select } from '../library/rows.ts';
import type { CollectionRow, VersionRow } from '../library/tables/collection.ts';
import { countChanges, fieldDifferences, longestIncreasing } from './difference.ts';
import { NOTHING, versionState, workingState } from './versions.ts';

/** How many photos a collection has, how many of them are folded, and what changed since a version. */
export interface Counted {
  readonly items: number;
  readonly folded: number;
  readonly changes: ChangeCounts;
}

/** Counts what is there now against a version; against nothing where there is none. */
export function changesOf(library: Library, c: CollectionRow, version: VersionRow | undefined): Counted {
  return countedInPlace(library, c, version) ?? countedWhole(library, c, version);
}

/** The same by the definition: both states, photo by photo. */
export function countedWhole(library: Library, c: CollectionRow, version: VersionRow | undefined): Counted {
  const now = workingState(library, c);
  return {
    items: now.items.length,
    folded: now.items.filter((i) => i.head !== null).length,
    changes: countChanges(version === undefined ? NOTHING : versionState(library, version), now),
  };
}

/**
 * Without an object a photo. Undefined where that does not tell: with folds, whose heads have to be followed, and with a version that has
 * photos which the library did not know when it was written.
 */
export function countedInPlace(
  library: Library,
  c: CollectionRow,
  version: VersionRow | undefined,
): Counted | undefined {
  const { db } = library;
  const number = (sql: string, ...values: readonly number[]): number => select(db, sql, integer).one(...values);
  const some = (sql: string, ...values: readonly number[]): boolean =>
    number(`SELECT EXISTS (${sql})`, ...values) === 1;
  if (some('SELECT 1 FROM collection_item WHERE collection_id = ? AND head IS NOT NULL', c.id)) return undefined;
  const items = number('SELECT COUNT(*) FROM collection_item WHERE collection_id = ? AND member = 1', c.id);
  const none = { removed: 0, moved: 0, described: 0, folded: 0 };
  if (version === undefined)
    return { items, folded: 0, changes: { added: items, ...none, fields: Object.keys(c.fields).length > 0 } };
  if (some('SELECT 1 FROM version_item WHERE version_id = ? AND (photo_id IS NULL OR head IS NOT NULL)', version.id))
    return undefined;
  // Those of the version that are in, in the order of now: where they stood then, and whether they are described otherwise.
  const common = select(
    db,
    `SELECT v.item, v.fields IS NOT i.fields FROM collection_item i JOIN version_item v ON v.version_id = ? AND v.photo_id = i.photo_id
     WHERE i.collection_id = ? AND i.member = 1 ORDER BY i.position, i.photo_id`,
    list(integer, integer),
    'first',
  ).all(version.id, c.id);
  const places = Int32Array.from(common, ([place]) => place);
  const inOrder = places.every((place, k) => k === 0 || place > places[k - 1]!);
  return {
    items,
    folded: 0,
    changes: {
      added: items - common.length,
      removed: version.items - common.length,
      moved: inOrder ? 0 : places.length - longestIncreasing(places).size,
      described: common.reduce((n, [, other]) => n + other, 0),
      folded: 0,
      fields: fieldDifferences(version.fields, c.fields).length > 0,
    },
  };
}
