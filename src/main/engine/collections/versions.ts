/** Versions of a collection: made once, never changed, compared and restored. */
import { CovisError } from '../../../shared/errors.ts';
import type { ChangeCounts, CollectionEntry, VersionFacts, VersionInfo } from '../../../shared/facts/collections.ts';
import { contentHash } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { bytes, damaged, integer, list, nullable, real, record, select, text } from '../library/rows.ts';
import {
  collectionNamed,
  tagsOf,
  versionCalled,
  versionsOf,
  type CollectionRow,
  type VersionRow,
} from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { contentDigest, type CollectionContent } from './content.ts';
import { countChanges, fieldDifferences, NO_CHANGES, type CollectionState, type StateItem } from './difference.ts';
import { effectiveHeads, fieldsOf, fieldsText, itemsOf, provenanceReader, rowOf, STEP, type Item } from './items.ts';
import { act } from './acts.ts';
import { selfRow } from './store.ts';

const LONGEST_TAG = 100;

/** An item with what comparing needs to tell of it. */
export interface KnownItem extends StateItem {
  readonly sha256: string | null;
  readonly path: string | null;
  readonly photo: number | null;
}

/** What a version held. */
export function versionState(library: Library, version: VersionRow): CollectionState<KnownItem> {
  const rows = select(
    library.db,
    'SELECT photo_id, sha256, path, fields, head FROM version_item WHERE version_id = ? ORDER BY item',
    list(nullable(integer), bytes, text, nullable(text), nullable(integer)),
  ).all(version.id);
  const hexes = rows.map(([, sha256]) => sha256.toString('hex'));
  return {
    fields: version.fields,
    items: rows.map(([photo, , path, fields, head], i) => ({
      key: contentHash(hexes[i]!),
      sha256: hexes[i]!,
      path,
      photo,
      fields,
      head: head === null ? null : contentHash(hexes[head] ?? ''),
    })),
  };
}

/** What a collection holds now. */
export function workingState(library: Library, collection: CollectionRow): CollectionState<KnownItem> {
  const items = select(
    library.db,
    `SELECT p.hash AS key, p.sha256, i.photo_id AS photo, i.fields, i.head FROM collection_item i JOIN photo p ON p.id = i.photo_id
     WHERE i.collection_id = ? AND i.member = 1 ORDER BY i.position, i.photo_id`,
    record({ key: text, sha256: nullable(text), photo: integer, fields: nullable(text), head: nullable(integer) }),
  ).all(collection.id);
  const heads = effectiveHeads(items);
  const keys = new Map(heads.size === 0 ? [] : items.map((i) => [i.photo, i.key]));
  return {
    fields: collection.fields,
    items: items.map((i) => ({ ...i, head: keys.get(heads.get(i.photo) ?? -1) ?? null, path: null })),
  };
}

/** A collection before anything is in it. */
export const NOTHING: CollectionState<KnownItem> = { items: [], fields: {} };

/** Facts of a version without what it changed. */
export function versionFactsOf(
  v: VersionRow,
  collection: CollectionRow,
  tags: ReadonlyMap<string, number>,
): VersionFacts {
  return {
    collection: collection.name,
    number: v.number,
    author: v.author,
    message: v.message,
    created: v.created,
    digest: v.digest,
    parents: v.parents,
    tags: [...tags].filter(([, number]) => number === v.number).map(([tag]) => tag),
    fields: v.fields,
    items: v.items,
  };
}

/** What each version changed of the one before, by its id: neither ever changes. */
const changesKnown = new WeakMap<Library, Map<number, ChangeCounts>>();

/** Versions, newest first, each with what it changed of the one before. */
export function versionHistory(library: Library, wanted: string): VersionInfo[] {
  const collection = collectionNamed(library, wanted);
  const tags = tagsOf(library, collection.id);
  const versions = versionsOf(library, collection.id);
  // One that is not committed yet may be taken back, and another have its id.
  const known = (library.db.inTransaction ? undefined : changesKnown.get(library)) ?? new Map<number, ChangeCounts>();
  if (!library.db.inTransaction) changesKnown.set(library, known);
  let last: { readonly of: number; readonly state: CollectionState } | undefined;
  const stateOf = (at: number): CollectionState => {
    last = last?.of === at ? last : { of: at, state: versionState(library, versions[at]!) };
    return last.state;
  };
  const changesOf = (at: number): ChangeCounts => {
    // All of the first one is new, whatever it holds.
    if (at === 0)
      return { ...NO_CHANGES, added: versions[0]!.items, fields: fieldDifferences({}, versions[0]!.fields).length > 0 };
    const before = stateOf(at - 1);
    return countChanges(before, stateOf(at));
  };
  const out = versions.map((v, at): VersionInfo => {
    const changes = known.get(v.id) ?? changesOf(at);
    known.set(v.id, changes);
    return { ...versionFactsOf(v, collection, tags), changes };
  });
  return out.toReversed();
}

