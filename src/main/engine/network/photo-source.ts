import type { Library } from '../library/library.ts';
import { decode, type Pixels } from '../library/pixels.ts';
import { photoPath } from '../library/photos.ts';

const CACHE_BYTES = 384 << 20;

/** Decoded photos at one size, the recently used kept in bounded memory, several decoded ahead. */
export class PhotoSource {
  readonly size: number;
  readonly #library: Library;
  readonly #cache = new Map<number, Pixels>();
  readonly #pending = new Map<number, Promise<Pixels>>();
  #bytes = 0;

  /** @param size pixels of the long side; smaller photos are not enlarged. */
  constructor(library: Library, size: number) {
    this.#library = library;
    this.size = size;
  }

  get(photoId: number): Promise<Pixels> {
    const cached = this.#cache.get(photoId);
    if (cached !== undefined) {
      this.#cache.delete(photoId);
      this.#cache.set(photoId, cached);
      return Promise.resolve(cached);
    }
    let pending = this.#pending.get(photoId);
    if (pending === undefined) {
      pending = this.#load(photoId);
      this.#pending.set(photoId, pending);
    }
    return pending;
  }

  async #load(photoId: number): Promise<Pixels> {
    try {
      const pixels = await decode(photoPath(this.#library, photoId), this.size);
      this.#cache.set(photoId, pixels);
      this.#bytes += pixels.data.length;
      for (const [id, old] of this.#cache) {
        if (this.#bytes <= CACHE_BYTES || id === photoId) break;
        this.#cache.delete(id);
        this.#bytes -= old.data.length;
      }
      return pixels;
    } finally {
      this.#pending.delete(photoId);
    }
  }

  /** Photos in order, decoded a few ahead; what fails to decode comes as an error in its place. */
  async *stream(
    photoIds: readonly number[],
    ahead = 6,
  ): AsyncGenerator<{ id: number; pixels: Pixels | undefined; error: unknown }> {
    const start = (id: number): Promise<{ id: number; pixels: Pixels | undefined; error: unknown }> =>
      this.get(id).then(
        (pixels) => ({ id, pixels, error: undefined }),
        (error: unknown) => ({ id, pixels: undefined, error }),
      );
    const queue = photoIds.slice(0, ahead).map(start);
    for (let next = ahead; queue.length > 0; next += 1) {
      const item = await queue.shift()!;
      if (next < photoIds.length) queue.push(start(photoIds[next]!));
      yield item;
    }
  }
}
