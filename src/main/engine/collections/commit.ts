/** Making a version of a collection: the SHA-256 of its photos, their paths, its digest. */
import { userInfo } from 'node:os';
import { CovisError } from '../../../shared/errors.ts';
import type { CommitReport } from '../../../shared/facts/collections.ts';
import type { TaskContext } from '../queue/context.ts';
import { currentPhoto, isGone } from '../library/current-photo.ts';
import { contentHash, digestFile } from '../library/hash-file.ts';
import { now, type Library } from '../library/library.ts';
import { integer, nullable, record, select, text } from '../library/rows.ts';
import {
  collectionNamed,
  newestVersion,
  tagsOf,
  versionsOf,
  type CollectionRow,
  type VersionRow,
} from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { changesOf } from './changes.ts';
import { contentDigest } from './content.ts';
import { isSame } from './difference.ts';
import { effectiveHeads, fieldsOf, fieldsText, itemsOf, photoName, type Item } from './items.ts';
import { portablePaths } from './portable-paths.ts';
import { stampOf } from './stamp.ts';
import { writeVersionRows, type VersionItem } from './version-rows.ts';
import { tagName, tagVersion, versionFactsOf } from './versions.ts';

const NAMED = 3;
/** Photos whose SHA-256 is noted together. */
const BATCH = 100;

/** The name of this account, for those who do not say who they are. */
export function ownName(): string {
  try {
    return userInfo().username || 'unknown';
  } catch {
    return 'unknown';
  }
}

/**
 * Computes the SHA-256 of photos that have none yet, from their files.
 * @param photos numbers of the library. @returns those of which no file is there.
 * @throws CovisError `CANCELLED`: what was computed is kept.
 */
export async function computeDigests(
  library: Library,
  photos: readonly number[],
  task: TaskContext,
): Promise<number[]> {
  const known = select(library.db, 'SELECT sha256 IS NOT NULL FROM photo WHERE id = ?', integer);
  const missing = photos.filter((p) => known.one(p) === 0);
  if (missing.length === 0) return [];
  task.step('Reading photos for their SHA-256', missing.length, 'photos');
  const hash = select(library.db, 'SELECT hash FROM photo WHERE id = ?', text);
  const put = library.db.prepare('UPDATE photo SET sha256 = ? WHERE id = ?');
  const gone: number[] = [];
  let batch: [string, number][] = [];
  const keep = (): void => {
    if (batch.length > 0) library.transaction(() => batch.forEach((b) => put.run(...b)));
    batch = [];
  };
  try {
    for (const [i, photo] of missing.entries()) {
      task.check();
      const digest = await digestOfPhoto(library, photo, hash.one(photo));
      if (digest === undefined) gone.push(photo);
      else batch.push([digest, photo]);
      if (batch.length >= BATCH) keep();
      task.progress(i + 1);
    }
  } finally {
    keep();
  }
  return gone;
}

