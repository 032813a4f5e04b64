import { CovisError } from '../../../../shared/errors.ts';
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
    let value: unknown;
    try {
      value = JSON.parse(readText(file));
    } catch (cause) {
      if (cause instanceof CovisError) throw cause;
      throw new CovisError('INPUT_CORRUPT', 'This is not JSON', { file, cause });
    }
    return fromRecord(value, file, 0);
  },
};
