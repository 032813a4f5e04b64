/** Files that pages send in parts: written to disk as they come, used by a route or a job, and gone. */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { bytesText, diskError, freeBytes } from '../formats/disk.ts';
import { sweepAbandoned } from './abandoned.ts';

interface Kept {
  readonly folder: string;
  bytes: number;
  used: number;
  /** Whether a job still reads it. */
  busy: () => boolean;
}

/** So many are kept at most. */
const MOST = 4;
/** One of them, at most: a collection of a hundred thousand photos of 10 MB has 1 TB, which nobody sends through a browser. */
const MOST_BYTES = 64 * 2 ** 30;
/** Stays free where they are written. */
const ROOM = 1 << 30;
/** What is not used for so long goes. */
const KEPT_MS = 30 * 60_000;
const LOOK_MS = 60_000;
const PREFIX = 'covis-incoming-';
const FILE = 'sent';

export class Incoming {
  readonly #kept = new Map<string, Kept>();
  /** Looks for what is not used any more, while anything is kept. */
  #timer: NodeJS.Timeout | undefined;

  /**
   * Takes the next bytes of a file.
   * @param id what the first part was answered; undefined for that one. @param at how many bytes were sent before.
   * @throws CovisError `NOT_FOUND` for what is not kept, `INPUT_INVALID` where bytes are missing between or it is too large, `DISK_FULL`,
   * `STATE_CONFLICT` where too many are on their way.
   */
  add(id: string | undefined, at: number, bytes: Uint8Array): { readonly id: string; readonly bytes: number } {
    const own = id ?? this.#begin();
    const kept = this.#of(own);
    if (at !== kept.bytes)
      throw new CovisError('INPUT_INVALID', `${kept.bytes} bytes of this file are here, and what came begins at ${at}`);
    if (at + bytes.length > MOST_BYTES)
      throw new CovisError('INPUT_INVALID', `A file that is sent has at most ${bytesText(MOST_BYTES)}`, {
        hint: 'Put it where the server runs, and choose it there.',
      });
    if ((freeBytes(kept.folder) ?? Infinity) < ROOM + bytes.length) {
      this.drop(own);
      throw new CovisError('DISK_FULL', 'There is too little room for what is being sent', {
        file: tmpdir(),
        hint: 'Make room there, and send it again.',
      });
    }
    const file = join(kept.folder, FILE);
    const fd = openSync(file, 'a');
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    } catch (error) {
      this.drop(own);
      throw diskError(error, file, bytes.length);
    } finally {
      closeSync(fd);
    }
    kept.bytes += bytes.length;
    kept.used = Date.now();
    return { id: own, bytes: kept.bytes };
  }

  /** How much of a file is here, for whom the answer to a part was lost. @throws CovisError `NOT_FOUND`. */
  bytes(id: string): number {
    const kept = this.#of(id);
    kept.used = Date.now();
    return kept.bytes;
  }

  /**
   * Where a file lies that was sent.
   * @param most bytes that it may have. @throws CovisError `NOT_FOUND`, `INPUT_INVALID` for one that is empty or larger.
   */
  file(id: string, most = MOST_BYTES): string {
    const kept = this.#of(id);
    if (kept.bytes === 0 || kept.bytes > most)
      throw new CovisError('INPUT_INVALID', `This file should have between 1 byte and ${bytesText(most)}`);
    kept.used = Date.now();
    return join(kept.folder, FILE);
  }

  /** Keeps a file for as long as a job reads it, and no longer. */
  hold(id: string, busy: () => boolean): void {
    const kept = this.#of(id);
    kept.used = -Infinity;
    kept.busy = busy;
  }

  drop(id: string): void {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    if (kept !== undefined) rmSync(kept.folder, { recursive: true, force: true });
    if (this.#kept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Removes everything, as when the library is closed. */
  close(): void {
    for (const id of [...this.#kept.keys()]) this.drop(id);
  }

  #of(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined)
      throw new CovisError('NOT_FOUND', 'This file was not sent, or too long ago', { hint: 'Send it again.' });
    return kept;
  }

  #begin(): string {
    this.#sweep();
    if (this.#kept.size >= MOST)
      throw new CovisError('STATE_CONFLICT', `${MOST} files are being taken already`, {
        hint: 'Wait until one is done.',
      });
    const id = randomUUID().replaceAll('-', '');
    const folder = mkdtempSync(join(tmpdir(), PREFIX));
    this.#kept.set(id, { folder, bytes: 0, used: Date.now(), busy: () => false });
    this.#timer ??= setInterval(() => this.#sweep(), LOOK_MS).unref();
    return id;
  }

  #sweep(): void {
    const now = Date.now();
    for (const [id, { used, busy }] of this.#kept) if (now - used > KEPT_MS && !busy()) this.drop(id);
    sweepAbandoned(PREFIX, (folder) => [...this.#kept.values()].some((k) => k.folder === folder));
  }
}
