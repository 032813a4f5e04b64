/** Many dots set as pixels of an own canvas, which is then drawn at once. */
export class DotLayer {
  readonly #canvas: HTMLCanvasElement;
  readonly #image: ImageData | undefined;
  readonly #width: number;
  readonly #height: number;
  readonly #reach: number;
  /** Which share of each pixel around its middle a dot covers, 0 to 1. */
  readonly #stamp: Float32Array;
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
    this.#reach = Math.ceil(radius);
    const side = 2 * this.#reach + 1;
    this.#stamp = Float32Array.from({ length: side * side }, (_, k) => {
      const away = Math.hypot((k % side) - this.#reach, Math.floor(k / side) - this.#reach);
      return Math.max(0, Math.min(1, radius + 0.5 - away));
    });
  }

  /** One more dot over those that are there. */
  dot(x: number, y: number, [r, g, b]: readonly [number, number, number], alpha: number): void {
    const data = this.#image?.data;
    if (data === undefined) return;
    const [cx, cy, reach] = [Math.round(x), Math.round(y), this.#reach];
    if (cx < reach || cy < reach || cx >= this.#width - reach || cy >= this.#height - reach) return;
    this.#fresh = true;
    let k = 0;
    for (let dy = -reach; dy <= reach; dy += 1) {
      let at = 4 * ((cy + dy) * this.#width + cx - reach);
      for (let dx = -reach; dx <= reach; dx += 1, at += 4, k += 1) {
        const over = this.#stamp[k]! * alpha;
        if (over === 0) continue;
        const under = (data[at + 3]! / 255) * (1 - over);
        const all = over + under;
        data[at] = (r * over + data[at]! * under) / all;
        data[at + 1] = (g * over + data[at + 1]! * under) / all;
        data[at + 2] = (b * over + data[at + 2]! * under) / all;
        data[at + 3] = 255 * all;
      }
    }
  }

  /** @param at of the upper left corner. @param size of the whole. */
  drawTo(context: CanvasRenderingContext2D, at: readonly [number, number], size: readonly [number, number]): void {
    if (this.#fresh && this.#image !== undefined) this.#canvas.getContext('2d')?.putImageData(this.#image, 0, 0);
    this.#fresh = false;
    context.globalAlpha = 1;
    context.drawImage(this.#canvas, at[0], at[1], size[0], size[1]);
  }
}

let probe: CanvasRenderingContext2D | null | undefined;

/** Red, green and blue of a colour as style sheets say it, 0 to 255. */
export function rgbOf(colour: string): [number, number, number] {
  probe ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (probe == null) return [0, 0, 0];
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0] = probe.getImageData(0, 0, 1, 1).data;
  return [r, g, b];
}
