import Database from 'better-sqlite3';
import { existsSync, rmSync, statSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';

const ATTEMPTS = 20;

/**
 * Owns a file, among all threads and processes, by a lock that the system itself gives back when the process ends, however it ends:
 * SQLite's, on an empty file beside it. That one is deleted by its owner, so what was locked must still be what lies there. Only
 * SQLite may open it: POSIX takes all locks of a process from a file as soon as the process closes any descriptor of it.
 * @param say what to say where the file has another owner, with what to do, and where nothing can be written beside it.
 * @returns what gives it back.
 * @throws CovisError `STATE_CONFLICT` while another owner has it, `INPUT_INVALID` where nothing can be written beside it.
 */
export function ownFile(
  file: string,
  say: { readonly taken: string; readonly hint: string; readonly refused: string },
): () => void {
  const lock = `${file}.lock`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    let db: Database.Database | undefined;
    let made = false;
    try {
      if (!existsSync(lock)) new Database(lock, { timeout: 0 }).close();
      made = true;
      const before = statSync(lock, { throwIfNoEntry: false })?.ino;
      db = new Database(lock, { timeout: 0, fileMustExist: true });
      db.exec('BEGIN EXCLUSIVE');
      if (before !== undefined && statSync(lock, { throwIfNoEntry: false })?.ino === before) {
        const own = db;
        return () => {
          // On Windows an open file cannot be deleted; another owner may find it then, which does no harm.
          if (process.platform !== 'win32') rmSync(lock, { force: true });
          own.close();
        };
      }
      db.close();
    } catch (cause) {
      db?.close();
      const code = String((cause as { code?: unknown }).code);
      // Deleted by its owner between two steps.
      if (code === 'SQLITE_CANTOPEN' && made && !existsSync(lock)) continue;
      if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
        throw new CovisError('STATE_CONFLICT', say.taken, { file, hint: say.hint });
      throw new CovisError('INPUT_INVALID', say.refused, {
        file,
        cause,
        hint: 'Name a file in a folder that is there and may be written to, and look whether the disk has room.',
      });
    }
  }
  throw new CovisError('STATE_CONFLICT', 'This file is written by several programs at once', {
    file,
    hint: 'Try again when they are done.',
  });
}
