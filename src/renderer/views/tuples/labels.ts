import type { MiningRunInfo, TupleSort, Verdict } from '../../../shared/domain.ts';
import { STRATEGY_BITS, type TupleStrategy } from '../../../shared/facts/strategies.ts';
import { when } from '../../kit/format.ts';

/** What strategies are, for tooltips. */
export const STRATEGY_TEXT: Record<TupleStrategy, string> = {
  m1: 'm1: the most similar descriptor among the nearest cameras',
  m2: 'm2: the most shared points among the nearest cameras',
  m3: 'm3: may be drawn at random: enough overlap, bounded scale change',
  given: 'given by an imported list of pairs',
  manifold: 'near on the manifold, far in descriptor space',
};

/** The same in a few words. */
export const STRATEGY_SHORT = {
  m1: 'm1: closest descriptor',
  m2: 'm2: most shared points',
  m3: 'm3: random, enough overlap',
} as const;

export const SORT_TEXT: Record<TupleSort, string> = {
  mined: 'As mined',
  suspicion: 'Suspicion first',
  hardest: 'Hardest negatives first',
  easiest: 'Easiest negatives first',
  positive: 'Least similar positives first',
  shared: 'Fewest shared points first',
};

export const VERDICT_TEXT: Record<Verdict, string> = {
  accept: 'Accepted',
  reject: 'Rejected',
  'same-object': 'Same object',
  swap: 'Swapped',
  none: '',
};

/** Names of the strategies in a bit set. */
export function strategiesOf(bits: number): TupleStrategy[] {
  return (Object.keys(STRATEGY_BITS) as TupleStrategy[]).filter((s) => (bits & STRATEGY_BITS[s]) !== 0);
}

/** How a run is called in lists. */
export function runTitle(r: MiningRunInfo): string {
  const how =
    r.parameters.positives === 'manifold' ? 'manifold' : `${r.parameters.positives}, ${r.parameters.negatives}`;
  return r.training === null
    ? `Run ${r.id} · ${how} · ${when(r.created)}`
    : `Run ${r.id} · ${how} · training ${r.training}, epoch ${r.epoch}`;
}

/** A run's parameters as a sentence. */
export function runText(r: MiningRunInfo): string {
  const p = r.parameters;
  const from = `${r.setName}${r.size === null ? '' : `, ${r.size} px`}, seed ${r.seed}.`;
  if (p.positives === 'manifold')
    return `Mutual graph of ${p.k} neighbours; positives within manifold rank ${p.positivesK} and beyond it in descriptor space, negatives within Euclidean rank ${p.negativesK} and beyond it on the manifold; at most ${p.kept} each. Anchors: ${p.anchors === 'all' ? 'all photos' : `local maxima of ${p.importance}`}. ${from}`;
  return `Positives ${p.positives}: at least ${p.minShared} shared points${p.positives === 'm3' ? `, overlap ${p.minOverlap} or more, scale change up to ${p.maxScale}` : `, among the ${p.cameraPool} nearest cameras`}. Negatives: ${p.count}, ${p.negatives}, in a pool of ${p.pool}. ${from}`;
}
