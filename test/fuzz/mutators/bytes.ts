import type { Random } from '../../../src/main/engine/library/random.ts';

/** Changes bytes; `other` is another seed's file to take from. */
export type Mutator = (r: Random, bytes: Buffer, other: Buffer) => Buffer;

export function pick<T>(r: Random, items: readonly T[]): T {
  return items[r.below(items.length)]!;
}

/** Lengths from short to long, short ones most often. */
function length(r: Random, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(2 ** r.between(0, Math.log2(Math.max(2, most + 1))))));
}

const WHOLE = [
  0n,
  1n,
  2n,
  3n,
  127n,
  128n,
  255n,
  256n,
  32767n,
  32768n,
  65535n,
  65536n,
  1n << 20n,
  1n << 24n,
  1n << 30n,
  (1n << 31n) - 1n,
  1n << 31n,
  (1n << 32n) - 1n,
  1n << 32n,
  1n << 40n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
  (1n << 64n) - 2n,
];
const REAL = [0, -0, 1, -1, NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324, 1e-300, 3.5e38, 1e20, 2 ** 53, 0.5];

function flip(r: Random, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  for (let n = length(r, 16); n > 0 && out.length > 0; n -= 1) out[r.below(out.length)]! ^= 1 << r.below(8);
  return out;
}

function overwrite(r: Random, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  if (out.length === 0) return out;
  const at = r.below(out.length);
  const value = pick(r, [0, 0xff, 0x80, 0x20, -1]);
  for (let i = at, end = Math.min(out.length, at + length(r, 64)); i < end; i += 1)
    out[i] = value < 0 ? r.below(256) : value;
  return out;
}

function truncate(r: Random, bytes: Buffer): Buffer {
  return bytes.subarray(0, r.next() < 0.05 ? 0 : r.below(bytes.length + 1));
}

function extend(r: Random, bytes: Buffer): Buffer {
  const more = Buffer.alloc(length(r, 4096));
  if (r.next() < 0.5) for (let i = 0; i < more.length; i += 1) more[i] = r.below(256);
  return Buffer.concat([bytes, more]);
}

function remove(r: Random, bytes: Buffer): Buffer {
  const at = r.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length(r, bytes.length))]);
}

function duplicate(r: Random, bytes: Buffer): Buffer {
  const at = r.below(bytes.length + 1);
  const block = bytes.subarray(at, at + length(r, Math.min(bytes.length, 4096)));
  const to = r.next() < 0.5 ? at : r.below(bytes.length + 1);
  const times = r.next() < 0.9 ? 1 : length(r, 64);
  return Buffer.concat([bytes.subarray(0, to), ...Array<Buffer>(times).fill(block), bytes.subarray(to)]);
}

function copyOver(r: Random, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  if (out.length === 0) return out;
  const from = r.below(out.length);
  out.copyWithin(r.below(out.length), from, from + length(r, out.length));
  return out;
}

function splice(r: Random, bytes: Buffer, other: Buffer): Buffer {
  const at = r.below(bytes.length + 1);
  const from = r.below(other.length + 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    other.subarray(from, from + length(r, other.length + 1)),
    bytes.subarray(r.next() < 0.5 ? at : Math.min(bytes.length, at + length(r, bytes.length + 1))),
  ]);
}

/** A whole number of 1, 2, 4 or 8 bytes, in either order. */
function put(out: Buffer, at: number, width: number, big: boolean, value: bigint): void {
  for (let i = 0; i < width; i += 1) out[at + (big ? width - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function get(bytes: Buffer, at: number, width: number, big: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < width; i += 1) value |= BigInt(bytes[at + (big ? width - 1 - i : i)]!) << BigInt(8 * i);
  return value;
}

function bound(r: Random, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  const width = pick(r, [1, 2, 4, 4, 8]);
  if (out.length < width) return out;
  const aligned = r.next() < 0.7 ? width : 1;
  const at = Math.floor(r.below(out.length - width + 1) / aligned) * aligned;
  put(out, at, width, r.next() < 0.3, pick(r, WHOLE));
  return out;
}

function real(r: Random, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  const width = pick(r, [4, 8]);
  if (out.length < width) return out;
  const at = r.below(out.length - width + 1);
  if (width === 4) out.writeFloatLE(pick(r, REAL), at);
  else out.writeDoubleLE(pick(r, REAL), at);
  return out;
}

/** Numbers that may be a count, a length or an offset: above nothing and at most as large as the file. */
function counted(r: Random, bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  const width = pick(r, [2, 4, 4, 8]);
  const big = r.next() < 0.3;
  if (out.length < width) return out;
  const start = r.below(out.length - width + 1);
  for (let k = 0; k <= Math.min(4096, out.length - width); k += 1) {
    const at = (start + k) % (out.length - width + 1);
    const value = get(out, at, width, big);
    if (value === 0n || value > BigInt(out.length)) continue;
    put(
      out,
      at,
      width,
      big,
      pick(r, [
        value + 1n,
        value - 1n,
        value * 2n,
        value + 7n,
        0n,
        value << 8n,
        BigInt(out.length),
        -value,
        pick(r, WHOLE),
      ]),
    );
    return out;
  }
  return out;
}

/** What can be done to any bytes. */
export const BYTE_MUTATORS: readonly Mutator[] = [
  flip,
  flip,
  overwrite,
  truncate,
  extend,
  remove,
  duplicate,
  copyOver,
  splice,
  bound,
  bound,
  real,
  counted,
  counted,
  counted,
];