/** A version, whole. @throws CovisError `INPUT_CORRUPT` where the library holds less of it than was committed. */
export function versionContent(library: Library, collection: CollectionRow, version: VersionRow): CollectionContent {
  const rows = select(
    library.db,
    `SELECT sha256, path, bytes, width, height, head, source_id AS source, score, rank, fields FROM version_item
     WHERE version_id = ? ORDER BY item`,
    record({
      sha256: bytes,
      path: text,
      bytes: integer,
      width: integer,
      height: integer,
      head: nullable(integer),
      source: nullable(integer),
      score: nullable(real),
      rank: nullable(integer),
      fields: nullable(text),
    }),
  ).all(version.id);
  const provenance = provenanceReader(library);
  const entries = rows.map((r): CollectionEntry => ({
    sha256: r.sha256.toString('hex'),
    path: r.path,
    bytes: r.bytes,
    width: r.width,
    height: r.height,
    foldedUnder: r.head === null ? null : (rows[r.head]?.sha256.toString('hex') ?? null),
    fields: fieldsOf(r.fields),
    provenance: provenance(r),
  }));
  if (contentDigest(entries, version.fields) !== version.digest)
    throw damaged(library.db, `no longer holds all of version ${version.number} of ${collection.name}`);
  return { version: versionFactsOf(version, collection, tagsOf(library, collection.id)), entries };
}

/**
 * Makes a collection as it was in a version; its name and rules stay. Photos are found by their content.
 * @returns paths of photos that this library does not have.
 */
export function restoreVersion(
  library: Library,
  wanted: string,
  version: string,
): { readonly action: number | null; readonly missing: readonly string[]; readonly number: number } {
  return durably(library, () => {
    const collection = collectionNamed(library, wanted);
    const v = versionCalled(library, collection, version);
    const rows = select(
      library.db,
      'SELECT photo_id, sha256, path, head, source_id, score, rank, fields FROM version_item WHERE version_id = ? ORDER BY item',
      list(
        nullable(integer),
        bytes,
        text,
        nullable(integer),
        nullable(integer),
        nullable(real),
        nullable(integer),
        nullable(text),
      ),
    ).all(v.id);
    const byHash = select(library.db, 'SELECT id FROM photo WHERE hash = ?', integer);
    const photos = rows.map(([photo, sha256]) => photo ?? byHash.get(contentHash(sha256.toString('hex'))));
    const missing = rows.filter((_, i) => photos[i] === undefined).map(([, , path]) => path);
    const had = itemsOf(library, collection.id);
    const kept = new Set<number>();
    const items = rows.flatMap(([, , , head, source, score, rank, fields], i): Item[] => {
      const photo = photos[i];
      if (photo === undefined) return [];
      kept.add(photo);
      const under = head === null ? null : (photos[head] ?? null);
      return [{ photo, member: 1, position: i * STEP, head: under, source, score, rank, fields }];
    });
    // What was judged not to belong stays so; what the version has not is as if it had never been added.
    let position = items.length * STEP;
    const out = had.flatMap((i): Item[] => {
      if (i.member === 1 || kept.has(i.photo)) return [];
      position += STEP;
      return [{ ...i, position }];
    });
    const same = (a: readonly Item[], b: readonly Item[]): boolean => JSON.stringify(a) === JSON.stringify(b);
    const next = [...items, ...out];
    const fieldsSame = fieldsText(collection.fields) === fieldsText(v.fields);
    const action = act(library, `Restore version ${v.number} of ${collection.name}`, [
      ...(same(had, next)
        ? []
        : [{ collection: collection.id, part: 'items' as const, before: had.map(rowOf), after: next.map(rowOf) }]),
      ...(fieldsSame
        ? []
        : [
            {
              collection: collection.id,
              part: 'self' as const,
              before: [selfRow(collection)],
              after: [selfRow(collection, { fields: v.fields })],
            },
          ]),
    ]);
    return { action, missing, number: v.number };
  });
}

/** A tag as it is kept. @throws CovisError `INPUT_INVALID`. */
export function tagName(wanted: string): string {
  const tag = wanted.normalize('NFC').trim();
  if (tag === '' || tag.length > LONGEST_TAG || /[@\p{Cc}]/u.test(tag) || /^\d+$/.test(tag))
    throw new CovisError(
      'INPUT_INVALID',
      `A tag has between 1 and ${LONGEST_TAG} characters, is no number, and has no @ and no control characters`,
    );
  return tag;
}

/** Gives a version a tag, or moves the tag to it. @param version null takes the tag away. */
export function tagVersion(
  library: Library,
  wanted: string,
  tagged: string,
  version: number | string | null,
): number | null {
  return durably(library, () => {
    const collection = collectionNamed(library, wanted);
    const tag = tagName(tagged);
    const had = select(
      library.db,
      'SELECT version_id FROM collection_tag WHERE collection_id = ? AND tag = ?',
      integer,
    ).get(collection.id, tag);
    const to = version === null ? undefined : versionCalled(library, collection, String(version));
    if (had === to?.id) {
      if (version === null)
        throw new CovisError('NOT_FOUND', `${collection.name} has no tag "${tag}"`, {
          hint: `It has ${[...tagsOf(library, collection.id).keys()].join(', ') || 'none'}.`,
        });
      return null;
    }
    const label =
      to === undefined ? `Remove tag ${tag} of ${collection.name}` : `Tag ${collection.name}@${to.number} as ${tag}`;
    return act(library, label, [
      {
        collection: collection.id,
        part: 'tags',
        before: had === undefined ? [] : [[tag, had]],
        after: to === undefined ? [] : [[tag, to.id]],
      },
    ]);
  });
}
