import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { bindNames, nameIndex, type BoundNames, type NamedPhoto } from './names.ts';
import type { Library } from './library.ts';
import { integer, record, select, text } from './rows.ts';

/** A place of a photo in a library, as names may mean it. */
export interface LibraryPhoto extends NamedPhoto {
  readonly folder: string;
  /** Id of the photo; places of one content share it. */
  readonly photo: number;
  readonly hash: string;
  /** Where the file was. */
  readonly path: string;
}

/** What names of one file mean among a library's photos. */
export interface LibraryNames {
  readonly photos: readonly LibraryPhoto[];
  readonly bound: BoundNames;
  /** The photo that a name means. */
  readonly of: (name: string) => LibraryPhoto | undefined;
}

/** Every place of every photo, with the folders that are known above it: the scene's and those inside it. */
export function libraryPhotos(library: Library): LibraryPhoto[] {
  return select(
    library.db,
    `SELECT f.name, s.root, s.images, p.id AS photo, p.hash FROM photo_file f JOIN photo p ON p.id = f.photo_id
     JOIN scene s ON s.id = f.scene_id ORDER BY f.scene_id, f.name`,
    record({ name: text, root: text, images: text, photo: integer, hash: text }),
  )
    .all()
    .map(({ name, root, images, photo, hash }) => ({
      name,
      folder: knownFolders(root, images),
      photo,
      hash,
      path: join(images, name),
    }));
}

/** `castle/images` of a scene at `…/castle` whose photos are in `…/castle/images`. */
function knownFolders(root: string, images: string): string {
  const inside = relative(root, images);
  const above = inside.startsWith('..') || isAbsolute(inside) ? dirname(images) : root;
  return [basename(above), relative(above, images)].join('/');
}

/**
 * The photos of a library that names of one file mean, by the one rule (names.ts): endings may be left out; the whole path of a file is
 * that file.
 */
export function libraryNames(library: Library, names: Iterable<string>): LibraryNames {
  const photos = libraryPhotos(library);
  const byPath = new Map(photos.map((p, at) => [p.path, at]));
  const find = nameIndex(photos, 'optional');
  const bound = bindNames(names, photos, (name) => {
    const at = byPath.get(name);
    return at === undefined ? find(name) : { kind: 'found', at, exact: true };
  });
  return {
    photos,
    bound,
    of: (name) => {
      const at = bound.at(name);
      return at === undefined ? undefined : photos[at];
    },
  };
}

/** Names that fit several photos, in words: `a.jpg (x/a.jpg or y/a.jpg)`. */
export function ambiguousNames(ambiguous: BoundNames['ambiguous']): string[] {
  return ambiguous.map(({ name, among }) => `${name} (${among.slice(0, 3).join(' or ')})`);
}
