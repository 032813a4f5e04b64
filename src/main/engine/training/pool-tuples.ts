import type { ManifoldParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import { judgements } from '../mining/decisions.ts';
import type { Mined, MinedAlternative, Tuple } from '../mining/mine.ts';
import { miningRun } from '../mining/runs.ts';
import { separation } from '../mining/separation.ts';
import { STRATEGY_BITS } from '../../../shared/domain.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { dot, row, type Matrix } from '../retrieval/rank.ts';
import { integer, json, record, select } from '../library/rows.ts';
import { storedAlternatives, storedNegatives } from '../library/tables/tuple.ts';

/** A tuple whose loss counts `weight` times. */
export interface WeightedTuple extends Tuple {
  readonly weight: number;
}

/** Nearest negatives of an anchor's pool that one is drawn of (methods.md 5.5). */
const NEAREST = 10;

interface Pool {
  readonly anchor: number;
  readonly positives: readonly MinedAlternative[];
  readonly negatives: readonly number[];
}

/** The pools of a manifold run, without what people refused. @throws CovisError `INPUT_INVALID` for a run of another kind. */
export function readPools(library: Library, run: number): { pools: Pool[]; parameters: ManifoldParameters } {
  const { parameters } = miningRun(library, run);
  if (parameters.positives !== 'manifold')
    throw new CovisError('INPUT_INVALID', `Mining run ${run} was mined from geometry: it has tuples, not pools`, {
      hint: 'Mine with --strategy manifold, or leave out --pools.',
    });
  const decided = judgements(library);
  const apart = separation(library, decided);
  const rows = select(
    library.db,
    'SELECT query, alternatives, negatives FROM tuple WHERE run_id = ? ORDER BY tuple_index',
    record({ query: integer, alternatives: json(storedAlternatives), negatives: json(storedNegatives) }),
  ).all(run);
  const pools = rows
    .map((r) => ({
      anchor: r.query,
      positives: r.alternatives.filter((p) => decided.mayMatch(r.query, p.photo)),
      negatives: r.negatives
        .map((n) => n.photo)
        .filter((n) => decided.mayDiffer(r.query, n) && !apart.joined(r.query, n)),
    }))
    .filter((p) => p.positives.length > 0 && p.negatives.length > 0);
  return { pools, parameters };
}

/**
 * Draws tuples of pools for one epoch (methods.md 5.5): anchor and positive uniformly, negatives uniformly among the nearest of the
 * anchor's pool under the current descriptors. Weights are manifold similarities over their mean, so that rates mean the same
 * whatever the graph.
 * @param count negatives of a tuple.
 */
export function drawFromPools(
  pools: readonly Pool[],
  descriptors: DescriptorSet,
  tuples: number,
  count: number,
  seed: number,
): Mined & { readonly tuples: readonly WeightedTuple[] } {
  const rowOf = new Map(Array.from(descriptors.ids, (id, i) => [id, i]));
  const all: Matrix = { data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim };
  const usable = pools
    .map((p) => ({
      ...p,
      positives: p.positives.filter((m) => rowOf.has(m.photo)),
      negatives: p.negatives.filter((n) => rowOf.has(n)),
    }))
    .filter((p) => rowOf.has(p.anchor) && p.positives.length > 0 && p.negatives.length > 0);
  if (usable.length === 0) throw new CovisError('STATE_EMPTY', 'No pool has photos that can be read');
  const weights = usable.flatMap((p) => p.positives.map((m) => m.weight ?? 1));
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  const r = random(seed);
  let distance = 0;
  let drawn = 0;
  const out = Array.from({ length: tuples }, (): WeightedTuple => {
    const pool = usable[r.below(usable.length)]!;
    const v = row(all, rowOf.get(pool.anchor)!);
    const positive = pool.positives[r.below(pool.positives.length)]!;
    const nearest = pool.negatives
      .map((photo) => ({ photo, similarity: dot(v, row(all, rowOf.get(photo)!)) }))
      .sort((a, b) => b.similarity - a.similarity || a.photo - b.photo)
      .slice(0, NEAREST);
    const negatives = r
      .shuffled(nearest)
      .slice(0, count)
      .sort((a, b) => b.similarity - a.similarity)
      .map((n) => ({ ...n, rank: null, links: null, mutual: false, shared: 0 }));
    for (const n of negatives) distance += Math.sqrt(Math.max(0, 2 - 2 * n.similarity));
    drawn += negatives.length;
    return {
      pair: {
        query: pool.anchor,
        other: positive.photo,
        cluster: 0,
        shared: positive.shared,
        overlap: positive.overlap,
        scale: positive.scale ?? Number.POSITIVE_INFINITY,
      },
      positiveSimilarity: dot(v, row(all, rowOf.get(positive.photo)!)),
      negatives,
      strategies: STRATEGY_BITS.manifold,
      disagreement: 0,
      suspicion: 0,
      alternatives: [],
      weight: (positive.weight ?? mean) / mean,
    };
  });
  return {
    tuples: out,
    queries: new Set(out.map((t) => t.pair.query)).size,
    meanNegativeDistance: distance / Math.max(1, drawn),
    warnings: [],
  };
}
