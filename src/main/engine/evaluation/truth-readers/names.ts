import { existsSync } from 'node:fs';
import { CovisError } from '../../../../shared/errors.ts';
import { refuseStandIn } from '../../formats/recognise.ts';
import { textBytes, textLines } from '../../library/name-lists.ts';
import { decodeName } from '../../library/names.ts';

/** A whole text file, without a byte order mark. @throws CovisError `INPUT_UNSUPPORTED` above 256 MiB. */
export function readText(file: string): string {
  refuseStandIn(file);
  return decodeName(textBytes(file)).replace(/^\uFEFF/, '');
}

/** Lines of a list of names, one a line with all its spaces, without the empty lines. @throws CovisError `INPUT_MISSING`. */
export function readNames(file: string): string[] {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This list of names does not exist', { file });
  return textLines(file).filter((l) => l.trim() !== '');
}
