/** Descriptors of another program become a set of the library. */
import { basename } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { ambiguousNames, libraryNames, type LibraryNames } from '../library/library-names.ts';
import type { Library } from '../library/library.ts';
import { firstFew } from '../library/name-lists.ts';
import { hashFile } from '../library/photos.ts';
import type { TaskContext } from '../queue/context.ts';
import { readDescriptorFile } from './descriptor-files.ts';
import { dot, normaliseRows, row, type Matrix } from './rank.ts';
import { SAME, storeSet } from './vector-sets.ts';

export interface ImportVectorsOptions {
  readonly file: string;
  readonly variable?: string | undefined;
  /** Name of each row, where the file has none; a `.txt` of the same name beside it is found by itself. */
  readonly names?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly half?: boolean | undefined;
}

export interface ImportVectorsReport {
  readonly set: string;
  readonly name: string;
  readonly photos: number;
  readonly rows: number;
  readonly dim: number;
  /** Images of the file that the library does not have, or that may be several of its photos. */
  readonly unknown: number;
  /** Images of the file that are photos of the library. */
  readonly bound: number;
  /** Names that no photo of the library has. */
  readonly missing: string[];
  /** Names that fit several photos, or share one with a name of another folder; none of them is taken. */
  readonly ambiguous: { name: string; among: string[] }[];
}

/**
 * Imports descriptors of another program for the library's photos, which are found by name.
 * Names are bound by the one rule (library/names.ts); what is missing or ambiguous is left out and named.
 * @throws CovisError `INPUT_*`; `INPUT_INVALID` when rows have no names, none of them is a photo of the library, or one photo has two
 * descriptors.
 */
export async function importVectors(
  library: Library,
  o: ImportVectorsOptions,
  task: TaskContext,
): Promise<ImportVectorsReport> {
  task.step('Reading descriptors', 0, '');
  const read = await readDescriptorFile(o.file, o.variable, 'database', 'left out');
  if (read.unreadable !== undefined)
    task.warn(
      `${counted(read.unreadable.length, 'photo')} of ${basename(o.file)} left out: their names are no UTF-8, as ${read.unreadable[0]!}`,
    );
  const names = read.names ?? o.names;
  if (names === undefined)
    throw new CovisError('INPUT_INVALID', 'This file does not say which photo each row is', {
      file: o.file,
      hint: `Put the names in ${basename(o.file).replace(/\.[^.]*$/, '')}.txt beside it, one a line, or name a list with --names.`,
    });
  if (names.length !== read.images)
    throw new CovisError('INPUT_INVALID', `There are ${names.length} names and ${counted(read.images, 'image')}`, {
      file: o.file,
      hint: 'The list of names needs one line for each image, in their order.',
    });
  const checked = normaliseRows(read.vectors, 'the descriptors', o.file);
  const known = libraryNames(library, names);
  const taken = imagesOfPhotos(names, known, read.owners === undefined ? checked : undefined, o.file);
  const rows: number[] = [];
  const hashes: string[] = [];
  for (let r = 0; r < checked.rows; r += 1) {
    const image = read.owners?.[r] ?? r;
    if (!taken.has(image)) continue;
    rows.push(r);
    hashes.push(known.of(names[image]!)!.hash);
  }
  const { missing, ambiguous } = known.bound;
  const unclear = ambiguousNames(ambiguous);
  if (rows.length === 0)
    throw new CovisError(
      'INPUT_INVALID',
      `None of the ${names.length} names is ${unclear.length === 0 ? 'a' : 'one'} photo of this library, the first is ${unclear[0] ?? names[0] ?? ''}`,
      {
        file: o.file,
        hint:
          unclear.length === 0
            ? 'Names are those of the photos, with as many of the folders above them as tell them apart: look whether this is the library, and the list, that belongs to it.'
            : 'Name the photos with the folders above them, as many as tell them apart.',
      },
    );
  if (missing.length > 0)
    task.warn(`${missing.length} of ${names.length} images are no photos of this library, ${firstFew(missing)}`);
  if (unclear.length > 0)
    task.warn(
      `${unclear.length} of ${names.length} images may be several photos of this library and are left out: ${firstFew(unclear)}`,
    );
  const bound = new Set(names.filter((n) => known.of(n) !== undefined)).size;
  if (taken.size < bound)
    task.warn(`${counted(bound - taken.size, 'image has', 'images have')} the content of another one, taken once`);
  const data = new Float32Array(rows.length * checked.dim);
  rows.forEach((r, i) => data.set(checked.data.subarray(r * checked.dim, (r + 1) * checked.dim), i * checked.dim));
  const vectors = { data, rows: rows.length, dim: checked.dim };
  const name = o.name ?? basename(o.file);
  const set = storeSet(library, {
    name,
    vectors,
    hashes,
    regional: read.owners !== undefined,
    half: o.half ?? false,
    source: { file: o.file, hash: await hashFile(o.file) },
  });
  task.changed('descriptors');
  return {
    set,
    name,
    photos: new Set(hashes).size,
    rows: rows.length,
    dim: vectors.dim,
    unknown: missing.length + ambiguous.length,
    bound,
    missing: [...missing],
    ambiguous: ambiguous.map((a) => ({ name: a.name, among: [...a.among] })),
  };
}

/**
 * Images that are photos of the library, one for each photo.
 * @param vectors of whole images, which have to agree where one content has several.
 * @throws CovisError `INPUT_INVALID` for a name that is there twice, and for one photo with two descriptors.
 */
function imagesOfPhotos(
  names: readonly string[],
  known: LibraryNames,
  vectors: Matrix | undefined,
  file: string,
): Set<number> {
  const seen = new Map<string, number>();
  const imageOf = new Map<number, number>();
  names.forEach((name, image) => {
    const photo = known.of(name)?.photo;
    if (photo === undefined) return;
    const other = imageOf.get(photo) ?? image;
    if (seen.has(name) || (vectors !== undefined && dot(row(vectors, other), row(vectors, image)) < SAME))
      throw new CovisError(
        'INPUT_INVALID',
        seen.has(name)
          ? `The name ${name} is there twice, for images ${seen.get(name)!} and ${image}`
          : `${names[other]!} and ${name} are one photo of the library, and their descriptors differ`,
        { file, hint: 'A photo has one descriptor in a set: leave the other out.' },
      );
    seen.set(name, image);
    imageOf.set(photo, other);
  });
  return new Set(imageOf.values());
}
