/** Numbers as programs store them: every width, sign and order of bytes. */

/** Kind and width in bytes, as NumPy writes them: `f2` to `f8`, `i1` to `i8`, `u1` to `u8`, `b1`. */
export type NumberType = 'b1' | 'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u2' | 'u4' | 'u8' | 'f2' | 'f4' | 'f8';

/** What they become: nothing is rounded, half precision and integers of 8, 16 and 64 bits are widened. */
export type Numbers = Float32Array | Float64Array | Uint32Array | Int32Array | Uint8Array;

const DECODED: Readonly<Record<NumberType, (buffer: ArrayBuffer) => Numbers | BigInt64Array | BigUint64Array>> = {
  b1: (b) => new Uint8Array(b),
  u1: (b) => new Uint8Array(b),
  i1: (b) => Int32Array.from(new Int8Array(b)),
  u2: (b) => Uint32Array.from(new Uint16Array(b)),
  i2: (b) => Int32Array.from(new Int16Array(b)),
  u4: (b) => new Uint32Array(b),
  i4: (b) => new Int32Array(b),
  u8: (b) => new BigUint64Array(b),
  i8: (b) => new BigInt64Array(b),
  f2: (b) => Float32Array.from(new Float16Array(b)),
  f4: (b) => new Float32Array(b),
  f8: (b) => new Float64Array(b),
};

const EXACT = 2n ** 53n;

export function isNumberType(code: string): code is NumberType {
  return Object.hasOwn(DECODED, code);
}

/** Bytes of one number. */
export function widthOf(type: NumberType): number {
  return Number(type[1]);
}

/**
 * Bytes as numbers. The bytes may be overwritten, and may become the result's own.
 * @param bytes a whole number of them; `swapped` where the most significant byte is first.
 * @param inexact makes the error for an integer of more than 53 bits, which no double holds.
 */
export function decodeNumbers(
  bytes: Uint8Array,
  type: NumberType,
  swapped: boolean,
  inexact: (value: bigint) => Error,
): Numbers {
  const aligned = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const own = aligned && bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
  if (swapped) swap(own, widthOf(type));
  const decoded = DECODED[type](own.buffer as ArrayBuffer);
  if (!(decoded instanceof BigInt64Array) && !(decoded instanceof BigUint64Array)) return decoded;
  const out = new Float64Array(decoded.length);
  for (let i = 0; i < out.length; i += 1) {
    const v = decoded[i]!;
    if (v > EXACT || v < -EXACT) throw inexact(v);
    out[i] = Number(v);
  }
  return out;
}

/** bfloat16 as float32, of which it is the upper half. @param bytes in this machine's order. */
export function fromBfloat16(bytes: Uint8Array): Float32Array {
  const halves = new Uint16Array(Uint8Array.from(bytes).buffer);
  return new Float32Array(Uint32Array.from(halves, (h) => h << 16).buffer);
}

function swap(bytes: Uint8Array, width: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}
