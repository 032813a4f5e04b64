/** The sample that comes with Covis, copied to where a person may write: what it is installed in may be read-only, or gone tomorrow. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { diskError } from '../formats/disk.ts';
import { makeFolder } from '../environment/folders.ts';
import { resourcePath } from '../environment/resources.ts';
import { settingsFile } from '../environment/settings.ts';
import { listImages } from '../library/photo-files.ts';

/** Where the sample is put: its photos and models, and the library that is made of them. */
export function sampleFolders(): { readonly photos: string; readonly library: string } {
  const folder = join(dirname(settingsFile()), 'sample');
  return { photos: join(folder, 'photos'), library: join(folder, 'Sample') };
}

let measured: { readonly photos: number; readonly places: number; readonly bytes: number } | undefined;

/** How much the sample is. */
export function sampleSize(): { readonly photos: number; readonly places: number; readonly bytes: number } {
  if (measured !== undefined) return measured;
  const root = resourcePath('sample');
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  measured = {
    photos: listImages(root).length,
    places: readdirSync(root, { withFileTypes: true }).filter((e) => e.isDirectory()).length,
    bytes: files.reduce((n, f) => n + statSync(join(f.parentPath, f.name)).size, 0),
  };
  return measured;
}

let copying: Promise<void> | undefined;

/** Copies the photos and models of the sample, unless they are there; what is cut short leaves nothing in its place. @throws CovisError of the disk. */
export async function copySample(): Promise<string> {
  const { photos } = sampleFolders();
  copying ??= copyTo(photos).finally(() => (copying = undefined));
  await copying;
  return photos;
}

async function copyTo(photos: string): Promise<void> {
  if (existsSync(photos)) return;
  const part = `${photos}.${process.pid}.part`;
  try {
    makeFolder(dirname(photos));
    await rm(part, { recursive: true, force: true });
    await cp(resourcePath('sample'), part, { recursive: true });
    await rename(part, photos);
  } catch (cause) {
    await rm(part, { recursive: true, force: true });
    // Another was faster.
    if (existsSync(photos)) return;
    throw cause instanceof CovisError ? cause : diskError(cause, photos);
  }
}
