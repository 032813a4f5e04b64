/** Copies of the database from before it was brought up to date, so that an older Covis can be gone back to. */
import type Database from 'better-sqlite3';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CovisError, ofSystem } from '../../../shared/errors.ts';
import { bytesText, freeBytes } from '../formats/disk.ts';
import { madeBeside } from './lease.ts';
import { LATEST } from './schema.ts';
import { damageOf } from './rows.ts';

const KEPT = 2;
/** So long an update may take. */
const UNDER_WAY_MS = 10 * 60_000;
const COPY = /^library\.db\.before-(\d+)$/;

/** A copy of the database before the migration that made it version `before`. */
export interface DatabaseCopy {
  readonly path: string;
  readonly before: number;
}

/** The copies that a library keeps, newest version first. */
export function databaseCopies(root: string): DatabaseCopy[] {
  return readdirSync(root)
    .flatMap((name) => {
      const before = COPY.exec(name)?.[1];
      return before === undefined ? [] : [{ path: join(root, name), before: Number(before) }];
    })
    .sort((a, b) => b.before - a.before);
}

/**
 * Keeps a copy of a database that is about to be migrated as `library.db.before-N`, N being the version that it will have next, and lets
 * all but the newest two go. Nothing is copied of one that is new or up to date. To be called outside a transaction.
 * @throws CovisError `DISK_FULL` where the disk has no room for it: the database is left as it is then.
 */
export function keepCopy(db: Database.Database): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version < 1 || version >= LATEST) return;
  const root = dirname(db.name);
  const target = join(root, `library.db.before-${version + 1}`);
  if (existsSync(target) || isUnderWay(root, version)) return;
  refuseWithoutRoom(db, root, version);
  const made = madeBeside(join(root, basename(db.name)));
  try {
    // One moment of the database, whoever else writes to it.
    db.prepare('VACUUM INTO ?').run(made);
    // Another process may have been faster: then this is a copy of what it made.
    if ((db.pragma('user_version', { simple: true }) as number) === version) renameSync(made, target);
  } catch (error) {
    throw damageOf(error) !== undefined ? error : ofSystem(error, target);
  } finally {
    rmSync(made, { force: true });
  }
  for (const old of databaseCopies(root).slice(KEPT)) rmSync(old.path, { force: true });
}

/** True where another process is bringing it up to date now, version by version, and has kept a copy of what it began with. */
function isUnderWay(root: string, version: number): boolean {
  return databaseCopies(root).some(
    ({ path, before }) =>
      before <= version && Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < UNDER_WAY_MS,
  );
}

function refuseWithoutRoom(db: Database.Database, root: string, version: number): void {
  const needed = statSync(db.name).size + (statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  const free = freeBytes(root) ?? Infinity;
  if (free >= needed) return;
  throw new CovisError(
    'DISK_FULL',
    `This library is of an older version (${version}), and before it is brought up to date a copy of its database is kept: that takes ${bytesText(needed)}, and ${bytesText(free)} are free`,
    { file: db.name, hint: 'Make room on this disk, then open the library again. Nothing was changed.' },
  );
}
