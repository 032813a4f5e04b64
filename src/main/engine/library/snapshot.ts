/** The database of a library as it was at one moment, whoever writes to it meanwhile. */
import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import type { ErrorShape } from '../../../shared/errors.ts';
import { now, type Library } from './library.ts';
import { select, text } from './rows.ts';

const PAGES = 2000;

/**
 * Copies the database. A transaction that reads holds the moment, so that the copy is never begun anew because of others who write.
 * @param derived false: without the descriptors that can be computed again. @param each is told how many pages of how many are copied, and
 * may stop it by throwing.
 */
export async function snapshot(
  library: Library,
  to: string,
  derived: boolean,
  each: (done: number, total: number) => void,
): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${to}${end}`, { force: true });
  // A library that is open for reading is read from a copy that has no name any more.
  const own = library.readOnly !== undefined;
  const source = own ? library.db : new Database(library.db.name, { readonly: true, fileMustExist: true });
  try {
    if (!own) source.pragma('busy_timeout = 20000');
    source.exec('BEGIN');
    // The moment is that of the first reading.
    select(source, 'SELECT type FROM sqlite_master LIMIT 1', text).get();
    await source.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        each(totalPages - remainingPages, totalPages);
        return PAGES;
      },
    });
    source.exec('COMMIT');
  } finally {
    if (!own) source.close();
  }
  const copy = new Database(to);
  try {
    copy.transaction(() => tidy(copy, derived)).immediate();
    if (!derived) copy.exec('VACUUM');
    // One file, without a journal beside it.
    copy.pragma('journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

const INTERRUPTED: ErrorShape = {
  code: 'ENGINE_EXITED',
  message: 'The library was backed up while this job was under way, and this is the backup',
  hint: 'Start it again: what was finished then is kept.',
};

/** Nobody does in a copy what was being done in the library. */
function tidy(copy: Database.Database, derived: boolean): void {
  copy.exec("DELETE FROM job WHERE kind = 'backup' AND state IN ('running', 'queued')");
  copy
    .prepare("UPDATE job SET state = 'interrupted', finished = ?, error = ? WHERE state IN ('running', 'queued')")
    .run(now(), JSON.stringify(INTERRUPTED));
  copy.exec("UPDATE training_run SET state = 'failed' WHERE state = 'running'");
  if (derived) return;
  copy.exec(`
    DELETE FROM stored_file WHERE path IN (
      SELECT 'descriptors/' || key || ending FROM (
        SELECT n.uid || '-' || d.size AS key FROM descriptor_set d JOIN network n ON n.id = d.network_id
        UNION ALL SELECT uid FROM vector_set WHERE network_id IS NOT NULL
      ), (SELECT '.npy' AS ending UNION ALL SELECT '.ids.npy' UNION ALL SELECT '.boxes.npy'));
    DELETE FROM descriptor_set;
    DELETE FROM vector_set WHERE network_id IS NOT NULL;
  `);
}
