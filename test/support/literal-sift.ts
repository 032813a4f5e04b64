import { Matrix, solve } from 'ml-matrix';
import type { SiftParameters } from '../../src/main/engine/features/sift.ts';
import { random } from '../../src/main/engine/library/random.ts';

/** An image as a function of whole pixels, which goes on beyond its border as its border pixels. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number) => number;
}

export function image(width: number, height: number, value: (x: number, y: number) => number): Image {
  const data = Float64Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));
  const clamp = (v: number, most: number): number => Math.min(Math.max(v, 0), most);
  return { width, height, at: (x, y) => data[clamp(y, height - 1) * width + clamp(x, width - 1)]! };
}

/** Convolution with a Gaussian that is cut off at three standard deviations. */
function blurred(from: Image, sigma: number): Image {
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const bell = offsets.map((d) => Math.exp(-(d * d) / (2 * sigma * sigma)));
  const total = bell.reduce((a, b) => a + b, 0);
  const weighted = (value: (d: number) => number): number =>
    offsets.reduce((sum, d, i) => sum + (bell[i]! / total) * value(d), 0);
  const across = image(from.width, from.height, (x, y) => weighted((d) => from.at(x + d, y)));
  return image(from.width, from.height, (x, y) => weighted((d) => across.at(x, y + d)));
}

export interface Found {
  /** x, y, scale and orientation as Covis keeps them. */
  readonly frame: readonly [number, number, number, number];
  readonly response: number;
  readonly descriptor: readonly number[];
}

/** Lowe's SIFT with RootSIFT descriptors, in double precision, step by step as the paper has it. */
export function literalSift(grey: Image, p: SiftParameters): Found[] {
  const out: Found[] = [];
  const levelSigma = (level: number): number => 1.6 * 2 ** (level / 3);
  // The photo is taken to be blurred by 0.5 already; blurs add up as squares.
  let first = blurred(grey, Math.sqrt(1.6 ** 2 - 0.5 ** 2));
  for (let octave = 0; Math.min(first.width, first.height) >= 16; octave += 1) {
    const levels = [first];
    for (let s = 1; s <= 5; s += 1)
      levels.push(blurred(levels[s - 1]!, Math.sqrt(levelSigma(s) ** 2 - levelSigma(s - 1) ** 2)));
    const difference = (s: number, x: number, y: number): number => levels[s + 1]!.at(x, y) - levels[s]!.at(x, y);
    const { width, height } = first;
    for (let s = 1; s <= 3; s += 1)
      for (let y = 1; y < height - 1; y += 1)
        for (let x = 1; x < width - 1; x += 1) {
          const v = difference(s, x, y);
          if (Math.abs(v) < (0.8 * p.peak) / 3) continue;
          const around = [-1, 0, 1].flatMap((ds) =>
            [-1, 0, 1].flatMap((dy) =>
              [-1, 0, 1].flatMap((dx) => (ds || dy || dx ? [difference(s + ds, x + dx, y + dy)] : [])),
            ),
          );
          if (!(around.every((a) => a < v) && v > 0) && !(around.every((a) => a > v) && v < 0)) continue;
          const refined = refine(difference, x, y, s, width, height, p);
          if (refined === undefined) continue;
          const sigma = levelSigma(refined.level);
          const plane = levels[Math.min(5, Math.max(0, Math.round(refined.level)))]!;
          for (const angle of orientations(plane, refined.x, refined.y, sigma))
            out.push({
              frame: [refined.x * 2 ** octave + 0.5, refined.y * 2 ** octave + 0.5, sigma * 2 ** octave, angle],
              response: refined.response,
              descriptor: descriptor(plane, refined.x, refined.y, sigma, angle),
            });
        }
    const last = levels[3]!;
    first = image(width >> 1, height >> 1, (x, y) => last.at(2 * x, 2 * y));
  }
  return out.sort((a, b) => b.response - a.response);
}

/** Newton's method on the difference of Gaussians: gradient and Hessian by central differences. */
function refine(
  d: (s: number, x: number, y: number) => number,
  x0: number,
  y0: number,
  s0: number,
  width: number,
  height: number,
  p: SiftParameters,
): { x: number; y: number; level: number; response: number } | undefined {
  let at = [x0, y0, s0] as const;
  for (let round = 0; round < 5; round += 1) {
    const value = (...by: readonly number[]): number => d(at[2] + by[2]!, at[0] + by[0]!, at[1] + by[1]!);
    const step = (k: number, by: number): number[] => [0, 1, 2].map((i) => (i === k ? by : 0));
    const sum = (a: number[], b: number[]): number[] => a.map((v, i) => v + b[i]!);
    const gradient = [0, 1, 2].map((k) => (value(...step(k, 1)) - value(...step(k, -1))) / 2);
    const hessian = [0, 1, 2].map((k) =>
      [0, 1, 2].map((l) =>
        k === l
          ? value(...step(k, 1)) + value(...step(k, -1)) - 2 * value(0, 0, 0)
          : (value(...sum(step(k, 1), step(l, 1))) -
              value(...sum(step(k, 1), step(l, -1))) -
              value(...sum(step(k, -1), step(l, 1))) +
              value(...sum(step(k, -1), step(l, -1)))) /
            4,
      ),
    );
    const move = solve(new Matrix(hessian), Matrix.columnVector(gradient))
      .to1DArray()
      .map((v) => -v);
    if (move.every((m) => Math.abs(m) < 0.6)) {
      const response = Math.abs(value(0, 0, 0) + gradient.reduce((t, g, k) => t + g * move[k]!, 0) / 2);
      const trace = hessian[0]![0]! + hessian[1]![1]!;
      const determinant = hessian[0]![0]! * hessian[1]![1]! - hessian[0]![1]! ** 2;
      const edge = determinant <= 0 || trace ** 2 / determinant >= (p.edge + 1) ** 2 / p.edge;
      if (response < p.peak / 3 || edge) return undefined;
      return { x: at[0] + move[0]!, y: at[1] + move[1]!, level: at[2] + move[2]!, response };
    }
    const [dx, dy, ds] = move.map((m) => Math.round(Math.min(1, Math.max(-1, m)))) as [number, number, number];
    at = [at[0] + dx, at[1] + dy, at[2] + ds];
    if (at[2] < 1 || at[2] > 3 || at[0] < 1 || at[1] < 1 || at[0] > width - 2 || at[1] > height - 2) return undefined;
  }
  return undefined;
}

