import { createHash, randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { diskError, freeBytes } from '../formats/disk.ts';
import { sweepAbandoned } from './abandoned.ts';

/** Photos dropped for a search live here until as many newer ones came. */
const KEPT = 16;
const KEPT_BYTES = 128 << 20;
const MOST_BYTES = 64 << 20;
/** Of those that are on their way, together. */
const MOST_ARRIVING = 512 << 20;
/** Stays free where they are written. */
const ROOM = 256 << 20;
const PREFIX = 'covis-uploads-';

const wrongSize = (): CovisError =>
  new CovisError('INPUT_INVALID', 'A photo to search with has between 1 byte and 64 MiB');

/**
 * What pages sent to be asked with: photos, drawings, ground truths. They are on disk from their first bytes on: many that come at the
 * same moment take no memory of this process.
 */
export class Uploads {
  /** Bytes of each that is kept, by id, oldest first. */
  readonly #kept = new Map<string, number>();
  #folder: string | undefined;
  #arriving = 0;

  /** @returns an opaque id. @throws CovisError `INPUT_INVALID` for nothing and above 64 MiB, `DISK_FULL`. */
  add(bytes: Uint8Array): string {
    const file = new Arriving(this.#place());
    try {
      file.write(bytes);
      return this.#keep(file);
    } finally {
      file.end();
    }
  }

  /**
   * Takes bytes as they come.
   * @returns an opaque id. @throws CovisError as {@link add}, `STATE_CONFLICT` where too many are on their way.
   */
  async receive(parts: AsyncIterable<Uint8Array>): Promise<string> {
    const file = new Arriving(this.#place());
    try {
      for await (const part of parts) {
        this.#arriving += part.length;
        file.write(part);
        if (this.#arriving > MOST_ARRIVING)
          throw new CovisError('STATE_CONFLICT', 'Too many photos are being sent at once', {
            hint: 'Send it again in a moment.',
          });
      }
      return this.#keep(file);
    } finally {
      this.#arriving -= file.bytes;
      file.end();
    }
  }

  /** Undefined where it was never sent, or too long ago. */
  get(id: string): Uint8Array | undefined {
    if (!this.#kept.has(id)) return undefined;
    try {
      return readFileSync(join(this.#place(), id));
    } catch {
      // Whoever tidied the folder of temporary files took it.
      this.#kept.delete(id);
      return undefined;
    }
  }

  #place(): string {
    if (this.#folder === undefined) {
      sweepAbandoned(PREFIX);
      const folder = mkdtempSync(join(tmpdir(), PREFIX));
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      this.#folder = folder;
    }
    return this.#folder;
  }

  #keep(file: Arriving): string {
    const folder = this.#place();
    const id = file.become(folder);
    // The same again counts as new, so that a drawing that was gone back to is not the next to go.
    this.#kept.delete(id);
    this.#kept.set(id, file.bytes);
    let total = [...this.#kept.values()].reduce((n, b) => n + b, 0);
    for (const [old, bytes] of this.#kept) {
      if (this.#kept.size <= KEPT && total <= KEPT_BYTES) break;
      this.#kept.delete(old);
      rmSync(join(folder, old), { force: true });
      total -= bytes;
    }
    return id;
  }
}

/** A file that is being sent. */
class Arriving {
  bytes = 0;
  readonly #hash = createHash('sha256');
  readonly #file: string;
  #fd: number | undefined;

  constructor(folder: string) {
    if ((freeBytes(folder) ?? Infinity) < ROOM)
      throw new CovisError('DISK_FULL', 'There is too little room for what is being sent', {
        file: folder,
        hint: 'Make room there, and send it again.',
      });
    this.#file = join(folder, randomUUID());
    try {
      this.#fd = openSync(this.#file, 'wx', 0o600);
    } catch (error) {
      throw diskError(error, this.#file);
    }
  }

  write(part: Uint8Array): void {
    this.bytes += part.length;
    if (this.bytes > MOST_BYTES) throw wrongSize();
    this.#hash.update(part);
    try {
      for (let done = 0; done < part.length;) done += writeSync(this.#fd!, part, done);
    } catch (error) {
      throw diskError(error, this.#file, part.length);
    }
  }

  /** Gives the file the name of what is in it. @returns that name. @throws CovisError `INPUT_INVALID` for an empty one. */
  become(folder: string): string {
    if (this.bytes === 0) throw wrongSize();
    const id = this.#hash.digest('hex').slice(0, 32);
    this.#close();
    renameSync(this.#file, join(folder, id));
    return id;
  }

  /** Leaves nothing of a file that did not become one. */
  end(): void {
    this.#close();
    rmSync(this.#file, { force: true });
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
