import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';

/**
 * Makes a folder and those above it. Node's own way never ends where the system says of a new folder that the one above it is not there,
 * although it is, as in /proc.
 * @throws CovisError `INPUT_INVALID` there. @throws Error of the system, with its code.
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path && statSync(above, { throwIfNoEntry: false }) === undefined) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new CovisError('INPUT_INVALID', 'No folder can be made here', {
        file: path,
        hint: "This place is the system's own, or is gone: name one on a disk.",
        cause: error,
      });
    // Another was faster.
    if (code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

/** What the system throws of a file or folder that is not there, or is no more: others may take away what was just listed. */
export function gone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
