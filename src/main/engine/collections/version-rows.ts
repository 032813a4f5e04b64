import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import type { CollectionRow } from '../library/tables/collection.ts';

/** What a version says of itself, as its row has it. */
export interface VersionSaid {
  readonly number: number;
  readonly author: string;
  readonly message: string;
  readonly created: string;
  readonly digest: string;
  readonly parents: readonly string[];
  /** JSON. */
  readonly fields: string;
}

/** A photo of a version, as its row has it. */
export interface VersionItem {
  /** Its number in the library; null where the library does not have it. */
  readonly photo: number | null;
  readonly sha256: string;
  readonly path: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Place of the item that it is folded under. */
  readonly head: number | null;
  readonly source: number | null;
  readonly score: number | null;
  readonly rank: number | null;
  /** JSON; null for none. */
  readonly fields: string | null;
}

/** Writes a version with its items, which nothing changes afterwards. Runs inside a transaction. */
export function writeVersionRows(
  library: Library,
  collection: Pick<CollectionRow, 'id' | 'name'>,
  said: VersionSaid,
  items: readonly VersionItem[],
): void {
  const { db } = library;
  const version = select(
    db,
    `INSERT INTO collection_version (collection_id, number, name, author, message, created, digest, parents, fields, items)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    integer,
  ).one(
    collection.id,
    said.number,
    collection.name,
    said.author,
    said.message,
    said.created,
    said.digest,
    JSON.stringify(said.parents),
    said.fields,
    items.length,
  );
  const insert = db.prepare(
    `INSERT INTO version_item (version_id, item, photo_id, sha256, path, bytes, width, height, head, source_id, score, rank, fields)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  items.forEach((item, i) =>
    insert.run(
      version,
      i,
      item.photo,
      Buffer.from(item.sha256, 'hex'),
      item.path,
      item.bytes,
      item.width,
      item.height,
      item.head,
      item.source,
      item.score,
      item.rank,
      item.fields,
    ),
  );
}
