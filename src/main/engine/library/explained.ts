import { join } from 'node:path';
import { diskError } from '../formats/disk.ts';
import { DATABASE } from '../formats/target.ts';
import type { Library } from './library.ts';

/** What was thrown in a library, with what is free on its disk where that is full; SQLite does not say which file it means. */
export function explained(thrown: unknown, library: Pick<Library, 'path'> | undefined): unknown {
  const { code } = (thrown ?? {}) as { code?: unknown };
  const ofDatabase = typeof code === 'string' && code.startsWith('SQLITE_') && library !== undefined;
  return diskError(thrown, ofDatabase ? join(library.path, DATABASE) : undefined);
}
