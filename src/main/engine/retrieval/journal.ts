import { createHash } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Precision } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { diskError } from '../formats/disk.ts';
import { ownFile } from '../library/file-owner.ts';

const KEY_BYTES = 16;
const DIGEST_BYTES = 8;
/**
 * What the file begins with, by precision: what was begun in another is computed again, and so is what journals of earlier versions hold, which
 * have no beginning and no digests.
 */
const HEADS = { single: Buffer.from('COVISJ2\n'), half: Buffer.from('COVISH2\n') } as const;
const HEAD_BYTES = HEADS.single.length;

/** Half the bytes of a photo's row would still be a row: digests tell that it is whole, and that it is this photo's. */
function digest(record: Uint8Array): Buffer {
  return createHash('sha256').update(record).digest().subarray(0, DIGEST_BYTES);
}

/** One call may write less than it is given, as on a disk that is nearly full; the next one says why. */
function writeWhole(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

/**
 * Descriptors on disk in the order in which they were computed, each under a key of its photo's content. Every append reaches the
 * system at once, so that a process that is killed loses the photo it was at and no other; half a record at the end is dropped, and so
 * is any whose digest does not fit. A journal has one owner at a time, among all threads and processes; one whose owner died is free.
 */
export class DescriptorJournal {
  readonly dim: number;
  readonly #file: string;
  readonly #release: () => void;
  readonly #fd: number;
  readonly #record: number;
  readonly #at = new Map<string, number>();
  #count: number;

  /**
   * Opens or begins the journal. @param precision of what is appended. @throws CovisError `INPUT_INVALID` when the file cannot be written, `STATE_CONFLICT` while another
   * owner has it.
   */
  constructor(file: string, dim: number, precision: Precision = 'single') {
    this.dim = dim;
    this.#file = file;
    this.#record = KEY_BYTES + 4 * dim + DIGEST_BYTES;
    this.#release = ownFile(file, {
      taken: 'These photos are being described already, by the same network at the same size',
      hint: 'Wait until the other job or program is done; what it computes is used.',
      refused: 'Descriptors cannot be written here',
    });
    let fd: number | undefined;
    try {
      this.#fd = fd = openSync(file, existsSync(file) ? 'r+' : 'w+');
      const [wanted, head] = [HEADS[precision], Buffer.alloc(HEAD_BYTES)];
      if (readSync(fd, head, 0, HEAD_BYTES, 0) < HEAD_BYTES || !head.equals(wanted)) {
        ftruncateSync(fd, 0);
        writeWhole(fd, wanted, 0);
      }
      this.#count = Math.floor((fstatSync(fd).size - HEAD_BYTES) / this.#record);
      for (let i = 0; i < this.#count; i += 1) {
        const record = this.#read(i);
        if (record !== undefined) this.#at.set(record.toString('hex', 0, KEY_BYTES), i);
      }
      // Nothing whole in it: damaged throughout, or of another length of descriptors.
      if (this.#at.size === 0) this.#count = 0;
      ftruncateSync(fd, this.#place(this.#count));
    } catch (cause) {
      if (fd !== undefined) closeSync(fd);
      this.#release();
      throw diskError(
        new CovisError('INPUT_INVALID', 'Descriptors cannot be written here', {
          file,
          cause,
          hint: 'Name a file in a folder that is there and may be written to, and look whether the disk has room.',
        }),
      );
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
    if (descriptor.length !== this.dim)
      throw new CovisError('INTERNAL', `A descriptor has ${descriptor.length} numbers instead of ${this.dim}`);
    const record = Buffer.alloc(this.#record);
    record.write(key, 0, KEY_BYTES, 'hex');
    record.set(new Uint8Array(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength), KEY_BYTES);
    record.set(digest(record.subarray(0, -DIGEST_BYTES)), this.#record - DIGEST_BYTES);
    try {
      writeWhole(this.#fd, record, this.#place(this.#count));
    } catch (cause) {
      throw diskError(cause, this.#file, record.length);
    }
    this.#at.set(key, this.#count);
    this.#count += 1;
  }

  /** The descriptor under a key. @throws CovisError `NOT_FOUND`; `INPUT_CORRUPT` where the file holds something else there by now. */
  get(key: string): Float32Array {
    const i = this.#at.get(key);
    if (i === undefined)
      throw new CovisError('NOT_FOUND', 'There is no descriptor of this photo', { file: this.#file });
    const record = this.#read(i);
    if (record?.toString('hex', 0, KEY_BYTES) !== key)
      throw new CovisError('INPUT_CORRUPT', 'These descriptors were changed while they were computed', {
        file: this.#file,
        hint: 'Delete the file and extract again.',
      });
    return new Float32Array(Uint8Array.from(record.subarray(KEY_BYTES, -DIGEST_BYTES)).buffer);
  }

  keys(): IterableIterator<string> {
    return this.#at.keys();
  }

  close(): void {
    closeSync(this.#fd);
    this.#release();
  }

  /** Closes and deletes it: what it held is stored elsewhere. */
  remove(): void {
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
    this.#release();
  }

  #place(i: number): number {
    return HEAD_BYTES + i * this.#record;
  }

  /** A record; undefined where it is not whole. */
  #read(i: number): Buffer | undefined {
    const record = Buffer.alloc(this.#record);
    const n = readSync(this.#fd, record, 0, record.length, this.#place(i));
    if (n < record.length) return undefined;
    const found = record.subarray(-DIGEST_BYTES);
    return digest(record.subarray(0, -DIGEST_BYTES)).equals(found) ? record : undefined;
  }
}
