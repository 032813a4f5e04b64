/** Zip archives read within bounds (APPNOTE 6.3, zip64): what a stranger sends may fill no disk, leave no folder and write over nothing. */
import { closeSync, createReadStream, createWriteStream, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { CovisError } from '../../../shared/errors.ts';
import { diskError, freeBytes } from './disk.ts';
import { refuseNotRegular } from './regular.ts';

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const CENTRAL = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const MOST_COMMENT = 0xffff;
const [MOST_16, MOST_32] = [0xffff, 0xffff_ffff];
const [STORED, DEFLATED] = [0, 8];
/** Members of an archive: ten times the photos that a collection holds in practice. */
const MOST_MEMBERS = 2_000_000;
/** The list of members, which is read whole. */
const MOST_DIRECTORY = 512 << 20;
/** Times that a member may be larger than its packed bytes; deflate reaches 1032, which only bombs do. A table of one line repeated stays below. */
const MOST_RATIO = 300;
const SMALL = 1 << 20;
/** Stays free on the disk. */
const ROOM = 256 << 20;
const MOST_NAME = 1024;
/** Unix file types in the upper half of a member's attributes. */
const [TYPE_MASK, TYPE_FILE, TYPE_FOLDER] = [0xf000, 0x8000, 0x4000];

/** A file of an archive. */
export interface ZipEntry {
  /** With forward slashes; no `..`, not absolute. */
  readonly name: string;
  readonly size: number;
  readonly packed: number;
  readonly method: number;
  readonly crc: number;
  /** Of its header. */
  readonly offset: number;
  /** Where what comes behind it begins. */
  readonly end: number;
}

type Wrong = (why: string, name?: string) => CovisError;
const wrongOf =
  (file: string): Wrong =>
  (why, name) =>
    new CovisError(
      'INPUT_CORRUPT',
      `This archive is not as it should be: ${name === undefined ? '' : `${name}: `}${why}`,
      {
        file,
        hint: 'Nothing of it was taken. Send or copy it again, or unpack it with another program and import the folder.',
      },
    );
const refusedOf =
  (file: string): Wrong =>
  (why, name) =>
    new CovisError(
      'INPUT_INVALID',
      `This archive is refused: ${name === undefined ? '' : `${JSON.stringify(name)} `}${why}`,
      {
        file,
        hint: 'Nothing of it was taken. Unpack it with another program, look at what it holds, and import the folder.',
      },
    );

/** True for a file that begins as an archive does. */
export function isZip(file: string): boolean {
  // Before it is opened: a pipe would wait for who writes to it.
  if (!statSync(file).isFile()) return false;
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(4);
    return readSync(fd, head, 0, 4, 0) === 4 && [LOCAL, END].includes(head.readUInt32LE());
  } finally {
    closeSync(fd);
  }
}

/** Why a name may not be written; undefined for one that may. */
function unsafe(name: string): string | undefined {
  if (Buffer.byteLength(name) > MOST_NAME) return `has more than ${MOST_NAME} bytes as a name`;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\:]/u.test(name)) return 'has a character in its name that no portable file has';
  if (/^[/~]/.test(name)) return 'leads out of the folder that it is unpacked into';
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.includes('..')) return 'leads out of the folder that it is unpacked into';
  return parts.some((p) => p === '' || p === '.') ? 'has an empty part in its name' : undefined;
}

/** What operating systems put beside the files. */
const isClutter = (name: string): boolean => /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/i.test(name);

function readAt(fd: number, length: number, at: number, wrong: Wrong): Buffer {
  const out = Buffer.alloc(length);
  let had = 0;
  while (had < length) {
    const n = readSync(fd, out, had, length - had, at + had);
    if (n === 0) throw wrong('it is cut off');
    had += n;
  }
  return out;
}

function number64(from: Buffer, at: number, wrong: Wrong): number {
  if (at + 8 > from.length) throw wrong('a size is missing');
  const value = from.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw wrong('a size is beyond all disks');
  return Number(value);
}

interface Directory {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
}

