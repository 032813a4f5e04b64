import type { ManifoldParameters } from '../../../shared/domain.ts';
import { STRATEGY_BITS } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { neighbourCount } from '../retrieval/graph.ts';
import { dot, row, takeRows } from '../retrieval/rank.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';
import { CandidateReader, DEFAULT_MINING } from './candidates.ts';
import { judgements } from './decisions.ts';
import { mineManifold, mostNegativesK, DEFAULT_MANIFOLD } from './manifold.ts';
import type { Mined, MinedAlternative, Tuple } from './mine.ts';
import { separation } from './separation.ts';
import { percentile, tupleSuspicion } from './suspicion.ts';
import { integer, select } from '../library/rows.ts';

/** Ranks within which positives are sought: a share of a small collection, methods.md's 50 in a large one. */
const POSITIVE_SHARE = 0.06;

/** Defaults for a collection of any size: neighbourhoods that are a share of it where it is small, so that they are not all of it. */
export function manifoldDefaults(rows: number): ManifoldParameters {
  return {
    ...DEFAULT_MANIFOLD,
    k: neighbourCount(rows, DEFAULT_MANIFOLD.k),
    positivesK: Math.max(5, Math.min(DEFAULT_MANIFOLD.positivesK, Math.round(POSITIVE_SHARE * rows))),
    negativesK: Math.min(DEFAULT_MANIFOLD.negativesK, mostNegativesK(rows)),
    // As methods.md has it for CUB: where there are few photos, none is spared.
    anchors: rows <= DEFAULT_MANIFOLD.maxAnchors ? 'all' : 'maxima',
  };
}

/**
 * Mines pools over photos of a library, as tuples: the anchor is the query, its best positive the positive, and both pools stand with it.
 * What geometry knows of the pairs is noted, though it was not used. Refused pairs are left out.
 * @param photos that may be used.
 * @throws CovisError `STATE_EMPTY` when no anchor has both pools, `INPUT_INVALID` for regional descriptors.
 */
export async function mineManifoldTuples(
  library: Library,
  set: LoadedSet,
  photos: (photo: number) => boolean,
  parameters: ManifoldParameters,
  task: TaskContext,
): Promise<Mined> {
  if (set.owners !== undefined)
    throw new CovisError('INPUT_INVALID', 'Manifolds are mined on one descriptor a photo, and this set has several');
  const rows = Array.from(set.ids, (_, i) => i).filter((i) => photos(set.ids[i]!));
  const vectors = takeRows(set.vectors, rows);
  const photoOf = (i: number): number => set.ids[rows[i]!]!;
  const mined = await mineManifold(vectors, parameters, task);
  const decided = judgements(library);
  const apart = separation(library, decided);
  const reader = new CandidateReader(library, { ...DEFAULT_MINING, minShared: 0 }, () => true);
  const placeless = new Set(
    select(
      library.db,
      'SELECT id FROM photo WHERE NOT EXISTS (SELECT 1 FROM view v WHERE v.photo_id = photo.id)',
      integer,
    ).all(),
  );
  const place = percentile(mined.pools.flatMap((p) => p.negatives.map((n) => n.similarity)));
  const tuples: Tuple[] = [];
  let distance = 0;
  let count = 0;
  let emptied = 0;
  for (const pool of mined.pools) {
    const query = photoOf(pool.anchor);
    const positives = pool.positives
      .map((m) => ({ photo: photoOf(m.index), row: m.index, weight: m.similarity }))
      .filter((m) => decided.mayMatch(query, m.photo));
    const negatives = pool.negatives
      .map((m) => ({ photo: photoOf(m.index), similarity: m.similarity }))
      .filter((m) => decided.mayDiffer(query, m.photo) && !apart.joined(query, m.photo));
    if (positives.length === 0 || negatives.length === 0) {
      emptied += 1;
      continue;
    }
    const alternatives = positives.map((m): MinedAlternative => {
      const pair = reader.pair(query, m.photo);
      return {
        photo: m.photo,
        strategies: STRATEGY_BITS.manifold,
        shared: pair?.shared ?? 0,
        overlap: pair?.overlap ?? 0,
        scale: pair !== undefined && Number.isFinite(pair.scale) ? pair.scale : null,
        similarity: dot(row(vectors, pool.anchor), row(vectors, m.row)),
        weight: m.weight,
      };
    });
    const first = alternatives[0]!;
    const known = reader.pair(query, first.photo);
    const kept = negatives.map((n) => {
      distance += Math.sqrt(Math.max(0, 2 - 2 * n.similarity));
      count += 1;
      return { ...n, rank: null, links: null, mutual: false, shared: reader.pair(query, n.photo)?.shared ?? 0 };
    });
    tuples.push({
      pair: known ?? { query, other: first.photo, cluster: 0, shared: 0, overlap: 0, scale: Number.POSITIVE_INFINITY },
      positiveSimilarity: first.similarity,
      negatives: kept,
      strategies: STRATEGY_BITS.manifold,
      disagreement: 0,
      suspicion: tupleSuspicion(
        {
          similarity: first.similarity,
          overlap: known === undefined ? null : known.overlap,
          contradicted:
            !placeless.has(query) && !placeless.has(first.photo) && apart.groupOf(query) !== apart.groupOf(first.photo),
        },
        kept,
        place,
      ),
      alternatives,
    });
  }
  if (tuples.length === 0)
    throw new CovisError('STATE_EMPTY', `None of ${mined.anchors} anchors has both positives and negatives`, {
      hint: 'Raise --positives-k or --negatives-k, or lower --k.',
    });
  const warnings =
    mined.skipped + emptied > 0
      ? [`${mined.skipped + emptied} of ${mined.anchors} anchors have no positives or no negatives and were left out`]
      : [];
  return { tuples, queries: tuples.length, meanNegativeDistance: distance / Math.max(1, count), warnings };
}
