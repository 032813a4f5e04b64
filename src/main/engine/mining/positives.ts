import type { MiningParameters } from '../../../shared/domain.ts';

/** A directed covisible pair inside one cluster; photos are indices into the caller's list. */
export interface CovisiblePair {
  readonly query: number;
  readonly other: number;
  readonly cluster: number;
  readonly shared: number;
  /** Shared points over the points that the query sees: |P(q) ∩ P(i)| / |P(q)|. */
  readonly overlap: number;
  /** max(s, 1/s) of the scale change. */
  readonly scale: number;
}

/** max(s, 1/s); infinite where the scale is not known, so that such a pair is never within bounds. */
export function symmetricScale(s: number): number {
  return s > 0 ? Math.max(s, 1 / s) : Number.POSITIVE_INFINITY;
}

/**
 * True where strategy m3 ("relaxed inliers") may take the pair: enough shared points, overlap and bounded scale change
 * (methods.md 1.2), and not the photo itself.
 */
export function isRelaxedInlier(
  pair: CovisiblePair,
  p: Pick<MiningParameters, 'minShared' | 'minOverlap' | 'maxScale'>,
): boolean {
  return (
    pair.query !== pair.other && pair.shared >= p.minShared && pair.overlap >= p.minOverlap && pair.scale <= p.maxScale
  );
}
