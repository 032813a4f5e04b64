import { copyFileSync, constants, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError, ofSystem } from '../../../shared/errors.ts';

const DATABASE = 'library.db';
const ENDS = ['', '-wal'] as const;
const TRIES = 5;

/** Changes whenever the database or its journal does. */
export function databaseStamp(root: string): string {
  return ENDS.map((end) => {
    const there = statSync(join(root, `${DATABASE}${end}`), { throwIfNoEntry: false });
    return there === undefined ? '' : `${there.size} ${there.mtimeMs} ${there.ctimeMs}`;
  }).join(', ');
}

/**
 * Copies a library's database, with what waits in its journal, into another folder, as it is at one moment. Nothing in the library is
 * touched: opening a database may write beside it already.
 * @returns its {@link databaseStamp} at that moment.
 * @throws CovisError `STATE_CONFLICT` while others keep writing to it; of the system, naming the file.
 */
export function copyDatabase(root: string, to: string): string {
  for (let i = 0; i < TRIES; i += 1) {
    const before = databaseStamp(root);
    for (const end of ENDS) {
      const file = join(root, `${DATABASE}${end}`);
      const copy = join(to, `${DATABASE}${end}`);
      rmSync(copy, { force: true });
      if (statSync(file, { throwIfNoEntry: false }) === undefined) continue;
      try {
        copyFileSync(file, copy, constants.COPYFILE_FICLONE);
      } catch (cause) {
        throw ofSystem(cause, file);
      }
    }
    if (databaseStamp(root) === before) return before;
  }
  throw new CovisError('STATE_CONFLICT', 'The library is being written to', {
    file: join(root, DATABASE),
    hint: 'Try again when its jobs are done.',
  });
}
