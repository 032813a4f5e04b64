import type { Features } from '../features/sift.ts';
import { DESCRIPTOR_BYTES } from '../features/sift.ts';

/** Pairs of feature indices, [n, 2]. */
export type Matches = Uint32Array;

/** A row-major 2 x 3 affine transformation. */
export type Affine = readonly [number, number, number, number, number, number];

export interface Verified {
  /** Indices of the matches that agree. */
  readonly inliers: Uint32Array;
  readonly transform: Affine | null;
}

export interface AffineParameters {
  /** Largest distance in the second image to where the transformation puts a point, as a share of its features' extent. */
  readonly threshold: number;
  /** Hypotheses tried at most, each from one match. */
  readonly trials: number;
  /** Largest change of scale. */
  readonly scale: number;
}

export const DEFAULT_AFFINE: AffineParameters = { threshold: 0.02, trials: 800, scale: 8 };

/** Fewest matches that three points, which always agree, do not explain. */
const LEAST_INLIERS = 4;

/** A word is coarse: features of one word are a match only when their descriptors have this cosine, at least. */
const WORD_COSINE = 0.85;
/** RootSIFT bytes are 512 times unit vectors: the squared distance of that cosine. */
const FARTHEST = 2 * (1 - WORD_COSINE) * 512 * 512;

/** Features of both images that have the same word and are alike; of several, mutual nearest by descriptor. */
export function matchByWords(a: Features, wordsA: Uint32Array, b: Features, wordsB: Uint32Array): Matches {
  const byWord = new Map<number, number[]>();
  wordsB.forEach((w, j) => {
    const list = byWord.get(w);
    if (list === undefined) byWord.set(w, [j]);
    else list.push(j);
  });
  const bestOfB = new Map<number, { i: number; d: number }>();
  const bestOfA = new Map<number, { j: number; d: number }>();
  wordsA.forEach((w, i) => {
    for (const j of byWord.get(w) ?? []) {
      const d = squaredDistance(a.descriptors, i, b.descriptors, j);
      if (d > FARTHEST) continue;
      if (d < (bestOfA.get(i)?.d ?? Infinity)) bestOfA.set(i, { j, d });
      if (d < (bestOfB.get(j)?.d ?? Infinity)) bestOfB.set(j, { i, d });
    }
  });
  const out: number[] = [];
  for (const [i, { j }] of bestOfA) if (bestOfB.get(j)?.i === i) out.push(i, j);
  return Uint32Array.from(out);
}

function squaredDistance(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  const [x, y] = [i * DESCRIPTOR_BYTES, j * DESCRIPTOR_BYTES];
  let s = 0;
  for (let k = 0; k < DESCRIPTOR_BYTES; k += 1) {
    const d = a[x + k]! - b[y + k]!;
    s += d * d;
  }
  return s;
}

/**
 * Spatial verification (Philbin et al. 2007; methods.md 1.1): every match gives a transformation by the frames of its two features
 * (position, scale, orientation); the one that most matches agree with is refitted as a full affine map to those, twice.
 * No chance is involved: the same input gives the same answer.
 */
export function verifyAffine(
  a: Features,
  b: Features,
  matches: Matches,
  p: AffineParameters = DEFAULT_AFFINE,
): Verified {
  const n = matches.length / 2;
  const limit = (p.threshold * extent(b)) ** 2;
  const step = Math.max(1, n / p.trials);
  let best: Uint32Array = new Uint32Array(0);
  let transform: Affine | null = null;
  for (let t = 0; t < n; t += step) {
    const k = Math.floor(t);
    const h = similarityOf(a, matches[2 * k]!, b, matches[2 * k + 1]!, p.scale);
    if (h === undefined) continue;
    const inliers = agreeing(a, b, matches, h, limit);
    if (inliers.length > best.length) {
      best = inliers;
      transform = h;
    }
  }
  for (let round = 0; round < 2 && best.length >= LEAST_INLIERS; round += 1) {
    const h = fitAffine(a, b, matches, best);
    if (h === undefined) break;
    const inliers = agreeing(a, b, matches, h, limit);
    if (inliers.length < best.length) break;
    best = inliers;
    transform = h;
  }
  return distinct(a, b, matches, best) >= LEAST_INLIERS
    ? { inliers: best, transform }
    : { inliers: new Uint32Array(0), transform: null };
}

