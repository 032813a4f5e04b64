/** What lists of collections say. */
import type { CollectionInfo } from '../../../shared/facts/collections.ts';
import type { Library } from '../library/library.ts';
import { integer, list, nullable, select, text } from '../library/rows.ts';
import {
  allCollections,
  collectionNamed,
  newestVersion,
  tagsOf,
  type CollectionRow,
} from '../library/tables/collection.ts';
import { countChanges, isSame } from './difference.ts';
import { currentCollection } from './store.ts';
import { versionState, workingState } from './versions.ts';

const COVER = 4;

type Counted = Omit<CollectionInfo, 'current'>;

/** What was counted of each collection, until an action touches it: hundreds of thousands of items are compared for it. */
const counted = new WeakMap<Library, Map<number, { readonly key: string; readonly info: Counted }>>();

/** Changes whenever something of the collection does. Photos that went or came back do so, too. */
function keyOf(library: Library, c: CollectionRow): string {
  const action = select(
    library.db,
    `SELECT (SELECT a.id FROM action a WHERE EXISTS (SELECT 1 FROM collection_change c WHERE c.collection_id = ?
       AND c.action_id = CASE a.kind WHEN 'undo' THEN a.parent ELSE a.head END) ORDER BY a.id DESC LIMIT 1)`,
    nullable(integer),
  ).one(c.id);
  const version = select(
    library.db,
    'SELECT (SELECT MAX(id) FROM collection_version WHERE collection_id = ?)',
    nullable(integer),
  ).one(c.id);
  const gone = select(
    library.db,
    'SELECT COUNT(*), COALESCE(MAX(id), 0) FROM former_file',
    list(integer, integer),
  ).one();
  return [action, version, ...gone].join(' ');
}

function infoOf(library: Library, c: CollectionRow): Counted {
  const key = keyOf(library, c);
  let known = counted.get(library);
  if (known === undefined) counted.set(library, (known = new Map()));
  const had = known.get(c.id);
  if (had?.key === key) return had.info;
  const info = countItems(library, c);
  known.set(c.id, { key, info });
  return info;
}

function countItems(library: Library, c: CollectionRow): Counted {
  const { db } = library;
  const one = (sql: string): number => select(db, sql, integer).one(c.id);
  const state = workingState(library, c);
  const newest = newestVersion(library, c.id);
  const changes = countChanges(newest === undefined ? { items: [], fields: {} } : versionState(library, newest), state);
  const tags = tagsOf(library, c.id);
  return {
    id: c.uid,
    name: c.name,
    kind: c.kind,
    created: c.created,
    items: state.items.length,
    folded: state.items.filter((i) => i.head !== null).length,
    gone: one(`SELECT COUNT(*) FROM collection_item i WHERE i.collection_id = ? AND i.member = 1
      AND NOT EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = i.photo_id)`),
    version:
      newest === undefined
        ? null
        : {
            number: newest.number,
            digest: newest.digest,
            created: newest.created,
            tags: [...tags].filter(([, n]) => n === newest.number).map(([tag]) => tag),
          },
    changes,
    uncommitted: !isSame(changes),
    conflicts: one('SELECT COUNT(*) FROM collection_conflict WHERE collection_id = ?'),
    fields: c.fields,
    rules: c.rules === null ? null : (JSON.parse(c.rules) as unknown),
    cover: state.items
      .filter((i) => i.head === null)
      .slice(0, COVER)
      .map((i) => i.key),
  };
}

/** A collection as it is now. @throws CovisError `NOT_FOUND`. */
export function collectionInfo(library: Library, wanted: string): CollectionInfo {
  const c = collectionNamed(library, wanted);
  return { ...infoOf(library, c), current: currentCollection(library)?.id === c.id };
}

/** Every collection, oldest first. */
export function listCollections(library: Library): CollectionInfo[] {
  const current = currentCollection(library)?.id;
  return allCollections(library).map((c) => ({ ...infoOf(library, c), current: c.id === current }));
}

/** Fields that items of a collection have, with how many have them and the values that most of them have. */
export function fieldsInUse(
  library: Library,
  wanted: string,
  most = 20,
): { field: string; items: number; values: { value: string; items: number }[] }[] {
  const c = collectionNamed(library, wanted);
  const rows = select(
    library.db,
    `SELECT j.key, v.value, COUNT(*) FROM collection_item i, json_each(i.fields) j, json_each(j.value) v
     WHERE i.collection_id = ? AND i.member = 1 GROUP BY j.key, v.value ORDER BY j.key, COUNT(*) DESC, v.value`,
    list(text, text, integer),
  ).all(c.id);
  const items = new Map(
    select(
      library.db,
      `SELECT j.key, COUNT(*) FROM collection_item i, json_each(i.fields) j WHERE i.collection_id = ? AND i.member = 1 GROUP BY j.key`,
      list(text, integer),
    ).all(c.id),
  );
  return Array.from(
    Map.groupBy(rows, ([field]) => field),
    ([field, values]) => ({
      field,
      items: items.get(field) ?? 0,
      values: values.slice(0, most).map(([, value, n]) => ({ value, items: n })),
    }),
  );
}
