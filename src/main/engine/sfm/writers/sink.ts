import { closeSync, openSync } from 'node:fs';
import { writeAll } from '../../formats/beside.ts';

const BUFFER_BYTES = 1 << 20;

/** Writes a file front to back through a buffer. */
export class Sink {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #at = 0;

  constructor(file: string) {
    this.#fd = openSync(file, 'w');
  }

  #room(bytes: number): number {
    if (this.#at + bytes > this.#buffer.length) this.flush();
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  flush(): void {
    writeAll(this.#fd, this.#buffer.subarray(0, this.#at));
    this.#at = 0;
  }

  u8(v: number): void {
    this.#buffer.writeUInt8(v, this.#room(1));
  }
  u32(v: number): void {
    this.#buffer.writeUInt32LE(v, this.#room(4));
  }
  i32(v: number): void {
    this.#buffer.writeInt32LE(v, this.#room(4));
  }
  u64(v: number): void {
    const at = this.#room(8);
    this.#buffer.writeUInt32LE(v % 0x1_0000_0000, at);
    this.#buffer.writeUInt32LE(Math.floor(v / 0x1_0000_0000), at + 4);
  }
  f64(v: number): void {
    this.#buffer.writeDoubleLE(v, this.#room(8));
  }
  text(s: string): void {
    const bytes = Buffer.from(s, 'utf8');
    if (bytes.length > this.#buffer.length) {
      this.flush();
      writeAll(this.#fd, bytes);
    } else bytes.copy(this.#buffer, this.#room(bytes.length));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Writes one file, in a folder that is put in its place when all of it is written. @returns its path. */
export function write(file: string, work: (sink: Sink) => void): string {
  const sink = new Sink(file);
  try {
    work(sink);
    sink.flush();
  } finally {
    sink.close();
  }
  return file;
}
