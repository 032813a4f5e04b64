import type { Library } from '../library/library.ts';
import { decode, decodeInto, type Frame, type Pixels } from '../library/pixels.ts';
import { ofCurrentPhoto } from '../library/current-photo.ts';
import { Recent } from '../library/recent.ts';
import { ahead, type Streamed } from '../library/prefetch.ts';

const CACHE_BYTES = 384 << 20;

/** Decoded photos at one size, the recently used kept in bounded memory, several decoded ahead. */
export class PhotoSource {
  readonly size: number;
  readonly #recent: Recent<number, Pixels>;

  /** @param size pixels of the long side; smaller photos are not enlarged. @param frame instead, the one size that is taken. */
  constructor(library: Library, size: number, frame?: Frame) {
    this.size = size;
    this.#recent = new Recent(
      CACHE_BYTES,
      (p) => p.data.length,
      (id) =>
        ofCurrentPhoto(library, id, (file) => (frame === undefined ? decode(file, size) : decodeInto(file, frame))),
    );
  }

  get(photoId: number): Promise<Pixels> {
    return this.#recent.get(photoId);
  }

  /** Photos in order; what fails to decode comes as an error in its place. */
  stream(photoIds: readonly number[]): AsyncGenerator<Streamed<Pixels>> {
    return ahead(photoIds, (id) => this.get(id));
  }
}