/** Where the list of members stands. */
function directoryOf(fd: number, length: number, wrong: Wrong): Directory {
  const tail = Math.min(length, MOST_COMMENT + 22);
  const last = readAt(fd, tail, length - tail, wrong);
  let at = last.length - 22;
  // The comment behind it has to reach the end of the file exactly.
  while (at >= 0 && !(last.readUInt32LE(at) === END && at + 22 + last.readUInt16LE(at + 20) === last.length)) at -= 1;
  if (at < 0) throw wrong('it has no list of its members at its end');
  const [disk, begins, here, entries] = [4, 6, 8, 10].map((k) => last.readUInt16LE(at + k)) as [
    number,
    number,
    number,
    number,
  ];
  const [size, offset] = [last.readUInt32LE(at + 12), last.readUInt32LE(at + 16)];
  const wide = entries === MOST_16 || size === MOST_32 || offset === MOST_32;
  const endAt = length - tail + at;
  if (wide && endAt >= 20) {
    const locator = readAt(fd, 20, endAt - 20, wrong);
    if (locator.readUInt32LE() === LOCATOR_64) {
      const record = readAt(fd, 56, number64(locator, 8, wrong), wrong);
      if (record.readUInt32LE() !== END_64) throw wrong('its list of members is not where it says');
      return {
        entries: number64(record, 32, wrong),
        size: number64(record, 40, wrong),
        offset: number64(record, 48, wrong),
      };
    }
  }
  if (disk !== 0 || begins !== 0 || here !== entries) throw wrong('it is one of several parts');
  return { entries, size, offset };
}

/** Fields of 64 bits in the order in which they take the place of full ones of 32. */
function wideFields(extra: Buffer, wrong: Wrong): Buffer {
  for (let at = 0; at + 4 <= extra.length;) {
    const [kind, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    if (at + 4 + length > extra.length) throw wrong('an extra field is longer than it may be');
    if (kind === 1) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return Buffer.alloc(0);
}

function listed(fd: number, { entries, size, offset }: Directory, length: number, file: string): ZipEntry[] {
  const [wrong, refused] = [wrongOf(file), refusedOf(file)];
  if (entries > MOST_MEMBERS || size > MOST_DIRECTORY) throw refused(`it has more than ${MOST_MEMBERS} members`);
  if (offset + size > length || entries * 46 > size) throw wrong('its list of members is not where it says');
  const list = readAt(fd, size, offset, wrong);
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const found: Omit<ZipEntry, 'end'>[] = [];
  const least: number[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < entries; i += 1) {
    if (at + 46 > size || list.readUInt32LE(at) !== CENTRAL) throw wrong(`member ${i + 1} of its list is not there`);
    const [system, flags, method] = [list[at + 5]!, list.readUInt16LE(at + 8), list.readUInt16LE(at + 10)];
    const [nameLength, extraLength, comment] = [28, 30, 32].map((k) => list.readUInt16LE(at + k)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + nameLength + extraLength + comment;
    if (next > size) throw wrong(`member ${i + 1} of its list is cut off`);
    let name: string;
    try {
      name = utf8.decode(list.subarray(at + 46, at + 46 + nameLength));
    } catch {
      throw refused(`has a member, number ${i + 1}, whose name is no Unicode text`);
    }
    const wide = wideFields(list.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), wrong);
    let used = 0;
    const sized = (short: number): number => {
      if (short !== MOST_32) return short;
      used += 8;
      return number64(wide, used - 8, wrong);
    };
    const bytes = sized(list.readUInt32LE(at + 24));
    const packed = sized(list.readUInt32LE(at + 20));
    const header = sized(list.readUInt32LE(at + 42));
    const type = system === 3 ? (list.readUInt32LE(at + 38) >>> 16) & TYPE_MASK : 0;
    const crc = list.readUInt32LE(at + 16);
    at = next;
    least.push(header);
    const why = unsafe(name);
    if (why !== undefined) throw refused(why, name);
    if (name.endsWith('/')) {
      if (bytes !== 0) throw wrong('it is a folder with bytes', name);
      continue;
    }
    if (type !== 0 && type !== TYPE_FILE)
      throw refused(type === TYPE_FOLDER ? 'is a folder and a file' : 'is a link or a device', name);
    if ((flags & 0x2041) !== 0) throw refused('is encrypted', name);
    if (method !== STORED && method !== DEFLATED) throw refused('is packed in a way that only few programs know', name);
    if (method === STORED && packed !== bytes) throw wrong('its sizes differ', name);
    if (method === DEFLATED && bytes > SMALL + MOST_RATIO * packed)
      throw refused(`would become more than ${MOST_RATIO} times as large as it is packed`, name);
    const key = name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
    if (names.has(key)) throw refused('is in it twice, or differs from another in case alone', name);
    names.add(key);
    if (header + 30 + nameLength + packed > offset) throw wrong('it reaches into the list of members', name);
    if (!isClutter(name)) found.push({ name, size: bytes, packed, method, crc, offset: header });
  }
  // Members that share bytes make a little archive into a huge folder: each has to end before the next one begins.
  const starts = [...least.sort((a, b) => a - b), offset];
  let k = 0;
  return found
    .sort((a, b) => a.offset - b.offset)
    .map((e) => {
      while (starts[k]! <= e.offset) k += 1;
      const end = starts[k]!;
      if (starts[k - 2] === e.offset || e.offset + 30 + e.packed > end)
        throw refused('shares bytes with another member', e.name);
      return { ...e, end };
    });
}

/**
 * The files of an archive, in the order in which they stand in it. Nothing is unpacked.
 * @throws CovisError `INPUT_MISSING`, `INPUT_CORRUPT` for what is no archive or a damaged one, `INPUT_INVALID` for names that lead elsewhere,
 * links, encryption, members that share bytes, and what would grow beyond all measure.
 */
export function zipEntries(file: string): ZipEntry[] {
  const { size } = refuseNotRegular(file);
  const wrong = wrongOf(file);
  if (size < 22) throw wrong('it is cut off');
  const fd = openSync(file, 'r');
  try {
    return listed(fd, directoryOf(fd, size, wrong), size, file);
  } finally {
    closeSync(fd);
  }
}

/** Where the bytes of a member begin. */
function dataAt(fd: number, e: ZipEntry, file: string): number {
  const wrong = wrongOf(file);
  const head = readAt(fd, 30, e.offset, wrong);
  if (head.readUInt32LE() !== LOCAL || head.readUInt16LE(8) !== e.method)
    throw wrong('it is not where it should be', e.name);
  const [nameLength, extraLength] = [head.readUInt16LE(26), head.readUInt16LE(28)];
  const name = readAt(fd, nameLength, e.offset + 30, wrong).toString('utf8');
  const at = e.offset + 30 + nameLength + extraLength;
  if (name !== e.name) throw wrong(`it is called ${JSON.stringify(name)} there`, e.name);
  if (at + e.packed > e.end) throw refusedOf(file)('shares bytes with another member', e.name);
  return at;
}

/** Passes bytes on, and ends with an error where they are more, fewer or others than were said. */
function checked(e: ZipEntry, wrong: Wrong): Transform {
  let size = 0;
  let crc = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      crc = crc32(chunk, crc);
      if (size > e.size) done(wrong('it holds more than it says', e.name));
      else done(null, chunk);
    },
    flush(done) {
      if (size !== e.size) done(wrong('it holds less than it says', e.name));
      else if (crc !== e.crc) done(wrong('its bytes are not those that were packed', e.name));
      else done();
    },
  });
}

