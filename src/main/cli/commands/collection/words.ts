/** What the verbs of `covis collection` have in common. */
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { file, folder } from '../../../../shared/fields.ts';
import { collectionName } from '../../../../shared/jobs/collection-commit.ts';
import { photoNames, photosNamed } from '../../../engine/exchange/photo-names.ts';
import { linesOf, textBytes } from '../../../engine/library/name-lists.ts';
import { contentHash } from '../../../engine/library/hash-file.ts';
import type { Library } from '../../../engine/library/library.ts';
import { integer, select } from '../../../engine/library/rows.ts';
import { idByHash } from '../../../engine/library/tables/photo.ts';
import { readFileSync } from 'node:fs';

export { photosNamed };
export const library = folder;
export const name = collectionName;
export const photoWord = z.string().min(1).max(4096);
/** Photos as words: none where an option says which. */
export const photoWords = z
  .array(photoWord)
  .default([])
  .meta({ help: 'photos: content hash, <scene>/<path>, or a file name that only one photo has', value: 'photo' });
export const from = file.optional().meta({ help: 'photos of this file, one a line; - reads standard input' });

/** Lines of a file or of standard input, without empty ones. */
export function linesFrom(at: string): string[] {
  return linesOf(at === '-' ? readFileSync(0) : textBytes(at)).filter((l) => l !== '');
}

/** Text of a file or of standard input. */
export function textFrom(at: string): string {
  return (at === '-' ? readFileSync(0) : textBytes(at)).toString('utf8');
}

/** Photos that words and a file name, in their order. */
export function photosSaid(
  library: Library,
  o: { readonly photos: readonly string[]; readonly from?: string | undefined },
): number[] {
  return [
    ...photosNamed(library, o.photos),
    ...(o.from === undefined ? [] : photosNamed(library, linesFrom(o.from), o.from)),
  ];
}

/** Every photo that is in a collection, in its order. */
export function membersOf(library: Library, collection: number, gone = false): number[] {
  return select(
    library.db,
    `SELECT photo_id FROM collection_item i WHERE collection_id = ? AND member = 1
       ${gone ? 'AND NOT EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = i.photo_id)' : ''} ORDER BY position, photo_id`,
    integer,
  ).all(collection);
}

/** @throws CovisError `INPUT_INVALID` where nothing says which photos. */
export function refuseNone(given: boolean): void {
  if (!given)
    throw new CovisError('INPUT_INVALID', 'Say which photos', {
      hint: 'Name them, or say --from FILE or --all.',
    });
}

/** `312 photos`, `1 photo`. */
export function photosText(n: number): string {
  return `${n} ${n === 1 ? 'photo' : 'photos'}`;
}

/**
 * Names of photos for people, in the order given: as they are said, with scene and folder where another photo of the list has the same.
 * @param photos each with its content hash or SHA-256; null for photos that the library does not have.
 */
export function shownNames(
  library: Library,
  photos: readonly { readonly photo: string | null; readonly name: string }[],
): string[] {
  const first = new Map<string, string | null>();
  const shared = new Set<string>();
  for (const p of photos)
    if (!first.has(p.name)) first.set(p.name, p.photo);
    else if (first.get(p.name) !== p.photo) shared.add(p.name);
  if (shared.size === 0) return photos.map((p) => p.name);
  const { name: whole } = photoNames(library);
  const ids = idByHash(library);
  return photos.map((p) => {
    const id = p.photo === null || !shared.has(p.name) ? undefined : ids.get(contentHash(p.photo));
    return id === undefined ? p.name : whole(id);
  });
}
