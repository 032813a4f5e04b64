import { existsSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { CovisError } from '../../../shared/errors.ts';
import type { Preprocess } from '../../../shared/domain.ts';

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
    const whole = sharp(file, { failOn: 'error' }).autoOrient();
    const { part, limit } = crop === undefined ? { part: whole, limit: size } : await cropped(whole, size, crop);
    const { data, info } = await part
      .resize(limit, limit, { fit: 'inside', withoutEnlargement: !enlarge, kernel: 'lanczos3' })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const rgb = info.channels === 3 ? data : greyToRgb(data, info.channels);
    return { width: info.width, height: info.height, data: rgb };
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'This photo cannot be decoded', {
      ...(typeof file === 'string' ? { file } : {}),
      cause,
    });
  }
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
