import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import {
  COLLECTION_KINDS,
  fieldValues,
  type CollectionKind,
  type FieldValues,
} from '../../../../shared/facts/collections.ts';
import { findOne } from '../find.ts';
import type { Library } from '../library.ts';
import { integer, json, list, nullable, oneOf, record, select, text } from '../rows.ts';

/** A collection that a person has, as it is now. */
export interface CollectionRow {
  readonly id: number;
  /** What routes and commands call it. */
  readonly uid: string;
  readonly created: string;
  readonly name: string;
  readonly kind: CollectionKind;
  readonly fields: FieldValues;
  /** Rules of a smart one, as JSON. */
  readonly rules: string | null;
}

/** A version without its items. */
export interface VersionRow {
  readonly id: number;
  readonly collection: number;
  readonly number: number;
  /** The collection's name then. */
  readonly name: string;
  readonly author: string;
  readonly message: string;
  readonly created: string;
  readonly digest: string;
  readonly parents: readonly string[];
  readonly fields: FieldValues;
  readonly items: number;
}

const COLLECTION = record<CollectionRow>({
  id: integer,
  uid: text,
  created: text,
  name: text,
  kind: oneOf(COLLECTION_KINDS),
  fields: json(fieldValues),
  rules: nullable(text),
});
const COLUMNS = 'id, uid, created, name, kind, fields, rules';

const VERSION = record<VersionRow>({
  id: integer,
  collection: integer,
  number: integer,
  name: text,
  author: text,
  message: text,
  created: text,
  digest: text,
  parents: json(z.array(z.string())),
  fields: json(fieldValues),
  items: integer,
});
const VERSION_COLUMNS =
  'id, collection_id AS collection, number, name, author, message, created, digest, parents, fields, items';

/** Every collection that was not deleted, oldest first. */
export function allCollections(library: Library): CollectionRow[] {
  return select(library.db, `SELECT ${COLUMNS} FROM collection WHERE hidden = 0 ORDER BY id`, COLLECTION).all();
}

/** By id, exact name, or the beginning of an id. @throws CovisError `NOT_FOUND`, `INPUT_INVALID` that lists what there is. */
export function collectionNamed(library: Library, wanted: string): CollectionRow {
  return findOne('collection', wanted, allCollections(library), (c) => ({ id: c.uid, name: c.name }));
}

/** By its number, deleted or not. */
export function collectionById(library: Library, id: number): CollectionRow {
  return select(library.db, `SELECT ${COLUMNS} FROM collection WHERE id = ?`, COLLECTION).one(id);
}

/** Versions of a collection, oldest first. */
export function versionsOf(library: Library, collection: number): VersionRow[] {
  return select(
    library.db,
    `SELECT ${VERSION_COLUMNS} FROM collection_version WHERE collection_id = ? ORDER BY number`,
    VERSION,
  ).all(collection);
}

/** The newest version; undefined before the first. */
export function newestVersion(library: Library, collection: number): VersionRow | undefined {
  return select(
    library.db,
    `SELECT ${VERSION_COLUMNS} FROM collection_version WHERE collection_id = ? ORDER BY number DESC LIMIT 1`,
    VERSION,
  ).get(collection);
}

/** Tags of a collection with the numbers of their versions, by name. */
export function tagsOf(library: Library, collection: number): Map<string, number> {
  return new Map(
    select(
      library.db,
      `SELECT t.tag, v.number FROM collection_tag t JOIN collection_version v ON v.id = t.version_id
       WHERE t.collection_id = ? ORDER BY t.tag`,
      list(text, integer),
    ).all(collection),
  );
}

const LISTED = 5;
const SHORTEST_BEGINNING = 4;

/**
 * The version that a person means by its number, its tag, or the beginning of its digest. Nothing is a wildcard.
 * @throws CovisError `NOT_FOUND` that lists what there is, `INPUT_INVALID` where several begin so.
 */
export function versionCalled(library: Library, collection: CollectionRow, wanted: string): VersionRow {
  const versions = versionsOf(library, collection.id);
  const tags = tagsOf(library, collection.id);
  const byNumber = /^\d{1,9}$/.test(wanted) ? versions.find((v) => v.number === Number(wanted)) : undefined;
  if (byNumber !== undefined) return byNumber;
  const tagged = tags.get(wanted.normalize('NFC'));
  if (tagged !== undefined) return versions.find((v) => v.number === tagged)!;
  const begin = wanted.toLowerCase();
  if (begin.length >= SHORTEST_BEGINNING && /^[0-9a-f]{4,64}$/.test(begin)) {
    const begun = versions.filter((v) => v.digest.startsWith(begin));
    const digests = new Set(begun.map((v) => v.digest));
    if (digests.size > 1)
      throw new CovisError('INPUT_INVALID', `${digests.size} versions of ${collection.name} begin with ${begin}`, {
        hint: `Say more of it: ${[...digests].slice(0, LISTED).join(', ')}.`,
      });
    // What was committed again later is the same.
    if (begun.length > 0) return begun.at(-1)!;
  }
  throw new CovisError('NOT_FOUND', `${collection.name} has no version "${wanted}"`, {
    hint: versionsThereAre(collection, versions, tags),
  });
}

function versionsThereAre(
  collection: CollectionRow,
  versions: readonly VersionRow[],
  tags: ReadonlyMap<string, number>,
): string {
  if (versions.length === 0)
    return `It was never committed. Commit it first: covis collection commit LIB "${collection.name}"`;
  const tagged = new Map([...tags].map(([tag, number]) => [number, tag]));
  const shown = versions.toReversed().slice(0, LISTED);
  const names = shown.map((v) => `${v.number} (${tagged.get(v.number) ?? v.digest.slice(0, 12)})`);
  return `It has ${names.join(', ')}${versions.length > LISTED ? ` and ${versions.length - LISTED} more` : ''}.`;
}

/** Splits `NAME@VERSION` at its last @. Names have none. */
function parts(wanted: string): { readonly name: string; readonly version: string | undefined } {
  const at = wanted.lastIndexOf('@');
  return at < 0 ? { name: wanted, version: undefined } : { name: wanted.slice(0, at), version: wanted.slice(at + 1) };
}

/** A collection with a version, or as it is now where none is named: `NAME`, `NAME@3`, `NAME@tag`, `NAME@beginning of a digest`. */
export function collectionState(
  library: Library,
  wanted: string,
): { readonly collection: CollectionRow; readonly version: VersionRow | undefined } {
  const { name, version } = parts(wanted);
  const collection = collectionNamed(library, name);
  return { collection, version: version === undefined ? undefined : versionCalled(library, collection, version) };
}
