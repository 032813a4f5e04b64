import type { Vec3 } from './solids.ts';

/** Linear colour of a surface point, and how much it glows at night (windows). */
export interface Shade {
  r: number;
  g: number;
  b: number;
  glow: number;
  gloss: number;
}

/** `u` runs along the wall, `v` up (or the two ground axes on flat surfaces); metres. */
export type Material = (u: number, v: number, p: Vec3, variant: number, out: Shade) => void;

function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x | 0, 374761393) ^ Math.imul(y | 0, 668265263) ^ Math.imul(seed | 0, 2147483647 - 58);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** Smooth value noise in [0, 1]. */
export function noise(x: number, y: number, seed: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = x - ix;
  const fy = y - iy;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const a = hash(ix, iy, seed);
  const b = hash(ix + 1, iy, seed);
  const c = hash(ix, iy + 1, seed);
  const d = hash(ix + 1, iy + 1, seed);
  return a + (b - a) * sx + (c - a) * sy + (a - b - c + d) * sx * sy;
}

/** Four octaves of noise in [0, 1]. */
export function fractal(x: number, y: number, seed: number): number {
  return (
    (noise(x, y, seed) * 8 +
      noise(x * 2.1, y * 2.1, seed + 1) * 4 +
      noise(x * 4.3, y * 4.3, seed + 2) * 2 +
      noise(x * 8.7, y * 8.7, seed + 3)) /
    15
  );
}

type Rgb = readonly [number, number, number];

function put(out: Shade, c: Rgb, k: number): void {
  out.r = c[0] * k;
  out.g = c[1] * k;
  out.b = c[2] * k;
  out.glow = 0;
  out.gloss = 0;
}

/** Courses of blocks with mortar; every block has its own tone. */
export function masonry(colour: Rgb, mortar: Rgb, width: number, height: number, spread: number): Material {
  return (u, v, _p, variant, out) => {
    const course = Math.floor(v / height);
    const x = u / width + (course % 2) * 0.5;
    const block = Math.floor(x);
    const fx = (x - block) * width;
    const fy = v - course * height;
    const joint = Math.min(fx, width - fx, fy, height - fy) < 0.018 + 0.02 * height;
    const stain = 0.78 + 0.44 * fractal(u * 0.35, v * 0.22, variant + 7);
    const tone = 1 + spread * (hash(block, course, variant) - 0.5) * 2;
    const grain = 0.9 + 0.2 * noise(u * 14, v * 14, variant);
    put(out, joint ? mortar : colour, (joint ? 0.92 : tone * grain) * stain);
  };
}

/** Plaster with stains that run down. */
export function plaster(colour: Rgb, dirt = 0.35): Material {
  return (u, v, _p, variant, out) => {
    const streak = fractal(u * 1.4, v * 0.12, variant);
    const patch = fractal(u * 0.5, v * 0.5, variant + 20);
    put(out, colour, (1 - dirt * streak) * (0.85 + 0.3 * patch) * (0.94 + 0.12 * noise(u * 18, v * 18, variant)));
  };
}

/** Overlapping tiles or shingles. */
export function tiles(colour: Rgb, size: number): Material {
  return (u, v, _p, variant, out) => {
    const rowIndex = Math.floor(v / size);
    const x = u / size + (rowIndex % 2) * 0.5;
    const column = Math.floor(x);
    const fy = v / size - rowIndex;
    const fx = x - column;
    const edge = Math.min(fy, 1) < 0.18 || Math.abs(fx - 0.5) > 0.46 ? 0.55 : 1;
    put(
      out,
      colour,
      edge * (0.72 + 0.56 * hash(column, rowIndex, variant)) * (0.8 + 0.4 * fractal(u * 0.4, v * 0.4, variant)),
    );
  };
}

/** Dark panes between bars; some windows are lit at dusk. */
export function glass(tint: Rgb, pane: number, bar: Rgb): Material {
  return (u, v, p, variant, out) => {
    const cu = Math.floor(u / pane);
    const cv = Math.floor(v / (pane * 1.35));
    const fu = u / pane - cu;
    const fv = v / (pane * 1.35) - cv;
    if (Math.min(fu, 1 - fu) < 0.07 || Math.min(fv, 1 - fv) < 0.055) {
      put(out, bar, 0.9);
      return;
    }
    const depth = 0.35 + 0.65 * hash(cu, cv, variant) + 0.35 * fv;
    put(out, tint, depth);
    out.gloss = 0.55;
    out.glow = hash(Math.floor(p[0] / 3.1), Math.floor(p[2] / 3.3), variant + 99) > 0.52 ? 1 : 0;
  };
}

