/** Shares of a pixel are counted in so many parts, as its colours are. */
const WHOLE = 255;

/** Many dots set as pixels of an own canvas, which is then drawn at once. */
export class DotLayer {
  readonly #canvas: HTMLCanvasElement;
  readonly #image: ImageData | undefined;
  /** The same, a pixel as one number: alpha, blue, green, red from its highest byte on. */
  readonly #pixels: Uint32Array;
  readonly #width: number;
  readonly #height: number;
  readonly #reach: number;
  /** Which share of each pixel around its middle a dot covers, 0 to 1. */
  readonly #stamp: Float32Array;
  /** The same of dots of an alpha, in parts of {@link WHOLE}. */
  readonly #stamps = new Map<number, Uint8Array>();
  /** There are dots that its canvas does not have yet. */
  #fresh = true;

  /** @param width @param height in pixels of the screen. @param radius of a dot, in the same. */
  constructor(width: number, height: number, radius: number) {
    this.#width = width;
    this.#height = height;
    this.#canvas = document.createElement('canvas');
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#image = this.#canvas.getContext('2d')?.createImageData(width, height);
    this.#pixels = new Uint32Array(this.#image?.data.buffer ?? new ArrayBuffer(0));
    this.#reach = Math.ceil(radius);
    const side = 2 * this.#reach + 1;
    this.#stamp = Float32Array.from({ length: side * side }, (_, k) => {
      const away = Math.hypot((k % side) - this.#reach, Math.floor(k / side) - this.#reach);
      return Math.max(0, Math.min(1, radius + 0.5 - away));
    });
  }

  /** One more dot over those that are there. @param colour red, green, blue, 0 to 255. @param alpha 0 to 1. */
  dot(x: number, y: number, colour: readonly [number, number, number], alpha: number): void {
    const reach = this.#reach;
    const width = this.#width;
    const cx = Math.round(x);
    const cy = Math.round(y);
    if (cx < reach || cy < reach || cx >= width - reach || cy >= this.#height - reach) return;
    this.#fresh = true;
    blend(this.#pixels, width * (cy - reach) + cx - reach, width, 2 * reach + 1, this.#stampOf(alpha), colour);
  }

  #stampOf(alpha: number): Uint8Array {
    let made = this.#stamps.get(alpha);
    if (made === undefined) {
      made = Uint8Array.from(this.#stamp, (share) => Math.round(WHOLE * share * alpha));
      this.#stamps.set(alpha, made);
    }
    return made;
  }

  /** @param at of the upper left corner. @param size of the whole. */
  drawTo(context: CanvasRenderingContext2D, at: readonly [number, number], size: readonly [number, number]): void {
    if (this.#fresh && this.#image !== undefined) this.#canvas.getContext('2d')?.putImageData(this.#image, 0, 0);
    this.#fresh = false;
    context.globalAlpha = 1;
    context.drawImage(this.#canvas, at[0], at[1], size[0], size[1]);
  }
}

/**
 * A colour over pixels, by the share of each that a stamp says. A function of its own, and numbers instead of bytes, because this loop runs for each pixel of a
 * hundred thousand dots.
 * @param from the first pixel, of rows that are `width` apart.
 */
function blend(
  pixels: Uint32Array,
  from: number,
  width: number,
  side: number,
  stamp: Uint8Array,
  [r, g, b]: readonly [number, number, number],
): void {
  const colour = (b << 16) | (g << 8) | r;
  for (let row = 0, k = 0; row < side; row += 1)
    for (let at = from + row * width, end = at + side; at < end; at += 1, k += 1) {
      const over = stamp[k]!;
      if (over === 0) continue;
      const there = pixels[at]!;
      if (there === 0 || over === WHOLE) {
        pixels[at] = (over << 24) | colour;
        continue;
      }
      const all = over + ((there >>> 24) * (WHOLE - over)) / WHOLE;
      const share = over / all;
      const red = there & WHOLE;
      const green = (there >>> 8) & WHOLE;
      const blue = (there >>> 16) & WHOLE;
      pixels[at] =
        ((all + 0.5) << 24) |
        ((blue + (b - blue) * share + 0.5) << 16) |
        ((green + (g - green) * share + 0.5) << 8) |
        (red + (r - red) * share + 0.5);
    }
}

const colours = new Map<string, [number, number, number]>();
let probe: CanvasRenderingContext2D | null | undefined;

/** Red, green and blue of a colour as style sheets say it, 0 to 255. */
export function rgbOf(colour: string): [number, number, number] {
  const known = colours.get(colour);
  if (known !== undefined) return known;
  probe ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (probe == null) return [0, 0, 0];
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0] = probe.getImageData(0, 0, 1, 1).data;
  colours.set(colour, [r, g, b]);
  return [r, g, b];
}
