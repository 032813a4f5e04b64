import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { recognise, titles } from '../formats/recognise.ts';
import { DESCRIPTOR_READERS } from './descriptor-readers/index.ts';
import type { DescriptorFile } from './descriptor-readers/reader.ts';

export type { DescriptorFile } from './descriptor-readers/reader.ts';

/** Variables that MATLAB files call their descriptors, database first. */
const DATABASE_NAMES = ['X', 'V', 'vecs', 'glob', 'descriptors', 'features'];
const QUERY_NAMES = ['Q', 'qvecs', 'queries'];

/**
 * Reads descriptors of other programs (methods.md 9.3), whichever of the list's formats they are in.
 * @param variable which variable of a `.mat` or HDF5 file, with dots into structs. @param role which names are looked for without it.
 * @param unreachable what becomes of a file in which the vectors of some photos cannot be reached: places in a ranking would shift.
 * @throws CovisError `INPUT_*` naming the file.
 */
export async function readDescriptorFile(
  file: string,
  variable?: string,
  role: 'database' | 'queries' = 'database',
  unreachable: 'refused' | 'left out' = 'refused',
): Promise<DescriptorFile> {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This file does not exist', { file });
  const reader = recognise(DESCRIPTOR_READERS, file);
  if (reader === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Descriptors are read from ${titles(DESCRIPTOR_READERS)}, not from ${basename(file)}`,
      { file },
    );
  const wanted = variable === undefined ? (role === 'database' ? DATABASE_NAMES : QUERY_NAMES) : [variable];
  const read = await reader.read(file, wanted);
  const [first] = read.unreadable ?? [];
  if (first !== undefined && unreachable === 'refused')
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The names of ${read.unreadable!.length} photos in this file are no UTF-8, as ${first}, so that they cannot be opened`,
      { file, hint: 'Rename these photos and extract their descriptors again.' },
    );
  return read;
}
