/**
 * How much speaks for a label error of a tuple, so that a reviewer sees likely errors first. A heuristic of ours; test/bench/RESULTS.md
 * says how well it finds errors that are known.
 */

/** Evidence that a negative shows the query's object. */
export interface NegativeEvidence {
  readonly similarity: number;
  /** Nearest neighbours in common with the query, as a fraction; null where not computed. */
  readonly links: number | null;
  readonly mutual: boolean;
  /** Shared 3D points. */
  readonly shared: number;
}

/** Evidence about a positive. `overlap` is null where geometry does not know the pair. */
export interface PositiveEvidence {
  readonly similarity: number;
  readonly overlap: number | null;
  /** Both photos are in 3D models, and these are of different places. */
  readonly contradicted: boolean;
}

/** An overlap from which on a positive is beyond doubt. */
const ENOUGH_OVERLAP = 0.4;
/** How much more similar than the positive a negative has to be to weigh fully. */
const MARGIN = 0.1;

/** @returns 0 to 1. */
export function negativeSuspicion(n: NegativeEvidence, positiveSimilarity: number): number {
  if (n.shared > 0) return 1;
  const ahead = 1 / (1 + Math.exp(-(n.similarity - positiveSimilarity) / MARGIN));
  if (n.links === null) return 0.5 * ahead;
  return 0.6 * Math.min(1, n.links) + (n.mutual ? 0.2 : 0) + 0.2 * ahead;
}

/** @returns 0 to 1. */
export function positiveSuspicion(p: PositiveEvidence): number {
  if (p.contradicted) return 1;
  const unlike = Math.max(0, Math.min(1, 1 - p.similarity));
  if (p.overlap === null) return 0.5 * unlike;
  return 0.5 * Math.max(0, 1 - p.overlap / ENOUGH_OVERLAP) + 0.25 * unlike;
}

/** Doubts of a positive and of several negatives as one: the chance that none of two independent ones holds is their product. */
export function tupleSuspicion(
  positive: PositiveEvidence,
  negatives: readonly NegativeEvidence[],
): number {
  const worst = Math.max(0, ...negatives.map((n) => negativeSuspicion(n, positive.similarity)));
  return 1 - (1 - worst) * (1 - positiveSuspicion(positive));
}
