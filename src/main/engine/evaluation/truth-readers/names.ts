import { existsSync, readFileSync, statSync } from 'node:fs';
import { CovisError } from '../../../../shared/errors.ts';

const MAX_TEXT = 256 << 20;

/** A whole text file. @throws CovisError `INPUT_UNSUPPORTED` above 256 MiB. */
export function readText(file: string): string {
  if (statSync(file).size > MAX_TEXT)
    throw new CovisError('INPUT_UNSUPPORTED', 'This text file is larger than 256 MiB', { file });
  return readFileSync(file, 'utf8');
}

/** Lines of a list of names, without the empty ones. */
export function readNames(file: string): string[] {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This list of names does not exist', { file });
  return readText(file)
    .split(/\r?\n/)
    .map((l) => l.trim())
    .filter((l) => l !== '');
}
