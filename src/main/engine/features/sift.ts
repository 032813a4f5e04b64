/**
 * Keypoints and descriptors of one photo. `frames` are [n, 4]: x, y in pixels of the image that was given (centre of the first pixel at
 * 0.5), scale (standard deviation of the blur) in pixels and orientation in radians. `descriptors` are [n, 128] RootSIFT bytes: 512
 * times the value, as COLMAP keeps them.
 */
export interface Features {
  readonly count: number;
  readonly frames: Float32Array;
  readonly descriptors: Uint8Array;
}

export interface SiftParameters {
  /** Keypoints kept at most, those of the strongest response. */
  readonly most: number;
  /** Least response of a keypoint, of grey values from 0 to 1, divided by the scales of an octave. */
  readonly peak: number;
  /** Largest ratio of principal curvatures. */
  readonly edge: number;
}

export const DEFAULT_SIFT: SiftParameters = { most: 2048, peak: 0.02, edge: 10 };

const SCALES = 3;
const SIGMA = 1.6;
/** Blur that a camera's image has by itself. */
const NOMINAL_SIGMA = 0.5;
const LEAST_SIDE = 16;
const BINS = 36;
const CELLS = 4;
const ANGLES = 8;
const MAGNIFICATION = 3;
const TAU = 2 * Math.PI;
export const DESCRIPTOR_BYTES = CELLS * CELLS * ANGLES;

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * Detects SIFT keypoints (Lowe 2004) and describes them by RootSIFT (Arandjelovic and Zisserman 2012; methods.md 1.1).
 * @param grey [height, width] grey values from 0 to 1.
 */
export function sift(grey: Float32Array, width: number, height: number, p: SiftParameters = DEFAULT_SIFT): Features {
  let base = blur({ width, height, data: grey }, Math.sqrt(SIGMA * SIGMA - NOMINAL_SIGMA * NOMINAL_SIGMA));
  const found: Keypoint[] = [];
  for (let octave = 0; Math.min(base.width, base.height) >= LEAST_SIDE; octave += 1) {
    const gaussians: Plane[] = [base];
    for (let s = 1; s < SCALES + 3; s += 1) {
      const before = SIGMA * 2 ** ((s - 1) / SCALES);
      gaussians.push(blur(gaussians[s - 1]!, before * Math.sqrt(2 ** (2 / SCALES) - 1)));
    }
    found.push(...extrema(gaussians, octave, p));
    base = half(gaussians[SCALES]!);
  }
  found.sort((a, b) => b.response - a.response);
  return described(found, p.most);
}

interface Keypoint {
  /** Position in the octave's pixels, scale level as a fraction. */
  readonly x: number;
  readonly y: number;
  readonly level: number;
  readonly octave: number;
  readonly response: number;
  readonly plane: Plane;
}

function kernelOf(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const k = Float32Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = k.reduce((a, b) => a + b, 0);
  return k.map((v) => v / sum);
}

/** Gaussian blur; the image goes on beyond its border as its border pixels. */
function blur({ width, height, data }: Plane, sigma: number): Plane {
  const k = kernelOf(sigma);
  const r = (k.length - 1) / 2;
  const across = new Float32Array(data.length);
  const line = new Float32Array(width + 2 * r);
  for (let y = 0; y < height; y += 1) {
    const at = y * width;
    line.fill(data[at]!, 0, r);
    line.set(data.subarray(at, at + width), r);
    line.fill(data[at + width - 1]!, r + width);
    // The kernel is the same on both sides: half as many products.
    for (let x = 0; x < width; x += 1) {
      const c = x + r;
      let sum = k[r]! * line[c]!;
      for (let i = 1; i <= r; i += 1) sum += k[r - i]! * (line[c - i]! + line[c + i]!);
      across[at + x] = sum;
    }
  }
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y += 1) {
    const at = y * width;
    const centre = k[r]!;
    for (let x = 0; x < width; x += 1) out[at + x] = centre * across[at + x]!;
    for (let i = 1; i <= r; i += 1) {
      const w = k[r - i]!;
      const up = Math.max(0, y - i) * width;
      const down = Math.min(height - 1, y + i) * width;
      for (let x = 0; x < width; x += 1) out[at + x]! += w * (across[up + x]! + across[down + x]!);
    }
  }
  return { width, height, data: out };
}

