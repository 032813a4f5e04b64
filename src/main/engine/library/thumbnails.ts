import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Library } from './library.ts';
import { keepIfPossible } from './cache.ts';
import { ofCurrentPhoto } from './current-photo.ts';
import { photoByHash } from './photos.ts';
import { photoImage, undecodable } from './pixels.ts';
import { sealed, unsealed } from './seal.ts';
import { thumbnailWritten } from './thumbnail-bound.ts';

/** Long sides at which photos are served; the last is for looking closely. */
export const THUMBNAIL_SIZES = [96, 256, 640, 1600] as const;

/** The served size that is at least as large as asked for. */
export function thumbnailSize(asked: number): number {
  return THUMBNAIL_SIZES.find((s) => s >= asked) ?? 1600;
}

/** A JPEG of the photo as displayed, made once and kept in the library. @throws CovisError as `currentPhoto`, or for a broken photo. */
export async function thumbnail(library: Library, hash: string, size: number): Promise<Uint8Array> {
  const photo = photoByHash(library, hash);
  const file = library.file('thumbnails', photo.hash.slice(0, 2), `${photo.hash}-${size}.jpg`);
  if (existsSync(file)) {
    const kept = unsealed(await readFile(file));
    // One that is damaged is made again.
    if (kept !== undefined) return kept;
  }
  const bytes = await ofCurrentPhoto(library, photo.id, (source) => uprightJpeg(source, size));
  const kept = sealed(bytes);
  if (keepIfPossible(library, file, kept)) thumbnailWritten(library.path, kept.length);
  return bytes;
}

/** Long side of a whole photo, which is as much as a browser shows on every machine. */
const WHOLE = 8192;

/** A JPEG of the photo as displayed with all its pixels, made anew each time. @throws CovisError as `currentPhoto`, or for a broken photo. */
export async function wholePhoto(library: Library, hash: string): Promise<Uint8Array> {
  return ofCurrentPhoto(library, photoByHash(library, hash).id, (source) => uprightJpeg(source, WHOLE));
}

/** A JPEG as displayed, long side at most `size`. @throws CovisError `INPUT_CORRUPT`, naming the file if it is one. */
export async function uprightJpeg(source: string | Uint8Array, size: number): Promise<Buffer> {
  try {
    return await (
      await photoImage(source)
    )
      .resize(size, size, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: size > 256 ? 86 : 80 })
      .toBuffer();
  } catch (cause) {
    throw undecodable(source, cause);
  }
}
