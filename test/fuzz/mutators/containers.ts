import { crc32, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { Random } from '../../../src/main/engine/library/random.ts';
import { pick, type Mutator } from './bytes.ts';

/** Most bytes that are unpacked to be changed. */
const MOST = 1 << 22;

/** Changes what lies inside a container by other mutators. */
export type Inner = (r: Random, bytes: Buffer, other: Buffer) => Buffer;

/** Gzip: what is inside is changed and packed again, or packed more than once. */
export function gzip(inner: Inner): Mutator {
  return (r, bytes, other) => {
    let content: Buffer;
    try {
      content = gunzipSync(bytes, { maxOutputLength: MOST });
    } catch {
      return bytes;
    }
    const next = inner(r, content, other);
    return r.next() < 0.05 ? gzipSync(gzipSync(next)) : gzipSync(next);
  };
}

/** Elements of a MATLAB file that are packed: changed inside, with the length before them right again. */
export function mat5(inner: Inner): Mutator {
  return (r, bytes, other) => {
    const elements: { at: number; end: number }[] = [];
    for (let at = 128; at + 8 <= bytes.length;) {
      const end = at + 8 + bytes.readUInt32LE(at + 4);
      if (end > bytes.length) break;
      if (bytes.readUInt32LE(at) === 15) elements.push({ at, end });
      at = end;
    }
    if (elements.length === 0) return bytes;
    const { at, end } = pick(r, elements);
    let content: Buffer;
    try {
      content = inflateSync(bytes.subarray(at + 8, end), { maxOutputLength: MOST });
    } catch {
      return bytes;
    }
    const packed = deflateSync(inner(r, content, other));
    const head = Buffer.alloc(8);
    head.writeUInt32LE(15, 0);
    head.writeUInt32LE(packed.length, 4);
    return Buffer.concat([bytes.subarray(0, at), head, packed, bytes.subarray(end)]);
  };
}

/** Chunks of a PNG: changed inside, taken out, doubled or put elsewhere, with checksums that are right. */
export function png(inner: Inner): Mutator {
  return (r, bytes, other) => {
    const chunks: { type: string; data: Buffer }[] = [];
    for (let at = 8; at + 12 <= bytes.length;) {
      const length = bytes.readUInt32BE(at);
      if (at + 12 + length > bytes.length) break;
      chunks.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) });
      at += 12 + length;
    }
    if (chunks.length === 0) return bytes;
    const at = r.below(chunks.length);
    const chunk = chunks[at]!;
    switch (r.below(6)) {
      case 0:
        chunks.splice(at, 1);
        break;
      case 1:
        chunks.splice(r.below(chunks.length), 0, chunk);
        break;
      case 2:
        chunks[at] = {
          type: pick(r, ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'iCCP', 'eXIf', 'acTL', 'zzzz']),
          data: chunk.data,
        };
        break;
      case 3:
        if (chunk.type === 'IDAT')
          chunks[at] = { type: 'IDAT', data: deflateSync(inner(r, unpacked(chunk.data), other)) };
        else chunks[at] = { type: chunk.type, data: inner(r, chunk.data, other) };
        break;
      default: {
        const head = Buffer.from(chunks[0]!.data);
        if (head.length >= 13) {
          const field = r.below(4);
          if (field < 2)
            head.writeUInt32BE(pick(r, [0, 1, 2, 65_535, 20_000, 2 ** 31 - 1, 2 ** 32 - 1, r.below(300)]), 4 * field);
          else head[8 + r.below(5)] = pick(r, [0, 1, 2, 3, 4, 6, 8, 16, 255]);
          chunks[0] = { type: chunks[0]!.type, data: head };
        }
      }
    }
    return Buffer.concat([
      bytes.subarray(0, 8),
      ...chunks.flatMap(({ type, data }) => {
        const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(data.length);
        const sum = Buffer.alloc(4);
        sum.writeUInt32BE(crc32(typed));
        return [length, typed, sum];
      }),
    ]);
  };
}

function unpacked(data: Buffer): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: MOST });
  } catch {
    return Buffer.alloc(0);
  }
}

/** Another type, shape or order in the head of a .npy file, padded to the length that it had where that is possible. */
export const npy: Mutator = (r, bytes) => {
  if (bytes.length < 12) return bytes;
  const length = bytes.readUInt16LE(8);
  const head = bytes.toString('latin1', 10, 10 + length);
  const shape = /\(([^)]*)\)/.exec(head)?.[1] ?? '';
  const dims = shape.split(',').map((d) => d.trim());
  dims[r.below(dims.length)] = pick(r, [
    '0',
    '1',
    '-1',
    '2',
    '3',
    '1000000',
    '4294967296',
    '9007199254740992',
    '1e3',
    '',
    '99999999999999999999',
  ]);
  const next = pick(r, [
    () => head.replace(shape, dims.join(', ')),
    () =>
      head.replace(shape, pick(r, ['', '3', '3,', '2, 3, 4', '0, 5', '5, 0', '1, 1, 1, 1', '4294967296, 4294967296'])),
    () =>
      head.replace(
        /'descr': *'[^']*'/,
        `'descr': '${pick(r, ['<f4', '>f4', '<f8', '<f2', '|u1', '<i8', '>u8', '|b1', '<c8', '|O', '<U4', '|V8', '<f16', '<i3', '', '<f'])}'`,
      ),
    () => head.replace(/(True|False)/, pick(r, ['True', 'False', 'None', '1'])),
    () => head.replace(pick(r, ['{', '}', "'", ':', ',', '(', ')']), ''),
  ])();
  const padded = next
    .trimEnd()
    .padEnd(length - 1)
    .slice(0, Math.max(length - 1, 0));
  const out = Buffer.from(bytes);
  out.write(`${padded}\n`, 10, 'latin1');
  return out;
};

const OPCODES =
  '(.012FGIJKLMNPQRSTUVX]abcdeghijlopqrstu}\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98';
const SNIPPETS = [
  '(l',
  '(d',
  ']',
  '}',
  'N',
  'K\x01',
  'J\xff\xff\xff\xff',
  'X\xff\xff\xff\x7f',
  'h\x00',
  'q\x00',
  '2',
  '0',
  '(',
  't',
  'e',
  'u',
  'cos\nsystem\n',
  'cnumpy\ndtype\n',
  '\x8c\x02f8',
  'R',
  'b',
  '\x94',
  'h\x01h\x01\x86',
  'I99999999999999999999\n',
  'F1e999\n',
  '\x8a\xff',
  'B\xff\xff\xff\xff',
];

/** Opcodes of a pickle in the place of others, or put in between. */
export const pickle: Mutator = (r, bytes) => {
  const at = r.below(bytes.length + 1);
  const snippet = Buffer.from(r.next() < 0.5 ? pick(r, SNIPPETS) : OPCODES[r.below(OPCODES.length)]!, 'latin1');
  return Buffer.concat([bytes.subarray(0, at), snippet, bytes.subarray(r.next() < 0.5 ? at : at + snippet.length)]);
};
