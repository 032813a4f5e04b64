import { CovisError } from '../../../../shared/errors.ts';
import type { Library } from '../library.ts';
import { whileUnchanged } from '../memo.ts';
import { integer, list, record, select, text, type Select } from '../rows.ts';

/** A photo is its content: the same file in two places is one row with two in `photo_file`. */
export interface PhotoRow {
  readonly id: number;
  readonly hash: string;
  /** Pixels as displayed, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  readonly place: number;
}

const ROW = record<PhotoRow>({
  id: integer,
  hash: text,
  width: integer,
  height: integer,
  orientation: integer,
  place: integer,
});
const COLUMNS = 'id, hash, width, height, orientation, place';

/** All photos, by id. */
export function allPhotos(library: Library): PhotoRow[] {
  return select(library.db, `SELECT ${COLUMNS} FROM photo ORDER BY id`, ROW).all();
}

/** The photos of {@link allPhotos} that have a file as far as the last import knew: what may be computed of, found and drawn. */
export function presentPhotos(library: Library): PhotoRow[] {
  return select(library.db, `SELECT ${COLUMNS} FROM present_photo ORDER BY id`, ROW).all();
}

/** As {@link presentPhotos}, by which descriptors are known. */
export function presentHashes(library: Library): Pick<PhotoRow, 'id' | 'hash'>[] {
  return select(
    library.db,
    'SELECT id, hash FROM present_photo ORDER BY id',
    record({ id: integer, hash: text }),
  ).all();
}

/** @throws CovisError `NOT_FOUND`. */
export function photoByHash(library: Library, hash: string): PhotoRow {
  const found = select(library.db, `SELECT ${COLUMNS} FROM photo WHERE hash = ?`, ROW).get(hash);
  if (found === undefined) throw new CovisError('NOT_FOUND', `The library has no photo ${hash}`);
  return found;
}

/** A photo's content hash. @throws CovisError `NOT_FOUND`. */
export function photoHash(library: Library, photoId: number): string {
  const hash = hashById(library).get(photoId);
  if (hash === undefined) throw new CovisError('NOT_FOUND', `The library has no photo ${photoId}`);
  return hash;
}

/** For many: content hashes by id. */
export function hashById(library: Library): Select<string> {
  return select(library.db, 'SELECT hash FROM photo WHERE id = ?', text);
}

/** For many: ids by content hash. */
export function idByHash(library: Library): Select<number> {
  return select(library.db, 'SELECT id FROM photo WHERE hash = ?', integer);
}

/** For many: ids by content hash. @returns a function that throws CovisError `NOT_FOUND`. */
export function knownPhotos(library: Library): (hash: string) => number {
  const ids = idByHash(library);
  return (hash) => {
    const id = ids.get(hash);
    if (id === undefined) throw new CovisError('NOT_FOUND', `The library has no photo ${hash}`);
    return id;
  };
}

/** For many: width and height by id, in pixels as displayed. */
export function sizeById(library: Library): Select<[number, number]> {
  return select(library.db, 'SELECT width, height FROM photo WHERE id = ?', list(integer, integer));
}

/** How many photos there are, without those that are gone. */
export function countPhotos(library: Library): number {
  return whileUnchanged(library, 'present photos', () =>
    select(library.db, 'SELECT COUNT(*) FROM present_photo', integer).one(),
  );
}

/** How many photos there are, those that are gone with them. */
export function countAllPhotos(library: Library): number {
  return whileUnchanged(library, 'photos', () => select(library.db, 'SELECT COUNT(*) FROM photo', integer).one());
}

/** The place of every photo, by its id, in the order of ids. */
export function placeOfPhotos(library: Library): Map<number, number> {
  return new Map(select(library.db, 'SELECT id, place FROM photo ORDER BY id', list(integer, integer)).all());
}
