/** Takes coordinates out of a photo's metadata where they stand, so that no other byte of the file moves and no pixel changes. */
import sharp from 'sharp';
import { crc32 } from 'node:zlib';
import { CovisError } from '../../../../shared/errors.ts';
import { blocksOf, xmpChunk, type Block } from './blocks.ts';
import { TiffBlock } from './tiff-tags.ts';

const GPS_IFD = 0x8825;
/** No value of GPS tags is as long. */
const MOST_OF_A_VALUE = 1 << 16;
/** Names of XMP that say where: exif:GPSLatitude, drone-dji:GpsLongitude, geo:lat. */
const WHERE = String.raw`[\w.-]+:(?:gps\w*)|geo:(?:lat|long|lat_long|location)`;
const ATTRIBUTE = new RegExp(String.raw`\s(?:${WHERE})\s*=\s*(?:"[^"]*"|'[^']*')`, 'gi');
const ELEMENT = new RegExp(String.raw`<(${WHERE})(?=[\s/>])[^>]*?(?:/>|>[\s\S]*?</\1\s*>)`, 'gi');
const LEFT = new RegExp(String.raw`(?:${WHERE})`, 'i');
/** Where a film that a phone keeps behind a photo says where it was taken. */
const FILM = Buffer.from('\u00a9xyz', 'latin1');

/**
 * The same file without coordinates: EXIF's GPS directory, XMP's GPS names, also of previews behind a JPEG. Notes of makers in their own
 * forms are not looked into.
 * @returns undefined where the file has none.
 * @throws CovisError `INPUT_UNSUPPORTED` where they are there and cannot be taken out.
 */
export async function withoutGps(file: Buffer, name: string): Promise<Buffer | undefined> {
  let bytes: Buffer = Buffer.from(file);
  let changed = false;
  const packed: Block[] = [];
  for (const b of blocksOf(bytes)) {
    if (b.kind === 'iptc') continue;
    const had = b.kind === 'exif' ? clearExif(b.bytes) : clearXmp(b.bytes);
    if (!had) continue;
    changed = true;
    if (b.packed === true) packed.push(b);
    else if (b.chunk !== undefined)
      bytes.writeUInt32BE(crc32(bytes.subarray(b.chunk[0] + 4, b.chunk[1] - 4)), b.chunk[1] - 4);
  }
  if (clearFilm(bytes)) changed = true;
  // What was packed stands there unpacked then; a packed block of another kind goes as a whole.
  for (const { kind, chunk, bytes: block } of packed.reverse())
    bytes = Buffer.concat([
      bytes.subarray(0, chunk![0]),
      ...(kind === 'xmp' ? [xmpChunk(block)] : []),
      bytes.subarray(chunk![1]),
    ]);
  // Of kinds whose structure is not followed here, the decoder knows the blocks, which lie in the file as they are.
  const { exif, xmp } = await sharp(bytes)
    .metadata()
    .catch(() => ({ exif: undefined, xmp: undefined }));
  for (const [block, clear] of [
    [exif, clearExif],
    [xmp, clearXmp],
  ] as const) {
    if (block === undefined || !clear(Buffer.from(block))) continue;
    const at = bytes.indexOf(block);
    if (at < 0) throw cannot(name);
    clear(bytes.subarray(at, at + block.length));
    changed = true;
  }
  if (!changed) return undefined;
  if (await hasGps(bytes)) throw cannot(name);
  return bytes;
}

/** True where a file says coordinates in EXIF or XMP. */
export async function hasGps(file: Buffer): Promise<boolean> {
  const copy = Buffer.from(file);
  if (blocksOf(copy).some((b) => (b.kind === 'exif' ? clearExif(b.bytes) : b.kind !== 'iptc' && clearXmp(b.bytes))))
    return true;
  const { exif, xmp } = await sharp(file)
    .metadata()
    .catch(() => ({ exif: undefined, xmp: undefined }));
  return (exif !== undefined && clearExif(Buffer.from(exif))) || (xmp !== undefined && clearXmp(Buffer.from(xmp)));
}

function cannot(file: string): CovisError {
  return new CovisError('INPUT_UNSUPPORTED', 'The coordinates of this photo cannot be taken out of its metadata', {
    file,
    hint: 'Save it as JPEG, or leave it out.',
  });
}

/** Zeroes the GPS directory of each directory and closes the gap of its entry. @returns whether there was one. */
function clearExif(bytes: Buffer): boolean {
  const from = bytes.toString('latin1', 0, 6) === 'Exif\0\0' ? 6 : 0;
  const tiff = TiffBlock.of(bytes.subarray(from));
  if (tiff === undefined) return false;
  let had = false;
  const places = [...tiff.chain()].map((d) => d.at);
  for (const at of places)
    for (let d = tiff.directory(at); d !== undefined; d = tiff.directory(at)) {
      const pointer = d.tags.find((t) => t.tag === GPS_IFD);
      if (pointer === undefined) break;
      const gps = tiff.directory(tiff.u32(pointer.entry + 8));
      if (gps !== undefined && !places.includes(gps.at)) {
        for (const t of gps.tags) if (t.bytes > 4 && t.bytes <= MOST_OF_A_VALUE) tiff.value(t).fill(0);
        tiff.bytes.fill(0, gps.at, gps.at + 2 + 12 * tiff.u16(gps.at));
      }
      const entries = tiff.u16(at);
      const end = at + 2 + 12 * entries + 4;
      tiff.bytes.copyWithin(pointer.entry, pointer.entry + 12, end);
      tiff.bytes.fill(0, end - 12, end);
      tiff.setU16(at, entries - 1);
      had = true;
    }
  return had;
}

/** Writes blanks over what says where. @returns whether anything did. */
function clearXmp(bytes: Buffer): boolean {
  // One character a byte, so that nothing moves.
  const text = bytes.toString('latin1');
  if (!LEFT.test(text.replaceAll('\0', ''))) return false;
  const blank = (found: string): string => ' '.repeat(found.length);
  const cleared = text.replace(ELEMENT, blank).replace(ATTRIBUTE, blank);
  // UTF-16, or a part of a packet that begins or ends in the middle of a name.
  if (LEFT.test(cleared.replaceAll('\0', ''))) bytes.fill(' ');
  else bytes.write(cleared, 'latin1');
  return true;
}

function clearFilm(bytes: Buffer): boolean {
  let had = false;
  for (let at = bytes.indexOf(FILM); at >= 4; at = bytes.indexOf(FILM, at + 4)) {
    const size = bytes.readUInt32BE(at - 4);
    const inside = bytes.subarray(at + 8, Math.min(bytes.length, at - 4 + size));
    // Of pixels that happen to read so, nothing is touched: a place is a text like +50.0875+014.4213/.
    if (size < 12 || size > 256 || !/^[+-][\d.]+[+-][\d.]+/.test(inside.toString('latin1').replaceAll('\0', '')))
      continue;
    inside.fill('0');
    had = true;
  }
  return had;
}