/** Planks along u. */
export function planks(colour: Rgb, width: number): Material {
  return (u, v, _p, variant, out) => {
    const i = Math.floor(v / width);
    const f = v / width - i;
    put(
      out,
      colour,
      (f < 0.09 ? 0.45 : 1) * (0.75 + 0.4 * hash(i, 3, variant)) * (0.8 + 0.4 * noise(u * 1.2, v * 22, variant)),
    );
  };
}

/** Horizontal bands of two colours. */
export function bands(first: Rgb, second: Rgb, height: number): Material {
  return (u, v, _p, variant, out) => {
    const k = (0.85 + 0.3 * fractal(u * 0.6, v * 0.3, variant)) * (0.93 + 0.14 * noise(u * 12, v * 12, variant));
    put(out, Math.floor(v / height) % 2 === 0 ? first : second, k);
  };
}

/** Plaster in panels crossed by dark beams. */
export function timberFrame(wall: Rgb, beam: Rgb, panel: number): Material {
  return (u, v, _p, variant, out) => {
    const cu = Math.floor(u / panel);
    const cv = Math.floor(v / panel);
    const fu = u / panel - cu;
    const fv = v / panel - cv;
    const kind = hash(cu, cv, variant);
    const diagonal = kind < 0.3 ? Math.abs(fu - fv) : kind < 0.6 ? Math.abs(1 - fu - fv) : 1;
    if (Math.min(fu, 1 - fu, fv, 1 - fv) < 0.075 || diagonal < 0.075)
      put(out, beam, 0.7 + 0.6 * noise(u * 9, v * 9, variant));
    else put(out, wall, 0.82 + 0.3 * fractal(u * 0.8, v * 0.8, variant));
  };
}

/** A clock face or a rose window: rings and rays about height `centre` of the wall, or repeated every `period` metres. */
export function rosette(ground: Rgb, lines: Rgb, petals: number, radius: number, centre: number, period = 0): Material {
  const wrap = (t: number): number => (period > 0 ? t - period * Math.round(t / period) : t);
  return (uWall, vWall, _p, variant, out) => {
    const u = wrap(uWall);
    const v = wrap(vWall - centre);
    const r = Math.hypot(u, v) / radius;
    const a = (Math.atan2(v, u) / Math.PI + 1) * petals;
    const f = Math.abs(a - Math.round(a));
    const ring = Math.abs(((r * 4) % 1) - 0.5) > 0.43;
    const ray = f < 0.12 && r > 0.22;
    put(out, ring || ray || r > 0.93 ? lines : ground, 0.8 + 0.4 * hash(Math.floor(a), Math.floor(r * 4), variant));
    if (!(ring || ray || r > 0.93)) out.glow = 0.8;
  };
}

/** Grass, gravel or paving on the ground. */
export function ground(first: Rgb, second: Rgb, paving: number): Material {
  return (u, v, _p, variant, out) => {
    const k = fractal(u * 0.3, v * 0.3, variant);
    const fine = 0.8 + 0.4 * noise(u * 5, v * 5, variant + 5);
    let mix = k;
    let joint = 1;
    if (paving > 0) {
      const rowIndex = Math.floor(v / paving);
      const x = u / paving + (rowIndex % 2) * 0.5;
      const fx = x - Math.floor(x);
      const fy = v / paving - rowIndex;
      joint = Math.min(fx, fy, 1 - fx, 1 - fy) < 0.045 ? 0.6 : 1;
      mix = 0.35 * k + 0.65 * hash(Math.floor(x), rowIndex, variant);
    }
    put(
      out,
      [
        first[0] + (second[0] - first[0]) * mix,
        first[1] + (second[1] - first[1]) * mix,
        first[2] + (second[2] - first[2]) * mix,
      ],
      fine * joint,
    );
  };
}

/** Leaves. */
export function foliage(colour: Rgb): Material {
  return (u, v, p, variant, out) => {
    const k = noise(p[0] * 5 + u * 3, p[2] * 5 + p[1] * 4, variant) * noise(p[0] * 11, p[2] * 11 + v * 3, variant + 3);
    put(out, colour, 0.45 + 1.5 * k);
  };
}
