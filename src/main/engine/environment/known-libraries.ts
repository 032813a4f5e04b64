/** Libraries that a person had open, for every face: a file beside the settings. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { changeKept, listOf, readKept } from './kept-file.ts';
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

const SHAPE = listOf(knownLibrary);

/** The last one first. What cannot be read of the list is left out, which `onDamage` says. */
export const knownLibraries = (): readonly KnownLibrary[] => readKept(listFile(), SHAPE);

/** Puts a library first. Where the person's folder cannot be written, it is not kept, which the log says. */
export function noteLibrary(library: KnownLibrary): void {
  change((known) => {
    const searched = known.find((l) => l.path === library.path)?.searched;
    const first = searched === undefined ? library : { ...library, searched };
    return [first, ...known.filter((l) => l.path !== library.path)];
  });
}

/** What a library in the list holds now, which stays where it stands. */
export function noteCounts(path: string, { photos, clusters }: Pick<KnownLibrary, 'photos' | 'clusters'>): void {
  const known = knownLibraries();
  if (known.some((l) => l.path === path && (l.photos !== photos || l.clusters !== clusters)))
    change((all) => all.map((l) => (l.path === path ? { ...l, photos, clusters } : l)));
}

/** Whether somebody has searched in a library that is in the list. */
export function isSearched(path: string): boolean {
  return knownLibraries().some((l) => l.path === path && l.searched === true);
}

/** Notes that somebody has searched in a library that is in the list. @returns false where that was noted before, or it is not in the list. */
export function noteSearched(path: string): boolean {
  if (!knownLibraries().some((l) => l.path === path && l.searched !== true)) return false;
  change((known) => known.map((l) => (l.path === path ? { ...l, searched: true } : l)));
  return true;
}

/** Adds libraries behind those that are known; those that are stay as they are. */
export function addLibraries(libraries: readonly KnownLibrary[]): void {
  const missing = (known: readonly KnownLibrary[]): KnownLibrary[] =>
    libraries.filter((l) => !known.some((k) => k.path === l.path));
  if (missing(knownLibraries()).length > 0) change((known) => [...known, ...missing(known)]);
}

/** Takes a library out of the list, with its pictures. */
export function forgetLibrary(path: string): void {
  change((known) => known.filter((l) => l.path !== path));
}

/** Where the list cannot be read or written, it stays as it is, which the log says. */
function change(to: (known: readonly KnownLibrary[]) => readonly KnownLibrary[]): void {
  const file = listFile();
  try {
    let before: readonly KnownLibrary[] = [];
    const next = changeKept(file, SHAPE, (known) => {
      before = known;
      return to(known).slice(0, MOST);
    });
    for (const gone of before.filter((l) => !next.some((n) => n.path === l.path)))
      for (let i = 0; i < gone.pictures; i += 1) rmSync(pictureFile(gone.path, i), { force: true });
  } catch (error) {
    logFailure(logger('start'), `${file} cannot be written`, error);
  }
}
