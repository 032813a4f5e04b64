/** Photos changed a little, as other cameras and hands would have taken them. */
import sharp, { type Sharp } from 'sharp';
import type { AugmentationStrengths } from '../../../shared/domain.ts';
import type { Random } from '../library/random.ts';
import type { Pixels } from '../library/pixels.ts';

/** What is done to one photo. */
export interface Change {
  /** Share of each side that is kept, and where what is kept begins, as a share of what is not. */
  readonly kept: number;
  readonly left: number;
  readonly top: number;
  /** Factors. */
  readonly brightness: number;
  readonly saturation: number;
  /** Deviation in pixels. */
  readonly blur: number;
  /** Degrees, clockwise. */
  readonly angle: number;
}

/** Blurring by less is none. */
const LEAST_BLUR = 0.3;
const LEAST_SIDE = 8;
/** Where a turned photo does not reach. */
const GREY = { r: 128, g: 128, b: 128 };

/** Draws what is done to one photo; always as many numbers, whatever the strengths. */
export function drawChange(r: Random, { crop, colour, blur, rotation }: AugmentationStrengths): Change {
  const either = (): number => 2 * r.next() - 1;
  return {
    kept: 1 - crop * r.next(),
    left: r.next(),
    top: r.next(),
    brightness: (1 + colour) ** either(),
    saturation: (1 + colour) ** either(),
    blur: blur * r.next(),
    angle: rotation * either(),
  };
}

const opened = ({ width, height, data }: Pixels): Sharp => sharp(data, { raw: { width, height, channels: 3 } });

async function rgb(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** The photo turned, cut, coloured and blurred; of the size that it had. */
export async function changed(pixels: Pixels, c: Change): Promise<Pixels> {
  const { width, height } = pixels;
  let now = pixels;
  if (c.angle !== 0) {
    const turned = await rgb(opened(now).rotate(c.angle, { background: GREY }));
    // What was turned is at least as wide or as high as it was, and rounding may take a pixel.
    const from = { width: Math.min(width, turned.width), height: Math.min(height, turned.height) };
    const part = {
      left: Math.floor((turned.width - from.width) / 2),
      top: Math.floor((turned.height - from.height) / 2),
      ...from,
    };
    now = await rgb(opened(turned).extract(part).resize(width, height, { fit: 'contain', background: GREY }));
  }
  if (c.kept < 1) {
    const side = (whole: number): number => Math.max(Math.min(LEAST_SIDE, whole), Math.round(c.kept * whole));
    const [w, h] = [side(width), side(height)];
    const part = {
      left: Math.floor(c.left * (width - w)),
      top: Math.floor(c.top * (height - h)),
      width: w,
      height: h,
    };
    now = await rgb(opened(now).extract(part).resize(width, height, { fit: 'fill', kernel: 'lanczos3' }));
  }
  const { brightness, saturation, blur } = c;
  if (brightness !== 1 || saturation !== 1) now = await rgb(opened(now).modulate({ brightness, saturation }));
  if (blur >= LEAST_BLUR) now = await rgb(opened(now).blur(blur));
  return now;
}
