import { bindNames, nameIndex, nameParts } from '../library/names.ts';
import type { PhotoFile } from '../library/photos.ts';
import { shapeOf, type Size } from './shapes.ts';

/** An image of a model, as far as finding its photo goes. */
export interface NamedView {
  readonly name: string;
  /** Of the camera in pixels; undefined where the model does not know it. */
  readonly size?: Size | undefined;
}

/** A photo below the folder of a model's photos. */
export interface PhotoThere {
  readonly name: string;
  /** undefined where the file cannot be read as a photo: names that mean it mean no other. */
  readonly file: Pick<PhotoFile, 'hash' | 'width' | 'height' | 'orientation'> | undefined;
}

/** What became of the images of one model. */
export interface BoundModel {
  /** Name of the photo of each view; undefined where there is none, or none that is sure. */
  readonly photoOf: readonly (string | undefined)[];
  readonly bound: number;
  readonly missing: readonly string[];
  readonly ambiguous: readonly { readonly name: string; readonly among: readonly string[] }[];
  /** Names whose only photo is a copy of another size in a folder that the name does not have, such as a thumbnail. */
  readonly copies: readonly { readonly name: string; readonly photo: string }[];
}

/**
 * Finds the photos of all images of one model together, by the one rule for names. Two images are never one file: names of a model are
 * paths below one folder, so that the one that is the whole path has it, else none. What lies in a folder that the name does not have
 * must be as large as the camera, so that no thumbnail stands in for its photo.
 */
export function bindModel(views: readonly NamedView[], photos: readonly PhotoThere[]): BoundModel {
  const names = views.map((v) => v.name);
  const find = nameIndex(photos);
  const all = bindNames(names, photos, find);
  const ambiguous = [...all.ambiguous];
  const missing = [...all.missing];
  const copies: { name: string; photo: string }[] = [];
  const askers = new Map<number, Set<string>>();
  for (const name of names) {
    const at = all.at(name);
    if (at === undefined) continue;
    const list = askers.get(at);
    if (list === undefined) askers.set(at, new Set([name]));
    else list.add(name);
  }
  const lost = new Set<string>();
  for (const [at, list] of askers) {
    const own = photos[at]!.name;
    const path = nameParts(own).join('/');
    const paths = new Set([...list].map((n) => nameParts(n).join('/')));
    if (paths.size === 1) continue;
    for (const name of list) {
      if (nameParts(name).join('/') === path) continue;
      lost.add(name);
      ambiguous.push({ name, among: [own] });
    }
  }
  const photoOf = views.map(({ name, size }) => {
    const at = all.at(name);
    if (at === undefined || lost.has(name)) return undefined;
    const { name: own, file } = photos[at]!;
    if (file === undefined) {
      missing.push(name);
      return undefined;
    }
    const deeper = nameParts(own).length > nameParts(name).length;
    if (deeper && size !== undefined && shapeOf(size, file) !== 'same') {
      missing.push(name);
      copies.push({ name, photo: own });
      return undefined;
    }
    return own;
  });
  return {
    photoOf,
    bound: photoOf.filter((p) => p !== undefined).length,
    missing: [...new Set(missing)],
    ambiguous,
    copies,
  };
}
