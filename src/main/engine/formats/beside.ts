/** Files are written beside their place and put there whole: nothing half written ever has its final name. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { makeFolder } from '../environment/folders.ts';
import { diskError, isNearlyFull } from './disk.ts';
import { existing, refuseExisting, type Placing } from './target.ts';

/** Most bytes of one call to the system. */
const PIECE = 1 << 28;

/** What is being written: taken away when the process ends in between. */
const open = new Set<string>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let made = 0;

function takeAway(): void {
  for (const file of open) rmSync(file, { recursive: true, force: true });
  open.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  // Whoever else listens ends the work in its own way, which takes the file away too.
  if (process.listenerCount(signal) > 1) return;
  takeAway();
  for (const s of SIGNALS) process.off(s, onSignal);
  process.kill(process.pid, signal);
}

function add(file: string): void {
  open.add(file);
  if (open.size > 1) return;
  process.on('exit', takeAway);
  if (isMainThread) for (const s of SIGNALS) process.on(s, onSignal);
}

function remove(file: string): void {
  if (!open.delete(file) || open.size > 0) return;
  process.off('exit', takeAway);
  if (isMainThread) for (const s of SIGNALS) process.off(s, onSignal);
}

/** How a file is put in its place. */
export interface Putting extends Placing {
  /** How large it will be, where that is known: said when the disk is full. */
  readonly bytes?: number | undefined;
  /** False where a loss of power may take it: what can be made again, and is not trusted. */
  readonly flush?: boolean | undefined;
}

/** A file that is being written: fill `temporary`, then {@link Beside.done}, or {@link Beside.failed} if that went wrong. */
export class Beside {
  readonly file: string;
  readonly temporary: string;
  readonly #how: Putting;

  /** Makes the folder where it is not there. @throws CovisError for one that cannot be made. */
  constructor(file: string, how: Putting) {
    this.file = file;
    this.#how = how;
    this.temporary = `${file}.${process.pid}-${threadId}-${(made += 1)}.tmp`;
    try {
      makeFolder(dirname(file));
    } catch (cause) {
      throw diskError(cause);
    }
    add(this.temporary);
  }

  /** Puts it in its place once it has reached the disk. @throws CovisError `STATE_CONFLICT` where a file came there meanwhile, `DISK_FULL`. */
  done(): void {
    try {
      if (this.#how.flush !== false) flush(this.temporary);
      if (this.#how.force === true) renameSync(this.temporary, this.file);
      else putNew(this.temporary, this.file);
      remove(this.temporary);
    } catch (cause) {
      throw this.failed(cause);
    }
  }

  /** Takes away what was written. @returns what to throw instead of what was thrown. */
  failed(thrown: unknown): unknown {
    // Libraries that write by themselves say only that they failed.
    const full = thrown instanceof Error && !('code' in thrown) && isNearlyFull(this.file);
    rmSync(this.temporary, { recursive: true, force: true });
    remove(this.temporary);
    return diskError(full ? Object.assign(thrown, { code: 'ENOSPC' }) : thrown, this.file, this.#how.bytes);
  }
}

function flush(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a file another name, under which there must be none. */
function putNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) throw existing(to);
    // Where the system has no links, nobody else is expected either.
    renameSync(from, to);
    return;
  }
  rmSync(from, { force: true });
}

/** Writes a file whole or not at all. @param fill writes the file that it is given. @throws CovisError, what `fill` throws. */
export function writeBeside(file: string, how: Putting, fill: (temporary: string) => void): void {
  const beside = new Beside(file, how);
  try {
    fill(beside.temporary);
  } catch (error) {
    throw beside.failed(error);
  }
  beside.done();
}

/** Several files of which none is in its place before all are written. @throws CovisError, what fills them throws. */
export function writeTogether(
  files: readonly (readonly [file: string, fill: (temporary: string) => void])[],
  how: Putting,
): void {
  const besides: Beside[] = [];
  let failure: { readonly error: unknown } | undefined;
  try {
    for (const [file, fill] of files) {
      const beside = new Beside(file, how);
      besides.push(beside);
      try {
        fill(beside.temporary);
      } catch (error) {
        throw diskError(error, file, how.bytes);
      }
    }
    for (const beside of besides.splice(0)) {
      if (failure === undefined)
        try {
          beside.done();
        } catch (error) {
          failure = { error };
        }
      else beside.failed(failure.error);
    }
  } catch (error) {
    failure = { error };
    for (const beside of besides) beside.failed(error);
  }
  if (failure !== undefined) throw failure.error;
}

/**
 * Writes a folder's files elsewhere first: those that are there stay, and no new one is in its place before all are written.
 * @param fill writes into the folder that it is given. @param own names that nothing else may have in the folder: what is not written
 * of them is taken away, with `force`. @throws CovisError, what `fill` throws.
 */
export function writeFolder<T>(
  folder: string,
  how: Placing,
  fill: (staging: string) => T,
  own: readonly string[] = [],
): T {
  const beside = new Beside(folder, how);
  try {
    mkdirSync(beside.temporary);
    const filled = fill(beside.temporary);
    const files = readdirSync(beside.temporary, { recursive: true, withFileTypes: true })
      .filter((e) => !e.isDirectory())
      .map((e) => relative(beside.temporary, join(e.parentPath, e.name)));
    refuseExisting(
      [...files, ...own].map((f) => join(folder, f)),
      how,
    );
    for (const f of files) {
      mkdirSync(dirname(join(folder, f)), { recursive: true });
      flush(join(beside.temporary, f));
      if (how.force === true) renameSync(join(beside.temporary, f), join(folder, f));
      else putNew(join(beside.temporary, f), join(folder, f));
    }
    for (const f of own) if (!files.includes(f)) rmSync(join(folder, f), { force: true });
    // Empty by now.
    beside.failed(undefined);
    return filled;
  } catch (error) {
    throw beside.failed(error);
  }
}

/** As {@link writeBeside}, of text or bytes that are at hand. */
export function writeWhole(file: string, content: string | Uint8Array, how: Putting): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  writeBeside(file, { ...how, bytes: bytes.length }, (temporary) => fillWith(temporary, bytes));
}

/** Fills a file. */
export function fillWith(temporary: string, content: string | Uint8Array): void {
  const fd = openSync(temporary, 'w');
  try {
    writeAll(fd, typeof content === 'string' ? Buffer.from(content) : content);
  } finally {
    closeSync(fd);
  }
}

/** Writes bytes where a file stands: one call may write a part, as on a disk that is nearly full, and the next one says why. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, PIECE));
}
