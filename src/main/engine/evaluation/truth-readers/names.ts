import { existsSync, readFileSync, statSync } from 'node:fs';
import { CovisError } from '../../../../shared/errors.ts';
import { refuseStandIn } from '../../formats/recognise.ts';
import { textLines } from '../../library/name-lists.ts';
import { decodeName } from '../../library/names.ts';

const MAX_TEXT = 256 << 20;

/** A whole text file, without a byte order mark. @throws CovisError `INPUT_UNSUPPORTED` above 256 MiB. */
export function readText(file: string): string {
  refuseStandIn(file);
  if (statSync(file).size > MAX_TEXT)
    throw new CovisError('INPUT_UNSUPPORTED', 'This text file is larger than 256 MiB', { file });
  const bytes = readFileSync(file);
  return decodeName(bytes).replace(/^\uFEFF/, '');
}

/** Lines of a list of names, one a line with all its spaces, without the empty lines. @throws CovisError `INPUT_MISSING`. */
export function readNames(file: string): string[] {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This list of names does not exist', { file });
  return textLines(file).filter((l) => l.trim() !== '');
}
