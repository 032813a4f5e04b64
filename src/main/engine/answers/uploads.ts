import { createHash } from 'node:crypto';
import { CovisError } from '../../../shared/errors.ts';

/** Photos dropped for a search live here until as many newer ones came. */
const KEPT = 16;
const KEPT_BYTES = 128 << 20;
const MOST_BYTES = 64 << 20;

/** What pages sent to be asked with: photos, drawings, ground truths. */
export class Uploads {
  readonly #bytes = new Map<string, Uint8Array>();

  /** @returns an opaque id. @throws CovisError `INPUT_INVALID` for nothing and above 64 MiB. */
  add(bytes: Uint8Array): string {
    if (bytes.length === 0 || bytes.length > MOST_BYTES)
      throw new CovisError('INPUT_INVALID', 'A photo to search with has between 1 byte and 64 MiB');
    const id = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    // The same again counts as new, so that a drawing that was gone back to is not the next to go.
    this.#bytes.delete(id);
    this.#bytes.set(id, bytes);
    let total = [...this.#bytes.values()].reduce((n, b) => n + b.length, 0);
    for (const [old, { length }] of this.#bytes) {
      if (this.#bytes.size <= KEPT && total <= KEPT_BYTES) break;
      this.#bytes.delete(old);
      total -= length;
    }
    return id;
  }

  /** Undefined where it was never sent, or too long ago. */
  get(id: string): Uint8Array | undefined {
    return this.#bytes.get(id);
  }
}
