import type { MiningParameters } from '../../../shared/domain.ts';

/** A directed covisible pair inside one cluster; photos are indices into the caller's list. */
export interface CovisiblePair {
  readonly query: number;
  readonly other: number;
  readonly cluster: number;
  readonly shared: number;
  /** Shared points over the points that the query sees: |P(q) ∩ P(i)| / |P(q)|. */
  readonly overlap: number;
  /** max(s, 1/s) of the scale change; infinite where it is not known. */
  readonly scale: number;
  /** Named by a list of pairs without a 3D model; geometry cannot be asked. */
  readonly given?: boolean;
}

/** max(s, 1/s); infinite where the scale is not known, so that such a pair is never within bounds. */
export function symmetricScale(s: number): number {
  return s > 0 ? Math.max(s, 1 / s) : Number.POSITIVE_INFINITY;
}

/** True where a pair may be used at all: not the photo itself, and enough shared points (guards of methods.md 1.2). */
export function isUsablePair(pair: CovisiblePair, p: Pick<MiningParameters, 'minShared'>): boolean {
  return pair.query !== pair.other && (pair.given === true || pair.shared >= p.minShared);
}

/**
 * True where strategy m3 ("relaxed inliers") may take the pair: enough shared points, overlap and bounded scale change
 * (methods.md 1.2), and not the photo itself.
 */
export function isRelaxedInlier(
  pair: CovisiblePair,
  p: Pick<MiningParameters, 'minShared' | 'minOverlap' | 'maxScale'>,
): boolean {
  return isUsablePair(pair, p) && (pair.given === true || (pair.overlap >= p.minOverlap && pair.scale <= p.maxScale));
}

/**
 * M1(q) of methods.md 1.2: the `k` views whose camera centres are nearest to the query's, nearest first, the query left out.
 * Equal distances go by index.
 * @param centres [views, 3], in the model's units.
 */
export function nearestCameras(centres: ArrayLike<number>, query: number, k: number): number[] {
  const n = centres.length / 3;
  const distance = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    for (let c = 0; c < 3; c += 1) distance[i]! += (centres[3 * i + c]! - centres[3 * query + c]!) ** 2;
  }
  const others: number[] = [];
  for (let i = 0; i < n; i += 1) if (i !== query) others.push(i);
  return others.sort((a, b) => distance[a]! - distance[b]! || a - b).slice(0, k);
}

/** Strategy m1: the pair with the most similar descriptor; equal ones by the lower photo. Undefined of nothing. */
export function closestDescriptor(
  pairs: readonly CovisiblePair[],
  similarity: (photo: number) => number,
): CovisiblePair | undefined {
  return best(pairs, (p) => similarity(p.other));
}

/** Strategy m2: the pair with most shared points; equal ones by the lower photo. Undefined of nothing. */
export function mostShared(pairs: readonly CovisiblePair[]): CovisiblePair | undefined {
  return best(pairs, (p) => p.shared);
}

function best(pairs: readonly CovisiblePair[], score: (p: CovisiblePair) => number): CovisiblePair | undefined {
  let found: CovisiblePair | undefined;
  let top = Number.NEGATIVE_INFINITY;
  for (const p of pairs) {
    const s = score(p);
    if (s > top || (s === top && found !== undefined && p.other < found.other)) {
      found = p;
      top = s;
    }
  }
  return found;
}
