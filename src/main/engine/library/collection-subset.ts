import { CovisError } from '../../../shared/errors.ts';
import type { CollectionSubset } from '../../../shared/facts/collections.ts';
import type { Library } from './library.ts';
import { integer, select } from './rows.ts';
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
  const photos = new Set(
    select(
      library.db,
      'SELECT photo_id FROM version_item WHERE version_id = ? AND photo_id IS NOT NULL',
      integer,
    ).iterate(version.id),
  );
  if (photos.size === 0)
    throw new CovisError('STATE_EMPTY', `${collection.name}@${version.number} has no photo of this library`);
  return { collection: collection.name, version: version.number, digest: version.digest, items: version.items, photos };
}

/** {@link collectionSubset} of what may be left out. */
export function askedSubset(library: Library, wanted: string | undefined): Subset | undefined {
  return wanted === undefined ? undefined : collectionSubset(library, wanted);
}

/** What reports and records say of a subset. */
export function subsetFacts({ collection, version, digest, items }: CollectionSubset): CollectionSubset {
  return { collection, version, digest, items };
}
