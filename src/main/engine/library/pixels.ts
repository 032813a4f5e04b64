import { existsSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { CovisError } from '../../../shared/errors.ts';
import type { Preprocess } from '../../../shared/domain.ts';
import { LIMITS } from '../formats/budget.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import { readRegularSoon, refuseNotRegular } from '../formats/regular.ts';
import { HEAD_BYTES, imageKind, kindByContent, refuseKind } from './photo-kinds.ts';

/** Pixels of the long side below which a crop is not shrunk, so that a network has something to look at. */
const MIN_CROP = 64;

/** RGB bytes, row-major, as displayed. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A part of a photo as displayed, in fractions of its width and height. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The one size that a network takes, and how photos become it. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Whole, within it; or filling it, cut evenly at two sides. */
  readonly fit: 'pad' | 'crop';
}

/**
 * Decodes a photo, or a part of it, into a frame: as large as fits into it for `pad`, of its very size for `crop`. Small ones are enlarged.
 * @throws CovisError `INPUT_MISSING` or `INPUT_CORRUPT` naming the file.
 */
export async function decodeInto(file: string | Uint8Array, frame: Frame, crop?: Crop): Promise<Pixels> {
  if (typeof file === 'string' && !existsSync(file))
    throw new CovisError('INPUT_MISSING', 'This photo does not exist', { file });
  try {
    const whole = await photoImage(file);
    const part = crop === undefined ? whole : (await cropped(whole, 1, crop)).part;
    return await rgbOf(
      part.resize(frame.width, frame.height, { fit: frame.fit === 'pad' ? 'inside' : 'cover', kernel: 'lanczos3' }),
    );
  } catch (cause) {
    throw undecodable(file, cause);
  }
}

/**
 * Decodes a photo, applies EXIF orientation and shrinks its long side to `size` with Lanczos; enlarges only when told to (methods.md 1.6, 2.6).
 * A crop is taken first and shrunk by the factor of the whole photo, so that objects keep their size (methods.md 1.7).
 * @throws CovisError `INPUT_MISSING` or `INPUT_CORRUPT` naming the file.
 */
export async function decode(file: string | Uint8Array, size: number, crop?: Crop, enlarge = false): Promise<Pixels> {
  if (typeof file === 'string' && !existsSync(file)) {
    throw new CovisError('INPUT_MISSING', 'This photo does not exist', { file });
  }
  try {
    const whole = await photoImage(file);
    const { part, limit } = crop === undefined ? { part: whole, limit: size } : await cropped(whole, size, crop);
    return await rgbOf(part.resize(limit, limit, { fit: 'inside', withoutEnlargement: !enlarge, kernel: 'lanczos3' }));
  } catch (cause) {
    throw undecodable(file, cause);
  }
}

async function rgbOf(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const rgb = info.channels === 3 ? data : greyToRgb(data, info.channels);
  return { width: info.width, height: info.height, data: rgb };
}

/** The error of a photo that cannot be decoded, naming its file. */
export function undecodable(file: string | Uint8Array, cause: unknown): CovisError {
  if (cause instanceof CovisError) return cause;
  if (typeof file === 'string') {
    // Looked at only now: nearly all photos are what they seem.
    try {
      refuseStandIn(file);
    } catch (error) {
      if (error instanceof CovisError) return error;
    }
  }
  const where = typeof file === 'string' ? { file } : {};
  if (cause instanceof Error && /^timeout\b/.test(cause.message))
    return new CovisError('INPUT_UNSUPPORTED', `This photo takes more than ${LIMITS.photo.seconds} s to decode`, {
      ...where,
      hint: 'Make it smaller, or save it as another kind of image.',
      cause,
    });
  return new CovisError('INPUT_CORRUPT', 'This photo cannot be decoded', { ...where, cause });
}

