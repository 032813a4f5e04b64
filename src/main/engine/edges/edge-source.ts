import { readFile } from 'node:fs/promises';
import { keepIfPossible } from '../library/cache.ts';
import type { Library } from '../library/library.ts';
import { decode, type Crop } from '../library/pixels.ts';
import { ofCurrentPhoto } from '../library/current-photo.ts';
import { photoHash } from '../library/photos.ts';
import { Recent } from '../library/recent.ts';
import { sealed, unsealed } from '../library/seal.ts';
import type { EdgeDetector } from './detector.ts';
import { decodeEdgeMap, encodeEdgeMap, type EdgeMap } from './edge-map.ts';

const CACHE_BYTES = 256 << 20;

/**
 * Edge maps of an image file at several sizes, each decoded at its own, so that a map does not depend on what else is asked for; edges
 * are found after resizing (methods.md 2.1). Small images are enlarged.
 */
export async function edgeMapsOf(
  detector: EdgeDetector,
  file: string | Uint8Array,
  sides: readonly number[],
  crop?: Crop,
): Promise<EdgeMap[]> {
  return Promise.all(sides.map(async (side) => detector.detect(await decode(file, side, crop, true))));
}

/** Edge maps of a library's photos: kept on disk by detector and size, the recently used in memory. */
export class EdgeSource {
  readonly #library: Library;
  readonly #detector: EdgeDetector;
  readonly #recent: Recent<string, EdgeMap[]>;

  constructor(library: Library, detector: EdgeDetector) {
    this.#library = library;
    this.#detector = detector;
    this.#recent = new Recent(
      CACHE_BYTES,
      (maps) => maps.reduce((n, m) => n + m.data.byteLength, 0),
      (key) => {
        const [id, ...sides] = key.split(' ').map(Number) as [number, ...number[]];
        return this.#load(id, sides);
      },
    );
  }

  /** Maps of a photo at each side in pixels. @throws CovisError `INPUT_*` naming the photo's file. */
  get(photoId: number, sides: readonly number[]): Promise<EdgeMap[]> {
    return this.#recent.get([photoId, ...sides].join(' '));
  }

  #file(hash: string, side: number): string {
    return this.#library.file('edges', `${this.#detector.id}-${side}`, hash.slice(0, 2), `${hash}.png`);
  }

  async #load(photoId: number, sides: readonly number[]): Promise<EdgeMap[]> {
    const hash = photoHash(this.#library, photoId);
    const kept = await Promise.all(sides.map((s) => readMap(this.#file(hash, s))));
    const missing = sides.filter((_, i) => kept[i] === undefined);
    if (missing.length === 0) return kept as EdgeMap[];
    const found = await ofCurrentPhoto(this.#library, photoId, (file) => edgeMapsOf(this.#detector, file, missing));
    const made = new Map<number, EdgeMap>();
    for (const [i, side] of missing.entries()) {
      const bytes = await encodeEdgeMap(found[i]!);
      const file = this.#file(hash, side);
      keepIfPossible(this.#library, file, sealed(bytes));
      // What the file says, so that the first time gives the same descriptor as the next.
      made.set(side, await decodeEdgeMap(bytes));
    }
    return sides.map((s, i) => kept[i] ?? made.get(s)!);
  }
}

/** A map from disk; undefined where it is missing or damaged, which is mended by computing it again. */
async function readMap(file: string): Promise<EdgeMap | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const content = unsealed(bytes);
  if (content === undefined) return undefined;
  try {
    return await decodeEdgeMap(content);
  } catch {
    // What cannot be decoded is no map: it was written before maps carried their digest.
    return undefined;
  }
}
