import { closeSync, existsSync, ftruncateSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';

const KEY_BYTES = 16;

/**
 * Descriptors on disk in the order in which they were computed, each under a key of its photo's content. Every append reaches the
 * system at once, so that a process that is killed loses the photo it was at and no other; half a record at the end is dropped.
 */
export class DescriptorJournal {
  readonly dim: number;
  readonly #file: string;
  readonly #fd: number;
  readonly #record: number;
  readonly #at = new Map<string, number>();
  #count: number;

  /** Opens or begins the journal. @throws CovisError `INPUT_INVALID` when the file cannot be written. */
  constructor(file: string, dim: number) {
    this.dim = dim;
    this.#file = file;
    this.#record = KEY_BYTES + 4 * dim;
    try {
      this.#fd = openSync(file, existsSync(file) ? 'r+' : 'w+');
    } catch (cause) {
      throw new CovisError('INPUT_INVALID', 'Descriptors cannot be written here', { file, cause });
    }
    this.#count = Math.floor(fstatSync(this.#fd).size / this.#record);
    ftruncateSync(this.#fd, this.#count * this.#record);
    const key = Buffer.alloc(KEY_BYTES);
    for (let i = 0; i < this.#count; i += 1) {
      readSync(this.#fd, key, 0, KEY_BYTES, i * this.#record);
      this.#at.set(key.toString('hex'), i);
    }
  }

  get size(): number {
    return this.#at.size;
  }

  has(key: string): boolean {
    return this.#at.has(key);
  }

  /** @param key 32 hex characters. */
  append(key: string, descriptor: Float32Array): void {
    const record = Buffer.alloc(this.#record);
    record.write(key, 0, KEY_BYTES, 'hex');
    record.set(new Uint8Array(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength), KEY_BYTES);
    writeSync(this.#fd, record, 0, record.length, this.#count * this.#record);
    this.#at.set(key, this.#count);
    this.#count += 1;
  }

  /** The descriptor under a key. @throws CovisError `NOT_FOUND`. */
  get(key: string): Float32Array {
    const i = this.#at.get(key);
    if (i === undefined)
      throw new CovisError('NOT_FOUND', 'There is no descriptor of this photo', { file: this.#file });
    const bytes = new Uint8Array(4 * this.dim);
    readSync(this.#fd, bytes, 0, bytes.length, i * this.#record + KEY_BYTES);
    return new Float32Array(bytes.buffer);
  }

  keys(): IterableIterator<string> {
    return this.#at.keys();
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Closes and deletes it: what it held is stored elsewhere. */
  remove(): void {
    this.close();
    rmSync(this.#file, { force: true });
  }
}
