/** Writers take turns: who waits says so, and an error of SQLite becomes a sentence. */
import type Database from 'better-sqlite3';
import { readFileSync, statSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { logger } from '../environment/log.ts';
import { diskError, isFull } from '../formats/disk.ts';
import { programName } from './lease.ts';

/** So long nobody is told that something is waited for. */
const QUIET_MS = 2000;
const BUSY = /^SQLITE_(BUSY|LOCKED|PROTOCOL)/;
/** Locks of SQLite's writers in the file `-shm`: writing, moving the journal into the database, recovering. */
const WRITERS = [120, 122] as const;

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const PAUSE_MS = 20;

let patience = 60_000;
let tell = (text: string): void => logger('library').info(text);

/** How long this thread waits for a turn to write, where a program that must answer others may not wait as long. */
export function waitAtMost(ms: number): void {
  patience = ms;
}

/** Who is told what this thread waits for, after two seconds. */
export function onWaiting(say: (text: string) => void): void {
  tell = say;
}

/** Another program that writes to a database, where the system says; undefined elsewhere. */
export function writerOf(file: string): string | undefined {
  try {
    const { ino } = statSync(`${file}-shm`);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, , , kind, pid, place, from, to] = line.trim().split(/\s+/);
      if (kind !== 'WRITE' || place?.split(':')[2] !== String(ino)) continue;
      if (Number(from) > WRITERS[1] || Number(to) < WRITERS[0] || !(Number(pid) > 0)) continue;
      return programOf(Number(pid));
    }
  } catch {
    // Another system, or the lock is gone by now.
  }
  return undefined;
}

function programOf(pid: number): string {
  if (pid === process.pid) return 'A job of this program';
  const [program = '', ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  // Node's own options stand before the script.
  const script = words.findIndex((w) => !w.startsWith('--'));
  return `${programName([program, ...words.slice(Math.max(0, script))])} (process ${pid})`;
}

/** True for what SQLite throws while another has the lock. */
export function isBusy(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && BUSY.test(code);
}

/**
 * Does what needs a turn; once more, and again, while another has it, and says after two seconds what is waited for.
 * @param file the database. @param again false once something of it was done.
 * @throws CovisError `STATE_CONFLICT` where the other one takes too long, else what `work` throws.
 */
export function inTurn<T>(file: string, work: () => T, again: () => boolean = () => true): T {
  const began = performance.now();
  for (let told = false; ;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw written(error, file);
      const waited = performance.now() - began;
      const other = writerOf(file);
      if (!again() || waited > patience)
        throw new CovisError('STATE_CONFLICT', `${other ?? 'Another program'} is writing to this library`, {
          file,
          hint: 'Do this again when that one is done.',
          cause: error,
        });
      // Some of SQLite's refusals come at once.
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
      if (!told && waited >= 0.9 * QUIET_MS) {
        told = true;
        tell(`Waiting for ${other ?? 'another program'}, which is writing to this library`.replace(' A job', ' a job'));
      }
    }
  }
}

/** What a write threw: of a full or a read-only disk as an error that says so, anything else as it is. */
function written(error: unknown, file: string): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  return isFull(error, file) || (typeof code === 'string' && code.startsWith('SQLITE_READONLY'))
    ? diskError(error, file)
    : error;
}

/**
 * Has every statement that writes take its turn as {@link inTurn} says. @param refuse of a library that cannot be written to: what to say.
 * @returns the same connection.
 */
export function takingTurns(db: Database.Database, file: string, refuse?: () => void): Database.Database {
  db.pragma(`busy_timeout = ${QUIET_MS}`);
  const prepare = db.prepare.bind(db);
  const exec = db.exec.bind(db);
  const turn = <T>(work: () => T): T => {
    try {
      return inTurn(file, work, () => !db.inTransaction);
    } catch (error) {
      if (error instanceof CovisError && error.code === 'READ_ONLY') refuse?.();
      throw error;
    }
  };
  const prepared = (sql: string): Database.Statement => {
    const statement = prepare(sql);
    if (statement.readonly) return statement;
    const { run, get, all } = statement;
    statement.run = (...given) => turn(() => run.apply(statement, given));
    // Of statements that give back what they wrote.
    statement.get = (...given) => turn(() => get.apply(statement, given));
    statement.all = (...given) => turn(() => all.apply(statement, given));
    return statement;
  };
  return Object.assign(db, {
    prepare: prepared as typeof db.prepare,
    exec: (sql: string) => turn(() => exec(sql)),
  });
}
