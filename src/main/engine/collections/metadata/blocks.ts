/** Where the metadata of an image file lies: EXIF, XMP and IPTC of JPEG, PNG, WebP, TIFF and GIF, by the structure of each. */
import { crc32, inflateSync } from 'node:zlib';
import { kindByContent } from '../../library/photo-kinds.ts';
import { TiffBlock } from './tiff-tags.ts';

/** A block of metadata: what it is and its bytes, which are a part of the file's. */
export interface Block {
  readonly kind: 'exif' | 'xmp' | 'xmp-more' | 'iptc';
  /** A view of the file, or what was unpacked of it. */
  readonly bytes: Buffer;
  /** The chunk of a PNG that it lies in, as [begin, end) of the file: its check sum, or all of it, has to be made anew. */
  readonly chunk?: readonly [number, number];
  /** True where {@link bytes} were unpacked from the file. */
  readonly packed?: boolean;
}

const EXIF = Buffer.from('Exif\0\0', 'latin1');
const XMP = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');
const XMP_MORE = Buffer.from('http://ns.adobe.com/xmp/extension/\0', 'latin1');
const PHOTOSHOP = Buffer.from('Photoshop 3.0\0', 'latin1');
/** Digest, whole length and offset before each part of a long packet. */
const MORE_HEAD = 40;
const MOST_UNPACKED = 16 << 20;
const MOST_IMAGES = 32;
const [SOI, EOI, SOS, APP1, APP13] = [0xd8, 0xd9, 0xda, 0xe1, 0xed] as const;
const [TAG_XMP, TAG_IPTC, TAG_PHOTOSHOP] = [0x2bc, 0x83bb, 0x8649] as const;

const begins = (bytes: Buffer, head: Buffer): boolean =>
  bytes.length >= head.length && head.compare(bytes, 0, head.length) === 0;

/** Blocks of a whole file; none for kinds that are not known. */
export function blocksOf(file: Buffer): Block[] {
  switch (kindByContent(file)) {
    case 'JPEG':
      return jpegBlocks(file);
    case 'PNG':
      return pngBlocks(file);
    case 'WebP':
      return webpBlocks(file);
    case 'TIFF':
      return tiffBlocks(file);
    case 'GIF':
      return packetIn(file);
    default:
      return [];
  }
}

/** Of a JPEG, and of the JPEGs behind it that cameras add as previews. */
function jpegBlocks(file: Buffer): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  for (let images = 0; from >= 0 && images < MOST_IMAGES; images += 1) {
    const end = jpegImage(file, from, blocks);
    from = file.indexOf(Buffer.from([0xff, SOI, 0xff]), end);
  }
  return blocks;
}

/** Takes in the blocks of one image. @returns the byte behind it. */
function jpegImage(file: Buffer, from: number, into: Block[]): number {
  for (let at = from + 2; at + 4 <= file.length;) {
    if (file[at] !== 0xff) return at;
    const marker = file[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === EOI) return at + 2;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const length = file.readUInt16BE(at + 2);
    const end = Math.min(file.length, at + 2 + Math.max(2, length));
    const body = file.subarray(at + 4, end);
    if (marker === APP1 && begins(body, EXIF)) into.push({ kind: 'exif', bytes: body.subarray(EXIF.length) });
    else if (marker === APP1 && begins(body, XMP)) into.push({ kind: 'xmp', bytes: body.subarray(XMP.length) });
    else if (marker === APP1 && begins(body, XMP_MORE))
      into.push({ kind: 'xmp-more', bytes: body.subarray(XMP_MORE.length + MORE_HEAD) });
    else if (marker === APP13 && begins(body, PHOTOSHOP))
      into.push(...photoshopBlocks(body.subarray(PHOTOSHOP.length)));
    at = end;
    // What is coded follows, up to the next marker that is none of its own.
    if (marker === SOS)
      while (at + 1 < file.length) {
        at = file.indexOf(0xff, at);
        if (at < 0) return file.length;
        const next = file[at + 1] ?? 0;
        if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) break;
        at += next === 0xff ? 1 : 2;
      }
  }
  return file.length;
}

/** IPTC in Photoshop's resources, of which 0x0404 is it. */
function photoshopBlocks(body: Buffer): Block[] {
  for (let at = 0; at + 12 <= body.length;) {
    const signature = body.toString('latin1', at, at + 4);
    if (!['8BIM', 'AgHg', 'DCSR', 'PHUT'].includes(signature)) return [];
    const id = body.readUInt16BE(at + 4);
    const name = body[at + 6]!;
    const sizeAt = at + 6 + name + 1 + ((name + 1) % 2);
    if (sizeAt + 4 > body.length) return [];
    const size = body.readUInt32BE(sizeAt);
    const value = sizeAt + 4;
    if (value + size > body.length) return [];
    if (id === 0x0404) return [{ kind: 'iptc', bytes: body.subarray(value, value + size) }];
    at = value + size + (size % 2);
  }
  return [];
}

