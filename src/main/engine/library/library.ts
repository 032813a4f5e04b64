import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CovisError, unreadable } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { makeFolder } from '../environment/folders.ts';
import { diskError } from '../formats/disk.ts';
import { DATABASE, outsideLibraries } from '../formats/target.ts';
import { keepCopy } from './copies.ts';
import { FOLDERS, type Folder } from './folders.ts';
import { oneHost } from './host.ts';
import { madeBeside } from './lease.ts';
import { notPermitted, openForReading, refuseWriting, whyReadOnly } from './read-only.ts';
import { damageOf } from './rows.ts';
import { LATEST, migrate } from './schema.ts';
import {
  damagedLibrary,
  isAsItWas,
  noteSound,
  refuseDamagedDatabase,
  refuseForeignContent,
  refuseForeignFile,
  refuseForeignTables,
} from './soundness.ts';
import { enter, NOBODY, type Presence } from './sweep.ts';
import { inTurn, takingTurns } from './turns.ts';

/** What opening ends in where it failed. */
function damagedOr(error: unknown, file: string): unknown {
  if ((error as { code?: unknown }).code === 'SQLITE_NOTADB') {
    try {
      refuseForeignContent(file);
    } catch (foreign) {
      return foreign;
    }
  }
  const damage = damageOf(error);
  if (damage === undefined) return diskError(error, file);
  return damagedLibrary(file, `The database of this library is damaged: ${damage.message}`, error);
}

/** So long SQLite itself waits while a library is opened, made or brought up to date. */
const OPENING_MS = 60_000;

/** How a library is open. */
interface As {
  readonly readOnly?: string;
  /** Closes and sweeps for those that are gone. */
  readonly look?: boolean;
  readonly leave?: () => void;
}

/**
 * An open library: a folder with `library.db` and flat files beside it (ARCHITECTURE.md).
 * One connection per thread; writers take turns (`turns.ts`). Where this account may not write, it is open for reading (`read-only.ts`).
 */
export class Library {
  readonly path: string;
  readonly db: Database.Database;
  /** Why nothing can be written here, as a sentence; undefined where it can. */
  readonly readOnly: string | undefined;
  readonly #presence: Presence;
  readonly #leave: () => void;

  private constructor(path: string, db: Database.Database, as: As) {
    this.path = path;
    this.db = db;
    this.readOnly = as.readOnly;
    this.#leave = as.leave ?? (() => undefined);
    this.#presence = as.readOnly === undefined ? enter(path, db, as.look === true) : NOBODY;
  }

  /** True where a library lies in this folder. */
  static exists(path: string): boolean {
    return existsSync(join(path, DATABASE));
  }

  /**
   * Opens a library, migrating it when it is older; for reading where it cannot be written to.
   * @param found sound: by whoever opened it before in this program, so that it is not looked at again. Copied: of a library whose jobs may
   * go on, so that none is closed.
   * @throws CovisError `NOT_FOUND` without a library there, `INPUT_CORRUPT` for a damaged or empty database, `INPUT_UNSUPPORTED` for one
   * made by a newer Covis, or by something else, `STATE_CONFLICT` for one on a network disk that another machine has open.
   */
  static open(path: string, found?: 'sound' | 'copied'): Library {
    const root = resolve(path);
    if (!Library.exists(root)) {
      refuseClosed(root);
      throw new CovisError('NOT_FOUND', 'No library is in this folder', {
        file: root,
        hint: `Make one with: covis init ${shellWord(path)}`,
      });
    }
    return Library.#connect(root, found);
  }

  /** Makes a library in an empty or new folder, or opens the one that is there. @throws `STATE_CONFLICT` for a folder with other content. */
  static create(path: string): Library {
    const root = resolve(path);
    Library.refuseOccupied(root);
    if (!Library.exists(root)) {
      try {
        outsideLibraries(root);
      } catch (error) {
        // Another may have made the library meanwhile, which is then the one that is opened.
        if (!Library.exists(root)) throw error;
      }
      makeLibrary(root);
    }
    return Library.#connect(root, undefined);
  }

  /** @throws CovisError `STATE_CONFLICT` for a folder in which no library is, and can be made. */
  static refuseOccupied(root: string): void {
    if (Library.exists(root) || !existsSync(root)) return;
    const occupied = readdirSync(root).some((name) => !name.startsWith(`${DATABASE}.`));
    // Looked at once more: another may have made a library there since the first look.
    if (occupied && !Library.exists(root))
      throw new CovisError('STATE_CONFLICT', 'This folder is not empty and holds no library', {
        file: root,
        hint: 'Choose a new or an empty folder.',
      });
  }

