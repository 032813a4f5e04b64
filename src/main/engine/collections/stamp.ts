import type { Library } from '../library/library.ts';
import { integer, list, nullable, select } from '../library/rows.ts';
import type { CollectionRow } from '../library/tables/collection.ts';

/** Changes whenever something of the collection does. Photos that went or came back do so, too. */
export function stampOf(library: Library, c: CollectionRow): string {
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