function pngBlocks(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 8; at + 12 <= file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const end = at + 12 + length;
    if (end > file.length) break;
    const body = file.subarray(at + 8, at + 8 + length);
    const chunk = [at, end] as const;
    if (type === 'eXIf') blocks.push({ kind: 'exif', bytes: begins(body, EXIF) ? body.subarray(6) : body, chunk });
    else if (type === 'iTXt' || type === 'zTXt' || type === 'tEXt') blocks.push(...pngText(type, body, chunk));
    if (type === 'IEND') break;
    at = end;
  }
  return blocks;
}

function pngText(type: 'iTXt' | 'zTXt' | 'tEXt', body: Buffer, chunk: readonly [number, number]): Block[] {
  const nul = body.indexOf(0);
  if (nul < 1 || nul > 79) return [];
  const keyword = body.toString('latin1', 0, nul);
  if (type === 'iTXt') {
    if (keyword !== 'XML:com.adobe.xmp') return [];
    const language = body.indexOf(0, nul + 3);
    const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
    if (translated < 0) return [];
    const text = body.subarray(translated + 1);
    if (body[nul + 1] !== 1) return [{ kind: 'xmp', bytes: text, chunk }];
    const plain = unpacked(text);
    return plain === undefined ? [] : [{ kind: 'xmp', bytes: plain, chunk, packed: true }];
  }
  // As libvips writes it.
  if (keyword === 'XML:com.adobe.xmp') {
    const packet = type === 'zTXt' ? unpacked(body.subarray(nul + 2)) : body.subarray(nul + 1);
    return packet === undefined ? [] : [{ kind: 'xmp', bytes: packet, chunk, packed: type === 'zTXt' }];
  }
  // As ImageMagick writes it: a line feed, the name, the length, hexadecimal digits in lines.
  const profile = /^Raw profile type (exif|APP1|xmp|iptc|8bim)$/.exec(keyword)?.[1];
  if (profile === undefined) return [];
  const text = type === 'zTXt' ? unpacked(body.subarray(nul + 2)) : body.subarray(nul + 1);
  const hex = text === undefined ? null : /^\s*[\w.]+\s+\d+\s+([0-9a-fA-F\s]+)$/.exec(text.toString('latin1'));
  if (hex === null) return [];
  const bytes = Buffer.from(hex[1]!.replace(/\s/g, ''), 'hex');
  if (begins(bytes, EXIF)) return [{ kind: 'exif', bytes: bytes.subarray(EXIF.length), chunk, packed: true }];
  if (profile === 'xmp' || begins(bytes, XMP))
    return [{ kind: 'xmp', bytes: begins(bytes, XMP) ? bytes.subarray(XMP.length) : bytes, chunk, packed: true }];
  if (profile === 'iptc' || profile === '8bim')
    return photoshopBlocks(begins(bytes, PHOTOSHOP) ? bytes.subarray(PHOTOSHOP.length) : bytes).map((b) => ({
      ...b,
      chunk,
      packed: true,
    }));
  return TiffBlock.of(bytes) === undefined ? [] : [{ kind: 'exif', bytes, chunk, packed: true }];
}

function unpacked(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MOST_UNPACKED });
  } catch {
    // Damaged, or a bomb: no metadata.
    return undefined;
  }
}

function webpBlocks(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 12; at + 8 <= file.length;) {
    const type = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, Math.min(file.length, at + 8 + length));
    if (type === 'EXIF') blocks.push({ kind: 'exif', bytes: begins(body, EXIF) ? body.subarray(6) : body });
    else if (type === 'XMP ') blocks.push({ kind: 'xmp', bytes: body });
    at += 8 + length + (length % 2);
  }
  return blocks;
}

function tiffBlocks(file: Buffer): Block[] {
  const tiff = TiffBlock.of(file);
  if (tiff === undefined) return [];
  const blocks: Block[] = [{ kind: 'exif', bytes: file }];
  for (const { tags } of tiff.chain())
    for (const t of tags)
      if (t.tag === TAG_XMP) blocks.push({ kind: 'xmp', bytes: tiff.value(t) });
      else if (t.tag === TAG_IPTC) blocks.push({ kind: 'iptc', bytes: tiff.value(t) });
      else if (t.tag === TAG_PHOTOSHOP) blocks.push(...photoshopBlocks(tiff.value(t)));
  return blocks;
}

/** A packet where it can be seen, as in a GIF. */
function packetIn(file: Buffer): Block[] {
  const from = file.indexOf('<x:xmpmeta');
  const to = from < 0 ? -1 : file.indexOf('</x:xmpmeta>', from);
  return to < 0 ? [] : [{ kind: 'xmp', bytes: file.subarray(from, to + 12) }];
}

/** The chunk of a PNG that holds an XMP packet as it is. */
export function xmpChunk(packet: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('iTXtXML:com.adobe.xmp\0\0\0\0\0', 'latin1'), packet]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length - 4, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
