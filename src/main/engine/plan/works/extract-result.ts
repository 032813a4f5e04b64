import type { CovisError } from '../../../../shared/errors.ts';
import { wrongResult } from '../folder.ts';

/** What a result begins with. Then: rows and dimensions as u32, content hashes of 16 bytes, rows of float32, all little-endian. */
const HEAD = Buffer.from('COVISR1\n');
const HASH_BYTES = 16;
const START = HEAD.length + 8;

/** A row of a photo by its content hash. */
export type Described = readonly [hash: string, row: Float32Array];

export function encodeRows(rows: readonly Described[], dim: number): Buffer {
  const out = Buffer.alloc(START + rows.length * (HASH_BYTES + 4 * dim));
  HEAD.copy(out);
  out.writeUInt32LE(rows.length, HEAD.length);
  out.writeUInt32LE(dim, HEAD.length + 4);
  const data = START + rows.length * HASH_BYTES;
  rows.forEach(([hash, row], i) => {
    out.write(hash, START + i * HASH_BYTES, 'hex');
    out.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), data + 4 * i * dim);
  });
  return out;
}

/** @throws CovisError `INPUT_CORRUPT` for bytes that are no such result. */
export function decodeRows(bytes: Buffer, dim: number, file: string): Described[] {
  const wrong = (why: string): CovisError => wrongResult(file, why);
  if (bytes.length < START || !bytes.subarray(0, HEAD.length).equals(HEAD)) throw wrong('holds no descriptors');
  const rows = bytes.readUInt32LE(HEAD.length);
  if (bytes.readUInt32LE(HEAD.length + 4) !== dim) throw wrong(`has not ${dim} dimensions`);
  if (bytes.length !== START + rows * (HASH_BYTES + 4 * dim)) throw wrong('is not as long as it says');
  const data = START + rows * HASH_BYTES;
  return Array.from({ length: rows }, (_, i) => {
    const at = data + 4 * i * dim;
    const row = new Float32Array(Uint8Array.from(bytes.subarray(at, at + 4 * dim)).buffer);
    return [bytes.toString('hex', START + i * HASH_BYTES, START + (i + 1) * HASH_BYTES), row];
  });
}
