import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Regular files of this folder whose names fit, sorted. */
export function filesNamed(folder: string, named: RegExp): string[] {
  return readdirSync(folder)
    .filter((f) => named.test(f) && isFile(join(folder, f)))
    .sort()
    .map((f) => join(folder, f));
}

/** A regular file, also behind a link; links to nothing or in a circle are none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Whatever it was, it cannot be opened.
    return false;
  }
}

const COLMAP_FILES = ['cameras', 'images', 'points3D'];

/** The three files of a COLMAP model, with the rigs and frames of COLMAP 4 where they are there. */
export function colmapFiles(folder: string, ending: 'bin' | 'txt'): string[] {
  const rigs = ['rigs', 'frames'].map((f) => join(folder, `${f}.${ending}`));
  return [
    ...COLMAP_FILES.map((f) => join(folder, `${f}.${ending}`)),
    ...(rigs.every((f) => existsSync(f)) ? rigs : []),
  ];
}

/** The folder itself where one of a COLMAP model's files is in it; the others are then missed by name. */
export function colmapFolder(folder: string, ending: 'bin' | 'txt'): string[] {
  return COLMAP_FILES.some((f) => existsSync(join(folder, `${f}.${ending}`))) ? [folder] : [];
}
