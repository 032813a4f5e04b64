import { random } from '../library/random.ts';
import { Cosines } from './cosines.ts';
import { dot } from './rank.ts';

/** Local features of one photo: positions in pixels [n, 2], descriptors [n, dim] row-major. */
export interface LocalFeatures {
  readonly count: number;
  readonly dim: number;
  readonly positions: Float32Array;
  readonly descriptors: Float32Array;
}

export interface Verification {
  /** Matches that agree with one affine transformation. */
  readonly inliers: number;
  /** Pairs of feature indices of those matches. */
  readonly pairs: readonly (readonly [number, number])[];
}

export interface VerificationParameters {
  /** Largest distance of a match to where the transformation puts it, pixels of the second photo. */
  readonly threshold: number;
  readonly trials: number;
  /** A match's second best similarity distance must exceed its best by this factor. */
  readonly ratio: number;
}

export const DEFAULT_VERIFICATION: VerificationParameters = { threshold: 24, trials: 400, ratio: 0.9 };

/** Products are of single precision: of a squared distance, so much of the squared lengths is rounding, and taken as none. */
const ROUNDING = 1e-6;

/** Mutual nearest neighbours that pass the ratio test. */
export function matchFeatures(a: LocalFeatures, b: LocalFeatures, ratio: number): [number, number][] {
  if (a.count === 0 || b.count === 0) return [];
  const bestB = new Int32Array(a.count).fill(-1);
  const bestA = new Int32Array(b.count).fill(-1);
  const leastA = new Float64Array(b.count).fill(Infinity);
  const clear = new Uint8Array(a.count);
  const squaredA = squares(a);
  const squaredB = squares(b);
  const products = Cosines.now({ data: b.descriptors, rows: b.count, dim: b.dim });
  for (let i = 0; i < a.count; i += 1) {
    const s = products.with(a.descriptors.subarray(i * a.dim, (i + 1) * a.dim));
    let first = Infinity;
    let second = Infinity;
    let nearest = -1;
    for (let j = 0; j < b.count; j += 1) {
      const lengths = squaredA[i]! + squaredB[j]!;
      let d = lengths - 2 * s[j]!;
      if (d < ROUNDING * lengths) d = 0;
      if (d < first) {
        second = first;
        first = d;
        nearest = j;
      } else if (d < second) second = d;
      if (d < leastA[j]!) {
        leastA[j] = d;
        bestA[j] = i;
      }
    }
    bestB[i] = nearest;
    clear[i] = first < ratio * ratio * second ? 1 : 0;
  }
  const out: [number, number][] = [];
  for (let i = 0; i < a.count; i += 1) {
    const j = bestB[i]!;
    if (clear[i] === 1 && j >= 0 && bestA[j] === i) out.push([i, j]);
  }
  return out;
}

function squares(f: LocalFeatures): Float64Array {
  return Float64Array.from({ length: f.count }, (_, i) => {
    const x = f.descriptors.subarray(i * f.dim, (i + 1) * f.dim);
    return dot(x, x);
  });
}

/**
 * Spatial verification: RANSAC of an affine transformation over mutual matches, refitted to its inliers (methods.md 1.1).
 * The same features and seed give the same answer.
 */
export function verify(
  a: LocalFeatures,
  b: LocalFeatures,
  p: VerificationParameters = DEFAULT_VERIFICATION,
  seed = 0,
): Verification {
  const matches = matchFeatures(a, b, p.ratio);
  if (matches.length < 4) return { inliers: 0, pairs: [] };
  const r = random(seed);
  const places = placesOf(a, b, matches);
  let most = 0;
  let fitted: readonly number[] | undefined;
  for (let t = 0; t < p.trials; t += 1) {
    const sample = [0, 1, 2].map(() => matches[r.below(matches.length)]!);
    const model = fitAffine(a, b, sample);
    const agree = model === undefined ? 0 : count(places, model, p.threshold, most);
    if (agree > most) [most, fitted] = [agree, model];
  }
  let best = fitted === undefined ? [] : agreeing(a, b, matches, fitted, p.threshold);
  for (let round = 0; round < 2 && best.length > 3; round += 1) {
    const model = fitAffine(a, b, best);
    if (model === undefined) break;
    const inliers = agreeing(a, b, matches, model, p.threshold);
    if (inliers.length < best.length) break;
    best = inliers;
  }
  // Three matches always agree with an affine transformation.
  return best.length > 3 ? { inliers: best.length, pairs: best } : { inliers: 0, pairs: [] };
}

