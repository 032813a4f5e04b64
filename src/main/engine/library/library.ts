import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { LATEST, migrate } from './schema.ts';

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
   * @throws CovisError `NOT_FOUND` without a library there, `INPUT_UNSUPPORTED` for one made by a newer Covis.
   */
  static open(path: string): Library {
    const root = resolve(path);
    if (!Library.exists(root)) {
      throw new CovisError('NOT_FOUND', 'No library is in this folder', {
        file: root,
        hint: `Make one with: covis init ${path}`,
      });
    }
    return Library.#connect(root);
  }

  /** Makes a library in an empty or new folder, or opens the one that is there. @throws `STATE_CONFLICT` for a folder with other content. */
  static create(path: string): Library {
    const root = resolve(path);
    if (!Library.exists(root) && existsSync(root) && readdirSync(root).length > 0) {
      throw new CovisError('STATE_CONFLICT', 'This folder is not empty and holds no library', {
        file: root,
        hint: 'Choose a new or an empty folder.',
      });
    }
    mkdirSync(root, { recursive: true });
    return Library.#connect(root);
  }

  static #connect(root: string): Library {
    let db: Database.Database;
    try {
      db = new Database(join(root, DATABASE));
      db.pragma('journal_mode = WAL');
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', 'The library cannot be opened; it may be damaged or on a read-only disk', {
        file: join(root, DATABASE),
        cause,
      });
    }
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    db.pragma('busy_timeout = 20000');
    if ((db.pragma('user_version', { simple: true }) as number) > LATEST) {
      db.close();
      throw new CovisError('INPUT_UNSUPPORTED', 'This library was made by a newer Covis', { file: root });
    }
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
  }
}

/** Now, as stored. */
export function now(): string {
  return new Date().toISOString();
}
