import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';

/** What lies here is the system's; /dev/shm is a disk like any other. */
const OF_SYSTEM = /^\/(dev(?!\/shm\/)|proc|sys)\//;

/**
 * Refuses a place that a result is not put at. What Covis writes it writes beside the place first and then renames, which would put a file
 * in place of a device, or of what /dev/stdout links to.
 * @throws CovisError `INPUT_INVALID` for a device, a pipe and anything in /dev.
 */
export function refuseDevice(out: string): void {
  const file = resolve(out);
  const there = statSync(file, { throwIfNoEntry: false });
  if (OF_SYSTEM.test(file) || (there !== undefined && !there.isFile() && !there.isDirectory()))
    throw new CovisError('INPUT_INVALID', 'This is a device or a pipe, and results are written to files', {
      file,
      hint: 'Name a file to write to.',
    });
}

/**
 * As {@link refuseDevice}, for one file whose folder is there: said before hours of work, not after.
 * @throws CovisError `INPUT_INVALID` for a folder also, `INPUT_MISSING` where the folder of the file is not there.
 */
export function refuseTarget(out: string): void {
  refuseDevice(out);
  const file = resolve(out);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new CovisError('INPUT_INVALID', 'This is a folder, and the result is a file', {
      file,
      hint: 'Name a file in it.',
    });
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CovisError('INPUT_MISSING', 'The folder of this file does not exist', {
      file,
      hint: `Make ${folder} first, or name another place.`,
    });
}
