import { closeSync, openSync, readSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { LIMITS } from './budget.ts';
import { refuseStandIn } from './recognise.ts';
import { writeAll, writeBeside } from './beside.ts';
import { openRegular } from './regular.ts';
import { refusePlace, type Placing } from './target.ts';
import { decodeNumbers, isNumberType, widthOf, type Numbers } from './numbers.ts';

/** What can be written, and what every type of number becomes when read. */
type NpyData = Numbers;

const TYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<u4': Uint32Array,
  '<i4': Int32Array,
  '|u1': Uint8Array,
} as const;
const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGN = 64;

export interface NpyArray<T extends NpyData = NpyData> {
  readonly shape: readonly number[];
  readonly data: T;
}

function descrOf(data: NpyData): keyof typeof TYPES {
  const found = Object.entries(TYPES).find(([, type]) => data instanceof type);
  return found![0] as keyof typeof TYPES;
}

function header(descr: string, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGN) * ALIGN;
  const head = Buffer.alloc(length, ' ');
  MAGIC.copy(head);
  head.writeUInt8(1, 6);
  head.writeUInt8(0, 7);
  head.writeUInt16LE(length - 10, 8);
  head.write(text, 10, 'latin1');
  head.write('\n', length - 1, 'latin1');
  return head;
}

/** A file of the library, which Covis writes over and can make again. */
const OWN = { force: true, flush: false } as const;

/** Writes an array as NumPy's `.npy` version 1, whole or not at all. @param how where a person named the file. */
export function writeNpy(
  file: string,
  data: NpyData | Float16Array,
  shape: readonly number[],
  how: Placing = OWN,
): void {
  writeNpyParts(file, data instanceof Float16Array ? '<f2' : descrOf(data), shape, [data], how);
}

/** As {@link writeNpy}, of parts that follow one another, so that none but one is in memory. */
export function writeNpyParts(
  file: string,
  descr: string,
  shape: readonly number[],
  parts: Iterable<NpyData | Float16Array>,
  how: Placing = OWN,
): void {
  refusePlace(file);
  const head = header(descr, shape);
  const bytes = head.length + shape.reduce((n, d) => n * d, Number(descr.slice(2)));
  writeBeside(file, { ...how, bytes }, (temporary) => fillNpy(temporary, descr, shape, parts));
}

