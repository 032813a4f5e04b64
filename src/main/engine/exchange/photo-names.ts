import { relative } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { libraryPhotos, type LibraryPhoto } from '../library/library-names.ts';
import { nameIndex, type NameFound } from '../library/names.ts';
import type { Library } from '../library/library.ts';
import { integer, list, record, select, text } from '../library/rows.ts';
import { idByHash, photoHash } from '../library/tables/photo.ts';

/** Names of photos for files that other programs read. */
export interface PhotoNames {
  /** `<scene>/<path below the scene's folder>`, forward slashes, unique in the library; the content hash of a photo that is gone. @param photo id of the library. */
  readonly name: (photo: number) => string;
  /** Id of a photo by its name, its content hash, or by as much of its path as only one photo has; undefined where there is none. */
  readonly find: (text: string) => number | undefined;
  /**
   * The same for what a person typed.
   * @param where begins messages: `Line 3: `. @param form how such a thing is named, for the hint.
   * @throws CovisError `NOT_FOUND`; `INPUT_INVALID` that tells the photos which it may mean, each as it can be named.
   */
  readonly one: (text: string, where?: string, form?: string) => number;
}

/** So many photos that a name may mean are told. */
const TOLD = 5;

export function photoNames(library: Library): PhotoNames {
  const { db } = library;
  const scenes = select(
    db,
    'SELECT id, name, root, images FROM scene ORDER BY id',
    record({ id: integer, name: text, root: text, images: text }),
  ).all();
  const taken = new Set<string>();
  const prefix = new Map<number, string>();
  for (const s of scenes) {
    const label = taken.has(s.name) ? `${s.name}~${s.id}` : s.name;
    taken.add(label);
    const inside = relative(s.root, s.images).replaceAll('\\', '/');
    prefix.set(s.id, inside === '' || inside.startsWith('..') ? label : `${label}/${inside}`);
  }
  const file = select(
    db,
    'SELECT scene_id, name FROM photo_file WHERE photo_id = ? ORDER BY scene_id, name LIMIT 1',
    list(integer, text),
  );
  const byHash = idByHash(library);
  const byFile = select(db, 'SELECT photo_id FROM photo_file WHERE scene_id = ? AND name = ?', integer);
  let known: { readonly photos: readonly LibraryPhoto[]; readonly find: (name: string) => NameFound } | undefined;
  const nameOf = (photo: number): string => {
    const found = file.get(photo);
    // Another photo may have the name of one that is gone.
    return found === undefined ? photoHash(library, photo) : `${prefix.get(found[0])}/${found[1]}`;
  };
  /** Every photo that a text may mean. */
  const meant = (wanted: string): readonly number[] => {
    const hash = byHash.get(wanted);
    if (hash !== undefined) return [hash];
    for (const [scene, start] of prefix) {
      if (!wanted.startsWith(`${start}/`)) continue;
      const id = byFile.get(scene, wanted.slice(start.length + 1));
      if (id !== undefined) return [id];
    }
    if (known === undefined) {
      const photos = libraryPhotos(library);
      known = { photos, find: nameIndex(photos) };
    }
    const { photos } = known;
    const found = known.find(wanted);
    if (found.kind === 'missing') return [];
    return found.kind === 'found' ? [photos[found.at]!.photo] : found.among.map((at) => photos[at]!.photo);
  };
  return {
    name: nameOf,
    find: (wanted) => {
      const found = meant(wanted);
      return found.length === 1 ? found[0] : undefined;
    },
    one: (wanted, where = '', form = FORM) => {
      const found = meant(wanted);
      if (found.length === 1) return found[0]!;
      if (found.length === 0)
        throw new CovisError('NOT_FOUND', `${where}The library has no single photo ${wanted}`, { hint: form });
      const told = found.slice(0, TOLD).map(nameOf);
      throw new CovisError('INPUT_INVALID', `${where}${found.length} photos of the library are called ${wanted}`, {
        hint: `Name one as ${told.join(' or ')}${found.length > TOLD ? ` (there are ${found.length - TOLD} more)` : ''}, or by its content hash.`,
      });
    },
  };
}

const FORM = 'Name it by content hash, as <scene>/<path>, or by as much of its path as only one photo has.';

/** Numbers of photos by their names. @throws CovisError `NOT_FOUND`, `INPUT_INVALID` naming the first that means none or several. */
export function photosNamed(library: Library, names: readonly string[], where = ''): number[] {
  const { one } = photoNames(library);
  return names.map((wanted, i) => one(wanted, where === '' ? '' : `${where}, entry ${i + 1}: `));
}