/** Long side of the box around all features. */
function extent(f: Features): number {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < f.frames.length; i += 4) {
    left = Math.min(left, f.frames[i]!);
    right = Math.max(right, f.frames[i]!);
    top = Math.min(top, f.frames[i + 1]!);
    bottom = Math.max(bottom, f.frames[i + 1]!);
  }
  return Math.max(1, right - left, bottom - top);
}

function similarityOf(a: Features, i: number, b: Features, j: number, most: number): Affine | undefined {
  const [x, y, s, o] = a.frames.subarray(4 * i) as unknown as [number, number, number, number];
  const [u, v, t, q] = b.frames.subarray(4 * j) as unknown as [number, number, number, number];
  const zoom = t / s;
  if (!(zoom < most && zoom > 1 / most)) return undefined;
  const c = zoom * Math.cos(q - o);
  const d = zoom * Math.sin(q - o);
  return [c, -d, u - c * x + d * y, d, c, v - d * x - c * y];
}

function agreeing(a: Features, b: Features, matches: Matches, m: Affine, limit: number): Uint32Array {
  const out: number[] = [];
  for (let k = 0; 2 * k < matches.length; k += 1) {
    const i = 4 * matches[2 * k]!;
    const j = 4 * matches[2 * k + 1]!;
    const x = a.frames[i]!;
    const y = a.frames[i + 1]!;
    const dx = m[0] * x + m[1] * y + m[2] - b.frames[j]!;
    const dy = m[3] * x + m[4] * y + m[5] - b.frames[j + 1]!;
    if (dx * dx + dy * dy < limit) out.push(k);
  }
  return Uint32Array.from(out);
}

/** Least squares; undefined where the points are in line, or the map mirrors or squeezes beyond reason. */
function fitAffine(a: Features, b: Features, matches: Matches, of: Uint32Array): Affine | undefined {
  const n = of.length;
  let [mx, my, mu, mv] = [0, 0, 0, 0];
  for (const k of of) {
    mx += a.frames[4 * matches[2 * k]!]! / n;
    my += a.frames[4 * matches[2 * k]! + 1]! / n;
    mu += b.frames[4 * matches[2 * k + 1]!]! / n;
    mv += b.frames[4 * matches[2 * k + 1]! + 1]! / n;
  }
  let [xx, xy, yy, xu, yu, xv, yv] = [0, 0, 0, 0, 0, 0, 0];
  for (const k of of) {
    const x = a.frames[4 * matches[2 * k]!]! - mx;
    const y = a.frames[4 * matches[2 * k]! + 1]! - my;
    const u = b.frames[4 * matches[2 * k + 1]!]! - mu;
    const v = b.frames[4 * matches[2 * k + 1]! + 1]! - mv;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xu += x * u;
    yu += y * u;
    xv += x * v;
    yv += y * v;
  }
  const det = xx * yy - xy * xy;
  if (!(det > 1e-6 * (xx + yy) ** 2)) return undefined;
  const [p, q] = [(xu * yy - yu * xy) / det, (yu * xx - xu * xy) / det];
  const [r, s] = [(xv * yy - yv * xy) / det, (yv * xx - xv * xy) / det];
  const area = p * s - q * r;
  if (!(area > 0.01 && area < 100)) return undefined;
  return [p, q, mu - p * mx - q * my, r, s, mv - r * mx - s * my];
}

/** Inliers at different places: a keypoint with two orientations is one. */
function distinct(a: Features, b: Features, matches: Matches, of: Uint32Array): number {
  const places = new Set<string>();
  for (const k of of) {
    const i = 4 * matches[2 * k]!;
    const j = 4 * matches[2 * k + 1]!;
    const at = (f: Features, n: number): string => `${Math.round(f.frames[n]!)} ${Math.round(f.frames[n + 1]!)}`;
    places.add(`${at(a, i)} ${at(b, j)}`);
  }
  return places.size;
}
