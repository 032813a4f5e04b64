/** Digests of what is stored beside the database, so that a file that changed since is found before anything is computed of it. */
import { statSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { digestOf } from './hash-file.ts';
import type { Library } from './library.ts';
import { integer, real, record, select, text } from './rows.ts';

/** What is known of a file since it was written. */
export interface StoredFile {
  readonly bytes: number;
  readonly modified: number;
  readonly sha256: string;
}

function keyOf(library: Library, file: string): string {
  return relative(library.path, file).split(sep).join('/');
}

/** Notes what these files hold now. Those that are not there are forgotten. */
export function noteStored(library: Library, files: readonly string[]): void {
  const put = library.db.prepare(
    'INSERT OR REPLACE INTO stored_file (path, bytes, modified, sha256) VALUES (?, ?, ?, ?)',
  );
  for (const file of files) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) forgetStored(library, [file]);
    else put.run(keyOf(library, file), stat.size, stat.mtimeMs, digestOf(file));
  }
}

/** To be said before files are written over, so that nobody holds the new ones against the old digests. */
export function forgetStored(library: Library, files: readonly string[]): void {
  const forget = library.db.prepare('DELETE FROM stored_file WHERE path = ?');
  for (const file of files) forget.run(keyOf(library, file));
}

/** What is known of a file; undefined where nothing is: it was written by an older Covis, or is being written. */
export function storedFile(library: Library, file: string): StoredFile | undefined {
  return select(
    library.db,
    'SELECT bytes, modified, sha256 FROM stored_file WHERE path = ?',
    record({ bytes: integer, modified: real, sha256: text }),
  ).get(keyOf(library, file));
}

/** Digests that were computed here, by file, size and time of change. */
const computed = new Map<string, string>();

/**
 * Refuses a file that is not what was stored. A file that nothing is known of passes.
 * @throws CovisError `INPUT_MISSING`, `INPUT_CORRUPT`.
 */
export function verifyStored(library: Library, files: readonly string[]): void {
  for (const file of files) {
    const known = storedFile(library, file);
    if (known === undefined) continue;
    const hint = `covis check ${shellWord(library.path)} --repair says what can be done.`;
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw new CovisError('INPUT_MISSING', 'A file of the library is gone', { file, hint });
    const key = `${file}\0${stat.size}\0${stat.mtimeMs}`;
    const digest = stat.size === known.bytes ? (computed.get(key) ?? digestOf(file)) : '';
    if (digest === known.sha256) computed.set(key, digest);
    // It may have been written again in between.
    else if (storedFile(library, file)?.sha256 === known.sha256)
      throw new CovisError('INPUT_CORRUPT', 'A file of the library is damaged: it does not hold what was stored', {
        file,
        hint,
      });
  }
}
