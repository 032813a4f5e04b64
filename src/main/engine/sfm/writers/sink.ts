import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

const BUFFER_BYTES = 1 << 20;

/** Writes a file front to back through a buffer, to a temporary name first. */
export class Sink {
  readonly #file: string;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #at = 0;
  #open = true;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(`${file}.tmp`, 'w');
  }

  #room(bytes: number): number {
    if (this.#at + bytes > this.#buffer.length) this.#flush();
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #flush(): void {
    for (let done = 0; done < this.#at;) done += writeSync(this.#fd, this.#buffer, done, this.#at - done);
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
      this.#flush();
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    } else bytes.copy(this.#buffer, this.#room(bytes.length));
  }

  done(): void {
    this.#flush();
    this.#close();
    renameSync(`${this.#file}.tmp`, this.#file);
  }

  /** Leaves nothing of what was begun. */
  abandon(): void {
    this.#close();
    rmSync(`${this.#file}.tmp`, { force: true });
  }

  #close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

/** Writes one file, whole or not at all. @returns its path. */
export function write(file: string, work: (sink: Sink) => void): string {
  const sink = new Sink(file);
  try {
    work(sink);
    sink.done();
  } catch (error) {
    sink.abandon();
    throw error;
  }
  return file;
}
