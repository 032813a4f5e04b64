import type { Random } from '../../../src/main/engine/library/random.ts';
import { ModelProto } from '../../../src/main/engine/network/onnx/schema.ts';
import { pick, type Mutator } from './bytes.ts';

const NUMBERS = [0, 1, -1, 2, 3, 7, 64, 1000, 65_536, 2147483647, -2147483648];
const OPERATORS = [
  'Conv',
  'Relu',
  'Add',
  'Reshape',
  'Transpose',
  'Constant',
  'Gemm',
  'MatMul',
  'Concat',
  'Loop',
  'If',
  'Pad',
  'Resize',
  'GlobalAveragePool',
  'BatchNormalization',
  'Identity',
  'Unknown',
  '',
];

type Message = Record<string, unknown>;

/** All messages inside one, with the fields of each that hold something. */
function messages(value: unknown, found: Message[] = []): Message[] {
  if (Array.isArray(value)) for (const v of value.slice(0, 400)) messages(v, found);
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !('low' in value)) {
    found.push(value as Message);
    for (const v of Object.values(value)) messages(v, found);
  }
  return found;
}

function other(r: Random, value: unknown, texts: readonly string[]): unknown {
  if (typeof value === 'string') return pick(r, [...texts, pick(r, OPERATORS), '', 'x', `${value}x`]);
  if (typeof value === 'number') return pick(r, [value + 1, value - 1, -value, NaN, Infinity, 1e30, pick(r, NUMBERS)]);
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    if (r.next() < 0.4) return bytes.subarray(0, r.below(bytes.length + 1));
    if (bytes.length >= 4)
      bytes.writeFloatLE(pick(r, [NaN, Infinity, -Infinity, 1e38, 0]), 4 * r.below(Math.floor(bytes.length / 4)));
    return bytes;
  }
  if (Array.isArray(value)) {
    const list = [...(value as unknown[])];
    const at = r.below(list.length + 1);
    switch (r.below(5)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        if (list.length > 0) list.splice(at, 0, pick(r, list));
        break;
      case 2:
        if (list.length > 1) [list[0], list[r.below(list.length)]] = [list[r.below(list.length)], list[0]];
        break;
      case 3:
        return [];
      default:
        if (list.length > 0) list[at % list.length] = other(r, list[at % list.length], texts);
    }
    return list;
  }
  // A 64-bit number.
  if (typeof value === 'object' && value !== null && 'low' in value) return pick(r, NUMBERS);
  return value;
}

/** Fields of a network's messages become others: dimensions, operators, names of values, attributes, weights. */
export const onnx: Mutator = (r, bytes) => {
  try {
    const model = ModelProto.decode(bytes) as unknown as Message;
    const all = messages(model);
    const texts = all.flatMap(
      (m) => Object.values(m).filter((v) => typeof v === 'string' && v.length < 100) as string[],
    );
    for (let n = 1 + r.below(3); n > 0; n -= 1) {
      const message = pick(r, all);
      const fields = Object.keys(message);
      if (fields.length === 0) continue;
      const field = pick(r, fields);
      if (r.next() < 0.15) delete message[field];
      else message[field] = other(r, message[field], texts);
    }
    return Buffer.from(ModelProto.encode(model as never).finish());
  } catch {
    // What was damaged before is no network to be changed as one.
    return bytes;
  }
};
