/** Zip archives that are written as they are sent: members as they are, not compressed, of any size (APPNOTE 6.3, zip64). */
import { createReadStream, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** A file and its name in the archive, with forward slashes. */
export interface ZipMember {
  readonly name: string;
  readonly file: string;
}

const MOST_32 = 0xffff_ffff;
const MOST_16 = 0xffff;
const VERSION = 45;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1 January 1980: what is written has no date of its own. */
const DATE = 0x21;

interface Entry {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

function field(...parts: readonly (readonly [value: number | bigint, bytes: 2 | 4 | 8])[]): Buffer {
  const out = Buffer.alloc(parts.reduce((n, [, b]) => n + b, 0));
  let at = 0;
  for (const [value, bytes] of parts) {
    if (bytes === 8) out.writeBigUInt64LE(BigInt(value), at);
    else out.writeUIntLE(Number(value), at, bytes);
    at += bytes;
  }
  return out;
}

async function checksum(file: string): Promise<number> {
  let crc = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) crc = crc32(chunk, crc);
  return crc;
}

/** Sizes go into 64 bits where 32 do not hold them. */
function sizes(size: number): { readonly short: number; readonly extra: Buffer } {
  return size < MOST_32
    ? { short: size, extra: Buffer.alloc(0) }
    : { short: MOST_32, extra: field([1, 2], [16, 2], [size, 8], [size, 8]) };
}

function local({ name, crc, size }: Entry): Buffer {
  const { short, extra } = sizes(size);
  return Buffer.concat([
    field([0x0403_4b50, 4], [VERSION, 2], [FLAGS, 2], [0, 2], [0, 2], [DATE, 2], [crc, 4], [short, 4], [short, 4]),
    field([name.length, 2], [extra.length, 2]),
    name,
    extra,
  ]);
}

function central({ name, crc, size, offset }: Entry): Buffer {
  const wide = size >= MOST_32 || offset >= MOST_32;
  const short = wide ? MOST_32 : size;
  const extra = wide ? field([1, 2], [24, 2], [size, 8], [size, 8], [offset, 8]) : Buffer.alloc(0);
  return Buffer.concat([
    field([0x0201_4b50, 4], [VERSION, 2], [VERSION, 2], [FLAGS, 2], [0, 2], [0, 2], [DATE, 2]),
    field([crc, 4], [short, 4], [short, 4], [name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4]),
    field([wide ? MOST_32 : offset, 4]),
    name,
    extra,
  ]);
}

function end(entries: number, size: number, offset: number): Buffer {
  const wide = entries >= MOST_16 || size >= MOST_32 || offset >= MOST_32;
  const short = [
    field([0x0605_4b50, 4], [0, 2], [0, 2]),
    wide
      ? field([MOST_16, 2], [MOST_16, 2], [MOST_32, 4], [MOST_32, 4])
      : field([entries, 2], [entries, 2], [size, 4], [offset, 4]),
    field([0, 2]),
  ];
  if (!wide) return Buffer.concat(short);
  return Buffer.concat([
    field([0x0606_4b50, 4], [44, 8], [VERSION, 2], [VERSION, 2], [0, 4], [0, 4], [entries, 8], [entries, 8]),
    field([size, 8], [offset, 8]),
    field([0x0706_4b50, 4], [0, 4], [offset + size, 8], [1, 4]),
    ...short,
  ]);
}

/** The bytes of an archive, in order; each file is read twice. @throws what reading throws, and an Error for a file that changed meanwhile. */
export async function* zip(members: readonly ZipMember[]): AsyncGenerator<Buffer> {
  const entries: Entry[] = [];
  let offset = 0;
  for (const m of members) {
    const entry = { name: Buffer.from(m.name), crc: await checksum(m.file), size: statSync(m.file).size, offset };
    const head = local(entry);
    yield head;
    let sent = 0;
    let crc = 0;
    for await (const chunk of createReadStream(m.file) as AsyncIterable<Buffer>) {
      sent += chunk.length;
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (sent !== entry.size || crc !== entry.crc) throw new Error(`${m.name} changed while it was sent`);
    entries.push(entry);
    offset += head.length + entry.size;
  }
  const start = offset;
  for (const entry of entries) {
    const record = central(entry);
    yield record;
    offset += record.length;
  }
  yield end(entries.length, offset - start, start);
}