/** Every second pixel. */
function half({ width, height, data }: Plane): Plane {
  const w = width >> 1;
  const h = height >> 1;
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y += 1) for (let x = 0; x < w; x += 1) out[y * w + x] = data[2 * y * width + 2 * x]!;
  return { width: w, height: h, data: out };
}

function extrema(gaussians: readonly Plane[], octave: number, p: SiftParameters): Keypoint[] {
  const { width, height } = gaussians[0]!;
  const dog = gaussians.slice(1).map((g, s) => {
    const below = gaussians[s]!.data;
    const out = new Float32Array(below.length);
    for (let i = 0; i < out.length; i += 1) out[i] = g.data[i]! - below[i]!;
    return out;
  });
  const threshold = p.peak / SCALES;
  const out: Keypoint[] = [];
  for (let s = 1; s <= SCALES; s += 1) {
    const here = dog[s]!;
    const below = dog[s - 1]!;
    const above = dog[s + 1]!;
    for (let y = 1; y < height - 1; y += 1) {
      for (let x = 1; x < width - 1; x += 1) {
        const i = y * width + x;
        const v = here[i]!;
        if (Math.abs(v) < 0.8 * threshold) continue;
        if (!isExtremum(v, i, width, here, below, above)) continue;
        const k = refine(dog, x, y, s, width, height, threshold, p.edge);
        if (k !== undefined)
          out.push({ ...k, octave, plane: gaussians[Math.max(0, Math.min(SCALES + 2, Math.round(k.level)))]! });
      }
    }
  }
  return out;
}

function isExtremum(
  v: number,
  i: number,
  w: number,
  here: Float32Array,
  below: Float32Array,
  above: Float32Array,
): boolean {
  const up = v > 0;
  for (const plane of [here, below, above]) {
    for (let dy = -w; dy <= w; dy += w) {
      for (let dx = -1; dx <= 1; dx += 1) {
        const j = i + dy + dx;
        if (j === i && plane === here) continue;
        if (up ? plane[j]! >= v : plane[j]! <= v) return false;
      }
    }
  }
  return true;
}

