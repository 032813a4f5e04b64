import { CovisError } from '../../../../shared/errors.ts';
import { sizeOf, type Tensor, type TensorData } from './graph.ts';
import { beside, type ExternalData } from './external.ts';

/** Element types of ONNX by their numbers. */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT32 = 6;
export const INT64 = 7;
export const BOOL = 9;
export const FLOAT16 = 10;
export const DOUBLE = 11;
export const BFLOAT16 = 16;

/** Types that are carried as they are, for quantised networks: bits an element. Float8 in its four forms, and integers of four bits, among them. */
const CARRIED: Readonly<Record<number, number>> = {
  [UINT8]: 8,
  3: 8,
  4: 16,
  5: 16,
  12: 32,
  13: 64,
  17: 8,
  18: 8,
  19: 8,
  20: 8,
  21: 4,
  22: 4,
};
const BITS: Readonly<Record<number, number>> = {
  ...CARRIED,
  [FLOAT]: 32,
  [INT32]: 32,
  [INT64]: 64,
  [BOOL]: 8,
  [FLOAT16]: 16,
  [DOUBLE]: 64,
  [BFLOAT16]: 16,
};

/** A tensor as it stands in the file. */
export interface RawTensor {
  dims?: unknown[];
  data_type?: number;
  float_data?: number[];
  int32_data?: number[];
  int64_data?: unknown[];
  uint64_data?: unknown[];
  double_data?: number[];
  raw_data?: Uint8Array;
  name?: string;
  data_location?: number;
  external_data?: { key?: string; value?: string }[];
}

/**
 * A tensor of a file. Half and brain floats become floats, which hold all their values.
 * @param external where weights that lie beside the file are read; undefined where there may be none.
 * @throws CovisError `INPUT_CORRUPT` where shape and values do not fit, `INPUT_UNSUPPORTED` for other element types.
 */
export function readTensor(t: RawTensor, file: string, external: ExternalData | undefined): Tensor {
  const dims = (t.dims ?? []).map(Number);
  const name = t.name ?? '';
  if (dims.some((d) => !Number.isSafeInteger(d) || d < 0))
    throw new CovisError('INPUT_CORRUPT', `Tensor ${name} has the impossible shape [${dims.join(', ')}]`, { file });
  const count = sizeOf(dims);
  const type = t.data_type ?? 0;
  const bits = BITS[type];
  if (bits === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Tensor ${name} has element type ${type}; floats and integers of all widths and bool can be read`,
      { file },
    );
  const wanted = Math.ceil((count * bits) / 8);
  const raw =
    t.data_location === 1
      ? beside(external, name, t.external_data ?? [], wanted, file)
      : t.raw_data !== undefined && t.raw_data.length > 0
        ? new Uint8Array(t.raw_data)
        : undefined;
  const has = raw === undefined ? typedCount(t) : Math.floor((raw.length * 8) / bits);
  // Two values of four bits share a byte, and the last of an odd number is filled up.
  const fits = raw === undefined ? has === (bits === 4 ? wanted : count) : raw.length === wanted;
  if (!fits)
    throw new CovisError(
      'INPUT_CORRUPT',
      `Tensor ${name} has ${has} values where its shape [${dims.join(', ')}] needs ${count}`,
      { file },
    );
  const data = raw === undefined ? typedValues(t, bits) : rawValues(type, raw);
  return CARRIED[type] === undefined ? { dims, data } : { dims, data, type };
}

function typedCount(t: RawTensor): number {
  switch (t.data_type) {
    case FLOAT:
      return t.float_data?.length ?? 0;
    case DOUBLE:
      return t.double_data?.length ?? 0;
    case INT64:
      return t.int64_data?.length ?? 0;
    case 12:
    case 13:
      return t.uint64_data?.length ?? 0;
    default:
      return t.int32_data?.length ?? 0;
  }
}

function typedValues(t: RawTensor, bits: number): TensorData {
  const ints = t.int32_data ?? [];
  switch (t.data_type) {
    case FLOAT:
      return Float32Array.from(t.float_data ?? []);
    case DOUBLE:
      return Float64Array.from(t.double_data ?? []);
    case INT64:
      return BigInt64Array.from((t.int64_data ?? []).map((v) => BigInt(String(v))));
    case INT32:
      return Int32Array.from(ints);
    case FLOAT16:
      return Float32Array.from(ints, halfToFloat);
    case BFLOAT16:
      return brainFloats(Uint16Array.from(ints));
    case 12:
    case 13: {
      const wide = BigUint64Array.from((t.uint64_data ?? []).map((v) => BigInt(String(v))));
      return bytesOf(bits === 64 ? wide : Uint32Array.from(wide, Number));
    }
    default:
      return bits === 16 ? bytesOf(Uint16Array.from(ints)) : Uint8Array.from(ints);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @param raw little-endian values that begin at a buffer's own beginning. */
function rawValues(type: number, raw: Uint8Array<ArrayBuffer>): TensorData {
  const { buffer, byteLength } = raw;
  switch (type) {
    case FLOAT:
      return new Float32Array(buffer, 0, byteLength / 4);
    case DOUBLE:
      return new Float64Array(buffer, 0, byteLength / 8);
    case INT64:
      return new BigInt64Array(buffer, 0, byteLength / 8);
    case INT32:
      return new Int32Array(buffer, 0, byteLength / 4);
    case FLOAT16:
      return Float32Array.from(new Uint16Array(buffer, 0, byteLength / 2), halfToFloat);
    case BFLOAT16:
      return brainFloats(new Uint16Array(buffer, 0, byteLength / 2));
    default:
      return raw;
  }
}

/** IEEE 754 binary16: sign, five bits of exponent, ten of fraction. */
export function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Infinity
          : NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return (half & 0x8000) === 0 ? size : -size;
}

/** Brain floats are the upper halves of floats. */
function brainFloats(values: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(values, (v) => v * 65_536).buffer);
}

/** The message of a tensor. */
export function writeTensor(name: string, t: Tensor): object {
  return { name, dims: t.dims, data_type: typeOf(t), raw_data: bytesOf(t.data as ArrayBufferView<ArrayBuffer>) };
}

/** ONNX's number for the elements of a tensor. */
export function typeOf({ data, type }: Tensor): number {
  if (type !== undefined) return type;
  if (data instanceof Float32Array) return FLOAT;
  if (data instanceof Float64Array) return DOUBLE;
  if (data instanceof BigInt64Array) return INT64;
  return data instanceof Int32Array ? INT32 : BOOL;
}
