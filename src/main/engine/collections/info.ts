/** What lists of collections say. */
import type { CollectionInfo } from '../../../shared/facts/collections.ts';
import type { Library } from '../library/library.ts';
import { integer, list, select, text } from '../library/rows.ts';
import {
  allCollections,
  collectionNamed,
  newestVersion,
  tagsOf,
  type CollectionRow,
} from '../library/tables/collection.ts';
import { changesOf } from './changes.ts';
import { isSame } from './difference.ts';
import { currentCollection } from './store.ts';
import { stampOf } from './stamp.ts';
import { workingState } from './versions.ts';

const COVER = 4;

type Counted = Omit<CollectionInfo, 'current'>;

/** What was counted of each collection, until an action touches it: hundreds of thousands of items are compared for it. */
const counted = new WeakMap<Library, Map<number, { readonly key: string; readonly info: Counted }>>();

function infoOf(library: Library, c: CollectionRow): Counted {
  const key = stampOf(library, c);
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
  const newest = newestVersion(library, c.id);
  const { items, folded, changes } = changesOf(library, c, newest);
  const tags = tagsOf(library, c.id);
  return {
    id: c.uid,
    name: c.name,
    kind: c.kind,
    created: c.created,
    items,
    folded,
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
    cover: coverOf(library, c),
  };
}

/** Content hashes of its first photos that stand for themselves. */
function coverOf(library: Library, c: CollectionRow): string[] {
  const rows = select(
    library.db,
    `SELECT p.hash, i.head IS NOT NULL FROM collection_item i JOIN photo p ON p.id = i.photo_id
     WHERE i.collection_id = ? AND i.member = 1 ORDER BY i.position, i.photo_id LIMIT ?`,
    list(text, integer),
  );
  const first = rows.all(c.id, COVER);
  if (first.every(([, folded]) => folded === 0)) return first.map(([hash]) => hash);
  return workingState(library, c)
    .items.filter((i) => i.head === null)
    .slice(0, COVER)
    .map((i) => i.key);
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
