import { existsSync, statSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { recognise, titles } from '../formats/recognise.ts';
import { checkedTruth, type GroundTruth } from './ground-truth.ts';
import { TRUTH_READERS } from './truth-readers/index.ts';

export { readNames } from './truth-readers/names.ts';

/**
 * Reads a ground truth (methods.md 9.2), whichever of the list's formats it is in.
 * @param imageList for the text files of Oxford5k, which do not list the database: a file with one name a line, in the order of rows.
 * @throws CovisError `INPUT_*` naming the file.
 */
export function readGroundTruth(file: string, protocol: string, imageList?: string): GroundTruth {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This ground truth does not exist', { file });
  const folder = statSync(file).isDirectory();
  const readers = TRUTH_READERS.filter((r) => (r.at === 'folder') === folder);
  const reader = folder ? readers.find((r) => r.named.test(file)) : recognise(readers, file);
  if (reader === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'Covis does not know what kind of ground truth this is', {
      file,
      hint: `It reads ${titles(TRUTH_READERS)}.`,
    });
  return checkedTruth(reader.read(file, { protocol, imageList }), file);
}
