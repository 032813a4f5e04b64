import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  blockiness,
  colourfulness,
  entropy,
  exposure,
  qualityOf,
  sharpness,
  type Grey,
} from '../../../src/main/engine/features/quality.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import type { Pixels } from '../../../src/main/engine/library/pixels.ts';

const grey = (width: number, height: number, at: (x: number, y: number) => number): Grey => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
});
const rgb = (colours: readonly (readonly [number, number, number])[]): Pixels => ({
  width: colours.length,
  height: 1,
  data: Uint8Array.from(colours.flat()),
});
const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
const variance = (v: readonly number[]): number => {
  const m = mean(v);
  return mean(v.map((x) => (x - m) ** 2));
};

describe('sharpness', () => {
  it('of a checkerboard of 0 and 255 is that of a Laplacian of ±1020', () => {
    // 4 * 255 - 0 and 0 - 4 * 255, equally many: mean 0, deviation 1020.
    const board = grey(66, 66, (x, y) => 255 * ((x + y) % 2));
    expect(sharpness(board)).toBeCloseTo(1020, 9);
  });
  it('of one tone, and of an even slope, is 0', () => {
    expect(sharpness(grey(64, 64, () => 90))).toBe(0);
    expect(sharpness(grey(100, 100, (x) => 2 * x))).toBe(0);
  });
  it('is the literal definition, tile by tile', () => {
    const r = random(4);
    const [w, h] = [160, 100];
    const image = grey(w, h, () => r.below(256));
    const d = image.data;
    const [across, down] = [3, 2];
    const tiles = Array.from({ length: across * down }, (_, t) => {
      const [tx, ty] = [t % across, Math.floor(t / across)];
      const found: number[] = [];
      const within = (v: number, side: number, parts: number, part: number): boolean =>
        v >= Math.round((part * side) / parts) && v < Math.round(((part + 1) * side) / parts);
      for (let y = 1; y < h - 1; y += 1)
        for (let x = 1; x < w - 1; x += 1) {
          const i = y * w + x;
          if (within(x, w, across, tx) && within(y, h, down, ty))
            found.push(4 * d[i]! - d[i - 1]! - d[i + 1]! - d[i - w]! - d[i + w]!);
        }
      return variance(found);
    });
    const two = tiles.sort((a, b) => b - a).slice(0, 2); // A quarter of six, rounded up.
    expect(sharpness(image)).toBeCloseTo(Math.sqrt(mean(two)), 8);
  });
  it('is not lowered by a blurred background, and is by blur everywhere', () => {
    const r = random(1);
    const noise = Array.from({ length: 256 * 256 }, () => r.below(256));
    const whole = grey(256, 256, (x, y) => noise[y * 256 + x]!);
    const inOneQuarter = grey(256, 256, (x, y) => (x < 128 && y < 128 ? noise[y * 256 + x]! : 128));
    const soft = grey(256, 256, (x, y) => {
      const [a, b] = [Math.min(255, x + 1), Math.min(255, y + 1)];
      return (noise[y * 256 + x]! + noise[y * 256 + a]! + noise[b * 256 + x]! + noise[b * 256 + a]!) / 4;
    });
    expect(sharpness(inOneQuarter)).toBeGreaterThan(0.9 * sharpness(whole));
    expect(sharpness(soft)).toBeLessThan(0.6 * sharpness(whole));
  });
  it('of less than three pixels a side is 0', () => {
    expect(sharpness(grey(2, 50, (x) => 255 * x))).toBe(0);
  });
});

describe('exposure', () => {
  it('counts pixels whose channels are all black, or all white', () => {
    const e = exposure(rgb([[0, 0, 0], [2, 2, 2], [0, 0, 3], [253, 255, 254], [255, 255, 252]])); // prettier-ignore
    expect(e.dark).toBeCloseTo(2 / 5, 12);
    expect(e.bright).toBeCloseTo(1 / 5, 12);
  });
  it('has the mean luma of BT.601', () => {
    expect(exposure(rgb([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]])).brightness).toBeCloseTo(0.5, 6); // prettier-ignore
    expect(exposure(rgb([[200, 100, 50]])).brightness).toBeCloseTo((0.299 * 200 + 58.7 + 0.114 * 50) / 255, 6);
  });
});

describe('entropy', () => {
  it('is 0 bits for one value, 1 for two, 8 for all', () => {
    expect(entropy(grey(4, 4, () => 7))).toBe(0);
    expect(entropy(grey(4, 4, (x) => x % 2))).toBeCloseTo(1, 12);
    expect(entropy(grey(16, 16, (x, y) => 16 * y + x))).toBeCloseTo(8, 12);
  });
  it('of a quarter and three quarters is 0.8113 bits', () => {
    expect(entropy(grey(4, 4, (x) => (x === 0 ? 0 : 255)))).toBeCloseTo(0.8112781244591328, 12);
  });
});

