/** What a pickle holds, numpy's arrays above all. */
import type { CovisError } from '../../../shared/errors.ts';
import type { Budget } from './budget.ts';
import { decodeNumbers, isNumberType } from './numbers.ts';

/** What a pickle of plain data holds. Tuples become arrays, dictionaries become maps, numpy arrays become {@link PickledArray}. */
export type Pickled =
  null | boolean | number | bigint | string | Uint8Array | Pickled[] | Map<Pickled, Pickled> | PickledArray;

/** A numpy array inside a pickle, row-major. */
export interface PickledArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What the numbers of an array are, in numpy's letters. */
export class Dtype {
  readonly code: string;
  /** Set where a later BUILD says so. */
  little = true;
  constructor(code: string) {
    this.code = code;
  }
}

/** An array whose state arrives in a later BUILD. */
export class ArrayShell {
  value: PickledArray | Pickled[] = { shape: [0], data: new Float64Array(0) };
}

/** Bytes of a dtype as numbers, or as strings for U and S. @param fail makes the error of what cannot be read. */
export function decodeArray(
  dtype: Dtype,
  raw: Uint8Array,
  count: number,
  budget: Budget,
  fail: (code: 'INPUT_TRUNCATED' | 'INPUT_UNSUPPORTED', message: string) => CovisError,
): Float64Array | string[] {
  const kind = dtype.code[0] ?? '';
  const width = kind === 'U' ? 4 * Number(dtype.code.slice(1)) : Number(dtype.code.slice(1));
  if (!Number.isInteger(width) || width < 1 || count * width > raw.length)
    throw fail('INPUT_TRUNCATED', `A numpy array of the pickle is shorter than its shape`);
  // The same bytes may be the state of many arrays.
  budget.bytes((kind === 'U' || kind === 'S' ? width + 32 : 8) * count);
  const view = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (kind === 'U' || kind === 'S')
    return Array.from({ length: count }, (_, i) => {
      const cell = view.subarray(i * width, (i + 1) * width);
      let text = '';
      if (kind === 'S') text = cell.toString('latin1');
      else
        for (let c = 0; c < width; c += 4)
          text += String.fromCodePoint((dtype.little ? cell.readUInt32LE(c) : cell.readUInt32BE(c)) % 0x110000);
      return text.replace(/\0+$/, '');
    });
  if (!isNumberType(dtype.code))
    throw fail('INPUT_UNSUPPORTED', `A numpy array of the pickle has the type ${dtype.code}`);
  const numbers = decodeNumbers(Uint8Array.from(view.subarray(0, count * width)), dtype.code, !dtype.little, (v) =>
    fail('INPUT_UNSUPPORTED', `A numpy array of the pickle holds the integer ${v}, beyond 2^53`),
  );
  return numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
}

/** Values in the order of Fortran, the first index fastest, in that of C. */
export function rowMajor<T extends unknown[] | Float64Array>(
  dims: readonly number[],
  make: (n: number) => T,
  stored: T,
): T {
  const out = make(stored.length);
  const at = dims.map(() => 0);
  for (let i = 0; i < stored.length; i += 1) {
    out[at.reduce((c, k, d) => c * dims[d]! + k, 0)] = stored[i]!;
    for (let d = 0; d < dims.length; d += 1) {
      at[d]! += 1;
      if (at[d]! < dims[d]!) break;
      at[d] = 0;
    }
  }
  return out;
}
