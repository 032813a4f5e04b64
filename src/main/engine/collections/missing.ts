/** Photos of a version that are not in the library: it names them, the collection cannot show them. */
import type { MissingPhotos } from '../../../shared/facts/collections.ts';
import { HASH_CHARS } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';
import type { VersionRow } from '../library/tables/collection.ts';

const LACKING = `version_item i WHERE version_id = ?
  AND NOT EXISTS (SELECT 1 FROM photo p WHERE p.hash = substr(lower(hex(i.sha256)), 1, ${HASH_CHARS}))`;

/** @param at the first that is told, counted from 0 in the version's order. @param limit how many are told. */
export function missingPhotos(
  library: Library,
  version: Pick<VersionRow, 'id'>,
  at: number,
  limit: number,
): MissingPhotos {
  const total = select(library.db, `SELECT COUNT(*) FROM ${LACKING}`, integer).one(version.id);
  const photos = select(
    library.db,
    `SELECT path, lower(hex(sha256)) AS sha256 FROM ${LACKING} ORDER BY item LIMIT ? OFFSET ?`,
    record({ path: text, sha256: text }),
  ).all(version.id, limit, at);
  return { total, photos };
}
