import Database from 'better-sqlite3';
import { existsSync, rmSync, statSync } from 'node:fs';
import type * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { ownIfFree } from '../../../src/main/engine/library/file-owner.ts';
import { temporaryFolder } from '../../support/folders.ts';

// A system gives a deleted file's number to the next one; here to every one, so that the number tells nothing.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const numbered = (path: fs.PathLike, options?: fs.StatSyncOptions): unknown => {
    const found = real.statSync(path, options);
    return String(path).endsWith('.lock') && found !== undefined ? Object.assign(found, { ino: 7 }) : found;
  };
  return { ...real, statSync: numbered };
});
const folder = temporaryFolder();
afterEach(() => vi.restoreAllMocks());

/** Whether somebody has the lock of the file that lies there. */
function locked(lock: string): boolean {
  const other = new Database(lock, { timeout: 0, fileMustExist: true });
  try {
    other.exec('BEGIN EXCLUSIVE');
    return false;
  } catch {
    return true;
  } finally {
    other.close();
  }
}

it.runIf(process.platform === 'linux')('is not taken for that of the file that has its number and its name now', () => {
  const file = join(folder, 'work');
  const lock = `${file}.lock`;
  const exec = Database.prototype.exec;
  let exchanged = 0;
  vi.spyOn(Database.prototype, 'exec').mockImplementation(function (this: Database.Database, sql: string) {
    // Its owner goes, and the next one comes, between the opening and the lock.
    if (exchanged < 2) {
      exchanged += 1;
      rmSync(lock);
      new Database(lock).close();
    }
    return exec.call(this, sql);
  });
  const giveBack = ownIfFree(file);
  vi.restoreAllMocks();
  expect(exchanged).toBe(2);
  expect(giveBack).toBeTypeOf('function');
  expect(statSync(lock).ino).toBe(7);
  expect(locked(lock)).toBe(true);
  giveBack!();
  expect(existsSync(lock)).toBe(false);
});
