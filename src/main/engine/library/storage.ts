/** What lies in a folder and on its disk. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gone } from '../environment/folders.ts';
import { freeBytes } from '../formats/disk.ts';
import type { Library } from './library.ts';
import { integer, select } from './rows.ts';

/** A file as it lies on the disk; `modified` in milliseconds. */
export interface FileFact {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** Files of one folder that are looked at together. */
const TOGETHER = 64;

/**
 * Every regular file below a folder, without holding up the thread. None where the folder is not there.
 * @param links of this folder itself that lead to folders are followed: a person may have put one of them on another disk.
 * @param without names in this folder itself that are not looked into.
 */
export async function filesIn(
  folder: string,
  links?: 'links too',
  without: readonly string[] = [],
): Promise<FileFact[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (gone(error)) return [];
    throw error;
  });
  const out: FileFact[] = [];
  const names = entries.filter((e) => e.isFile()).map((e) => join(folder, e.name));
  for (let i = 0; i < names.length; i += TOGETHER)
    for (const fact of await Promise.all(names.slice(i, i + TOGETHER).map(factOf)))
      if (fact !== undefined) out.push(fact);
  for (const e of entries)
    if (without.includes(e.name)) continue;
    else if (e.isDirectory() || (links !== undefined && e.isSymbolicLink()))
      for (const fact of await filesIn(join(folder, e.name))) out.push(fact);
  return out;
}

/** Undefined for a file that is no more. */
export async function factOf(path: string): Promise<FileFact | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { path, bytes: size, modified: mtimeMs };
  } catch (error) {
    if (gone(error)) return undefined;
    throw error;
  }
}

export function bytesOf(files: readonly Pick<FileFact, 'bytes'>[]): number {
  return files.reduce((n, f) => n + f.bytes, 0);
}

/** Bytes that this account may still write to the disk of a folder; without end where the system does not say. */
export function roomAt(folder: string): number {
  return freeBytes(folder) ?? Infinity;
}

/** Bytes of the database that hold nothing. */
export function freePages(library: Library): number {
  const pragma = (name: string): number => select(library.db, `SELECT * FROM pragma_${name}`, integer).one();
  return pragma('freelist_count') * pragma('page_size');
}

const UNITS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `30d` in milliseconds. @param age as the schema of the job checked it. */
export function ageInMs(age: string): number {
  return Number(age.slice(0, -1)) * UNITS[age.at(-1) as keyof typeof UNITS];
}
