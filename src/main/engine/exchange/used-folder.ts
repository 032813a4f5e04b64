import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CovisError, finalName } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';

/**
 * Refuses a folder that holds anything which an export would not write itself: a reader would take it for a part of the data set.
 * @param out absolute path; it need not be there. @param own paths that the export writes.
 * @throws CovisError `INPUT_INVALID` naming the folder and the first file that is not of this export.
 */
export function onlyOwnFiles(out: string, own: Iterable<string>): void {
  const there = statSync(out, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isDirectory())
    throw new CovisError('INPUT_INVALID', 'This is a file, and the export is a folder', {
      file: out,
      hint: 'Name a new or an empty folder.',
    });
  const known = new Set(own);
  const foreign = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name))
    .filter((f) => !known.has(f) && !known.has(finalName(f)));
  if (foreign.length > 0)
    throw new CovisError(
      'INPUT_INVALID',
      `This folder is in use: ${counted(foreign.length, 'file in it is', 'files in it are')} not of this export, like ${relative(out, foreign[0]!)}`,
      { file: out, hint: 'Name a new folder, or empty this one first.' },
    );
}
