import { statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { hashNow } from './hash-file.ts';
import type { Library } from './library.ts';
import { flag, integer, nullable, real, record, select, text } from './rows.ts';

/** Hashes of files that this process has read, so many at most. */
const REMEMBERED = 100_000;
const NAMED = 3;

/** Hashes by path, size, times and number of the file: what a library that may not be written cannot keep. */
const hashes = new Map<string, string>();

/** A place where a photo's file is or was. */
interface Place {
  readonly folder: string;
  readonly name: string;
  readonly scene: number;
  readonly bytes: number | null;
  readonly modified: number | null;
  readonly changed: number | null;
  /** True where the last import found the photo there. */
  readonly now: boolean;
}

const PLACE = record<Place>({
  folder: text,
  name: text,
  scene: integer,
  bytes: nullable(integer),
  modified: nullable(real),
  changed: nullable(real),
  now: flag,
});

const asked = new WeakMap<Library, (photo: number) => Place[]>();

/** Places of a photo, those where it is now first. Prepared once a library: hundreds of thousands are looked for in a row. */
function placesOf(library: Library): (photo: number) => Place[] {
  let find = asked.get(library);
  if (find === undefined) {
    const places = select(
      library.db,
      `SELECT s.images AS folder, f.name, f.scene_id AS scene, f.bytes, f.modified, f.changed, 1 AS now
         FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = :id
       UNION ALL SELECT s.images, o.name, o.scene_id, NULL, NULL, NULL, 0
         FROM former_file o JOIN scene s ON s.id = o.scene_id WHERE o.photo_id = :id
       ORDER BY 7 DESC, 3, 2`,
      PLACE,
    );
    asked.set(library, (find = (id) => places.all({ id })));
  }
  return find;
}

/**
 * A file that holds this photo's content now. Size and times of the file are compared with those of the last import; where they differ its
 * content is read, and what is still the same is noted with its new times. A photo that was taken out or replaced is found again where
 * it used to be, should its file come back.
 * @throws CovisError `INPUT_MISSING` naming where it was: no file is there, or the file holds another photo.
 */
export function currentPhoto(library: Library, photoId: number): string {
  const places = placesOf(library)(photoId);
  let hash: string | undefined;
  let replaced: string | undefined;
  for (const place of places) {
    const path = join(place.folder, place.name);
    const there = fileAt(path);
    if (there === undefined) continue;
    if (unchanged(place, there)) return path;
    hash ??= select(library.db, 'SELECT hash FROM photo WHERE id = ?', text).one(photoId);
    if (contentAt(path, there) === hash) {
      if (place.now) note(library, photoId, place, there);
      return path;
    }
    replaced ??= path;
  }
  if (replaced !== undefined)
    throw new CovisError('INPUT_MISSING', 'The file of this photo now holds another photo', {
      file: replaced,
      hint: 'Import its folder again, which takes up the new photo, or put the old file back.',
    });
  const [first] = places;
  throw new CovisError('INPUT_MISSING', 'This photo is no longer where it was imported from', {
    ...(first === undefined ? {} : { file: join(first.folder, first.name) }),
    hint: 'Put the folder back, or import it again from where it is now.',
  });
}

/**
 * What `work` makes of a file that holds the photo's content, from before the work until after it: a file that is replaced while it is
 * read gives nothing. @throws CovisError as {@link currentPhoto}, or what `work` throws.
 */
export async function ofCurrentPhoto<T>(
  library: Library,
  photoId: number,
  work: (file: string) => Promise<T>,
): Promise<T> {
  for (let again = 0; ; again += 1) {
    const file = currentPhoto(library, photoId);
    const before = fileAt(file);
    let made: T | undefined;
    let failure: unknown;
    try {
      made = await work(file);
    } catch (error) {
      failure = error;
    }
    const after = fileAt(file);
    const same = before !== undefined && after !== undefined && stamp(file, before) === stamp(file, after);
    if (same || again >= 2) {
      if (failure !== undefined) throw failure;
      if (same) return made as T;
      throw new CovisError('INPUT_MISSING', 'The file of this photo changes while it is read', {
        file,
        hint: 'Try again when the program that writes it is done.',
      });
    }
  }
}

/** True for what {@link currentPhoto} throws: there is no file of this photo now. */
export function isGone(error: unknown): error is CovisError {
  return error instanceof CovisError && error.code === 'INPUT_MISSING';
}

/** Photos that a task had to leave out because there is no file of them, for one warning at its end instead of one each. */
export class LeftOut {
  readonly #files: string[] = [];

  get count(): number {
    return this.#files.length;
  }

  /** Notes the photo if this is why it failed. @returns false for any other error. */
  takes(error: unknown): boolean {
    if (!isGone(error)) return false;
    this.#files.push(error.file ?? error.message);
    return true;
  }

  /** Says how many were left out and names some. */
  say(warn: (message: string) => void): void {
    const n = this.#files.length;
    if (n === 0) return;
    const named = this.#files.slice(0, NAMED).join(', ') + (n > NAMED ? ', …' : '');
    warn(
      `${n} ${n === 1 ? 'photo was' : 'photos were'} left out: ${n === 1 ? 'its file is' : 'their files are'} gone or now ${n === 1 ? 'holds another photo' : 'hold other photos'}; put ${n === 1 ? 'it' : 'them'} back, or import the folder again: ${named}`,
    );
  }
}

/** What changes whenever a photo goes or comes back: for what is kept in memory of photos that are there. */
export function goneVersion(library: Library): string {
  return select(library.db, "SELECT COUNT(*) || ' ' || COALESCE(MAX(id), 0) FROM former_file", text).one();
}

/**
 * Takes note of files that are no more, when the folder that held them was looked through: their photos are gone from this scene. A
 * folder without any photo is more likely a disk that is not mounted, and is left alone. Use it in a transaction.
 * @param listed names that are there. @returns the names of files that are no more.
 */
export function forgetVanished(library: Library, scene: number, listed: ReadonlySet<string>): string[] {
  if (listed.size === 0) return [];
  const rows = select(
    library.db,
    'SELECT s.images AS folder, f.name FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE f.scene_id = ?',
    record({ folder: text, name: text }),
  ).all(scene);
  const remove = library.db.prepare('DELETE FROM photo_file WHERE scene_id = ? AND name = ?');
  const gone: string[] = [];
  for (const { folder, name } of rows) {
    if (listed.has(name) || fileAt(join(folder, name)) !== undefined) continue;
    remove.run(scene, name);
    gone.push(name);
  }
  return gone.sort();
}

function fileAt(path: string): Stats | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.isFile() === true ? there : undefined;
}

