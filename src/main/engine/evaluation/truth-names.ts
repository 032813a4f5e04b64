import { CovisError } from '../../../shared/errors.ts';
import { ambiguousNames } from '../library/library-names.ts';
import { firstFew } from '../library/name-lists.ts';
import { bindNames, nameIndex, nameParts, withoutEnding, type NamedPhoto, type NameFound } from '../library/names.ts';

/** Rows of a ground truth's own list by name. */
export interface ListRows {
  /** Row that a name means; undefined for one that the list does not have. */
  readonly row: (name: string) => number | undefined;
  readonly missing: ReadonlySet<string>;
}

/** An index in which a list may leave endings out, and so may those who ask. */
function eitherEnding(photos: readonly NamedPhoto[]): (name: string) => NameFound {
  const find = nameIndex(photos, 'optional');
  const rows = photos.flatMap(({ name }, i) => (withoutEnding(name) === name ? [i] : []));
  const bare = nameIndex(rows.map((i) => photos[i]!));
  return (name) => {
    const found = find(name);
    const stem = withoutEnding(name);
    if (found.kind !== 'missing' || stem === name) return found;
    const other = bare(stem);
    if (other.kind === 'found') return { ...other, at: rows[other.at]! };
    return other.kind === 'missing' ? other : { kind: 'ambiguous', among: other.among.map((i) => rows[i]!) };
  };
}

/**
 * Refuses a list that has one name twice: its rows could not be told apart.
 * @throws CovisError `INPUT_INVALID` naming the first few.
 */
export function eachOnce(images: readonly string[], file: string): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of images) {
    const key = nameParts(name).join('/');
    if (key !== '' && seen.has(key)) twice.add(name);
    seen.add(key);
  }
  if (twice.size > 0)
    throw new CovisError(
      'INPUT_INVALID',
      `The list of images has ${twice.size} names more than once: ${firstFew([...twice])}`,
      {
        file,
        hint: 'Each row is an image of its own: give its folder with the name.',
      },
    );
}

/**
 * Finds names among a ground truth's images: by the one rule (library/names.ts), endings optional on both sides.
 * @throws CovisError `INPUT_INVALID` for a list with a name twice, and naming the first few names that fit several images, or of which
 * several fit one.
 */
export function rowsOfNames(images: readonly string[], names: ReadonlySet<string>, file: string): ListRows {
  eachOnce(images, file);
  const photos = images.map((name) => ({ name }));
  const bound = bindNames(names, photos, eitherEnding(photos));
  const unclear = ambiguousNames(bound.ambiguous);
  const endings = new Map<number, string>();
  for (const name of names) {
    const at = bound.at(name);
    const ending = name.slice(withoutEnding(name).length).toLowerCase();
    if (at === undefined || ending === '' || withoutEnding(images[at]!) !== images[at]!) continue;
    const other = endings.get(at) ?? ending;
    if (other !== ending) unclear.push(`${name} (${images[at]!}, which ${withoutEnding(name)}${other} means as well)`);
    endings.set(at, other);
  }
  if (unclear.length > 0)
    throw new CovisError(
      'INPUT_INVALID',
      `This ground truth has ${unclear.length} names that may mean several of its images: ${firstFew(unclear)}`,
      { file, hint: 'Write them with their folders, as the list of images has them, or as row numbers.' },
    );
  return { row: bound.at, missing: new Set(bound.missing) };
}
