import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CovisError, ofSystem, unreadable } from '../../../shared/errors.ts';
import { makeFolder } from '../environment/folders.ts';
import { keepCopy } from './copies.ts';
import { LATEST, migrate } from './schema.ts';
import {
  damagedLibrary,
  isAsItWas,
  isDamage,
  noteSound,
  refuseDamagedDatabase,
  refuseForeignFile,
  refuseForeignTables,
} from './soundness.ts';

const DATABASE = 'library.db';
const FOLDERS = [
  'clusters',
  'descriptors',
  'features',
  'networks',
  'scenes',
  'teacher',
  'runs',
  'edges',
  'detectors',
  'thumbnails',
  'staging',
] as const;
type Folder = (typeof FOLDERS)[number];

/**
 * An open library: a folder with `library.db` and flat files beside it (ARCHITECTURE.md).
 * One connection per thread; writers take turns through SQLite's lock with a timeout.
 */
export class Library {
  readonly path: string;
  readonly db: Database.Database;

  private constructor(path: string, db: Database.Database) {
    this.path = path;
    this.db = db;
  }

  /** True where a library lies in this folder. */
  static exists(path: string): boolean {
    return existsSync(join(path, DATABASE));
  }

  /**
   * Opens a library, migrating it when it is older.
   * @param found sound: by whoever opened it before in this program, so that it is not looked at again.
   * @throws CovisError `NOT_FOUND` without a library there, `INPUT_CORRUPT` for a damaged or empty database, `INPUT_UNSUPPORTED` for one
   * made by a newer Covis, or by something else.
   */
  static open(path: string, found?: 'sound'): Library {
    const root = resolve(path);
    if (!Library.exists(root)) {
      refuseClosed(root);
      throw new CovisError('NOT_FOUND', 'No library is in this folder', {
        file: root,
        hint: `Make one with: covis init ${path}`,
      });
    }
    return Library.#connect(root, found === 'sound');
  }

  /** Makes a library in an empty or new folder, or opens the one that is there. @throws `STATE_CONFLICT` for a folder with other content. */
  static create(path: string): Library {
    const root = resolve(path);
    Library.refuseOccupied(root);
    makeFolder(root);
    if (!Library.exists(root)) {
      const file = join(root, DATABASE);
      try {
        makeDatabase(file);
      } catch (cause) {
        throw ofSystem(cause, file);
      }
    }
    return Library.#connect(root, false);
  }

  /** @throws CovisError `STATE_CONFLICT` for a folder in which no library is, and can be made. */
  static refuseOccupied(root: string): void {
    if (Library.exists(root) || !existsSync(root)) return;
    if (readdirSync(root).some((name) => !name.startsWith(`${DATABASE}.`)))
      throw new CovisError('STATE_CONFLICT', 'This folder is not empty and holds no library', {
        file: root,
        hint: 'Choose a new or an empty folder.',
      });
  }

  static #connect(root: string, sound: boolean): Library {
    const file = join(root, DATABASE);
    refuseForeignFile(file);
    const looked = sound || isAsItWas(root, file);
    let db: Database.Database | undefined;
    try {
      db = new Database(file);
      db.pragma('journal_mode = WAL');
    } catch (cause) {
      db?.close();
      if (isDamage(cause))
        throw damagedLibrary(file, `The database of this library is damaged: ${(cause as Error).message}`, cause);
      throw ofSystem(cause, file);
    }
    try {
      return Library.#checked(root, file, db, looked);
    } catch (error) {
      db.close();
      throw isDamage(error)
        ? damagedLibrary(file, `The database of this library is damaged: ${(error as Error).message}`, error)
        : ofSystem(error, file);
    }
  }

  static #checked(root: string, file: string, db: Database.Database, looked: boolean): Library {
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    db.pragma('busy_timeout = 20000');
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
    keepCopy(db);
    migrate(db);
    for (const f of FOLDERS) mkdirSync(join(root, f), { recursive: true });
    return new Library(root, db);
  }

  get name(): string {
    return basename(this.path);
  }

  /** A path inside one of the library's folders. `name` comes from our own ids, never from a page. */
  file(folder: Folder, ...name: string[]): string {
    return join(this.path, folder, ...name);
  }

  /** One transaction that takes the write lock at once. */
  transaction<T>(work: () => T): T {
    return this.db.transaction(work).immediate();
  }

  close(): void {
    this.db.close();
    noteSound(this.path, join(this.path, DATABASE));
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

/** Makes an empty database beside its place and puts it there whole, so that nobody opens half of one. Another may have been faster. */
function makeDatabase(file: string): void {
  const made = `${file}.${randomUUID()}`;
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
  rmSync(made, { force: true });
}

/** Now, as stored. */
export function now(): string {
  return new Date().toISOString();
}
