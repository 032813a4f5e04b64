/** Libraries that this account may not write to: on read-only disks, or of somebody else. */
import Database from 'better-sqlite3';
import { accessSync, chmodSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CovisError, unreadable } from '../../../shared/errors.ts';
import { diskError, isFull } from '../formats/disk.ts';
import { integer, select, text } from './rows.ts';
import { LATEST } from './schema.ts';

/** What SQLite keeps beside a database and reads with it. */
const JOURNALS = ['-wal', '-journal'] as const;
const ATTEMPTS = 5;
const OF_DISK = 'This library is on a disk that cannot be written to';
const OF_ACCOUNT = 'This account may not write to this library';

/** Why nothing can be written to a library, as a sentence; undefined where it can. */
export function whyReadOnly(root: string, file: string): string | undefined {
  for (const path of [root, file, `${file}-wal`, `${file}-shm`]) {
    try {
      accessSync(path, constants.W_OK);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EROFS') return OF_DISK;
      if (code === 'EACCES' || code === 'EPERM') return OF_ACCOUNT;
    }
  }
  return undefined;
}

/** As {@link whyReadOnly}, where the system said so when it was tried; undefined for any other error. */
export function notPermitted(error: unknown, file: string): string | undefined {
  const { code } = ((error instanceof CovisError ? error.cause : error) ?? {}) as { code?: unknown };
  if (code === 'EROFS') return OF_DISK;
  if (code === 'EACCES' || code === 'EPERM') return OF_ACCOUNT;
  if (typeof code !== 'string' || !/^SQLITE_(READONLY|CANTOPEN)/.test(code) || isFull(error, file)) return undefined;
  return OF_ACCOUNT;
}

/** What is said of everything that would write to a library that is open read-only. */
export function refuseWriting(library: { readonly path: string; readonly readOnly: string | undefined }): void {
  if (library.readOnly !== undefined)
    throw new CovisError('READ_ONLY', `${library.readOnly}: it is open for reading`, {
      file: library.path,
      hint: 'Give this account the permission to write to the folder and all in it, or copy the library to another disk.',
    });
}

/**
 * Opens a database for reading where its folder cannot be written to. SQLite keeps files beside a database, which cannot be made there:
 * they are used where another program has it open now; otherwise a copy is read that has whatever its journals hold, which must not be
 * passed over in silence, and is gone with the process however that ends.
 * @param prepare brings the copy up to date and looks whether it is sound.
 * @throws CovisError for journals that may not be read, and where there is no room for a copy.
 */
export function openForReading(file: string, prepare: (db: Database.Database) => void): Database.Database {
  const db = sharedWithWriter(file) ?? copied(file, prepare);
  db.pragma('temp_store = MEMORY');
  // Jobs of the studio are noted for as long as it is open.
  const sql = select(db, "SELECT sql FROM main.sqlite_master WHERE name = 'job'", text).one();
  db.exec(sql.replace('CREATE TABLE', 'CREATE TEMP TABLE'));
  db.exec('INSERT INTO temp.job SELECT * FROM main.job');
  return db;
}

function sharedWithWriter(file: string): Database.Database | undefined {
  if (!existsSync(`${file}-shm`) || !existsSync(`${file}-wal`)) return undefined;
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    if ((db.pragma('user_version', { simple: true }) as number) === LATEST) {
      select(db, 'SELECT COUNT(*) FROM job', integer).get();
      return db;
    }
  } catch {
    // Left behind, and not to be used as they are: a copy of all of it is read.
  }
  db?.close();
  return undefined;
}

function copied(file: string, prepare: (db: Database.Database) => void): Database.Database {
  const folder = mkdtempSync(join(tmpdir(), 'covis-'));
  const own = join(folder, basename(file));
  try {
    copyAll(file, own);
    const db = new Database(own);
    try {
      prepare(db);
      // So that no file is needed beside it from here on.
      db.pragma('journal_mode = DELETE');
    } finally {
      db.close();
    }
    const read = new Database(own, { readonly: true, fileMustExist: true });
    read.pragma('foreign_keys = ON');
    select(read, 'SELECT COUNT(*) FROM photo', integer).get();
    if (process.platform === 'win32') removeAtClose(read, folder);
    return read;
  } finally {
    // An open file stays until it is closed.
    if (process.platform !== 'win32') rmSync(folder, { recursive: true, force: true });
  }
}

function removeAtClose(db: Database.Database, folder: string): void {
  const close = db.close.bind(db);
  db.close = () => {
    const closed = close();
    rmSync(folder, { recursive: true, force: true });
    return closed;
  };
}

/** Copies a database and its journals as they were at one moment. */
function copyAll(file: string, to: string): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = stamp(file);
    for (const part of ['', ...JOURNALS]) {
      rmSync(`${to}${part}`, { force: true });
      if (part !== '' && (statSync(`${file}${part}`, { throwIfNoEntry: false })?.size ?? 0) === 0) continue;
      try {
        copyFileSync(`${file}${part}`, `${to}${part}`);
        chmodSync(`${to}${part}`, 0o600);
      } catch (cause) {
        if (part !== '' && (cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
        if (isFull(cause)) throw diskError(cause, `${to}${part}`, statSync(`${file}${part}`).size);
        throw unreadable(cause, `${file}${part}`);
      }
    }
    if (stamp(file) === before) return;
  }
  throw new CovisError('STATE_CONFLICT', 'Another program is writing to this library', {
    file,
    hint: 'Do this again when that one is done.',
  });
}

function stamp(file: string): string {
  return ['', ...JOURNALS]
    .map((part) => statSync(`${file}${part}`, { throwIfNoEntry: false }))
    .map((s) => (s === undefined || s.size === 0 ? '-' : `${s.size} ${s.mtimeMs} ${s.ino}`))
    .join('; ');
}