/**
 * Opens a photo to be decoded: the one way from a file to pixels, so that networks, features, hashes and thumbnails see the same.
 * Of several pictures in a file it is the first. 16 bits become 8 by division by 257 (rounded down).
 * A colour profile in the file is applied by Little CMS and gives sRGB, with perceptual intent. That is what the photo looks like; Pillow's
 * `convert('RGB')`, OpenCV and with them most training code pass profiles over, which for inks is off by 20 of 255 in the mean. Pillow's
 * ImageCms gives the same values to 1 with the same Little CMS (2.19); one of 2.14 finds another black of the inks, 1.7 off in the mean
 * and 21 at most. CMYK without a profile is (1 - C)(1 - K), as in Pillow and OpenCV, for nothing says which press is meant.
 * Floats from 0 to 1 are spread over 0 to 255; floats and 32-bit integers from 0 to 255 are taken as they are.
 * @param upright turned as EXIF says; false leaves the photo as stored.
 * @throws CovisError `INPUT_UNSUPPORTED` for values of another range, which could mean anything. @throws Error when it is no image.
 */
export async function photoImage(file: string | Uint8Array, upright = true): Promise<Sharp> {
  const { source, bytes } = await photoSource(file);
  const open = (): Sharp => {
    const image = sharp(source, { failOn: 'error' }).timeout({ seconds: LIMITS.photo.seconds });
    return upright ? image.autoOrient() : image;
  };
  const image = open();
  const { depth, space, hasProfile, width, height, channels } = await image.metadata();
  refusePixels(width, height, bytes, file);
  if (depth === 'uchar' || depth === 'ushort') {
    if (space !== 'cmyk' || hasProfile) return image;
    refuseValues(width * height * 4, file);
    const { data, info } = await open()
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return raw(printed(data, info.channels), info.width, info.height, 3);
  }
  refuseValues(width * height * channels * Float64Array.BYTES_PER_ELEMENT, file);
  const { data, info } = await open()
    .pipelineColourspace(space ?? 'srgb')
    .toColourspace(space ?? 'srgb')
    .raw({ depth: 'double' })
    .toBuffer({ resolveWithObject: true });
  const whole = data.byteOffset % Float64Array.BYTES_PER_ELEMENT === 0 ? data : Uint8Array.from(data);
  const values = new Float64Array(whole.buffer, whole.byteOffset, data.length / Float64Array.BYTES_PER_ELEMENT);
  const bytes8 = spread(values, depth === 'float' || depth === 'double', depth === 'char' || depth === 'short', file);
  return raw(bytes8, info.width, info.height, info.channels);
}

/**
 * What the decoder is given: the bytes of a regular file, so that it opens nothing itself; the path where they are too many. Only the kinds
 * of images that photos are of come so far.
 */
async function photoSource(file: string | Uint8Array): Promise<{ source: string | Uint8Array; bytes: number }> {
  const read = typeof file === 'string' ? await readRegularSoon(file, LIMITS.photo.whole) : file;
  if (read === undefined) return { source: file, bytes: refuseNotRegular(file as string).size };
  const head = Buffer.from(read.subarray(0, HEAD_BYTES));
  const kind = imageKind(typeof file === 'string' ? file : '', head);
  refuseKind(kind, file);
  if (kindByContent(head) === undefined) throw new Error('no photo');
  return { source: read, bytes: read.length };
}

/** @throws CovisError `INPUT_UNSUPPORTED` for more pixels than are decoded, and for more than a photo of so many bytes has. */
export function refusePixels(width: number, height: number, bytes: number, file: string | Uint8Array): void {
  const { pixels, free, each } = LIMITS.photo;
  const where = typeof file === 'string' ? { file } : {};
  if (width * height > pixels)
    throw new CovisError('INPUT_UNSUPPORTED', `This photo has ${width} x ${height} pixels, too many to decode`, {
      ...where,
      hint: `Make it smaller: at most ${pixels} pixels.`,
    });
  if (width * height > free + each * bytes)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `This photo says that it has ${width} x ${height} pixels, and has ${bytes} bytes: no photo is packed as tightly`,
      { ...where, hint: 'If it is one colour nearly everywhere, make it smaller.' },
    );
}

