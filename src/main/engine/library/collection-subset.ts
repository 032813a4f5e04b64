import { CovisError } from '../../../shared/errors.ts';
import type { CollectionSubset } from '../../../shared/facts/collections.ts';
import type { Library } from './library.ts';
import { integer, nullable, select } from './rows.ts';
import { collectionState } from './tables/collection.ts';

/** The photos of a version of a collection, as mining, training, searching and measuring are narrowed to them. */
export interface Subset extends CollectionSubset {
  /** Numbers of its photos in this library. */
  readonly photos: ReadonlySet<number>;
}

/**
 * Who is in `COLLECTION@VERSION`. What is not committed is no version: it would mean something else tomorrow.
 * @throws CovisError `INPUT_INVALID` where no version is named, `NOT_FOUND`, `STATE_EMPTY` for a version without a photo of this library.
 */
export function collectionSubset(library: Library, wanted: string): Subset {
  const { collection, version } = collectionState(library, wanted);
  if (version === undefined)
    throw new CovisError('INPUT_INVALID', `"${wanted}" names no version, and what is not committed is none`, {
      hint: `Name one, as in "${collection.name}@1", or commit it first: covis collection commit LIB "${collection.name}"`,
    });
  const photos = photosOf(library, version.id);
  if (photos.size === 0)
    throw new CovisError('STATE_EMPTY', `${collection.name}@${version.number} has no photo of this library`);
  return { collection: collection.name, version: version.number, digest: version.digest, items: version.items, photos };
}

/** {@link collectionSubset} of what may be left out. */
export function askedSubset(library: Library, wanted: string | undefined): Subset | undefined {
  return wanted === undefined ? undefined : collectionSubset(library, wanted);
}

function photosOf(library: Library, version: number): ReadonlySet<number> {
  return new Set(
    select(
      library.db,
      'SELECT photo_id FROM version_item WHERE version_id = ? AND photo_id IS NOT NULL',
      integer,
    ).iterate(version),
  );
}

/** What reports and records say of a subset. */
export function subsetFacts({ collection, version, digest, items }: CollectionSubset): CollectionSubset {
  return { collection, version, digest, items };
}

/** `Towers@3 (3a5f0c1e9b20)`. */
export function subsetText({ collection, version, digest }: CollectionSubset): string {
  return `${collection}@${version} (${digest.slice(0, DIGITS)})`;
}

const DIGITS = 12;
const narrowedTo = new WeakMap<Library, Subset>();

/** What a library is narrowed to while {@link narrowed} works on it. */
export function subsetOf(library: Library): Subset | undefined {
  return narrowedTo.get(library);
}

/** {@link subsetFacts} of {@link subsetOf} as a record keeps them; nothing where the library is not narrowed. */
export function noteSubset(library: Library): { readonly collection?: CollectionSubset } {
  const subset = subsetOf(library);
  return subset === undefined ? {} : { collection: subsetFacts(subset) };
}

/**
 * Works on a library as if it had the photos of a version alone: for this connection, photos that are there and views of clusters are
 * those of the subset; other views are as if their photo were missing. Splits of places stay those of the whole library, so that nothing
 * that is held out there is trained on here. Work on one library is narrowed once at a time.
 * @param wanted `NAME@VERSION`, or a version as records have it; undefined does the work on the whole library.
 * @throws CovisError as {@link collectionSubset}.
 */
export async function narrowed<T>(
  library: Library,
  wanted: string | CollectionSubset | undefined,
  work: () => Promise<T> | T,
): Promise<T> {
  if (wanted === undefined) return work();
  const subset = typeof wanted === 'string' ? collectionSubset(library, wanted) : recordedSubset(library, wanted);
  const { db } = library;
  if (narrowedTo.has(library)) throw new Error('This library is narrowed to a collection already');
  db.exec(`
    DROP TABLE IF EXISTS temp.narrowed_photo;
    CREATE TEMP TABLE narrowed_photo (id INTEGER PRIMARY KEY);
  `);
  const insert = db.prepare('INSERT INTO temp.narrowed_photo (id) VALUES (?)');
  for (const id of subset.photos) insert.run(id);
  db.exec(`
    CREATE TEMP VIEW present_photo AS SELECT * FROM main.present_photo WHERE id IN (SELECT id FROM temp.narrowed_photo);
    CREATE TEMP TABLE view AS SELECT cluster_id, view_index, CASE WHEN photo_id IN (SELECT id FROM temp.narrowed_photo) THEN photo_id END AS photo_id,
      name, camera, pose, points_seen FROM main.view;
    CREATE UNIQUE INDEX temp.narrowed_view ON view(cluster_id, view_index);
    CREATE INDEX temp.narrowed_view_photo ON view(photo_id);
  `);
  narrowedTo.set(library, subset);
  try {
    return await work();
  } finally {
    narrowedTo.delete(library);
    db.exec('DROP VIEW temp.present_photo; DROP TABLE temp.view; DROP TABLE temp.narrowed_photo');
  }
}

/** Photos of the version that a record names; undefined where it names none, or one that is gone. */
export function recordedPhotos(
  library: Library,
  recorded: CollectionSubset | undefined,
): ReadonlySet<number> | undefined {
  if (recorded === undefined) return undefined;
  const id = versionWith(library, recorded.digest);
  return id === null ? undefined : photosOf(library, id);
}

function versionWith(library: Library, digest: string): number | null {
  return select(library.db, 'SELECT MAX(id) FROM collection_version WHERE digest = ?', nullable(integer)).one(digest);
}

/** The version that a record names, also where its collection is called otherwise by now or was deleted. */
function recordedSubset(library: Library, recorded: CollectionSubset): Subset {
  const id = versionWith(library, recorded.digest);
  if (id === null)
    throw new CovisError('NOT_FOUND', `The library has no version ${subsetText(recorded)} any more`, {
      hint: 'Merge or import the collection again.',
    });
  return { ...subsetFacts(recorded), photos: photosOf(library, id) };
}
