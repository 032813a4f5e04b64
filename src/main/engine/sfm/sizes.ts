import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { imageHeader } from '../library/photo-files.ts';

/** Width and height in pixels of the sensor frame of an image that a model names; undefined where it is not at hand. */
export type ImageSizes = (name: string) => readonly [number, number] | undefined;

/**
 * Finds which photo a model means: names there may be paths of another machine. The photo with the longest equal end of its path wins;
 * undefined where several tie or none has the same file name. Names are only compared, never opened.
 */
export function photoNamer(photos: readonly string[]): (name: string) => string | undefined {
  const exact = new Set(photos);
  const byBase = new Map<string, string[]>();
  const parts = (name: string): string[] =>
    name
      .replaceAll('\\', '/')
      .split('/')
      .filter((p) => p !== '' && p !== '.');
  for (const p of photos) {
    const base = parts(p).at(-1)!;
    const list = byBase.get(base);
    if (list === undefined) byBase.set(base, [p]);
    else list.push(p);
  }
  return (name) => {
    if (exact.has(name)) return name;
    const wanted = parts(name);
    const candidates = byBase.get(wanted.at(-1) ?? '') ?? [];
    if (candidates.length <= 1) return candidates[0];
    const common = candidates.map((c) => {
      const own = parts(c);
      let n = 0;
      while (n < own.length && n < wanted.length && own.at(-1 - n) === wanted.at(-1 - n)) n += 1;
      return n;
    });
    const best = Math.max(...common);
    const found = candidates.filter((_, i) => common[i] === best);
    return found.length === 1 ? found[0] : undefined;
  };
}

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
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, one));
  const namer = photoNamer(photos);
  return (name) => sizes.get(namer(name) ?? '');
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
