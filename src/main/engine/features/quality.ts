import type { PhotoQuality } from '../../../shared/facts/quality.ts';
import { CovisError } from '../../../shared/errors.ts';
import { decode, photoImage, undecodable, type Pixels } from '../library/pixels.ts';

/** Long side in pixels at which all but blockiness is measured; smaller photos are enlarged to it, so that all are seen alike. */
export const QUALITY_SIDE = 512;
/** Side of a tile whose sharpness is measured. */
const TILE = 64;
/** The share of tiles, the sharpest, that count. */
const SHARP_SHARE = 0.25;
/** Bytes up to which a channel is black, and from which it is white. */
const BLACK = 2;
const WHITE = 253;
const BLOCK = 8;
/** Blocks along a side of the middle part in which blockiness is looked for. */
const MOST_BLOCKS = 128;

/** A single channel, 0 to 255, row-major. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array | Uint8Array;
}

/** Luma of BT.601: 0.299 R + 0.587 G + 0.114 B. */
export function lumaOf({ width, height, data }: Pixels): Grey {
  const out = new Float32Array(width * height);
  for (let i = 0; i < out.length; i += 1)
    out[i] = 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!;
  return { width, height, data: out };
}

/**
 * Standard deviation of the Laplacian (4y − left − right − above − below, pixels of the border left out), squared and averaged over the
 * sharpest quarter of tiles of about 64 px: a blurred background is no blur. 0 for a photo of fewer than three pixels along a side.
 */
export function sharpness({ width, height, data }: Grey): number {
  if (width < 3 || height < 3) return 0;
  const across = Math.max(1, Math.round(width / TILE));
  const down = Math.max(1, Math.round(height / TILE));
  const variances: number[] = [];
  for (let ty = 0; ty < down; ty += 1)
    for (let tx = 0; tx < across; tx += 1) {
      const [x0, x1] = [Math.round((tx * width) / across), Math.round(((tx + 1) * width) / across)];
      const [y0, y1] = [Math.round((ty * height) / down), Math.round(((ty + 1) * height) / down)];
      let [n, sum, squares] = [0, 0, 0];
      for (let y = Math.max(1, y0); y < Math.min(height - 1, y1); y += 1)
        for (let x = Math.max(1, x0); x < Math.min(width - 1, x1); x += 1) {
          const i = y * width + x;
          const v = 4 * data[i]! - data[i - 1]! - data[i + 1]! - data[i - width]! - data[i + width]!;
          n += 1;
          sum += v;
          squares += v * v;
        }
      if (n > 0) variances.push(Math.max(0, squares / n - (sum / n) ** 2));
    }
  variances.sort((a, b) => b - a);
  const kept = variances.slice(0, Math.ceil(SHARP_SHARE * variances.length));
  return Math.sqrt(kept.reduce((a, b) => a + b, 0) / kept.length);
}

/** Mean luma of 0 to 1, and the shares of pixels whose three channels are all black (at most 2) and all white (at least 253). */
export function exposure(pixels: Pixels): { brightness: number; dark: number; bright: number } {
  const { data } = pixels;
  const n = data.length / 3;
  let [dark, bright] = [0, 0];
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    if (r <= BLACK && g <= BLACK && b <= BLACK) dark += 1;
    else if (r >= WHITE && g >= WHITE && b >= WHITE) bright += 1;
  }
  const luma = lumaOf(pixels).data;
  let sum = 0;
  for (const v of luma) sum += v;
  return { brightness: sum / n / 255, dark: dark / n, bright: bright / n };
}

/** Shannon entropy in bits of the luma's histogram, rounded to 256 values. */
export function entropy({ data }: Grey): number {
  const counts = new Uint32Array(256);
  for (const v of data) counts[Math.round(v)]! += 1;
  let bits = 0;
  for (const c of counts) if (c > 0) bits -= (c / data.length) * Math.log2(c / data.length);
  return Math.max(0, bits);
}

