import type { EdgeMap } from './edge-map.ts';

/** A drawing as grey values, row-major, dark strokes on light paper or the other way round. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  /** 0..255. */
  readonly data: Uint8Array | Float32Array;
}

/** Zero pixels around a drawing, before strokes are thinned (methods.md 2.5). */
export const SKETCH_PADDING = 30;
/** Strokes are darker than this share of white, after stretching. */
const DARK = 0.8;

/** Strokes of a drawing: 1 is a stroke. */
export interface Strokes {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** True for light strokes on dark paper: most of the drawing is dark. */
export function isWhiteOnBlack({ data }: Grey): boolean {
  let low = Infinity;
  let high = -Infinity;
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const middle = (low + high) / 2;
  let dark = 0;
  for (const v of data) if (v < middle) dark += 1;
  return high > low && dark > data.length / 2;
}

/**
 * Strokes of a drawing (methods.md 2.5): stretched to 0..255, what is below 0.8 of white is stroke. Light on dark is turned over
 * first. A drawing of one grey has no strokes.
 */
export function strokesOf(grey: Grey): Strokes {
  const { width, height } = grey;
  const data = new Uint8Array(width * height);
  let low = Infinity;
  let high = -Infinity;
  for (const v of grey.data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (high > low) {
    const turned = isWhiteOnBlack(grey);
    for (let i = 0; i < data.length; i += 1) {
      const v = (grey.data[i]! - low) / (high - low);
      data[i] = (turned ? 1 - v : v) < DARK ? 1 : 0;
    }
  }
  return { width, height, data };
}

/** Empty pixels on every side. */
export function padStrokes({ width, height, data }: Strokes, padding: number): Strokes {
  const w = width + 2 * padding;
  const h = height + 2 * padding;
  const out = new Uint8Array(w * h);
  for (let y = 0; y < height; y += 1) out.set(data.subarray(y * width, (y + 1) * width), (y + padding) * w + padding);
  return { width: w, height: h, data: out };
}

/** Pixels that may go, by the eight neighbours as bits (east first, counter-clockwise), in either half of an iteration. */
const REMOVABLE = [deletions(0), deletions(1)] as const;

/** Guo and Hall 1989, which MATLAB's bwmorph 'thin' follows: one crossing, two or three neighbours, and the half's own condition. */
function deletions(half: 0 | 1): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0; code < 256; code += 1) {
    const x = (k: number): number => (code >> ((k - 1) % 8)) & 1;
    let crossings = 0;
    let a = 0;
    let b = 0;
    for (let i = 1; i <= 4; i += 1) {
      if (x(2 * i - 1) === 0 && (x(2 * i) === 1 || x(2 * i + 1) === 1)) crossings += 1;
      if (x(2 * i - 1) === 1 || x(2 * i) === 1) a += 1;
      if (x(2 * i) === 1 || x(2 * i + 1) === 1) b += 1;
    }
    const neighbours = Math.min(a, b);
    const own =
      half === 0
        ? (x(2) === 1 || x(3) === 1 || x(8) === 0) && x(1) === 1
        : (x(6) === 1 || x(7) === 1 || x(4) === 0) && x(5) === 1;
    table[code] = crossings === 1 && neighbours >= 2 && neighbours <= 3 && !own ? 1 : 0;
  }
  return table;
}

/** Thins strokes to lines of one pixel, until nothing changes (methods.md 2.5). The border must be empty. */
export function thin({ width, height, data }: Strokes): Strokes {
  const out = Uint8Array.from(data);
  const east = [1, 1 - width, -width, -1 - width, -1, width - 1, width, width + 1];
  // Only strokes are ever looked at; pixels once removed leave the list.
  let alive: number[] = [];
  for (let y = 1; y < height - 1; y += 1)
    for (let x = 1; x < width - 1; x += 1) if (out[y * width + x] === 1) alive.push(y * width + x);
  for (let changed = true; changed;) {
    changed = false;
    for (const table of REMOVABLE) {
      const gone: number[] = [];
      for (const i of alive) {
        let code = 0;
        for (let k = 0; k < 8; k += 1) code |= out[i + east[k]!]! << k;
        if (table[code] === 1) gone.push(i);
      }
      if (gone.length === 0) continue;
      changed = true;
      for (const i of gone) out[i] = 0;
      alive = alive.filter((i) => out[i] === 1);
    }
  }
  return { width, height, data: out };
}

/** Grows strokes by a disk: all pixels within `radius` of a stroke. */
export function dilate({ width, height, data }: Strokes, radius: number): Strokes {
  const out = new Uint8Array(data.length);
  const disk: [number, number][] = [];
  for (let dy = -radius; dy <= radius; dy += 1)
    for (let dx = -radius; dx <= radius; dx += 1) if (dx * dx + dy * dy <= radius * radius) disk.push([dx, dy]);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[y * width + x] === 0) continue;
      for (const [dx, dy] of disk) {
        const xx = x + dx;
        const yy = y + dy;
        if (xx >= 0 && yy >= 0 && xx < width && yy < height) out[yy * width + xx] = 1;
      }
    }
  }
  return { width, height, data: out };
}

/**
 * The whole path of a drawing that was resized already (methods.md 2.5): strokes, 30 empty pixels around, thinned, grown by a disk
 * of 1, thinned again, grown by a disk of 2. The result is fed as an edge map; it is padded already.
 */
export function sketchMap(grey: Grey): EdgeMap {
  const padded = padStrokes(strokesOf(grey), SKETCH_PADDING);
  const { width, height, data } = dilate(thin(dilate(thin(padded), 1)), 2);
  return { width, height, data: Float32Array.from(data) };
}