/** Fits a parabola in x, y and scale; undefined for keypoints of low contrast, on edges or that drift away. */
function refine(
  dog: readonly Float32Array[],
  x0: number,
  y0: number,
  s0: number,
  w: number,
  h: number,
  threshold: number,
  edge: number,
): { x: number; y: number; level: number; response: number } | undefined {
  let [x, y, s] = [x0, y0, s0];
  for (let round = 0; round < 5; round += 1) {
    const at = (dx: number, dy: number, ds: number): number => dog[s + ds]![(y + dy) * w + x + dx]!;
    const v = at(0, 0, 0);
    const gx = (at(1, 0, 0) - at(-1, 0, 0)) / 2;
    const gy = (at(0, 1, 0) - at(0, -1, 0)) / 2;
    const gs = (at(0, 0, 1) - at(0, 0, -1)) / 2;
    const xx = at(1, 0, 0) + at(-1, 0, 0) - 2 * v;
    const yy = at(0, 1, 0) + at(0, -1, 0) - 2 * v;
    const ss = at(0, 0, 1) + at(0, 0, -1) - 2 * v;
    const xy = (at(1, 1, 0) - at(-1, 1, 0) - at(1, -1, 0) + at(-1, -1, 0)) / 4;
    const xs = (at(1, 0, 1) - at(-1, 0, 1) - at(1, 0, -1) + at(-1, 0, -1)) / 4;
    const ys = (at(0, 1, 1) - at(0, -1, 1) - at(0, 1, -1) + at(0, -1, -1)) / 4;
    const det = xx * (yy * ss - ys * ys) - xy * (xy * ss - ys * xs) + xs * (xy * ys - yy * xs);
    if (Math.abs(det) < 1e-18) return undefined;
    const dx = -(gx * (yy * ss - ys * ys) - xy * (gy * ss - ys * gs) + xs * (gy * ys - yy * gs)) / det;
    const dy = -(xx * (gy * ss - ys * gs) - gx * (xy * ss - ys * xs) + xs * (xy * gs - gy * xs)) / det;
    const ds = -(xx * (yy * gs - gy * ys) - xy * (xy * gs - gy * xs) + gx * (xy * ys - yy * xs)) / det;
    if (Math.abs(dx) < 0.6 && Math.abs(dy) < 0.6 && Math.abs(ds) < 0.6) {
      const peak = v + (gx * dx + gy * dy + gs * ds) / 2;
      if (Math.abs(peak) < threshold) return undefined;
      const trace = xx + yy;
      const flat = xx * yy - xy * xy;
      if (flat <= 0 || trace * trace * edge >= (edge + 1) ** 2 * flat) return undefined;
      return { x: x + dx, y: y + dy, level: s + ds, response: Math.abs(peak) };
    }
    x += Math.round(Math.max(-1, Math.min(1, dx)));
    y += Math.round(Math.max(-1, Math.min(1, dy)));
    s += Math.round(Math.max(-1, Math.min(1, ds)));
    if (s < 1 || s > SCALES || x < 1 || y < 1 || x >= w - 1 || y >= h - 1) return undefined;
  }
  return undefined;
}

/** Keypoints with their orientations, up to two each, found as they are asked for. */
function* oriented(keypoints: readonly Keypoint[]): Generator<{ k: Keypoint; sigma: number; angle: number }> {
  for (const k of keypoints) {
    const sigma = SIGMA * 2 ** (k.level / SCALES);
    for (const angle of orientations(k, sigma)) yield { k, sigma, angle };
  }
}

/** Frames and descriptors of the first `most`. */
function described(keypoints: readonly Keypoint[], most: number): Features {
  const frames: number[] = [];
  const rows: Uint8Array[] = [];
  for (const { k, sigma, angle } of oriented(keypoints)) {
    if (rows.length === most) break;
    const zoom = 2 ** k.octave;
    // An octave keeps every second pixel, not their mean: pixel x of it is pixel 2x of the one before.
    frames.push(k.x * zoom + 0.5, k.y * zoom + 0.5, sigma * zoom, angle);
    rows.push(describe(k, sigma, angle));
  }
  const descriptors = new Uint8Array(rows.length * DESCRIPTOR_BYTES);
  rows.forEach((r, i) => descriptors.set(r, i * DESCRIPTOR_BYTES));
  return { count: rows.length, frames: Float32Array.from(frames), descriptors };
}

function orientations(k: Keypoint, sigma: number): number[] {
  const { width, height, data } = k.plane;
  const spread = 1.5 * sigma;
  const radius = Math.round(3 * spread);
  const histogram = new Float64Array(BINS);
  const [cx, cy] = [Math.round(k.x), Math.round(k.y)];
  for (let y = Math.max(1, cy - radius); y <= Math.min(height - 2, cy + radius); y += 1) {
    for (let x = Math.max(1, cx - radius); x <= Math.min(width - 2, cx + radius); x += 1) {
      const far = (x - k.x) ** 2 + (y - k.y) ** 2;
      if (far > radius * radius) continue;
      const i = y * width + x;
      const gx = data[i + 1]! - data[i - 1]!;
      const gy = data[i + width]! - data[i - width]!;
      const weight = Math.exp(-far / (2 * spread * spread)) * Math.sqrt(gx * gx + gy * gy);
      const bin = Math.floor(((Math.atan2(gy, gx) + TAU) % TAU) * (BINS / TAU)) % BINS;
      histogram[bin]! += weight;
    }
  }
  for (let round = 0; round < 6; round += 1) {
    const before = histogram.slice();
    for (let b = 0; b < BINS; b += 1)
      histogram[b] = (before[(b + BINS - 1) % BINS]! + before[b]! + before[(b + 1) % BINS]!) / 3;
  }
  const top = Math.max(...histogram);
  const peaks: [number, number][] = [];
  for (let b = 0; b < BINS; b += 1) {
    const [left, here, right] = [histogram[(b + BINS - 1) % BINS]!, histogram[b]!, histogram[(b + 1) % BINS]!];
    if (here < 0.8 * top || here <= left || here < right) continue;
    const shift = (left - right) / (2 * (left + right - 2 * here));
    peaks.push([here, ((b + 0.5 + shift) * TAU) / BINS]);
  }
  return peaks
    .sort((a, b) => b[0] - a[0])
    .slice(0, 2)
    .map(([, angle]) => angle);
}

