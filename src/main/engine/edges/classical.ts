import type { Pixels } from '../library/pixels.ts';
import type { EdgeMap } from './edge-map.ts';

/** Blur before derivatives, in pixels. */
const SIGMA = 1.3;
/** Neighbourhood over which colour gradients agree on a direction. */
const AGREEMENT = 1;
/** Neighbourhood whose mean strength edges compete with: texture is strong everywhere, an outline is strong alone. */
const SURROUND = 8;
/** Contrast (of 0..1) that gives half of the full strength where nothing competes. */
const HALF = 0.06;
/** What stays of a pixel that is not the strongest across its edge. */
const LEFT_OVER = 0.25;

/**
 * Edges without a learned model: the structure tensor of Gaussian derivatives over the three colours (Di Zenzo), divided by the
 * mean strength around, thinned softly across the edge. Always there, whatever else is installed.
 */
export function classicalEdges(pixels: Pixels): EdgeMap {
  const { width, height } = pixels;
  const n = width * height;
  let xx: Float32Array = new Float32Array(n);
  let xy: Float32Array = new Float32Array(n);
  let yy: Float32Array = new Float32Array(n);
  const plane = new Float32Array(n);
  for (let c = 0; c < 3; c += 1) {
    for (let i = 0; i < n; i += 1) plane[i] = pixels.data[3 * i + c]! / 255;
    const soft = blur(plane, width, height, SIGMA);
    for (let y = 0; y < height; y += 1) {
      const up = Math.max(0, y - 1) * width;
      const down = Math.min(height - 1, y + 1) * width;
      for (let x = 0; x < width; x += 1) {
        const i = y * width + x;
        const gx = (soft[y * width + Math.min(width - 1, x + 1)]! - soft[y * width + Math.max(0, x - 1)]!) / 2;
        const gy = (soft[down + x]! - soft[up + x]!) / 2;
        xx[i]! += gx * gx;
        xy[i]! += gx * gy;
        yy[i]! += gy * gy;
      }
    }
  }
  xx = blur(xx, width, height, AGREEMENT);
  xy = blur(xy, width, height, AGREEMENT);
  yy = blur(yy, width, height, AGREEMENT);
  const strength = new Float32Array(n);
  const normalX = new Float32Array(n);
  const normalY = new Float32Array(n);
  for (let i = 0; i < n; i += 1) {
    const half = (xx[i]! - yy[i]!) / 2;
    const root = Math.hypot(half, xy[i]!);
    // A blurred step of contrast c has slope c / (σ √2π); undone here, so that strength is contrast.
    strength[i] = Math.sqrt(Math.max(0, (xx[i]! + yy[i]!) / 2 + root)) * SIGMA * Math.sqrt(2 * Math.PI);
    const angle = 0.5 * Math.atan2(2 * xy[i]!, xx[i]! - yy[i]!);
    normalX[i] = Math.cos(angle);
    normalY[i] = Math.sin(angle);
  }
  const around = blur(strength, width, height, SURROUND);
  const data = new Float32Array(n);
  const at = (x: number, y: number): number => {
    const cx = Math.min(width - 1, Math.max(0, x));
    const cy = Math.min(height - 1, Math.max(0, y));
    const x0 = Math.floor(cx);
    const y0 = Math.floor(cy);
    const x1 = Math.min(width - 1, x0 + 1);
    const y1 = Math.min(height - 1, y0 + 1);
    const fx = cx - x0;
    const fy = cy - y0;
    return (
      (1 - fy) * ((1 - fx) * strength[y0 * width + x0]! + fx * strength[y0 * width + x1]!) +
      fy * ((1 - fx) * strength[y1 * width + x0]! + fx * strength[y1 * width + x1]!)
    );
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      const s = strength[i]!;
      const dx = normalX[i]!;
      const dy = normalY[i]!;
      const ridge = s >= at(x + dx, y + dy) && s >= at(x - dx, y - dy) ? 1 : LEFT_OVER;
      data[i] = (ridge * s) / (s + HALF + around[i]!);
    }
  }
  return { width, height, data };
}

/** Separable Gaussian blur; borders repeat. */
function blur(source: Float32Array, width: number, height: number, sigma: number): Float32Array {
  const radius = Math.ceil(2.5 * sigma);
  const kernel = Float32Array.from({ length: 2 * radius + 1 }, (_, k) =>
    Math.exp(-((k - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  for (let k = 0; k < kernel.length; k += 1) kernel[k]! /= sum;
  const rows = new Float32Array(source.length);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      let v = 0;
      for (let k = -radius; k <= radius; k += 1) {
        const at = x + k < 0 ? 0 : x + k >= width ? width - 1 : x + k;
        v += kernel[k + radius]! * source[row + at]!;
      }
      rows[row + x] = v;
    }
  }
  const out = new Float32Array(source.length);
  for (let y = 0; y < height; y += 1) {
    for (let k = -radius; k <= radius; k += 1) {
      const from = (y + k < 0 ? 0 : y + k >= height ? height - 1 : y + k) * width;
      const weight = kernel[k + radius]!;
      for (let x = 0; x < width; x += 1) out[y * width + x]! += weight * rows[from + x]!;
    }
  }
  return out;
}