function unchanged(place: Place, there: Stats): boolean {
  return (
    place.now &&
    place.bytes === there.size &&
    place.modified === there.mtimeMs &&
    // Programs that copy a file with its times cannot copy this one. Libraries of before do not know it.
    (place.changed === null || place.changed === there.ctimeMs)
  );
}

const stamp = (path: string, s: Stats): string => [path, s.size, s.mtimeMs, s.ctimeMs, s.ino].join('\0');

/** Content hash of a file, read at most once while it stays as it is; undefined where it cannot be read. */
function contentAt(path: string, there: Stats): string | undefined {
  const key = stamp(path, there);
  const known = hashes.get(key);
  if (known !== undefined) return known;
  let found: string;
  try {
    found = hashNow(path);
  } catch (error) {
    logFailure(logger('photos'), `${path} cannot be read`, error);
    return undefined;
  }
  if (hashes.size >= REMEMBERED) hashes.clear();
  hashes.set(key, found);
  return found;
}

/** The same content with other times: noted, so that it is not read again. */
function note(library: Library, photoId: number, place: Place, there: Stats): void {
  if (library.readOnly !== undefined) return;
  try {
    library.db
      .prepare(
        'UPDATE photo_file SET bytes = ?, modified = ?, changed = ? WHERE scene_id = ? AND name = ? AND photo_id = ?',
      )
      .run(there.size, there.mtimeMs, there.ctimeMs, place.scene, place.name, photoId);
  } catch (error) {
    // A library that may not be written, or is being written: this process remembers the hash.
    logFailure(logger('photos'), 'The new time of a photo could not be noted', error);
  }
}
