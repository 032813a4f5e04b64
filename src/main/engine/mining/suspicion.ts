/**
 * How much speaks for a label error of a tuple, so that a reviewer sees likely errors first. A heuristic of ours; test/bench/RESULTS.md
 * says how well it finds errors that are known.
 */

/** Evidence that a negative shows the query's object. */
export interface NegativeEvidence {
  readonly similarity: number;
  /** Nearest neighbours in common with the query, as a fraction; null where not computed. */
  readonly links: number | null;
  /** Shared 3D points. */
  readonly shared: number;
  /** Photos of the two places match. */
  readonly maybeSame?: boolean;
}

/** Evidence about a positive. `overlap` is null where geometry does not know the pair. */
export interface PositiveEvidence {
  readonly similarity: number;
  readonly overlap: number | null;
  /** Both photos are in 3D models, and these are of different places; or they were matched with each other, and geometry did not confirm it. */
  readonly contradicted: boolean;
}

/** An overlap from which on a positive is beyond doubt. */
const ENOUGH_OVERLAP = 0.4;
/** How much links count; similarity has the rest. */
const LINKS = 0.25;

/**
 * How a run's negatives are spread: cosines of one network say little by themselves, their place among all of the run says much.
 * @returns the share of the values that are below one.
 */
export function percentile(values: readonly number[]): (value: number) => number {
  const sorted = Float64Array.from(values).sort();
  return (value) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return sorted.length === 0 ? 0 : low / sorted.length;
  };
}

/** @param place {@link percentile} of the run's negatives. @returns 0 to 1. */
export function negativeSuspicion(n: NegativeEvidence, place: (similarity: number) => number): number {
  if (n.shared > 0 || n.maybeSame === true) return 1;
  const alike = place(n.similarity) ** 2;
  return (1 - LINKS) * alike + LINKS * Math.min(1, n.links ?? 0);
}

/** @returns 0 to 1. */
export function positiveSuspicion(p: PositiveEvidence): number {
  if (p.contradicted) return 1;
  const unlike = Math.max(0, Math.min(1, 1 - p.similarity));
  if (p.overlap === null) return 0.5 * unlike;
  return 0.3 * Math.max(0, 1 - p.overlap / ENOUGH_OVERLAP) + 0.2 * unlike;
}

/** Doubts of a positive and of the worst negative as one, as if they were independent. */
export function tupleSuspicion(
  positive: PositiveEvidence,
  negatives: readonly NegativeEvidence[],
  place: (similarity: number) => number,
): number {
  const worst = Math.max(0, ...negatives.map((n) => negativeSuspicion(n, place)));
  return 1 - (1 - worst) * (1 - positiveSuspicion(positive));
}
