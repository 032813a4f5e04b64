import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { readExif } from '../../../src/main/engine/library/exif.ts';
import { imageHeader, inspectPhoto, listPhotos } from '../../../src/main/engine/library/photo-files.ts';
import { kindByEnding, READABLE } from '../../../src/main/engine/library/photo-kinds.ts';
import { decode } from '../../../src/main/engine/library/pixels.ts';
import { uprightJpeg } from '../../../src/main/engine/library/thumbnails.ts';
import { notFinite, seed, type FuzzTarget, type Seed } from '../target.ts';

const EXIF = {
  IFD0: { Make: 'Canon', Model: 'Canon EOS', DateTime: '2020:05:06 07:08:09' },
  IFD2: { DateTimeOriginal: '2019:05:06 07:08:09', OffsetTimeOriginal: '+02:00', FocalLengthIn35mmFilm: '28' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '50/1 4/1 30/1', GPSLongitudeRef: 'E', GPSLongitude: '14/1 24/1 0/1' },
};

/** A small picture with something in it. */
export function picture(channels: 1 | 3 | 4 = 3, width = 24, height = 16): Sharp {
  const data = Buffer.alloc(width * height * channels, 255);
  for (let i = 0; i < data.length; i += 1) if (i % 7 < 3 || i % (width * channels) < 9) data[i] = (i * 31) % 200;
  return sharp(data, { raw: { width, height, channels } });
}

/** A TIFF of one channel of 32-bit floats from 0 to 1. */
function floats(width: number, height: number): Buffer {
  const data = Float32Array.from({ length: width * height }, (_, i) => i / (width * height));
  const tags = [
    [256, width],
    [257, height],
    [258, 32],
    [259, 1],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, height],
    [279, data.byteLength],
    [339, 3],
  ] as const;
  const directory = Buffer.alloc(2 + 12 * tags.length + 4);
  directory.writeUInt16LE(tags.length);
  tags.forEach(([tag, value], i) => {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(4, 4 + 12 * i);
    directory.writeUInt32LE(1, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  });
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(8 + data.byteLength, 4);
  return Buffer.concat([head, Buffer.from(data.buffer), directory]);
}

const PHOTOS: Readonly<Record<(typeof READABLE)[number], () => Promise<Seed[]>>> = {
  JPEG: async () => [
    seed('exif', { 'a.jpg': await picture().withExif(EXIF).jpeg({ quality: 70 }).toBuffer() }),
    seed('turned', {
      'a.jpg': await picture(1).withMetadata({ orientation: 6 }).jpeg({ progressive: true }).toBuffer(),
    }),
    seed('inks', { 'a.jpg': await picture().toColourspace('cmyk').jpeg().toBuffer() }),
  ],
  PNG: async () => [
    seed('colour', { 'a.png': await picture(4).withExif(EXIF).png().toBuffer() }),
    seed('grey', { 'a.png': await picture(1).toColourspace('grey16').png().toBuffer() }),
    seed('palette', { 'a.png': await picture().png({ palette: true }).toBuffer() }),
  ],
  WebP: async () => [
    seed('lossy', { 'a.webp': await picture(4).withExif(EXIF).webp().toBuffer() }),
    seed('lossless', { 'a.webp': await picture().webp({ lossless: true }).toBuffer() }),
  ],
  TIFF: async () => [
    seed('packed', {
      'a.tif': await picture().withExif(EXIF).tiff({ compression: 'deflate', predictor: 'horizontal' }).toBuffer(),
    }),
    seed('float', { 'a.tif': floats(6, 4) }),
    seed('tiles', {
      'a.tif': await picture().tiff({ tile: true, tileWidth: 16, tileHeight: 16, compression: 'lzw' }).toBuffer(),
    }),
  ],
  AVIF: async () => [seed('avif', { 'a.avif': await picture().avif({ effort: 0 }).toBuffer() })],
  GIF: async () => [seed('gif', { 'a.gif': await picture(4).gif().toBuffer() })],
};

const photos = READABLE.map((kind): FuzzTarget => ({
  name: `photos/${kind.toLowerCase()}`,
  seeds: () => PHOTOS[kind](),
  takes: (file) => kindByEnding(file) === kind,
  async read({ input }) {
    const [name = 'gone'] = readdirSync(input);
    listPhotos(input);
    const photo = await inspectPhoto(input, name);
    const { taken, latitude, longitude, focal } = photo.facts;
    const wrong = notFinite({
      size: [photo.width, photo.height],
      facts: [taken ?? 0, latitude ?? 0, longitude ?? 0, focal ?? 0],
    });
    if (wrong !== undefined) return wrong;
    const { width, height, data } = await decode(join(input, name), 20);
    if (data.length !== 3 * width * height || width > 20 || height > 20)
      return `${data.length} bytes of ${width} x ${height}`;
    await uprightJpeg(join(input, name), 16);
    return undefined;
  },
}));

/** The block alone, so that it is reached whatever a picture's checksums say. */
const exif: FuzzTarget = {
  name: 'photos/exif',
  async seeds() {
    const bytes = await picture().withExif(EXIF).jpeg().toBuffer();
    const block = (await imageHeader(bytes)).exif!;
    return [seed('exif', { 'block.exif': block })];
  },
  async read({ input }) {
    const { readFile } = await import('node:fs/promises');
    const facts = readExif(await readFile(join(input, 'block.exif')), 4000);
    const { taken, latitude, longitude, focal, camera } = facts;
    if (camera !== null && camera.length > 100) return 'the camera has a long name';
    return notFinite({ facts: [taken ?? 0, latitude ?? 0, longitude ?? 0, focal ?? 0] });
  },
};

export const PHOTO_TARGETS: readonly FuzzTarget[] = [...photos, exif];
