import { inflateSync } from 'node:zlib';
import { CovisError } from '../../../shared/errors.ts';
import { Budget, LIMITS } from './budget.ts';
import type { MatValue } from './mat-values.ts';
import { dense, MANY, mat4Order, readMat4 } from './mat4.ts';
import { readRegular } from './regular.ts';

/** Elements of a file are in each other's bytes: this is what each costs besides. */
const ELEMENT_BYTES = 64;
const MAX_DEPTH = 16;
const COMPRESSED = 15;
const MATRIX = 14;
const CLASS = { cell: 1, struct: 2, char: 4, sparse: 5, double: 6, single: 7, int8: 8, uint64: 15 } as const;

/**
 * Reads the variables of a MATLAB file of versions 4 to 7: numbers, text, cells, structs and sparse matrices, which become full ones.
 * Objects and functions are refused by name.
 * @throws CovisError `INPUT_UNSUPPORTED` for version 7.3 (HDF5) and what is named above, `INPUT_CORRUPT`, `INPUT_TRUNCATED`.
 */
export function readMat5(file: string): Map<string, MatValue> {
  const bytes = readRegular(file, LIMITS.whole.mat, '.mat file');
  const budget = new Budget(file, bytes.length);
  const order = bytes.toString('latin1', 126, 128) === 'IM' ? undefined : mat4Order(bytes);
  if (order !== undefined) return readMat4(bytes, order, file, budget);
  if (bytes.length < 128 || bytes.toString('latin1', 126, 128) !== 'IM')
    throw new CovisError('INPUT_CORRUPT', 'This is not a little-endian MATLAB file of version 4 to 7', {
      file,
      offset: 0,
    });
  const out = new Map<string, MatValue>();
  const reader = new Reader(bytes, 128, bytes.length, file, budget);
  while (reader.left() >= 8) {
    const e = reader.element();
    const inner = e.type === COMPRESSED ? inflated(e.bytes, file, e.at, budget) : e;
    if (inner.type !== MATRIX) continue;
    const { name, value } = matrix(inner.bytes, file, 0, budget);
    if (value !== undefined) out.set(name, value);
  }
  return out;
}

interface Element {
  readonly type: number;
  readonly bytes: Buffer;
  readonly at: number;
}