  static #connect(root: string, found: 'sound' | 'copied' | undefined): Library {
    const file = join(root, DATABASE);
    refuseForeignFile(file);
    const looked = found === 'sound' || isAsItWas(root, file);
    const readOnly = whyReadOnly(root, file);
    if (readOnly !== undefined) return Library.#reading(root, file, readOnly, looked);
    let leave: () => void;
    try {
      leave = oneHost(root);
    } catch (error) {
      const refused = notPermitted(error, file);
      if (refused !== undefined) return Library.#reading(root, file, refused, looked);
      throw error;
    }
    let db: Database.Database;
    try {
      db = inTurn(file, () => {
        const opened = new Database(file, { timeout: OPENING_MS });
        try {
          opened.pragma('journal_mode = WAL');
          return opened;
        } catch (error) {
          opened.close();
          throw error;
        }
      });
    } catch (cause) {
      leave();
      const refused = notPermitted(cause, file);
      if (refused !== undefined) return Library.#reading(root, file, refused, looked);
      throw damagedOr(cause, file);
    }
    try {
      return Library.#checked(root, file, db, { looked, look: found === undefined, leave });
    } catch (error) {
      db.close();
      leave();
      const refused = notPermitted(error, file);
      if (refused !== undefined) return Library.#reading(root, file, refused, looked);
      throw damagedOr(error, file);
    }
  }

  static #reading(root: string, file: string, readOnly: string, looked: boolean): Library {
    try {
      const db = openForReading(file, (copy) => {
        refuseUnfit(root, file, copy, looked);
        migrate(copy);
      });
      const refuse = (): void => refuseWriting({ path: root, readOnly });
      return new Library(root, takingTurns(db, file, refuse), { readOnly });
    } catch (error) {
      throw damagedOr(error, file);
    }
  }

  static #checked(
    root: string,
    file: string,
    db: Database.Database,
    { looked, look, leave }: { readonly looked: boolean; readonly look: boolean; readonly leave: () => void },
  ): Library {
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    refuseUnfit(root, file, db, looked);
    keepCopy(db);
    migrate(db);
    for (const f of FOLDERS) mkdirSync(join(root, f), { recursive: true });
    return new Library(root, takingTurns(db, file), { look, leave });
  }

  get name(): string {
    return basename(this.path);
  }

  /** A path inside one of the library's folders. `name` comes from our own ids, never from a page. */
  file(folder: Folder, ...name: string[]): string {
    return join(this.path, folder, ...name);
  }

  /** What marks jobs and runs as this thread's, for whoever has to tell whether it is still at work; null where that cannot be noted. */
  get owner(): string | null {
    return this.#presence.id === '' ? null : this.#presence.id;
  }

  /** Closes jobs and runs of those that are gone, and removes what they left unfinished; opening does so, too. */
  sweep(): void {
    this.#presence.look();
  }

  /** Makes a folder for what is not finished. Whoever opens the library removes it once this thread is gone. */
  staging(): string {
    const folder = this.file('staging', `${this.owner ?? ''}~${randomUUID()}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /**
   * One transaction that takes the write lock at once.
   * @throws CovisError `READ_ONLY` for a library that cannot be written to, `STATE_CONFLICT` where another program writes for too long.
   */
  transaction<T>(work: () => T): T {
    refuseWriting(this);
    let began = false;
    const transaction = this.db.transaction(() => {
      began = true;
      return work();
    });
    return inTurn(
      join(this.path, DATABASE),
      () => transaction.immediate(),
      () => !began,
    );
  }

  close(): void {
    this.#presence.leave();
    this.db.close();
    if (this.readOnly !== undefined) return;
    noteSound(this.path, join(this.path, DATABASE));
    this.#leave();
  }
}

/** Where a folder may not be entered, nobody knows what is in it. @throws CovisError `INPUT_INVALID`. */
function refuseClosed(root: string): void {
  try {
    statSync(join(root, DATABASE));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') throw unreadable(cause, root);
  }
}

/** @throws CovisError for a database of a newer Covis, of something else, or damaged. */
function refuseUnfit(root: string, file: string, db: Database.Database, looked: boolean): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > LATEST)
    throw new CovisError('INPUT_UNSUPPORTED', 'This library was made by a newer Covis', {
      file: root,
      hint: 'Open it with that one, or update this one.',
    });
  if (!looked) {
    refuseForeignTables(db, file, version);
    refuseDamagedDatabase(db, file);
  }
}

/** Makes the folder and an empty database; neither stays where that fails. */
function makeLibrary(root: string): void {
  const isNew = !existsSync(root);
  const file = join(root, DATABASE);
  try {
    makeFolder(root);
  } catch (cause) {
    throw diskError(cause, root);
  }
  try {
    makeDatabase(file);
  } catch (cause) {
    const said = diskError(cause, file);
    try {
      if (isNew) rmdirSync(root);
    } catch {
      // Another makes its library there.
    }
    throw said;
  }
}

/** Makes an empty database beside its place and puts it there whole, so that nobody opens half of one. Another may have been faster. */
function makeDatabase(file: string): void {
  const made = madeBeside(file);
  try {
    const db = new Database(made);
    try {
      db.pragma('journal_mode = WAL');
      migrate(db);
    } finally {
      db.close();
    }
    try {
      linkSync(made, file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Where the system has no links, nobody else is expected either.
      if (code !== 'EEXIST') renameSync(made, file);
    }
  } finally {
    for (const part of ['', '-wal', '-shm', '-journal']) rmSync(`${made}${part}`, { force: true });
  }
}

/** Now, as stored. */
export function now(): string {
  return new Date().toISOString();
}