describe('colourfulness', () => {
  it('of grey is 0', () => {
    expect(colourfulness(rgb([[10, 10, 10], [200, 200, 200]]))).toBe(0); // prettier-ignore
  });
  it('of one red is 0.3 of the length of its mean', () => {
    expect(colourfulness(rgb([[255, 0, 0]]))).toBeCloseTo(0.3 * Math.hypot(255, 127.5), 9);
  });
  it('is the literal definition', () => {
    const r = random(9);
    const colours = Array.from({ length: 500 }, () => [r.below(256), r.below(256), r.below(256)] as const);
    const rg = colours.map(([a, b]) => a - b);
    const yb = colours.map(([a, b, c]) => (a + b) / 2 - c);
    const literal = Math.sqrt(variance(rg) + variance(yb)) + 0.3 * Math.sqrt(mean(rg) ** 2 + mean(yb) ** 2);
    expect(colourfulness(rgb(colours))).toBeCloseTo(literal, 8);
  });
});

describe('blockiness', () => {
  const blocks = (x: number, y: number): number => 16 * ((3 * Math.floor(x / 8) + 5 * Math.floor(y / 8)) % 11);
  it('is 1 where only the borders of blocks are steps, and 0 where steps are everywhere alike', () => {
    expect(blockiness(grey(64, 48, blocks))).toBe(1);
    expect(blockiness(grey(64, 64, (x, y) => x + 2 * y))).toBe(0);
    expect(blockiness(grey(64, 64, () => 3))).toBe(0);
  });
  it('of blocks on a slope is the ratio of the means', () => {
    // Along x steps of 1 within and of 9 across borders; along y the same: (9 - 1) / (9 + 1).
    const image = grey(32, 32, (x, y) => x + y + 8 * (Math.floor(x / 8) + Math.floor(y / 8)));
    expect(blockiness(image)).toBeCloseTo(0.8, 12);
  });
  it('does not see blocks beside the grid, nor photos below 16 pixels', () => {
    expect(blockiness(grey(64, 64, (x, y) => blocks(x + 3, y + 3)))).toBe(0);
    expect(blockiness(grey(15, 64, blocks))).toBe(0);
  });
  it('grows as JPEG is packed tighter, and is low for the same photo without', async () => {
    const r = random(2);
    const data = Buffer.from(Uint8Array.from({ length: 40 * 30 * 3 }, () => r.below(256)));
    const smooth = await sharp(data, { raw: { width: 40, height: 30, channels: 3 } })
      .resize(640, 480, { kernel: 'cubic' })
      .png()
      .toBuffer();
    const at = async (quality: number): Promise<number> =>
      (await qualityOf(await sharp(smooth).jpeg({ quality }).toBuffer())).blockiness;
    const [low, middle, high] = [await at(10), await at(40), await at(95)];
    const none = (await qualityOf(smooth)).blockiness;
    expect(low).toBeGreaterThan(middle);
    expect(middle).toBeGreaterThan(high);
    expect(none).toBeLessThan(0.02);
    expect(low).toBeGreaterThan(0.2);
  });
  it('is looked for as the file has it, not as it is turned', async () => {
    const r = random(3);
    const data = Buffer.from(Uint8Array.from({ length: 20 * 15 * 3 }, () => r.below(256)));
    const jpeg = async (orientation: number): Promise<Buffer> =>
      sharp(data, { raw: { width: 20, height: 15, channels: 3 } })
        .resize(333, 251, { kernel: 'cubic' })
        .jpeg({ quality: 15 })
        .withMetadata({ orientation })
        .toBuffer();
    const [upright, turned] = [await qualityOf(await jpeg(1)), await qualityOf(await jpeg(3))];
    expect(turned.blockiness).toBe(upright.blockiness);
  });
});

it('a photo made smaller is less sharp than itself, as both are seen at 512 px', async () => {
  const r = random(7);
  const data = Buffer.from(Uint8Array.from({ length: 512 * 384 * 3 }, () => r.below(256)));
  const large = await sharp(data, { raw: { width: 512, height: 384, channels: 3 } }).png().toBuffer(); // prettier-ignore
  const small = await sharp(large).resize(128).png().toBuffer();
  expect((await qualityOf(small)).sharpness).toBeLessThan((await qualityOf(large)).sharpness / 3);
});