function inflated(bytes: Buffer, file: string, at: number, budget: Budget): Element {
  let raw: Buffer;
  try {
    raw = inflateSync(bytes, { maxOutputLength: Math.min(LIMITS.whole.mat, budget.left + 1) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw budget.tooLarge(cause);
    throw new CovisError('INPUT_CORRUPT', 'A compressed variable cannot be unpacked', { file, offset: at, cause });
  }
  budget.bytes(raw.length);
  return new Reader(raw, 0, raw.length, file, budget).element();
}

class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #file: string;
  readonly #budget: Budget;
  at: number;

  constructor(bytes: Buffer, at: number, end: number, file: string, budget: Budget) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
    this.#file = file;
    this.#budget = budget;
  }

  left(): number {
    return this.#end - this.at;
  }

  /** The next tagged element; the reader moves to the 8-byte boundary after it. */
  element(): Element {
    const at = this.at;
    this.#budget.items();
    this.#budget.bytes(ELEMENT_BYTES);
    if (this.left() < 8) throw this.#short(at);
    const first = this.#bytes.readUInt32LE(at);
    const small = first >>> 16;
    const type = small > 0 ? first & 0xffff : first;
    const size = small > 0 ? small : this.#bytes.readUInt32LE(at + 4);
    const from = small > 0 ? at + 4 : at + 8;
    if (small > 4 || from + size > this.#end) throw this.#short(at);
    this.at =
      small > 0 ? at + 8 : Math.min(this.#end, type === COMPRESSED ? from + size : from + Math.ceil(size / 8) * 8);
    return { type, bytes: this.#bytes.subarray(from, from + size), at };
  }

  #short(offset: number): CovisError {
    return new CovisError('INPUT_TRUNCATED', 'The .mat file ends inside a variable', { file: this.#file, offset });
  }
}

const READ: Readonly<Record<number, readonly [number, (b: Buffer, at: number) => number]>> = {
  1: [1, (b, at) => b.readInt8(at)],
  2: [1, (b, at) => b[at]!],
  3: [2, (b, at) => b.readInt16LE(at)],
  4: [2, (b, at) => b.readUInt16LE(at)],
  5: [4, (b, at) => b.readInt32LE(at)],
  6: [4, (b, at) => b.readUInt32LE(at)],
  7: [4, (b, at) => b.readFloatLE(at)],
  9: [8, (b, at) => b.readDoubleLE(at)],
  12: [8, (b, at) => Number(b.readBigInt64LE(at))],
  13: [8, (b, at) => Number(b.readBigUInt64LE(at))],
  16: [1, (b, at) => b[at]!],
  17: [2, (b, at) => b.readUInt16LE(at)],
  18: [4, (b, at) => b.readUInt32LE(at)],
};

/** @returns floats of 32 bits for numbers of this width, and for many that such floats hold exactly. */
function numbers(e: Element, file: string, budget: Budget): Float64Array | Float32Array {
  const known = READ[e.type];
  if (known === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `The .mat file stores numbers as type ${e.type}`, { file, offset: e.at });
  const [width, read] = known;
  const count = Math.floor(e.bytes.length / width);
  if (e.type === 7) {
    budget.bytes(count * 4);
    const copy = new Uint8Array(e.bytes.subarray(0, count * 4));
    return new Float32Array(copy.buffer, 0, count);
  }
  const Type = width <= 2 && count > MANY ? Float32Array : Float64Array;
  budget.bytes(count * Type.BYTES_PER_ELEMENT);
  const out = new Type(count);
  for (let i = 0; i < count; i += 1) out[i] = read(e.bytes, i * width);
  return out;
}

function matrix(
  bytes: Buffer,
  file: string,
  depth: number,
  budget: Budget,
): { name: string; value: MatValue | undefined } {
  if (depth > MAX_DEPTH) throw new CovisError('INPUT_CORRUPT', 'The .mat file is nested too deeply', { file });
  if (bytes.length === 0) return { name: '', value: { kind: 'numbers', dims: [0, 0], data: new Float64Array(0) } };
  const r = new Reader(bytes, 0, bytes.length, file, budget);
  const flags = r.element();
  if (flags.bytes.length < 8)
    throw new CovisError('INPUT_CORRUPT', 'A variable of the .mat file has no flags', { file });
  const cls = flags.bytes[0]!;
  const complex = (flags.bytes[1]! & 0x08) !== 0;
  const dims = Array.from(numbers(r.element(), file, budget));
  const name = r.element().bytes.toString('latin1');
  const count = dims.reduce((a, b) => a * b, 1);
  if (!Number.isSafeInteger(count) || count < 0 || dims.some((d) => !(d >= 0)))
    throw new CovisError('INPUT_CORRUPT', `The variable ${name} of the .mat file has an absurd size`, { file });
  if (cls >= CLASS.double && cls <= CLASS.uint64) {
    if (complex) throw new CovisError('INPUT_UNSUPPORTED', `The variable ${name} is complex`, { file });
    const data = numbers(r.element(), file, budget);
    if (data.length < count)
      throw new CovisError('INPUT_TRUNCATED', `The variable ${name} has ${data.length} of its ${count} numbers`, {
        file,
      });
    return { name, value: { kind: 'numbers', dims, data } };
  }
  if (cls === CLASS.sparse) {
    if (complex) throw new CovisError('INPUT_UNSUPPORTED', `The variable ${name} is complex`, { file });
    const [rows, starts, values] = [
      numbers(r.element(), file, budget),
      numbers(r.element(), file, budget),
      numbers(r.element(), file, budget),
    ];
    const columns = dims[1] ?? 0;
    const filled = starts[columns] ?? -1;
    const entries = function* (): Generator<readonly [number, number, number]> {
      for (let c = 0; c < columns; c += 1)
        for (let k = starts[c]!; k < starts[c + 1]!; k += 1) yield [rows[k]!, c, values[k]!];
    };
    const ordered = starts.every((s, c) => c === 0 || c > columns || s >= starts[c - 1]!);
    const whole = dims.length === 2 && starts[0] === 0 && ordered && filled <= Math.min(rows.length, values.length);
    const data = whole && filled >= 0 ? dense(dims[0]!, columns, entries(), values, budget) : undefined;
    if (data === undefined)
      throw new CovisError('INPUT_CORRUPT', `The sparse matrix ${name} is damaged, or too large`, { file });
    return { name, value: { kind: 'numbers', dims, data } };
  }
  if (cls === CLASS.char) {
    const codes = count === 0 ? new Float64Array(0) : numbers(r.element(), file, budget).subarray(0, count);
    budget.items(codes.length);
    const letter = (c: number): string => (c >= 0 && c < 0x110000 ? String.fromCodePoint(Math.floor(c)) : '\uFFFD');
    return { name, value: { kind: 'text', text: Array.from(codes, letter).join('') } };
  }
  if (cls === CLASS.cell) {
    const items: MatValue[] = [];
    for (let i = 0; i < count; i += 1) items.push(child(r, file, depth, budget));
    return { name, value: { kind: 'cell', dims, items } };
  }
  if (cls === CLASS.struct) {
    const width = Number(numbers(r.element(), file, budget)[0] ?? 0);
    const raw = r.element().bytes;
    const fields: string[] = [];
    if (!Number.isInteger(width) || width < 1 || width > 4096)
      throw new CovisError('INPUT_CORRUPT', `The struct ${name} has absurd field names`, { file });
    for (let at = 0; at + width <= raw.length; at += width)
      fields.push(raw.toString('latin1', at, at + width).replace(/\0.*$/s, ''));
    const items: Map<string, MatValue>[] = [];
    budget.items(count * fields.length);
    // A struct without fields has elements that take no bytes.
    if (fields.length === 0) budget.items(count);
    for (let i = 0; i < count; i += 1) items.push(new Map(fields.map((f) => [f, child(r, file, depth, budget)])));
    return { name, value: { kind: 'struct', dims, items } };
  }
  if (depth === 0) return { name, value: undefined };
  throw new CovisError('INPUT_UNSUPPORTED', `The .mat file holds an object or a function in ${name}`, {
    file,
  });
}

function child(r: Reader, file: string, depth: number, budget: Budget): MatValue {
  const e = r.element();
  if (e.type !== MATRIX)
    throw new CovisError('INPUT_CORRUPT', 'A cell of the .mat file holds no array', { file, offset: e.at });
  return matrix(e.bytes, file, depth + 1, budget).value!;
}