/** Fills a file with an array, in parts. */
export function fillNpy(
  temporary: string,
  descr: string,
  shape: readonly number[],
  parts: Iterable<NpyData | Float16Array>,
): void {
  const fd = openSync(temporary, 'w');
  try {
    writeAll(fd, header(descr, shape));
    for (const data of parts) writeAll(fd, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a `.npy` of versions 1 to 3: floats of 16 to 64 bits, integers of 8 to 64 bits and truth values, in either order of bytes, row-major
 * or in Fortran's order. Float16 comes as float32, 64-bit integers come as float64, shorter ones as 32 bits.
 * @throws CovisError naming the file; `INPUT_UNSUPPORTED` for other types, and for integers that no double holds.
 */
export function readNpy(file: string): NpyArray {
  refuseStandIn(file);
  const {
    fd,
    stats: { size },
  } = openRegular(file);
  try {
    const { descr, fortran, shape, at } = readNpyHead(fd, file, size);
    const type = /^[<>|=]?(.*)$/s.exec(descr)![1]!;
    if (!isNumberType(type)) {
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `This array is of the type ${descr}; floats of 16 to 64 bits, integers of 8 to 64 bits and truth values can be read`,
        { file, offset: at, hint: "Save it as another type, for example numpy.save(file, a.astype('float32'))." },
      );
    }
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = count * widthOf(type);
    if (!Number.isSafeInteger(count) || count < 0 || shape.some((n) => n < 0) || at + bytes > size) {
      throw new CovisError(
        'INPUT_TRUNCATED',
        `The shape (${shape.join(', ')}) needs ${bytes} bytes, the file has ${size - at}`,
        { file, offset: at },
      );
    }
    const raw = new Uint8Array(bytes);
    for (let done = 0; done < bytes;) {
      const n = readSync(fd, raw, done, Math.min(bytes - done, 1 << 28), at + done);
      if (n === 0) throw new CovisError('INPUT_TRUNCATED', 'The file became shorter while it was read', { file });
      done += n;
    }
    const data = decodeNumbers(
      raw,
      type,
      descr.startsWith('>'),
      (v) =>
        new CovisError(
          'INPUT_UNSUPPORTED',
          `This array holds the integer ${v}, which cannot be told from its neighbours`,
          {
            file,
            hint: 'Integers up to 2^53 can be read.',
          },
        ),
    );
    return { shape, data: fortran && shape.length > 1 ? rowMajor(data, shape) : data };
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads some rows of a `.npy` of one of our own types, without the rest of the file; float16 comes as float32.
 * @param from first row, at least 0; rows beyond the end are left out. @throws CovisError as {@link readNpy}.
 */
export function readNpyRows(file: string, from: number, count: number): NpyData {
  refuseStandIn(file);
  const {
    fd,
    stats: { size },
  } = openRegular(file);
  try {
    const { descr, fortran, shape, at } = readNpyHead(fd, file, size);
    const half = descr === '<f2';
    const Type = half ? Uint16Array : Object.hasOwn(TYPES, descr) ? TYPES[descr as keyof typeof TYPES] : undefined;
    if (Type === undefined || fortran)
      throw new CovisError('INPUT_UNSUPPORTED', 'Rows of this array cannot be read alone', { file, offset: at });
    if (shape.some((n) => n < 0))
      throw new CovisError('INPUT_CORRUPT', `This array has the impossible shape (${shape.join(', ')})`, { file });
    const width = shape.slice(1).reduce((a, b) => a * b, 1);
    const rows = Math.max(0, Math.min(count, shape[0]! - from));
    const begin = at + from * width * Type.BYTES_PER_ELEMENT;
    if (rows > 0 && !(begin + rows * width * Type.BYTES_PER_ELEMENT <= size))
      throw new CovisError('INPUT_TRUNCATED', 'The file is shorter than its shape says', { file, offset: size });
    const raw = new Type(rows > 0 ? rows * width : 0);
    const target = new Uint8Array(raw.buffer);
    for (let done = 0; done < target.length;) {
      const n = readSync(fd, target, done, Math.min(target.length - done, 1 << 28), begin + done);
      if (n === 0) throw new CovisError('INPUT_TRUNCATED', 'The file became shorter while it was read', { file });
      done += n;
    }
    return half ? decodeNumbers(target, 'f2', false, noWhole) : (raw as NpyData);
  } finally {
    closeSync(fd);
  }
}

/** What a `.npy` says of itself. */
export interface NpyHead {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Byte at which the numbers begin. */
  readonly at: number;
}

/** The header of an open `.npy`. @throws CovisError as {@link readNpy}. */
export function readNpyHead(fd: number, file: string, size: number): NpyHead {
  const start = Buffer.alloc(12);
  const got = readSync(fd, start, 0, 12, 0);
  if (got < 12 || !start.subarray(0, 6).equals(MAGIC))
    throw new CovisError('INPUT_CORRUPT', 'This is not a .npy file', { file, offset: 0 });
  if (start[6]! < 1 || start[6]! > 3)
    throw new CovisError('INPUT_UNSUPPORTED', `This .npy file is of version ${start[6]!}; 1 to 3 can be read`, {
      file,
      offset: 6,
    });
  const wide = start[6]! > 1;
  const headAt = wide ? 12 : 10;
  const length = wide ? start.readUInt32LE(8) : start.readUInt16LE(8);
  if (headAt + length > size)
    throw new CovisError('INPUT_TRUNCATED', 'The file ends inside its header', { file, offset: headAt });
  if (length > LIMITS.header)
    throw new CovisError('INPUT_CORRUPT', `The header of this array says that it has ${length} bytes`, {
      file,
      offset: 8,
    });
  const head = Buffer.alloc(length);
  readSync(fd, head, 0, length, headAt);
  const text = head.toString('utf8');
  const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (descr === undefined || shapeText === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `This array's header cannot be read: ${text.trim().slice(0, 200)}`, {
      file,
      offset: headAt,
    });
  const shape = shapeText
    .split(',')
    // Python 2 wrote lengths as 3L.
    .map((s) => s.trim().replace(/L$/, ''))
    .filter((s) => s !== '')
    .map(Number);
  if (shape.length > LIMITS.dimensions)
    throw new CovisError('INPUT_CORRUPT', `This array has ${shape.length} dimensions`, { file, offset: headAt });
  return { descr, fortran: /'fortran_order':\s*True/.test(text), shape, at: headAt + length };
}

/** From column-major to row-major, of any number of dimensions. */
function rowMajor(data: NpyData, shape: readonly number[]): NpyData {
  const out = data.slice();
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += 1) {
    out[to] = data[from]!;
    for (let d = shape.length - 1; d >= 0; d -= 1) {
      index[d]! += 1;
      from += strides[d]!;
      if (index[d]! < shape[d]!) break;
      from -= index[d]! * strides[d]!;
      index[d] = 0;
    }
  }
  return out;
}

/** Floats are no integers that a double may not hold. */
function noWhole(value: bigint): Error {
  return new RangeError(String(value));
}
