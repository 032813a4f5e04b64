import type { MiningParameters } from '../../../shared/domain.ts';
import { STRATEGY_BITS } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { random, type Random } from '../library/random.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { dot, row, takeRows, type Matrix } from '../retrieval/rank.ts';
import { CandidateReader, type QueryCandidates } from './candidates.ts';
import { judgements as readJudgements, type Judgements } from './decisions.ts';
import { doubtsOf, type Doubts } from './doubts.ts';
import { NegativeSearch, type Links } from './negative-search.ts';
import type { Negative } from './negatives.ts';
import { closestDescriptor, mostShared, type CovisiblePair } from './positives.ts';
import { separation } from './separation.ts';
import { percentile, tupleSuspicion } from './suspicion.ts';

/** A negative of a tuple; the photo is an id of the library. */
export interface MinedNegative {
  readonly photo: number;
  readonly similarity: number;
  readonly rank: number | null;
  readonly links: number | null;
  readonly mutual: boolean;
  readonly shared: number;
}

/** A positive that was not taken, or one of a manifold pool. */
export interface MinedAlternative {
  readonly photo: number;
  readonly strategies: number;
  readonly shared: number;
  readonly overlap: number;
  /** null where it is not known. */
  readonly scale: number | null;
  readonly similarity: number;
  readonly weight: number | null;
}

/** A training tuple; photos are ids of the library. */
export interface Tuple {
  readonly pair: CovisiblePair;
  readonly positiveSimilarity: number;
  readonly negatives: readonly MinedNegative[];
  /** Who would take this positive: bits of `STRATEGY_BITS`. */
  readonly strategies: number;
  readonly disagreement: number;
  readonly suspicion: number;
  readonly alternatives: readonly MinedAlternative[];
}

export interface Mined {
  readonly tuples: readonly Tuple[];
  readonly queries: number;
  /** Mean distance of the chosen negatives to their query. */
  readonly meanNegativeDistance: number;
  readonly warnings: readonly string[];
}

export interface MineOptions {
  /** Also finds out which neighbours negatives share with their query, for the order of suspicion. */
  readonly links?: boolean;
  readonly task?: TaskContext;
}

interface Chosen {
  readonly query: number;
  readonly pair: CovisiblePair;
  readonly candidates: QueryCandidates;
}

/**
 * Mines one round: queries at random without replacement, a positive by the strategy each, negatives under the given descriptors
 * (methods.md 1.2, 1.3). What people decided holds: refused pairs are not used, chosen positives are, and places that show the same
 * object count as one. Deterministic from `seed`.
 * @param photos the photos that may be used; all need a descriptor, others are left out.
 * @throws CovisError `STATE_EMPTY` when no pair qualifies or there is no foreign place, `CANCELLED`.
 */
export async function mineTuples(
  library: Library,
  descriptors: DescriptorSet,
  photos: ReadonlySet<number>,
  parameters: MiningParameters,
  seed: number,
  options: MineOptions = {},
): Promise<Mined> {
  const rowOf = new Map<number, number>();
  descriptors.ids.forEach((id, i) => {
    if (photos.has(id)) rowOf.set(id, i);
  });
  const all: Matrix = { data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim };
  const decided = readJudgements(library);
  const apart = separation(library, decided);
  const r = random(seed);
  const poolIds = r
    .shuffled([...rowOf.keys()])
    .slice(0, parameters.pool)
    .sort((a, b) => a - b);
  const groups = new Set(poolIds.map(apart.groupOf)).size;
  if (groups < 2) {
    throw new CovisError('STATE_EMPTY', 'All photos are of one place, so there are no negatives', {
      hint: 'Import models of at least two places.',
    });
  }
  const warnings: string[] = [];
  let count = parameters.count;
  if (parameters.negatives === 'one-per-cluster' && count > groups - 1) {
    count = groups - 1;
    warnings.push(
      `Only ${count} foreign ${count === 1 ? 'place' : 'places'}: ${count} instead of ${parameters.count} negatives a tuple`,
    );
  }
  const reader = new CandidateReader(library, parameters, (photo) => rowOf.has(photo));
  const chosen = choosePositives(
    [...rowOf.keys()].sort((a, b) => a - b),
    reader,
    decided,
    parameters,
    r,
    (q, p) => dot(row(all, rowOf.get(q)!), row(all, rowOf.get(p)!)),
  );
  if (chosen.length === 0) {
    throw new CovisError(
      'STATE_EMPTY',
      `No two photos share ${parameters.minShared} points${parameters.positives === 'm3' ? ` with an overlap of ${parameters.minOverlap} and a scale change below ${parameters.maxScale}` : ''}`,
      { hint: 'Lower --min-shared or --min-overlap, raise --max-scale, or import larger models.' },
    );
  }
  const queries = [...new Set(chosen.map((c) => c.query))];
  const pool = takeRows(
    all,
    poolIds.map((id) => rowOf.get(id)!),
  );
  const search = new NegativeSearch(pool, poolIds, apart, options.task);
  try {
    const vectors = takeRows(
      all,
      queries.map((id) => rowOf.get(id)!),
    );
    const negatives = await search.find(vectors, queries, count, parameters.negatives, r);
    const evidence = options.links === true ? await search.links(vectors, queries, negatives) : undefined;
    const doubts = options.links === true ? doubtsOf(library, apart) : undefined;
    return assemble(chosen, queries, negatives, evidence, doubts, all, rowOf, reader, warnings, (i) => poolIds[i]!);
  } finally {
    await search.release();
  }
}

