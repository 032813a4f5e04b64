import { CovisError } from '../../../../shared/errors.ts';
import { readPickle, type Pickled } from '../../formats/pickle.ts';
import type { TruthReader } from './reader.ts';
import { fromRecord } from './record.ts';

/** The opcode that pickles of protocol 2 and later begin with. */
const PROTO = 0x80;

/** `gnd_*.pkl` of the revisited benchmarks. */
export const pickle: TruthReader = {
  format: 'pickle',
  title: 'gnd_*.pkl',
  at: 'file',
  named: /\.(pkl|pickle)$/i,
  begins: (head) => head[0] === PROTO && head[1]! >= 2 && head[1]! <= 5,
  read: (file) => fromRecord(plainRecord(readPickle(file), file), file, 0),
};

function plainRecord(value: Pickled, file: string): unknown {
  const walk = (v: Pickled): unknown => {
    if (v instanceof Map) return Object.fromEntries([...v].map(([k, x]) => [String(k), walk(x)]));
    if (Array.isArray(v)) return v.map(walk);
    if (v !== null && typeof v === 'object' && 'data' in v) return Array.from(v.data);
    return v;
  };
  if (!(value instanceof Map)) throw new CovisError('INPUT_CORRUPT', 'This pickle holds no dictionary', { file });
  return walk(value);
}