function refuseValues(bytes: number, file: string | Uint8Array): void {
  if (bytes > LIMITS.photo.values)
    throw new CovisError('INPUT_UNSUPPORTED', 'This photo is too large to be decoded value by value', {
      ...(typeof file === 'string' ? { file } : {}),
      hint: 'Save it as RGB with 8 or 16 bits, or make it smaller.',
    });
}

function raw(data: Uint8Array, width: number, height: number, channels: number): Sharp {
  return sharp(data, { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 } });
}

function printed(inks: Uint8Array, channels: number): Uint8Array {
  const n = inks.length / channels;
  const rgb = new Uint8Array(3 * n);
  for (let i = 0; i < n; i += 1) {
    const paper = 255 - inks[i * channels + 3]!;
    for (let c = 0; c < 3; c += 1) rgb[3 * i + c] = Math.round(((255 - inks[i * channels + c]!) * paper) / 255);
  }
  return rgb;
}

function spread(values: Float64Array, floats: boolean, signed: boolean, file: string | Uint8Array): Uint8Array {
  let low = Infinity;
  let high = -Infinity;
  let finite = true;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
    if (!Number.isFinite(v)) finite = false;
  }
  // Between 1 and 2 lies what is a little brighter than white, or nearly black.
  const gain = floats && high <= 1 ? 255 : floats && high < 2 ? undefined : 1;
  if (!finite || signed || low < 0 || high > 255 || gain === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      signed
        ? 'The values of this image are signed, so that it is not known which of them is white'
        : `The values of this image ${finite ? `are from ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))}` : 'are not all numbers'}, so that it is not known which of them is white`,
      {
        ...(typeof file === 'string' ? { file } : {}),
        hint: 'Save it with 8 or 16 bits, or as floats from 0 to 1.',
      },
    );
  return Uint8Array.from(values, (v) => Math.round(gain * v));
}

async function cropped(whole: Sharp, size: number, crop: Crop): Promise<{ part: Sharp; limit: number }> {
  const { autoOrient: full } = await whole.metadata();
  const left = Math.min(full.width - 1, Math.max(0, Math.round(crop.x * full.width)));
  const top = Math.min(full.height - 1, Math.max(0, Math.round(crop.y * full.height)));
  const width = Math.max(1, Math.min(full.width - left, Math.round(crop.width * full.width)));
  const height = Math.max(1, Math.min(full.height - top, Math.round(crop.height * full.height)));
  const limit = Math.max(MIN_CROP, Math.round((size * Math.max(width, height)) / Math.max(full.width, full.height)));
  return { part: whole.extract({ left, top, width, height }), limit };
}

function greyToRgb(data: Uint8Array, channels: number): Uint8Array {
  const n = data.length / channels;
  const out = new Uint8Array(3 * n);
  for (let i = 0; i < n; i += 1) out.fill(data[i * channels]!, 3 * i, 3 * i + 3);
  return out;
}

/** Normalised network input of one photo, [1, 3, height, width]. */
export function toInput(pixels: Pixels, p: Preprocess): { dims: [number, number, number, number]; data: Float32Array } {
  const area = pixels.width * pixels.height;
  const data = new Float32Array(3 * area);
  for (let c = 0; c < 3; c += 1) {
    const from = p.order === 'RGB' ? c : 2 - c;
    const gain = p.scale / p.std[c]!;
    const shift = p.mean[c]! / p.std[c]!;
    const plane = data.subarray(c * area, (c + 1) * area);
    for (let i = 0; i < area; i += 1) plane[i] = pixels.data[3 * i + from]! * gain - shift;
  }
  return { dims: [1, 3, pixels.height, pixels.width], data };
}
