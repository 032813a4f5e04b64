import { CovisError } from '../../../shared/errors.ts';
import type { MiningParameters } from '../../../shared/domain.ts';
import { now, type Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import type { DescriptorSet } from '../network/extract.ts';
import { dot, row, type Matrix } from '../retrieval/rank.ts';
import { positiveCandidates } from './candidates.ts';
import { hardestNegatives } from './negatives.ts';
import type { CovisiblePair } from './positives.ts';

/** A training tuple; photos are ids of the library. */
export interface Tuple {
  readonly pair: CovisiblePair;
  readonly positiveSimilarity: number;
  readonly negatives: readonly { readonly photo: number; readonly similarity: number }[];
}

export interface Mined {
  readonly tuples: readonly Tuple[];
  /** Mean distance of the chosen negatives to their query. */
  readonly meanNegativeDistance: number;
  readonly warnings: readonly string[];
}

/** The largest pool of photos that negatives are searched in (methods.md 1.3). */
const POOL = 20_000;

/**
 * Draws tuples: queries at random without replacement, a positive by m3 each, the hardest negatives one per place
 * under the given descriptors (methods.md 1.2, 1.3). Deterministic from `seed`.
 * @param photos the photos that may be used; all need a descriptor, others are left out.
 * @throws CovisError `STATE_EMPTY` when no pair qualifies or there is no foreign place.
 */
export function mineTuples(
  library: Library,
  descriptors: DescriptorSet,
  photos: ReadonlySet<number>,
  parameters: MiningParameters,
  seed: number,
): Mined {
  const rowOf = new Map<number, number>();
  descriptors.ids.forEach((id, i) => {
    if (photos.has(id)) rowOf.set(id, i);
  });
  const all: Matrix = { data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim };
  const candidates = positiveCandidates(library, parameters, new Set(rowOf.keys()));
  if (candidates.size === 0) {
    throw new CovisError(
      'STATE_EMPTY',
      `No two photos share ${parameters.minShared} points with an overlap of ${parameters.minOverlap} and a scale change below ${parameters.maxScale}`,
      {
        hint: 'Lower --min-shared or --min-overlap, raise --max-scale, or import larger models.',
      },
    );
  }
  const placeOf = new Map(
    (library.db.prepare('SELECT id, place FROM photo').all() as { id: number; place: number }[]).map((p) => [
      p.id,
      p.place,
    ]),
  );
  const r = random(seed);
  const poolIds = r
    .shuffled([...rowOf.keys()])
    .slice(0, POOL)
    .sort((a, b) => a - b);
  const pool = gather(
    all,
    poolIds.map((id) => rowOf.get(id)!),
  );
  const poolPlaces = poolIds.map((id) => placeOf.get(id)!);
  const foreign = new Set(poolPlaces).size - 1;
  if (foreign < 1) {
    throw new CovisError('STATE_EMPTY', 'All photos are of one place, so there are no negatives', {
      hint: 'Import models of at least two places.',
    });
  }
  const warnings: string[] = [];
  const wanted = Math.min(parameters.negatives, foreign);
  if (wanted < parameters.negatives)
    warnings.push(
      `Only ${foreign} foreign ${foreign === 1 ? 'place' : 'places'}: ${wanted} instead of ${parameters.negatives} negatives a tuple`,
    );
  const tuples: Tuple[] = [];
  let distance = 0;
  let count = 0;
  for (const query of drawQueries(
    [...candidates.keys()].sort((a, b) => a - b),
    parameters.queries,
    r,
  )) {
    const options = candidates.get(query)!;
    const pair = options[r.below(options.length)]!;
    const q = row(all, rowOf.get(query)!);
    const negatives = hardestNegatives(pool, poolPlaces, q, placeOf.get(query)!, wanted).map((n) => ({
      photo: poolIds[n.row]!,
      similarity: n.similarity,
    }));
    for (const n of negatives) {
      distance += Math.sqrt(Math.max(0, 2 - 2 * n.similarity));
      count += 1;
    }
    tuples.push({ pair, positiveSimilarity: dot(q, row(all, rowOf.get(pair.other)!)), negatives });
  }
  return { tuples, meanNegativeDistance: distance / Math.max(1, count), warnings };
}

/** Queries without replacement; a second round, in another order, begins when there are fewer than wanted. */
function drawQueries(queries: number[], count: number, r: ReturnType<typeof random>): number[] {
  const out: number[] = [];
  while (out.length < count) out.push(...r.shuffled(queries).slice(0, count - out.length));
  return out;
}

function gather(m: Matrix, rows: readonly number[]): Matrix {
  const data = new Float32Array(rows.length * m.dim);
  rows.forEach((r, i) => data.set(row(m, r), i * m.dim));
  return { data, rows: rows.length, dim: m.dim };
}

/** Where a mining run comes from. */
export interface MiningOrigin {
  readonly networkId: number;
  readonly size: number;
  readonly seed: number;
  readonly parameters: MiningParameters;
  readonly trainingId?: number;
  readonly epoch?: number;
}

/** Stores tuples as a versioned run, in one transaction. @returns the run's id. */
export function storeMiningRun(library: Library, mined: Mined, origin: MiningOrigin): number {
  return library.transaction(() => {
    const runId = library.db
      .prepare(
        'INSERT INTO mining_run (created, network_id, seed, size, parameters, tuples, mean_negative_distance, training_id, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id',
      )
      .pluck()
      .get(
        now(),
        origin.networkId,
        origin.seed,
        origin.size,
        JSON.stringify(origin.parameters),
        mined.tuples.length,
        mined.meanNegativeDistance,
        origin.trainingId ?? null,
        origin.epoch ?? null,
      ) as number;
    const insert = library.db.prepare(
      'INSERT INTO tuple (run_id, tuple_index, cluster_id, query, positive, shared, overlap, scale, positive_similarity, hardest, negatives) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    mined.tuples.forEach((t, i) => {
      insert.run(
        runId,
        i,
        t.pair.cluster,
        t.pair.query,
        t.pair.other,
        t.pair.shared,
        t.pair.overlap,
        t.pair.scale,
        t.positiveSimilarity,
        t.negatives[0]?.similarity ?? 0,
        JSON.stringify(t.negatives),
      );
    });
    return runId;
  });
}
