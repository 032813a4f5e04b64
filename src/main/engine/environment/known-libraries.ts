/** Libraries that a person had open, for every face: a file beside the settings. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from './folders.ts';
import { logFailure, logger } from './log.ts';
import { settingsFile } from './settings.ts';

/** So many are kept. */
const MOST = 30;

const knownLibrary = z.object({
  path: z.string(),
  opened: z.iso.datetime(),
  photos: z.int().min(0).nullable(),
  clusters: z.int().min(0).nullable(),
  /** Of its photos, kept beside the list: `pictureFile`. */
  pictures: z.int().min(0).max(16),
  /** Somebody has searched in it. */
  searched: z.boolean().optional(),
});
/** A library that was open, as it was then. */
export type KnownLibrary = z.infer<typeof knownLibrary>;

const listFile = (): string => join(dirname(settingsFile()), 'libraries.json');

/** Where the picture of a library lies that the list shows; its name says nothing of the library. */
export function pictureFile(library: string, index: number): string {
  const name = createHash('sha256').update(library).digest('hex').slice(0, 24);
  return join(dirname(settingsFile()), 'pictures', `${name}-${index}.jpg`);
}

/** The last one first. A list that cannot be read counts as none, which the log says; entries that are none are left out. */
export function knownLibraries(): readonly KnownLibrary[] {
  const file = listFile();
  try {
    if (!existsSync(file)) return [];
    const all = z.array(z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
    return all.flatMap((one) => knownLibrary.safeParse(one).data ?? []);
  } catch (error) {
    logFailure(logger('start'), `${file} cannot be read`, error);
    return [];
  }
}

/** Puts a library first. Where the person's folder cannot be written, it is not kept, which the log says. */
export function noteLibrary(library: KnownLibrary): void {
  const known = knownLibraries();
  const searched = known.find((l) => l.path === library.path)?.searched;
  write([searched === undefined ? library : { ...library, searched }, ...known.filter((l) => l.path !== library.path)]);
}

/** What a library in the list holds now, which stays where it stands. */
export function noteCounts(path: string, { photos, clusters }: Pick<KnownLibrary, 'photos' | 'clusters'>): void {
  const known = knownLibraries();
  if (known.some((l) => l.path === path && (l.photos !== photos || l.clusters !== clusters)))
    write(known.map((l) => (l.path === path ? { ...l, photos, clusters } : l)));
}

/** Whether somebody has searched in a library that is in the list. */
export function isSearched(path: string): boolean {
  return knownLibraries().some((l) => l.path === path && l.searched === true);
}

/** Notes that somebody has searched in a library that is in the list. @returns false where that was noted before, or it is not in the list. */
export function noteSearched(path: string): boolean {
  const known = knownLibraries();
  if (!known.some((l) => l.path === path && l.searched !== true)) return false;
  write(known.map((l) => (l.path === path ? { ...l, searched: true } : l)));
  return true;
}

/** Adds libraries behind those that are known; those that are stay as they are. */
export function addLibraries(libraries: readonly KnownLibrary[]): void {
  const known = knownLibraries();
  const more = libraries.filter((l) => !known.some((k) => k.path === l.path));
  if (more.length > 0) write([...known, ...more]);
}

/** Takes a library out of the list, with its pictures. */
export function forgetLibrary(path: string): void {
  write(knownLibraries().filter((l) => l.path !== path));
}

function write(libraries: readonly KnownLibrary[]): void {
  const file = listFile();
  try {
    const before = knownLibraries();
    const next = libraries.slice(0, MOST);
    makeFolder(dirname(file));
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(next, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, file);
    for (const gone of before.filter((l) => !next.some((n) => n.path === l.path)))
      for (let i = 0; i < gone.pictures; i += 1) rmSync(pictureFile(gone.path, i), { force: true });
  } catch (error) {
    logFailure(logger('start'), `${file} cannot be written`, error);
  }
}