/** Pixels that have neighbours on all sides, with the length and direction of their gradients. */
function* gradients(plane: Image): Generator<{ x: number; y: number; length: number; angle: number }> {
  for (let y = 1; y < plane.height - 1; y += 1)
    for (let x = 1; x < plane.width - 1; x += 1) {
      const gx = plane.at(x + 1, y) - plane.at(x - 1, y);
      const gy = plane.at(x, y + 1) - plane.at(x, y - 1);
      yield { x, y, length: Math.hypot(gx, gy), angle: (Math.atan2(gy, gx) + 2 * Math.PI) % (2 * Math.PI) };
    }
}

function orientations(plane: Image, x: number, y: number, sigma: number): number[] {
  let histogram = new Array<number>(36).fill(0);
  const radius = Math.round(3 * 1.5 * sigma);
  for (const g of gradients(plane)) {
    const far = (g.x - x) ** 2 + (g.y - y) ** 2;
    if (far > radius ** 2) continue;
    histogram[Math.floor((g.angle / (2 * Math.PI)) * 36) % 36]! += g.length * Math.exp(-far / (2 * (1.5 * sigma) ** 2));
  }
  for (let round = 0; round < 6; round += 1)
    histogram = histogram.map((v, b) => (histogram[(b + 35) % 36]! + v + histogram[(b + 1) % 36]!) / 3);
  const top = Math.max(...histogram);
  return histogram
    .flatMap((v, b) => {
      const [left, right] = [histogram[(b + 35) % 36]!, histogram[(b + 1) % 36]!];
      // The vertex of the parabola through three bins.
      return v >= 0.8 * top && v > left && v >= right
        ? [{ v, angle: ((b + 0.5 + (0.5 * (left - right)) / (left - 2 * v + right)) / 36) * 2 * Math.PI }]
        : [];
    })
    .sort((a, b) => b.v - a.v)
    .slice(0, 2)
    .map((peak) => peak.angle);
}

/** Every bin asks every pixel for its share: linear in row, column and direction. */
function descriptor(plane: Image, x: number, y: number, sigma: number, angle: number): number[] {
  const bins = new Array<number>(128).fill(0);
  const share = (distance: number): number => Math.max(0, 1 - Math.abs(distance));
  for (const g of gradients(plane)) {
    const u = (Math.cos(angle) * (g.x - x) + Math.sin(angle) * (g.y - y)) / (3 * sigma);
    const v = (Math.cos(angle) * (g.y - y) - Math.sin(angle) * (g.x - x)) / (3 * sigma);
    if (Math.abs(u) >= 2.5 || Math.abs(v) >= 2.5) continue;
    const length = g.length * Math.exp(-(u * u + v * v) / 8);
    const turn = ((((g.angle - angle) / (2 * Math.PI)) * 8) % 8) + 8;
    for (let r = 0; r < 4; r += 1)
      for (let c = 0; c < 4; c += 1)
        for (let a = 0; a < 8; a += 1) {
          const apart = Math.abs((turn - a) % 8);
          bins[(r * 4 + c) * 8 + a]! +=
            length * share(u + 1.5 - c) * share(v + 1.5 - r) * share(Math.min(apart, 8 - apart));
        }
  }
  const norm = Math.hypot(...bins);
  const clipped = bins.map((b) => Math.min(b, 0.2 * norm));
  const sum = clipped.reduce((a, b) => a + b, 0);
  return clipped.map((b) => Math.min(255, 512 * Math.sqrt(b / sum)));
}

/** Blobs and bars of many sizes, bright and dark, some at the border. */
export function scenery(width: number, height: number, blobs: number, seed: number): Image {
  const r = random(seed);
  const all = Array.from({ length: blobs }, () => ({
    x: r.between(-2, width + 2),
    y: r.between(-2, height + 2),
    a: r.between(1, 5),
    b: r.between(1, 5),
    turn: r.between(0, Math.PI),
    height: r.between(-0.9, 0.9),
  }));
  return image(width, height, (x, y) =>
    all.reduce((sum, o) => {
      const [dx, dy] = [x - o.x, y - o.y];
      const u = (Math.cos(o.turn) * dx + Math.sin(o.turn) * dy) / o.a;
      const v = (Math.cos(o.turn) * dy - Math.sin(o.turn) * dx) / o.b;
      return sum + o.height * Math.exp(-(u * u + v * v) / 2);
    }, 0.5),
  );
}

export const floats = (m: Image): Float32Array =>
  Float32Array.from({ length: m.width * m.height }, (_, i) => m.at(i % m.width, Math.floor(i / m.width)));