function describe(k: Keypoint, sigma: number, angle: number): Uint8Array {
  const { width, height, data } = k.plane;
  const cell = MAGNIFICATION * sigma;
  const radius = Math.round((cell * Math.SQRT2 * (CELLS + 1)) / 2);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // Cells around the outermost ones take what lies half outside, and are left out below.
  const wide = CELLS + 2;
  const padded = new Float64Array(wide * wide * ANGLES);
  const [cx, cy] = [Math.round(k.x), Math.round(k.y)];
  for (let y = Math.max(1, cy - radius); y <= Math.min(height - 2, cy + radius); y += 1) {
    for (let x = Math.max(1, cx - radius); x <= Math.min(width - 2, cx + radius); x += 1) {
      const [dx, dy] = [x - k.x, y - k.y];
      const u = (cos * dx + sin * dy) / cell;
      const v = (-sin * dx + cos * dy) / cell;
      const bu = u + CELLS / 2 - 0.5;
      const bv = v + CELLS / 2 - 0.5;
      if (bu <= -1 || bu >= CELLS || bv <= -1 || bv >= CELLS) continue;
      const i = y * width + x;
      const gx = data[i + 1]! - data[i - 1]!;
      const gy = data[i + width]! - data[i - width]!;
      const magnitude = Math.sqrt(gx * gx + gy * gy) * Math.exp(-(u * u + v * v) / (2 * (CELLS / 2) ** 2));
      const ba = (((Math.atan2(gy, gx) - angle + 2 * TAU) % TAU) * ANGLES) / TAU;
      const [iu, iv, ia] = [Math.floor(bu), Math.floor(bv), Math.floor(ba)];
      const [fu, fv, fa] = [bu - iu, bv - iv, ba - ia];
      for (let a = 0; a < 2; a += 1) {
        const wv = magnitude * (a === 0 ? 1 - fv : fv);
        for (let b = 0; b < 2; b += 1) {
          const wu = wv * (b === 0 ? 1 - fu : fu);
          const at = ((iv + 1 + a) * wide + iu + 1 + b) * ANGLES;
          padded[at + (ia % ANGLES)]! += wu * (1 - fa);
          padded[at + ((ia + 1) % ANGLES)]! += wu * fa;
        }
      }
    }
  }
  const bins = new Float64Array(DESCRIPTOR_BYTES);
  for (let row = 0; row < CELLS; row += 1) {
    const from = ((row + 1) * wide + 1) * ANGLES;
    bins.set(padded.subarray(from, from + CELLS * ANGLES), row * CELLS * ANGLES);
  }
  // Normalised, clipped against strong single gradients, then RootSIFT: the square root of the shares.
  let norm = 0;
  for (const b of bins) norm += b * b;
  const limit = 0.2 * Math.sqrt(norm);
  let sum = 0;
  for (let i = 0; i < bins.length; i += 1) sum += bins[i] = Math.min(bins[i]!, limit);
  return Uint8Array.from(bins, (b) => Math.min(255, Math.round(512 * Math.sqrt(b / sum))));
}
