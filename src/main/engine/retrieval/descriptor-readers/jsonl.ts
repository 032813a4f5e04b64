import { createInterface } from 'node:readline';
import { CovisError } from '../../../../shared/errors.ts';
import { parseJson } from '../../formats/json-text.ts';
import { streamRegular } from '../../formats/regular.ts';
import { assembled } from './assemble.ts';
import type { DescriptorFile, DescriptorReader } from './reader.ts';

/** JSON Lines of `{"name", "descriptor"}`. */
export const jsonl: DescriptorReader = {
  format: 'jsonl',
  title: '.jsonl',
  named: /\.(jsonl|ndjson)$/i,
  read: fromJsonLines,
};

async function fromJsonLines(file: string): Promise<DescriptorFile> {
  const names: string[] = [];
  const rows: Float32Array[] = [];
  const owners: number[] = [];
  let number = 0;
  let dim = 0;
  let named = 0;
  for await (const line of createInterface({ input: streamRegular(file), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const record = (parseJson(line.replace(/^\uFEFF/, ''), { file }, `Line ${number} is not JSON`) ?? {}) as Record<
      string,
      unknown
    >;
    const name = record['name'] ?? record['photo'] ?? record['image'];
    const value = record['descriptor'] ?? record['vector'] ?? record['descriptors'];
    const lists = Array.isArray(value) && Array.isArray(value[0]) ? (value as unknown[][]) : [value as unknown[]];
    for (const list of lists) {
      if (!Array.isArray(list) || !list.every((v) => typeof v === 'number'))
        throw new CovisError('INPUT_CORRUPT', `Line ${number} has no descriptor, a list of numbers`, { file });
      dim ||= list.length;
      if (list.length !== dim || dim === 0)
        throw new CovisError(
          'INPUT_INVALID',
          `Line ${number} has ${list.length} dimensions, the lines before have ${dim}`,
          { file, hint: 'All descriptors of a file are of one network.' },
        );
      rows.push(Float32Array.from(list as number[]));
      owners.push(names.length);
    }
    if (typeof name === 'string' || typeof name === 'number') named += 1;
    names.push(typeof name === 'string' || typeof name === 'number' ? String(name) : '');
    if (named > 0 && named < names.length)
      throw new CovisError('INPUT_INVALID', `Line ${number} has no name, and others have`, {
        file,
        hint: 'Give every line a name, or none of them.',
      });
  }
  if (rows.length === 0)
    throw new CovisError('INPUT_INVALID', 'This file has no descriptor', {
      file,
      hint: 'Each line is an object with name and descriptor, a list of numbers.',
    });
  return assembled(rows, owners, named === 0 ? undefined : names);
}
