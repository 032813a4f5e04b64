import { CovisError } from '../../../shared/errors.ts';
import type { Budget } from './budget.ts';
import type { MatNumbers, MatText } from './mat-values.ts';
import { decodeNumbers, widthOf, type NumberType } from './numbers.ts';

const HEADER_BYTES = 20;
const MAX_NAME = 4096;
const TYPES: readonly NumberType[] = ['f8', 'f4', 'i4', 'i2', 'u2', 'u1'];
const [FULL, TEXT, SPARSE] = [0, 1, 2];

/** So many numbers are kept in 32 bits where that holds them exactly. */
export const MANY = 1 << 22;

/**
 * A sparse matrix of columns as a full one, column-major. Empty where a size or a place is absurd.
 * @param values all of them, which decide how wide the numbers have to be.
 */
export function dense(
  rows: number,
  columns: number,
  entries: Iterable<readonly [row: number, column: number, value: number]>,
  values: readonly number[] | Float64Array | Float32Array,
  budget: Budget,
): Float64Array | Float32Array | undefined {
  const whole = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  if (!whole(rows) || !whole(columns)) return undefined;
  const short = rows * columns > MANY && values.every((v) => Object.is(v, Math.fround(v)));
  const Type = short ? Float32Array : Float64Array;
  budget.dense(rows * columns * Type.BYTES_PER_ELEMENT);
  const out = new Type(rows * columns);
  for (const [r, c, v] of entries) {
    if (!whole(r) || !whole(c) || r >= rows || c >= columns) return undefined;
    out[c * rows + r] = v;
  }
  return out;
}

/** Order of bytes of a MATLAB file of version 4, told by the first variable's type; undefined where it is none. */
export function mat4Order(bytes: Buffer): 'little' | 'big' | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const fits = (v: number, order: number): boolean =>
    Math.floor(v / 1000) === order &&
    Math.floor(v / 100) % 10 === 0 &&
    Math.floor(v / 10) % 10 < TYPES.length &&
    v % 10 <= SPARSE!;
  const sane = (int: (at: number) => number): boolean =>
    int(4) >= 0 && int(8) >= 0 && (int(12) === 0 || int(12) === 1) && int(16) >= 1 && int(16) <= MAX_NAME;
  // A double matrix of a little machine begins with four zero bytes: the rest of the header has to fit as well.
  if (fits(bytes.readInt32LE(0), 0) && sane((at) => bytes.readInt32LE(at))) return 'little';
  return fits(bytes.readInt32BE(0), 1) && sane((at) => bytes.readInt32BE(at)) ? 'big' : undefined;
}

/** Reads the variables of a MATLAB file of version 4: numbers, texts, sparse matrices. @throws CovisError with file and offset. */
export function readMat4(
  bytes: Buffer,
  order: 'little' | 'big',
  file: string,
  budget: Budget,
): Map<string, MatNumbers | MatText> {
  const out = new Map<string, MatNumbers | MatText>();
  const int = (at: number): number => (order === 'big' ? bytes.readInt32BE(at) : bytes.readInt32LE(at));
  for (let at = 0; at < bytes.length;) {
    const start = at;
    const fail = (code: 'INPUT_TRUNCATED' | 'INPUT_CORRUPT' | 'INPUT_UNSUPPORTED', message: string): CovisError =>
      new CovisError(code, message, { file, offset: start });
    if (at + HEADER_BYTES > bytes.length) throw fail('INPUT_TRUNCATED', 'The .mat file ends inside a variable');
    const [mopt, rows, columns, imaginary, length] = [0, 4, 8, 12, 16].map((d) => int(start + d)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const type = TYPES[Math.floor(mopt / 10) % 10];
    const kind = mopt % 10;
    const count = rows * columns;
    if (
      type === undefined ||
      kind < FULL! ||
      kind > SPARSE! ||
      rows < 0 ||
      columns < 0 ||
      length < 1 ||
      length > MAX_NAME
    )
      throw fail('INPUT_CORRUPT', 'A variable of the .mat file has an impossible header');
    if (at + HEADER_BYTES + length + count * widthOf(type) > bytes.length)
      throw fail('INPUT_TRUNCATED', 'The .mat file ends inside a variable');
    at += HEADER_BYTES;
    const name = bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '');
    at += length;
    if (imaginary !== 0) throw fail('INPUT_UNSUPPORTED', `The variable ${name} is complex`);
    budget.items();
    budget.bytes(8 * count);
    const raw = decodeNumbers(bytes.subarray(at, at + count * widthOf(type)).slice(), type, order === 'big', () =>
      fail('INPUT_CORRUPT', 'impossible'),
    );
    at += count * widthOf(type);
    const data = raw instanceof Float32Array ? raw : Float64Array.from(raw);
    if (kind === TEXT) budget.items(count);
    if (kind === TEXT)
      out.set(name, { kind: 'text', text: Array.from(data, (c) => String.fromCodePoint(c & 0xffff)).join('') });
    else if (kind === SPARSE) {
      // Three columns (row, column, value) from 1, the last line being the size.
      if (columns !== 3 || rows < 1) throw fail('INPUT_UNSUPPORTED', `The sparse matrix ${name} is complex or damaged`);
      const [height, width] = [data[rows - 1]!, data[2 * rows - 1]!];
      const entries = Array.from(
        { length: rows - 1 },
        (_, k) => [data[k]! - 1, data[rows + k]! - 1, data[2 * rows + k]!] as const,
      );
      const full = dense(height, width, entries, data.subarray(2 * rows, 3 * rows - 1), budget);
      if (full === undefined) throw fail('INPUT_CORRUPT', `The sparse matrix ${name} is damaged, or too large`);
      out.set(name, { kind: 'numbers', dims: [height, width], data: full });
    } else out.set(name, { kind: 'numbers', dims: [rows, columns], data });
  }
  return out;
}