/** Where each match lies in the one photo and in the other: four numbers a match. */
function placesOf(a: LocalFeatures, b: LocalFeatures, matches: readonly [number, number][]): Float64Array {
  const out = new Float64Array(4 * matches.length);
  matches.forEach(([i, j], m) => {
    out.set(a.positions.subarray(2 * i, 2 * i + 2), 4 * m);
    out.set(b.positions.subarray(2 * j, 2 * j + 2), 4 * m + 2);
  });
  return out;
}

/** How many matches {@link agreeing} would give; less where they cannot become more than `most`. */
function count(places: Float64Array, m: readonly number[], threshold: number, most: number): number {
  const [m0, m1, m2, m3, m4, m5] = m as [number, number, number, number, number, number];
  const limit = threshold * threshold;
  let agree = 0;
  let missing = places.length / 4 - most;
  for (let at = 0; at < places.length; at += 4) {
    const x = places[at]!;
    const y = places[at + 1]!;
    const dx = m0 * x + m1 * y + m2 - places[at + 2]!;
    const dy = m3 * x + m4 * y + m5 - places[at + 3]!;
    if (dx * dx + dy * dy < limit) agree += 1;
    else if ((missing -= 1) <= 0) break;
  }
  return agree;
}

function agreeing(
  a: LocalFeatures,
  b: LocalFeatures,
  matches: readonly [number, number][],
  m: readonly number[],
  threshold: number,
): [number, number][] {
  return matches.filter(([i, j]) => {
    const x = a.positions[2 * i]!;
    const y = a.positions[2 * i + 1]!;
    const dx = m[0]! * x + m[1]! * y + m[2]! - b.positions[2 * j]!;
    const dy = m[3]! * x + m[4]! * y + m[5]! - b.positions[2 * j + 1]!;
    return dx * dx + dy * dy < threshold * threshold;
  });
}

/** Least squares; undefined where the points are in line or the transformation mirrors, or stretches beyond reason. */
function fitAffine(
  a: LocalFeatures,
  b: LocalFeatures,
  matches: readonly (readonly [number, number])[],
): number[] | undefined {
  let mx = 0;
  let my = 0;
  for (const [i] of matches) {
    mx += a.positions[2 * i]! / matches.length;
    my += a.positions[2 * i + 1]! / matches.length;
  }
  let xx = 0;
  let xy = 0;
  let yy = 0;
  const u = [0, 0, 0];
  const v = [0, 0, 0];
  for (const [i, j] of matches) {
    const x = a.positions[2 * i]! - mx;
    const y = a.positions[2 * i + 1]! - my;
    const bx = b.positions[2 * j]!;
    const by = b.positions[2 * j + 1]!;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    u[0]! += x * bx;
    u[1]! += y * bx;
    u[2]! += bx / matches.length;
    v[0]! += x * by;
    v[1]! += y * by;
    v[2]! += by / matches.length;
  }
  const det = xx * yy - xy * xy;
  if (!(det > 1e-6 * (xx + yy) ** 2)) return undefined;
  const solve = (s: readonly number[]): [number, number, number] => {
    const p = (s[0]! * yy - s[1]! * xy) / det;
    const q = (s[1]! * xx - s[0]! * xy) / det;
    return [p, q, s[2]! - p * mx - q * my];
  };
  const m = [...solve(u), ...solve(v)];
  const area = m[0]! * m[4]! - m[1]! * m[3]!;
  return area > 0.01 && area < 100 ? m : undefined;
}
