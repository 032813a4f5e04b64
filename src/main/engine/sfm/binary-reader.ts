import { closeSync, readSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { openRegular } from '../formats/regular.ts';
import { sentence } from './text-lines.ts';
import { decodeName } from '../library/names.ts';

const WINDOW_BYTES = 1 << 22;

/**
 * Reads a little-endian binary file front to back through a sliding window, so that memory stays
 * bounded however large the file is. Every read is checked against the end of the file.
 */
export class BinaryReader {
  readonly file: string;
  readonly size: number;
  readonly #fd: number;
  readonly #window: Buffer;
  readonly #view: DataView;
  #windowStart = 0;
  #windowLength = 0;
  #cursor = 0;

  /** @throws CovisError as `openRegular`. */
  constructor(file: string, windowBytes = WINDOW_BYTES) {
    this.file = file;
    const { fd, stats } = openRegular(file);
    this.#fd = fd;
    this.size = stats.size;
    this.#window = Buffer.allocUnsafe(Math.max(64, Math.min(windowBytes, this.size)));
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.length);
  }

  /** Absolute byte offset of the next read. */
  get offset(): number {
    return this.#windowStart + this.#cursor;
  }

  get remaining(): number {
    return this.size - this.offset;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** An error at `offset`, which defaults to the position of the next read. */
  corrupt(message: string, offset = this.offset): CovisError {
    return new CovisError('INPUT_CORRUPT', sentence(message), { file: this.file, offset });
  }

  /** Makes `bytes` bytes available in the window and returns their position in it. */
  #take(bytes: number, what: string): number {
    if (this.#cursor + bytes > this.#windowLength) this.#refill(bytes, what);
    const at = this.#cursor;
    this.#cursor += bytes;
    return at;
  }

  #refill(bytes: number, what: string): void {
    const start = this.offset;
    if (start + bytes > this.size) {
      throw new CovisError(
        'INPUT_TRUNCATED',
        `The file ends inside ${what.charAt(0).toLowerCase()}${what.slice(1)}: ${bytes} bytes are needed, ${this.size - start} are left`,
        { file: this.file, offset: start },
      );
    }
    const wanted = Math.min(this.#window.length, this.size - start);
    let got = 0;
    while (got < wanted) {
      const n = readSync(this.#fd, this.#window, got, wanted - got, start + got);
      if (n === 0) throw this.corrupt('The file became shorter while it was read', start + got);
      got += n;
    }
    this.#windowStart = start;
    this.#windowLength = got;
    this.#cursor = 0;
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  i32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), true);
  }

  f64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what), true);
  }

  /** A u64 as a number; -1 for the "none" value 2^64 - 1. @throws `INPUT_CORRUPT` above 2^53. */
  u64(what: string): number {
    const at = this.#take(8, what);
    const low = this.#view.getUint32(at, true);
    const high = this.#view.getUint32(at + 4, true);
    if (high === 0xffffffff && low === 0xffffffff) return -1;
    if (high > 0x1fffff) {
      throw this.corrupt(
        `${what} is ${high.toString(16)}${low.toString(16).padStart(8, '0')} (hex), above 2^53`,
        this.offset - 8,
      );
    }
    return high * 0x1_0000_0000 + low;
  }

  /** A count of items that take at least `bytesEach` bytes; refused when the file cannot hold them. */
  count(what: string, bytesEach: number): number {
    const at = this.offset;
    const n = this.u64(what);
    if (n < 0 || n > this.remaining / bytesEach) {
      throw this.corrupt(
        `${what} says ${n < 0 ? '2^64 - 1' : n}, which needs at least ${bytesEach} bytes each, but only ${this.remaining} bytes are left`,
        at,
      );
    }
    return n;
  }

  /** A name up to a NUL byte. @throws `INPUT_CORRUPT` past `limit` bytes. */
  cString(what: string, limit = 4096): string {
    const start = this.offset;
    const bytes: number[] = [];
    for (;;) {
      const byte = this.u8(what);
      if (byte === 0) break;
      if (bytes.length === limit) throw this.corrupt(`${what} has no end within ${limit} bytes`, start);
      bytes.push(byte);
    }
    return decodeName(Uint8Array.from(bytes));
  }

  /** @throws `INPUT_CORRUPT` when bytes are left over. */
  expectEnd(): void {
    if (this.remaining > 0) throw this.corrupt(`${this.remaining} bytes are left after the last record`);
  }
}
