import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { CovisError } from '../../../shared/errors.ts';
import type { Preprocess } from '../../../shared/domain.ts';

/** RGB bytes, row-major, as displayed. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Decodes a photo, applies EXIF orientation and shrinks its long side to `size` with Lanczos; never enlarges (methods.md 1.6).
 * @throws CovisError `INPUT_MISSING` or `INPUT_CORRUPT` naming the file.
 */
export async function decode(file: string | Uint8Array, size: number): Promise<Pixels> {
  if (typeof file === 'string' && !existsSync(file)) {
    throw new CovisError('INPUT_MISSING', 'This photo does not exist', { file });
  }
  try {
    const { data, info } = await sharp(file, { failOn: 'error' })
      .autoOrient()
      .resize(size, size, { fit: 'inside', withoutEnlargement: true, kernel: 'lanczos3' })
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