/**
 * Unpacks files of an archive into a folder, which has to be empty or not there.
 * @param entries of {@link zipEntries} of the same file. @param how.below folder in the archive that they lie in, which is not made again.
 * @param how.after is told each; what it throws ends it.
 * @throws CovisError as {@link zipEntries}, `DISK_FULL`. What was written until then stays, for the caller to remove.
 */
export async function unzip(
  file: string,
  entries: readonly ZipEntry[],
  out: string,
  { below = '', after }: { readonly below?: string; readonly after?: (done: number) => void } = {},
): Promise<void> {
  const wrong = wrongOf(file);
  mkdirSync(out, { recursive: true });
  const wanted = entries.reduce((n, e) => n + e.size, 0);
  if (wanted + ROOM > (freeBytes(out) ?? Infinity))
    throw new CovisError('DISK_FULL', `There is too little room to unpack ${Math.ceil(wanted / 1e6)} MB`, {
      file: out,
      hint: 'Make room there, or choose a folder on another disk.',
    });
  const fd = openSync(file, 'r');
  try {
    for (const [i, e] of entries.entries()) {
      const start = dataAt(fd, e, file);
      const target = join(out, ...e.name.slice(below.length).split('/'));
      try {
        mkdirSync(dirname(target), { recursive: true });
        const from =
          e.packed === 0 ? [] : createReadStream(file, { fd, autoClose: false, start, end: start + e.packed - 1 });
        // Never over a file that is there.
        const to = createWriteStream(target, { flags: 'wx' });
        if (e.method === STORED) await pipeline(from, checked(e, wrong), to);
        else await pipeline(from, createInflateRaw(), checked(e, wrong), to);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (typeof code === 'string' && code.startsWith('Z_')) throw wrong('its bytes are damaged', e.name);
        if (code === 'EEXIST' || code === 'ENOTDIR') throw refusedOf(file)('is a file and a folder', e.name);
        throw diskError(error, target, e.size);
      }
      after?.(i + 1);
    }
  } finally {
    closeSync(fd);
  }
}