/**
 * Hasler and Süsstrunk 2003, "Measuring colourfulness in natural images": rg = R − G, yb = (R + G)/2 − B;
 * √(σ²rg + σ²yb) + 0.3 √(μ²rg + μ²yb).
 */
export function colourfulness({ data }: Pixels): number {
  const n = data.length / 3;
  let [rg, yb, rg2, yb2] = [0, 0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    const a = data[i]! - data[i + 1]!;
    const b = (data[i]! + data[i + 1]!) / 2 - data[i + 2]!;
    rg += a;
    yb += b;
    rg2 += a * a;
    yb2 += b * b;
  }
  const [ma, mb] = [rg / n, yb / n];
  const variance = Math.max(0, rg2 / n - ma * ma) + Math.max(0, yb2 / n - mb * mb);
  return Math.sqrt(variance) + 0.3 * Math.sqrt(ma * ma + mb * mb);
}

/**
 * How much larger steps between neighbouring pixels are across the borders of 8 x 8 blocks than within blocks, along rows and columns:
 * (B − A) / (B + A) of their means, 0 where they are not larger, where nothing changes, and below 16 pixels a side.
 * @param grey as the file has it: neither turned nor made smaller, and beginning at a block's corner.
 */
export function blockiness({ width, height, data }: Grey): number {
  if (width < 2 * BLOCK || height < 2 * BLOCK) return 0;
  const sums = [0, 0];
  const counts = [0, 0];
  const step = (a: number, b: number, at: number): void => {
    const border = at % BLOCK === BLOCK - 1 ? 1 : 0;
    sums[border]! += Math.abs(a - b);
    counts[border]! += 1;
  };
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x + 1 < width; x += 1) step(data[y * width + x]!, data[y * width + x + 1]!, x);
  for (let y = 0; y + 1 < height; y += 1)
    for (let x = 0; x < width; x += 1) step(data[y * width + x]!, data[(y + 1) * width + x]!, y);
  const [within, across] = [sums[0]! / counts[0]!, sums[1]! / counts[1]!];
  return across > within ? (across - within) / (across + within) : 0;
}

/** Everything of {@link PhotoQuality} but blockiness, of a photo at {@link QUALITY_SIDE}. */
export function qualityOfPixels(pixels: Pixels): Omit<PhotoQuality, 'blockiness'> {
  const luma = lumaOf(pixels);
  return {
    sharpness: sharpness(luma),
    ...exposure(pixels),
    entropy: entropy(luma),
    colourfulness: colourfulness(pixels),
  };
}

/** The middle of a photo as its file has it, from a block's corner on. */
async function middle(file: string | Uint8Array): Promise<Grey> {
  try {
    const image = await photoImage(file, false);
    const { width, height } = await image.metadata();
    const part = (side: number): { from: number; size: number } => {
      const blocks = Math.min(MOST_BLOCKS, Math.floor(side / BLOCK));
      const from = BLOCK * Math.floor((Math.floor(side / BLOCK) - blocks) / 2);
      return blocks === 0 ? { from: 0, size: side } : { from, size: blocks * BLOCK };
    };
    const [h, v] = [part(width), part(height)];
    const { data, info } = await image
      .extract({ left: h.from, top: v.from, width: h.size, height: v.size })
      .flatten({ background: '#ffffff' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const grey =
      info.channels === 1 ? data : Uint8Array.from({ length: h.size * v.size }, (_, i) => data[i * info.channels]!);
    return { width: info.width, height: info.height, data: grey };
  } catch (cause) {
    throw undecodable(file, cause);
  }
}

/** Measures a photo. @throws CovisError `INPUT_MISSING` or `INPUT_CORRUPT` naming the file. */
export async function qualityOf(file: string | Uint8Array): Promise<PhotoQuality> {
  const pixels = await decode(file, QUALITY_SIDE, undefined, true);
  const found = { ...qualityOfPixels(pixels), blockiness: blockiness(await middle(file)) };
  if (!Object.values(found).every(Number.isFinite))
    throw new CovisError('INTERNAL', 'The quality of a photo is no number', typeof file === 'string' ? { file } : {});
  return found;
}
