// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DotLayer } from '../../../src/renderer/scenes/dot-layer.ts';
import { MapScene } from '../../../src/renderer/scenes/map-scene.ts';
import { imagesMade, random, sized } from '../setup.ts';

const [WIDTH, HEIGHT] = [40, 30];

/** Every 2d context writes down what is asked of it. */
let asked: [string, ...unknown[]][] = [];
function context(): CanvasRenderingContext2D {
  return new Proxy({} as CanvasRenderingContext2D, {
    set: () => true,
    get: (_, name: string) =>
      name === 'createImageData'
        ? (w: number, h: number) => ({ data: new Uint8ClampedArray(4 * w * h), width: w, height: h })
        : name === 'getImageData'
          ? () => ({ data: [0, 0, 0, 255] })
          : (...args: unknown[]) => void asked.push([name, ...args]),
  });
}

let back: () => void;
beforeEach(() => {
  asked = [];
  back = sized(400, 300);
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(context as never);
});
afterEach(() => {
  back();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

type Dot = readonly [x: number, y: number, colour: readonly [number, number, number], alpha: number];

/** Each over those before it, in numbers that are not rounded: straight alpha, 0 to 255. */
function slowly(dots: readonly Dot[], radius: number): Float64Array {
  const out = new Float64Array(4 * WIDTH * HEIGHT);
  const reach = Math.ceil(radius);
  for (const [x, y, colour, alpha] of dots) {
    const [cx, cy] = [Math.round(x), Math.round(y)];
    if (cx < reach || cy < reach || cx >= WIDTH - reach || cy >= HEIGHT - reach) continue;
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1) {
        const over = alpha * Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy)));
        if (over === 0) continue;
        const at = 4 * ((cy + dy) * WIDTH + cx + dx);
        const under = (out[at + 3]! / 255) * (1 - over);
        for (const c of [0, 1, 2] as const) out[at + c] = (colour[c] * over + out[at + c]! * under) / (over + under);
        out[at + 3] = 255 * (over + under);
      }
  }
  return out;
}

describe('DotLayer', () => {
  it.each([2, 1.5, 3])('puts each dot over those before it: radius %d', (radius) => {
    const next = random(7);
    const dots = Array.from({ length: 600 }, (): Dot => [
      next() * WIDTH,
      next() * HEIGHT,
      [Math.floor(256 * next()), Math.floor(256 * next()), Math.floor(256 * next())],
      next() < 0.5 ? 0.9 : next() < 0.5 ? 0.25 : 1,
    ]);
    const layer = new DotLayer(WIDTH, HEIGHT, radius);
    for (const dot of dots) layer.dot(...dot);
    layer.drawTo(context(), [0, 0], [WIDTH, HEIGHT]);
    const image = asked.find(([name]) => name === 'putImageData')![1] as ImageData;
    const right = slowly(dots, radius);
    const off = Array.from(image.data, (v, k) => (right[k - (k % 4) + 3]! < 8 ? 0 : Math.abs(v - right[k]!)));
    // Colours and alpha are rounded after each dot.
    expect(Math.max(...off)).toBeLessThan(4);
    expect(image.data.some((v) => v > 0)).toBe(true);
  });
});

describe('a map of more dots than are circles', () => {
  const COUNT = 5000;
  const next = random(3);
  const points = {
    photos: Array.from({ length: COUNT }, (_, i) => `p${i}`),
    x: Float32Array.from({ length: COUNT }, () => next()),
    y: Float32Array.from({ length: COUNT }, () => next()),
    colours: { palette: ['#fff'], of: () => 0 },
  };
  const frames = (): Promise<void> => new Promise((r) => setTimeout(r, 60));

  function made(): { scene: MapScene; images: readonly HTMLImageElement[] } {
    const images = imagesMade();
    return { scene: new MapScene(document.createElement('canvas')), images };
  }
  const cleared = (): unknown[][] => asked.filter(([name]) => name === 'clearRect').map(([, ...args]) => args);

  it('is laid out once, and draws a photo that comes alone, over the dots of its own square', async () => {
    const { scene, images } = made();
    scene.show(points);
    scene.select(new Set(), -1);
    await frames();
    expect(cleared()).toEqual([[0, 0, 400, 300]]);
    asked = [];
    images[0]!.onload!(new Event('load'));
    images[1]!.onload!(new Event('load'));
    await frames();
    expect(cleared()).toHaveLength(2);
    for (const [, , w, h] of cleared()) expect([w, h]).toEqual([64, 64]);
    expect(asked.filter(([name]) => name === 'clip')).toHaveLength(2);
    scene.dispose();
  });

  it('shows everything in a window of another size, unless a person has moved it', async () => {
    const resized: (() => void)[] = [];
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(changed: () => void) {
          resized.push(changed);
        }
        observe(): void {}
        disconnect(): void {}
      },
    );
    const canvas = document.createElement('canvas');
    const scene = new MapScene(canvas);
    const at: (readonly [number, number])[] = [];
    scene.onLasso = (line) => at.push(line[0]!);
    // The corner of everything, as a lasso tells it.
    const corner = async (): Promise<readonly [number, number]> => {
      const go = (type: string, x: number, y: number): void => {
        const event = new MouseEvent(type, { button: 0 });
        Object.defineProperties(event, { offsetX: { value: x }, offsetY: { value: y } });
        canvas.dispatchEvent(event);
      };
      canvas.setPointerCapture = () => undefined;
      go('pointerdown', 0, 0);
      for (const x of [10, 20, 30]) go('pointermove', x, x);
      go('pointerup', 30, 30);
      await frames();
      return at.at(-1)!;
    };
    scene.show(points);
    const wide = await corner();
    back();
    back = sized(200, 300);
    resized[0]!();
    const narrow = await corner();
    expect(narrow).not.toEqual(wide);
    canvas.dispatchEvent(new WheelEvent('wheel', { deltaY: -100 }));
    const zoomed = await corner();
    back();
    back = sized(400, 300);
    resized[0]!();
    expect(await corner()).toEqual(zoomed);
    scene.frame();
    expect(await corner()).toEqual(wide);
    scene.dispose();
  });

  it('draws of dots in one pixel the last alone, and all where some are chosen', async () => {
    const { scene } = made();
    const drawn: number[] = [];
    const heap = {
      ...points,
      x: new Float32Array(COUNT).fill(0.5),
      y: Float32Array.from({ length: COUNT }, (_, i) => i % 2),
      colours: { palette: ['#fff'], of: (i: number) => drawn.push(i) && 0 },
    };
    scene.show(heap);
    await frames();
    // Two more are photos.
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual([0, 1, COUNT - 2, COUNT - 1]);
    drawn.length = 0;
    scene.select(new Set([10]), -1);
    await frames();
    await frames();
    expect(new Set(drawn).size).toBe(COUNT);
    scene.dispose();
  });

  it('draws all of it where photos that are chosen let others show through, or a lasso lies over them', async () => {
    const { scene, images } = made();
    scene.show(points);
    scene.select(new Set([3]), -1);
    await frames();
    asked = [];
    images[0]!.onload!(new Event('load'));
    await frames();
    expect(cleared()).toEqual([[0, 0, 400, 300]]);
    scene.dispose();
  });
});
