import { join } from 'node:path';
import { photosAtOnce } from '../environment/threads.ts';
import { nameIndex } from '../library/names.ts';
import { imageHeader } from '../library/photo-files.ts';

/** Width and height in pixels of the sensor frame of an image that a model names; undefined where it is not at hand. */
export type ImageSizes = (name: string) => readonly [number, number] | undefined;

/** Reads the headers of all photos below a folder. Photos that cannot be read have no size. */
export async function photoSizes(folder: string, photos: readonly string[]): Promise<ImageSizes> {
  const sizes = new Map<string, readonly [number, number]>();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < photos.length) {
      const name = photos[next++]!;
      try {
        const { width, height } = await imageHeader(join(folder, name));
        sizes.set(name, [width, height]);
      } catch {
        // Said when the photo itself is read.
      }
    }
  };
  await Promise.all(Array.from({ length: photosAtOnce() }, one));
  const find = nameIndex(photos.map((name) => ({ name })));
  return (name) => {
    const found = find(name);
    return found.kind === 'found' ? sizes.get(photos[found.at]!) : undefined;
  };
}

/**
 * The size that a model's image had, from the photo at hand and from how far its observations reach (both in pixels). A photo that was
 * made smaller since is told by observations outside it: then its aspect is kept and the observations say how large it was, at least.
 */
export function sizeOfImage(sizes: ImageSizes, name: string, right: number, bottom: number): readonly [number, number] {
  const photo = sizes(name);
  if (photo === undefined) return [Math.ceil(right + 1), Math.ceil(bottom + 1)];
  const factor = Math.max(right / photo[0], bottom / photo[1]);
  return factor <= 1.01 ? photo : [Math.ceil(photo[0] * factor), Math.ceil(photo[1] * factor)];
}
