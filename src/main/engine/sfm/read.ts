import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import { hashFile, listImages } from '../library/photos.ts';
import type { ModelLocation } from './discover.ts';
import type { ReadOptions } from './model-builder.ts';
import type { SparseModel } from './model.ts';
import type { PhotosAtHand } from './readers/reader.ts';
import { photoSizes } from './sizes.ts';

export const NO_PHOTOS: PhotosAtHand = { names: [], sizes: () => undefined };

/** The photos in a folder, read only where the format has to know how large they are. */
export async function photosAtHand(images: string, { reader }: ModelLocation): Promise<PhotosAtHand> {
  if (!reader.needsSizes) return NO_PHOTOS;
  const names = listImages(images);
  return { names, sizes: await photoSizes(images, names) };
}

/**
 * Reads the models at a location, whatever wrote them; most formats hold one, some several.
 * @param warn told what the format or these files lack.
 * @throws CovisError naming the file and where in it.
 */
export function readModels(
  { path, reader }: Pick<ModelLocation, 'path' | 'reader'>,
  photos: PhotosAtHand = NO_PHOTOS,
  warn: (message: string) => void = () => undefined,
  options: ReadOptions = {},
): SparseModel[] {
  if (reader.holds === 'poses')
    warn(`${path} has poses and no tracks, so that its photos share no points and nothing can be mined from it`);
  for (const file of reader.files(path)) if (existsSync(file)) refuseStandIn(file);
  return reader.read(path, photos, warn, options);
}

/**
 * Content of all files that reading the model opens, and the scene it belongs to: the same model imported again is the same cluster.
 * @throws CovisError `INPUT_MISSING` naming a file that the model lacks.
 */
export async function locationHash(
  scene: string,
  { path, reader, label }: Pick<ModelLocation, 'path' | 'reader' | 'label'>,
): Promise<string> {
  const hash = createHash('sha256').update(scene).update('\0').update(label);
  for (const file of reader.files(path)) {
    if (!existsSync(file)) throw new CovisError('INPUT_MISSING', `The model lacks ${basename(file)}`, { file });
    refuseStandIn(file);
    hash.update(await hashFile(file));
  }
  return hash.digest('hex');
}
