import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';

type NpyData = Float32Array | Float64Array | Uint32Array | Int32Array | Uint8Array;

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

/** Writes an array as NumPy's `.npy` version 1, to a temporary file first. */
export function writeNpy(file: string, data: NpyData, shape: readonly number[]): void {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descrOf(data)}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGN) * ALIGN;
  const head = Buffer.alloc(length, ' ');
  MAGIC.copy(head);
  head.writeUInt8(1, 6);
  head.writeUInt8(0, 7);
  head.writeUInt16LE(length - 10, 8);
  head.write(text, 10, 'latin1');
  head.write('\n', length - 1, 'latin1');
  const temporary = `${file}.tmp`;
  const fd = openSync(temporary, 'w');
  try {
    writeAll(fd, head);
    writeAll(fd, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 28));
}

/**
 * Reads a C-ordered `.npy` of float32, float64, uint32, int32 or uint8.
 * @throws CovisError naming file and offset for anything else, or when the data is shorter than the shape says.
 */
export function readNpy(file: string): NpyArray {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    throw new CovisError('INPUT_MISSING', 'This file cannot be opened', { file, cause });
  }
  try {
    const size = fstatSync(fd).size;
    const start = Buffer.alloc(12);
    const got = readSync(fd, start, 0, 12, 0);
    if (got < 12 || !start.subarray(0, 6).equals(MAGIC)) {
      throw new CovisError('INPUT_CORRUPT', 'This is not a .npy file', { file, offset: 0 });
    }
    const wide = start[6]! > 1;
    const headAt = wide ? 12 : 10;
    const headLength = wide ? start.readUInt32LE(8) : start.readUInt16LE(8);
    if (headAt + headLength > size)
      throw new CovisError('INPUT_TRUNCATED', 'The file ends inside its header', { file, offset: headAt });
    const head = Buffer.alloc(headLength);
    readSync(fd, head, 0, headLength, headAt);
    const text = head.toString('latin1');
    const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1] as keyof typeof TYPES | undefined;
    const shapeText = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
    const Type = descr === undefined ? undefined : TYPES[descr];
    if (Type === undefined || shapeText === undefined || /'fortran_order':\s*True/.test(text)) {
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `This array has the layout ${text.trim()}; C order and float32, float64, uint32, int32 or uint8 can be read`,
        { file, offset: headAt },
      );
    }
    const shape = shapeText
      .split(',')
      .map((s) => s.trim())
      .filter((s) => s !== '')
      .map(Number);
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = count * Type.BYTES_PER_ELEMENT;
    if (!Number.isSafeInteger(count) || count < 0 || headAt + headLength + bytes > size) {
      throw new CovisError(
        'INPUT_TRUNCATED',
        `The shape (${shapeText}) needs ${bytes} bytes, the file has ${size - headAt - headLength}`,
        { file, offset: headAt + headLength },
      );
    }
    const data = new Type(count);
    const target = new Uint8Array(data.buffer);
    for (let at = 0; at < bytes;)
      at += readSync(fd, target, at, Math.min(bytes - at, 1 << 28), headAt + headLength + at);
    return { shape, data };
  } finally {
    closeSync(fd);
  }
}