/** Draws queries until there are enough pairs, each at most once; a new round over the queries begins while m3 has more to draw. */
function choosePositives(
  photos: readonly number[],
  reader: CandidateReader,
  decided: Judgements,
  p: MiningParameters,
  r: Random,
  similarity: (query: number, photo: number) => number,
): Chosen[] {
  const out: Chosen[] = [];
  const used = new Map<number, Set<number>>();
  const perCluster = new Map<number, number>();
  const withinLimit = (cluster: number): boolean => {
    const share = Math.max(1, Math.round(p.queryFraction * reader.photosIn(cluster)));
    const limit = p.queriesPerCluster > 0 ? Math.min(p.queriesPerCluster, share) : share;
    return (perCluster.get(cluster) ?? 0) < limit;
  };
  let round = photos;
  while (out.length < p.queries && round.length > 0) {
    const again: number[] = [];
    for (const query of r.shuffled(round)) {
      if (out.length >= p.queries) break;
      const candidates = reader.of(query);
      const seen = used.get(query);
      const open = (list: readonly CovisiblePair[]): CovisiblePair[] =>
        list.filter((c) => decided.mayMatch(query, c.other) && seen?.has(c.other) !== true);
      const wanted = decided.chosen.get(query);
      let pair = seen === undefined ? candidates.pairs.find((c) => c.other === wanted) : undefined;
      if (pair === undefined && p.positives === 'm3') {
        const relaxed = open(candidates.relaxed);
        pair = relaxed.length === 0 ? undefined : relaxed[r.below(relaxed.length)]!;
      } else if (pair === undefined && seen === undefined) {
        const near = open(candidates.near);
        pair = p.positives === 'm1' ? closestDescriptor(near, (o) => similarity(query, o)) : mostShared(near);
      }
      if (pair === undefined || (seen === undefined && !withinLimit(pair.cluster))) continue;
      out.push({ query, pair, candidates });
      if (seen === undefined) {
        used.set(query, new Set([pair.other]));
        perCluster.set(pair.cluster, (perCluster.get(pair.cluster) ?? 0) + 1);
      } else seen.add(pair.other);
      if (p.positives === 'm3') again.push(query);
    }
    round = again;
  }
  return out;
}

function assemble(
  chosen: readonly Chosen[],
  queries: readonly number[],
  found: readonly Negative[][],
  links: Links | undefined,
  doubts: Doubts | undefined,
  all: Matrix,
  rowOf: ReadonlyMap<number, number>,
  reader: CandidateReader,
  warnings: readonly string[],
  poolId: (i: number) => number,
): Mined {
  const of = new Map(queries.map((q, i) => [q, found[i]!]));
  const place = percentile(found.flatMap((list) => list.map((n) => n.similarity)));
  let distance = 0;
  let negativeCount = 0;
  const tuples = chosen.map(({ query, pair, candidates }): Tuple => {
    const v = row(all, rowOf.get(query)!);
    const similarity = (photo: number): number => dot(v, row(all, rowOf.get(photo)!));
    const negatives = of.get(query)!.map((n): MinedNegative => {
      const photo = poolId(n.row);
      distance += Math.sqrt(Math.max(0, 2 - 2 * n.similarity));
      negativeCount += 1;
      const { links: l, mutual } = links?.(query, photo) ?? { links: null, mutual: false };
      const shared = links === undefined ? 0 : (reader.pair(query, photo)?.shared ?? 0);
      return { photo, similarity: n.similarity, rank: n.rank, links: l, mutual, shared };
    });
    const m1 = closestDescriptor(candidates.near, similarity);
    const m2 = mostShared(candidates.near);
    const bits = (p: CovisiblePair): number =>
      (p.other === m1?.other ? STRATEGY_BITS.m1 : 0) |
      (p.other === m2?.other && p.given !== true ? STRATEGY_BITS.m2 : 0) |
      (p.given === true ? STRATEGY_BITS.given : 0) |
      (candidates.relaxed.includes(p) ? STRATEGY_BITS.m3 : 0);
    const others = [m1, m2].filter((p): p is CovisiblePair => p !== undefined && p.other !== pair.other);
    const alternatives = others.filter((p, i) => others.findIndex((o) => o.other === p.other) === i);
    const positiveSimilarity = similarity(pair.other);
    return {
      pair,
      positiveSimilarity,
      negatives,
      strategies: bits(pair),
      disagreement: alternatives.length,
      suspicion: tupleSuspicion(
        {
          similarity: positiveSimilarity,
          overlap: pair.given === true ? null : pair.overlap,
          contradicted: doubts?.unconfirmed(query, pair.other) === true,
        },
        negatives.map((n) => ({ ...n, maybeSame: doubts?.maybeSame(query, n.photo) === true })),
        place,
      ),
      alternatives: alternatives.map((p) => ({
        photo: p.other,
        strategies: bits(p),
        shared: p.shared,
        overlap: p.overlap,
        scale: Number.isFinite(p.scale) ? p.scale : null,
        similarity: similarity(p.other),
        weight: null,
      })),
    };
  });
  return {
    tuples,
    queries: queries.length,
    meanNegativeDistance: distance / Math.max(1, negativeCount),
    warnings,
  };
}
