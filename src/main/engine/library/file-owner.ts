import Database from 'better-sqlite3';
import { existsSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { diskError } from '../formats/disk.ts';
import { ageOf, keepFacts, mayBeAtWork, nameOwner, readOwner } from './lease.ts';

const ATTEMPTS = 20;
/** Somebody who only looks whether a file has an owner has its lock for a moment. */
const LOOKS = 10;
const PAUSE_MS = 20;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** What SQLite says of a file that goes while it is opened; and of one that cannot be opened at all. */
const VANISHED: ReadonlySet<string> = new Set(['SQLITE_CANTOPEN', 'SQLITE_IOERR_FSTAT']);

/** How the system calls a file that is open and lies nowhere any more. */
const DELETED = ' (deleted)';

/** Descriptors by which this process has a file open, and what the system calls it; none where it does not tell (Linux does). Opens nothing. */
function descriptorsOf(file: string): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  if (process.platform !== 'linux') return open;
  try {
    const path = join(realpathSync(dirname(file)), basename(file));
    for (const descriptor of readdirSync('/proc/self/fd'))
      try {
        const called = readlinkSync(`/proc/self/fd/${descriptor}`);
        if (called === path || called === path + DELETED) open.set(descriptor, called);
      } catch {
        // Closed meanwhile.
      }
  } catch {
    // A system without it.
  }
  return open;
}

/** Connections that have a lock, so that none is closed because nothing else refers to it. */
const held = new Set<Database.Database>();

/** What is said where a file cannot be owned. */
export interface Saying {
  readonly taken: string;
  readonly hint: string;
  readonly refused: string;
}

/**
 * Owns a file, or a name that stands for work, among all threads, processes and machines. Two things tell it: a lock that the system itself
 * gives back when the process ends, however it ends (SQLite's, on an empty file `.lock` beside it), and the facts of the owner (`.owner`), who
 * is named to others, and touches them for machines that do not see the lock (see {@link mayBeAtWork}). The lock's file is deleted by its
 * owner, so what was locked must still be what lies there: its number tells, and, since a deleted file's number is given to the next one, what the
 * system calls the file that was opened. Only SQLite may open it: POSIX takes all locks of a process from a file as soon
 * as the process closes any descriptor of it.
 * @param say what to say where the file has another owner, with what to do, and where nothing can be written beside it.
 * @returns what gives it back.
 * @throws CovisError `STATE_CONFLICT` while another owner has it, `INPUT_INVALID` where nothing can be written beside it.
 */
export function ownFile(file: string, say: Saying): () => void {
  return own(file, say, LOOKS);
}

function own(file: string, say: Saying, looks: number): () => void {
  const lock = `${file}.lock`;
  let busy = 0;
  let vanished = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    let db: Database.Database | undefined;
    let made = false;
    try {
      if (!existsSync(lock)) new Database(lock, { timeout: 0 }).close();
      made = true;
      const before = statSync(lock, { throwIfNoEntry: false })?.ino;
      const others = descriptorsOf(lock);
      db = new Database(lock, { timeout: 0, fileMustExist: true });
      db.exec('BEGIN EXCLUSIVE');
      const gone = [...descriptorsOf(lock)].some(([fd, called]) => !others.has(fd) && called.endsWith(DELETED));
      if (!gone && before !== undefined && statSync(lock, { throwIfNoEntry: false })?.ino === before) {
        const former = readOwner(file);
        if (former !== undefined && mayBeAtWork(former, ageOf(file))) throw taken(file, say);
        return giveBack(lock, db, keepFacts(file));
      }
      db.close();
    } catch (cause) {
      db?.close();
      if (cause instanceof CovisError) throw cause;
      const code = String((cause as { code?: unknown }).code);
      // Deleted by its owner between two steps, and perhaps made anew by the next one since. One that cannot be opened at all is there each time.
      if (made && VANISHED.has(code) && (!existsSync(lock) || (vanished += 1) < ATTEMPTS)) continue;
      // Cut short by a loss of power, or something else by now: nobody can have locked it.
      if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
        rmSync(lock, { force: true });
        continue;
      }
      if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
        if ((busy += 1) > looks) throw taken(file, say);
        Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
        continue;
      }
      throw diskError(
        new CovisError('INPUT_INVALID', say.refused, {
          file,
          cause,
          hint: 'Name a file in a folder that is there and may be written to, and look whether the disk has room.',
        }),
      );
    }
  }
  throw new CovisError('STATE_CONFLICT', 'This file is written by several programs at once', {
    file,
    hint: 'Try again when they are done.',
  });
}

function taken(file: string, say: Saying): CovisError {
  const owner = readOwner(file);
  const who = owner === undefined ? '' : ` It is ${nameOwner(owner)}.`;
  return new CovisError('STATE_CONFLICT', say.taken, { file, hint: `${say.hint}${who}` });
}

function giveBack(lock: string, db: Database.Database, forget: () => void): () => void {
  held.add(db);
  return () => {
    held.delete(db);
    try {
      forget();
      // On Windows an open file cannot be deleted; one that the next owner has by then stays, which does no harm.
      if (process.platform === 'win32') db.close();
      rmSync(lock, { force: true });
    } catch (error) {
      // A disk that is gone by now: whoever comes next finds the lock free.
      logFailure(logger('library'), 'What says who is at work could not be removed', error);
    } finally {
      db.close();
    }
  };
}

/** As {@link ownFile} for who looks whether something has an owner. @returns undefined while it has one, else what gives it back. */
export function ownIfFree(file: string): (() => void) | undefined {
  try {
    return own(file, { taken: 'This is under way', hint: '', refused: 'Nobody can be written down here' }, 0);
  } catch (error) {
    if (error instanceof CovisError && error.code === 'STATE_CONFLICT') return undefined;
    throw error;
  }
}