async function digestOfPhoto(library: Library, photo: number, hash: string): Promise<string | undefined> {
  try {
    const digest = await digestFile(currentPhoto(library, photo));
    // Another file may have taken its place since it was looked at.
    return contentHash(digest) === hash ? digest : undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** What a commit is told. */
export interface Commit {
  readonly collection: string;
  readonly message: string;
  readonly author?: string | undefined;
  readonly tag?: string | undefined;
}

/**
 * Makes a version of a collection as it is now.
 * @throws CovisError `STATE_EMPTY` without a photo, `STATE_CONFLICT` where nothing changed or conflicts wait, `INPUT_MISSING` naming photos
 * whose SHA-256 is not known and of which no file is there.
 */
export async function commitCollection(library: Library, c: Commit, task: TaskContext): Promise<CommitReport> {
  const first = collectionNamed(library, c.collection);
  const { id, name } = first;
  const stamp = stampOf(library, first);
  refuseUnchanged(library, first);
  const tag = c.tag === undefined ? undefined : tagName(c.tag);
  const photos = members(library, id).map((i) => i.photo);
  const lost = await computeDigests(library, photos, task);
  if (lost.length > 0) {
    const named = lost.slice(0, NAMED).map(photoName(library));
    throw new CovisError(
      'INPUT_MISSING',
      `Of ${lost.length} of ${photos.length} photos of ${name} no file is there, and their SHA-256 is not known: ${named.join(', ')}${lost.length > NAMED ? ', …' : ''}`,
      { hint: 'Put them back or import their folder again; or take them out: covis collection remove LIB NAME --gone' },
    );
  }
  task.step('Writing the version', 0, '');
  // What takes long is done before others have to wait for their turn to write.
  let planned = planVersion(library, first);
  const facts = durably(library, () => {
    const collection = collectionNamed(library, c.collection);
    if (stampOf(library, collection) !== stamp) {
      refuseUnchanged(library, collection);
      planned = planVersion(library, collection);
    }
    const version = writeVersion(library, collection, c, planned);
    if (tag !== undefined) tagVersion(library, collection.uid, tag, version.number);
    return versionFactsOf(version, collection, tagsOf(library, id));
  });
  const gone = planned.items.flatMap((i) => i.photo ?? []).filter(isMissing(library));
  return { ...facts, gone: gone.map(photoName(library)) };
}

function isMissing(library: Library): (photo: number) => boolean {
  const files = select(library.db, 'SELECT EXISTS (SELECT 1 FROM photo_file WHERE photo_id = ?)', integer);
  return (photo) => files.one(photo) === 0;
}

function members(library: Library, collection: number): Item[] {
  return itemsOf(library, collection).filter((i) => i.member === 1);
}

function refuseUnchanged(library: Library, collection: CollectionRow): void {
  const newest = newestVersion(library, collection.id);
  const { items, changes } = changesOf(library, collection, newest);
  if (items === 0) throw new CovisError('STATE_EMPTY', `${collection.name} has no photos`);
  const waiting = select(library.db, 'SELECT COUNT(*) FROM collection_conflict WHERE collection_id = ?', integer).one(
    collection.id,
  );
  if (waiting > 0)
    throw new CovisError(
      'STATE_CONFLICT',
      `${waiting} ${waiting === 1 ? 'conflict' : 'conflicts'} of ${collection.name} ${waiting === 1 ? 'is' : 'are'} not judged yet`,
      { hint: 'See them with: covis collection conflicts LIB NAME' },
    );
  if (newest === undefined) return;
  if (!isSame(changes)) return;
  // A merge that changed nothing is worth noting all the same: it is a parent.
  if (mergedParents(library, collection).length > 0) return;
  throw new CovisError('STATE_CONFLICT', `Nothing has changed since version ${newest.number} of ${collection.name}`, {
    hint: `It is ${collection.name}@${newest.number} already.`,
  });
}

/** Digests of merged versions that no version here came from yet, in order. */
function mergedParents(library: Library, collection: CollectionRow): string[] {
  const versions = versionsOf(library, collection.id);
  const known = new Set(versions.flatMap((v) => [v.digest, ...v.parents]));
  const theirs = select(
    library.db,
    'SELECT DISTINCT theirs FROM collection_merge WHERE collection_id = ? ORDER BY theirs',
    text,
  ).all(collection.id);
  return theirs.filter((d) => !known.has(d));
}

/** What a version is going to hold. */
interface Planned {
  readonly items: readonly VersionItem[];
  readonly digest: string;
}

/** When every photo has its SHA-256. */
function planVersion(library: Library, collection: CollectionRow): Planned {
  const { db } = library;
  const items = members(library, collection.id);
  const photo = select(
    db,
    'SELECT sha256, bytes, width, height FROM photo WHERE id = ?',
    record({ sha256: nullable(text), bytes: integer, width: integer, height: integer }),
  );
  const names = select(db, 'SELECT name FROM known_file WHERE photo_id = ?', text);
  const facts = items.map((i) => {
    const { sha256, ...rest } = photo.one(i.photo);
    if (sha256 === null)
      throw new CovisError('STATE_CONFLICT', `Photos were added to ${collection.name} meanwhile`, {
        hint: 'Commit again.',
      });
    return { ...rest, sha256, names: names.all(i.photo) };
  });
  const paths = portablePaths(facts);
  const at = new Map(items.map((item, i) => [item.photo, i]));
  const heads = effectiveHeads(items);
  const digest = contentDigest(
    items.map((item, i) => ({ sha256: facts[i]!.sha256, path: paths[i]!, fields: fieldsOf(item.fields) })),
    collection.fields,
  );
  return {
    digest,
    items: items.map((item, i) => ({
      ...facts[i]!,
      photo: item.photo,
      path: paths[i]!,
      head: at.get(heads.get(item.photo) ?? -1) ?? null,
      source: item.source,
      score: item.score,
      rank: item.rank,
      fields: item.fields,
    })),
  };
}

/** Runs inside a transaction. */
function writeVersion(
  library: Library,
  collection: CollectionRow,
  { message, author = ownName() }: Commit,
  { items, digest }: Planned,
): VersionRow {
  const newest = newestVersion(library, collection.id);
  const parents = [...(newest === undefined ? [] : [newest.digest]), ...mergedParents(library, collection)];
  const number = (newest?.number ?? 0) + 1;
  const fields = fieldsText(collection.fields) ?? '{}';
  const said = { number, author, message, created: now(), digest, parents, fields };
  writeVersionRows(library, collection, said, items);
  return newestVersion(library, collection.id)!;
}
