import { parseJson } from '../../formats/json-text.ts';
import { readText } from './names.ts';
import type { TruthReader } from './reader.ts';
import { fromRecord } from './record.ts';

/** JSON of the same fields as `gnd_*.pkl`. */
export const json: TruthReader = {
  format: 'json',
  title: 'JSON of the same fields',
  at: 'file',
  named: /\.json$/i,
  begins: (head) => /^(\xef\xbb\xbf)?\s*\{\s*"/.test(head.toString('latin1')),
  read(file) {
    return fromRecord(parseJson(readText(file), { file }, 'This is not JSON'), file, 0);
  },
};
