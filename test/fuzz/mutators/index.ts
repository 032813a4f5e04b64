import type { Random } from '../../../src/main/engine/library/random.ts';
import { BYTE_MUTATORS, pick, type Mutator } from './bytes.ts';
import { gzip, mat5, npy, pickle, png } from './containers.ts';
import { json } from './json.ts';
import { onnx } from './onnx.ts';
import { sqlPages, sqlRows } from './sqlite.ts';
import { RARE_TEXT_MUTATORS, TEXT_MUTATORS } from './text.ts';

const MOST_TEXT = 1 << 20;

function begins(bytes: Buffer, sign: string): boolean {
  return bytes.toString('latin1', 0, sign.length) === sign;
}

/** True for UTF-8 or Latin-1 that a person could read. */
function isText(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 4096);
  return bytes.length < MOST_TEXT && !head.some((b) => b === 0 || (b < 32 && b !== 9 && b !== 10 && b !== 13));
}

/** Mutators that know what a file of this beginning is made of; empty for bytes that nothing is known of. */
function informed(name: string, bytes: Buffer): readonly Mutator[] {
  if (begins(bytes, 'SQLite format 3\0')) return [sqlRows, sqlRows, sqlRows, sqlPages];
  if (begins(bytes, '\x89PNG')) return [png(mutated)];
  if (begins(bytes, '\x1f\x8b')) return [gzip(mutated)];
  if (begins(bytes, 'MATLAB 5.0')) return [mat5(mutated)];
  if (begins(bytes, '\x93NUMPY')) return [npy];
  if (/\.(pkl|pickle)$/.test(name)) return [pickle];
  if (/\.onnx$/.test(name)) return [onnx, onnx, onnx];
  if (!isText(bytes)) return [];
  const structured = /^\s*[[{]/.test(bytes.toString('latin1', 0, 64)) ? [json, json, json, json] : [];
  return [...structured, ...TEXT_MUTATORS];
}

/** One change to the bytes of a file, most often one that knows their format. */
function mutated(r: Random, bytes: Buffer, other: Buffer, name = ''): Buffer {
  const known = informed(name, bytes);
  if (known.length > 0 && r.next() < 0.004 && isText(bytes)) return pick(r, RARE_TEXT_MUTATORS)(r, bytes, other);
  return pick(r, known.length > 0 && r.next() < 0.75 ? known : BYTE_MUTATORS)(r, bytes, other);
}

/** Changes a file once to a few times. @param other a file of the same name, or of any, to take from. */
export function mutate(r: Random, name: string, bytes: Uint8Array, other: Uint8Array): Buffer {
  let out: Buffer = Buffer.from(bytes);
  const rest = Buffer.from(other);
  do out = mutated(r, out, rest, name);
  while (r.next() < 0.35);
  return out;
}
