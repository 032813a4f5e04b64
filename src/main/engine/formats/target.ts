/** Where results may be put: one rule for everything that writes to a place which a person names. */
import { closeSync, existsSync, lstatSync, openSync, readlinkSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';

/** How a place that a person named may be written to. */
export interface Placing {
  /** Over files that are there. */
  readonly force?: boolean | undefined;
}

/** What lies here is the system's; /dev/shm is a disk like any other. */
const OF_SYSTEM = /^\/(dev(?!\/shm\/)|proc|sys)\//;

/** The database of a library: what makes a folder one. */
export const DATABASE = 'library.db';
/** What a backup of a library says of itself. */
export const BACKUP_MANIFEST = 'covis-backup.json';
/** Folders that every library has. */
const BESIDE = ['clusters', 'descriptors', 'networks'];
const MAGIC = 'SQLite format 3\0';
/** The first tables stand at the beginning of the file, as the text that made them. */
const TABLE = 'photo_file';
const LOOKED_BYTES = 1 << 18;
const LINKS = 40;

/**
 * Refuses a place that a result is not put at. What Covis writes it writes beside the place first and then renames, which would put a file
 * in place of a device, or of what /dev/stdout links to.
 * @throws CovisError `INPUT_INVALID` for a device, a pipe and anything in /dev.
 */
export function refuseDevice(out: string): void {
  const file = resolve(out);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile() && !there.isDirectory())
    throw new CovisError('INPUT_INVALID', 'This is a device or a pipe, and results are written to files', {
      file,
      hint: 'Name a file to write to.',
    });
  if (OF_SYSTEM.test(file))
    throw new CovisError('INPUT_INVALID', "This place is the system's own, and holds no files of people", {
      file,
      hint: 'Name a place on a disk.',
    });
}

/**
 * As {@link refuseDevice}, for one file whose folder is there.
 * @throws CovisError `INPUT_INVALID` for a folder also, `INPUT_MISSING` where the folder of the file is not there.
 */
export function refusePlace(out: string): void {
  refuseDevice(out);
  refuseFolder(out);
  const file = resolve(out);
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CovisError('INPUT_MISSING', 'The folder of this file does not exist', {
      file,
      hint: `Make ${folder} first, or name another place.`,
    });
}

function refuseFolder(out: string): void {
  const file = resolve(out);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new CovisError('INPUT_INVALID', 'This is a folder, and the result is a file', {
      file,
      hint: 'Name a file in it.',
    });
}

/**
 * The rule for a folder or file that a person names to be written to: no device, and nothing in any library, also by way of links.
 * @returns its absolute path. @throws CovisError `INPUT_INVALID`.
 */
export function outsideLibraries(out: string): string {
  refuseDevice(out);
  const path = resolve(out);
  const library = libraryAround(path);
  if (library !== undefined)
    throw new CovisError('INPUT_INVALID', 'Results do not go into a library', {
      file: path,
      hint: `Name a place outside ${library}.`,
    });
  return path;
}

/**
 * As {@link outsideLibraries}, for one file: said before hours of work, not after. {@link Beside} holds to it when it puts the file there.
 * @param folder whether the file's folder has to be there, or is made.
 * @returns its absolute path.
 * @throws CovisError `INPUT_INVALID`, `INPUT_MISSING`, and `STATE_CONFLICT` for a file that is there, without `force`.
 */
export function fileTarget(out: string, how: Placing, folder: 'there' | 'made' = 'there'): string {
  const file = outsideLibraries(out);
  if (folder === 'there') refusePlace(file);
  else refuseFolder(file);
  refuseExisting([file], how);
  return file;
}

/** @throws CovisError `STATE_CONFLICT` naming the first of these files that is there, unless they may be written over. */
export function refuseExisting(files: Iterable<string>, how: Placing): void {
  if (how.force === true) return;
  for (const file of files) if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) throw existing(file);
}

/** What is said of a file that is there. */
export function existing(file: string): CovisError {
  return new CovisError('STATE_CONFLICT', 'This file is there already', {
    file,
    hint: 'Name another place, or write over it with --force.',
  });
}

/** The library that a path is in, or would be; undefined where it is in none. Links count as what they lead to. */
export function libraryAround(path: string): string | undefined {
  const absolute = resolve(path);
  return above(absolute, isLibrary) ?? above(realPlace(absolute), isLibrary);
}

/** The nearest folder above a path, or itself, of which something holds. */
function above(path: string, holds: (folder: string) => boolean): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    if (holds(at)) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** Where a path leads, as far as there is anything; also a link to what is not there. */
function realPlace(path: string): string {
  let at = path;
  let rest: string[] = [];
  for (let links = 0; links < LINKS;) {
    const there = lstatSync(at, { throwIfNoEntry: false });
    if (there?.isSymbolicLink() === true && !existsSync(at)) {
      at = resolve(dirname(at), readlinkSync(at));
      links += 1;
    } else if (there !== undefined) return join(realpathSync(at), ...rest);
    else if (dirname(at) === at) return path;
    else {
      rest = [at.slice(dirname(at).length).replace(/^[\\/]/, ''), ...rest];
      at = dirname(at);
    }
  }
  return path;
}

/** True for a folder that is a library of Covis, also a damaged one. Nothing is opened that another program could notice. */
export function isLibrary(folder: string): boolean {
  const file = join(folder, DATABASE);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  if (BESIDE.every((name) => existsSync(join(folder, name)))) return true;
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const head = Buffer.alloc(LOOKED_BYTES);
    const text = head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0));
    return text.startsWith(MAGIC) && text.includes(TABLE);
  } catch {
    // What may not be read may be anything.
    return true;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
