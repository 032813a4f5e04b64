import type { TupleAlternative, TupleInfo, TupleNegative } from '../../../shared/domain.ts';
import { STRATEGY_BITS } from '../../../shared/facts/strategies.ts';

/** A photo of a tuple beside its query. */
export interface Shown {
  readonly photo: string;
  readonly role: 'positive' | 'alternative' | 'negative';
  readonly negative?: TupleNegative;
  readonly alternative?: TupleAlternative;
}

/** Photos of each kind that are shown besides the positive; pools have up to fifty. */
const SHOWN = 11;

/** The positive, what other strategies would take or the rest of a pool, and the negatives, as far as they are shown. */
export function shownPhotos(t: TupleInfo): Shown[] {
  const positive = t.alternatives.find((a) => a.photo === t.positive) ?? {
    photo: t.positive,
    strategies: t.strategies,
    shared: t.shared,
    overlap: t.overlap,
    scale: t.scale,
    similarity: t.positiveSimilarity,
    weight: null,
    verdict: t.verdict,
  };
  const others = t.alternatives.filter((a) => a.photo !== t.positive).slice(0, SHOWN);
  return [
    { photo: t.positive, role: 'positive', alternative: positive },
    ...others.map((a): Shown => ({ photo: a.photo, role: 'alternative', alternative: a })),
    ...t.negatives.slice(0, SHOWN + 1).map((n): Shown => ({ photo: n.photo, role: 'negative', negative: n })),
  ];
}

/** True for a pool that was mined on a manifold. */
export function isPool(t: TupleInfo): boolean {
  return (t.strategies & STRATEGY_BITS.manifold) !== 0;
}
