import type { MiningParameters } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { isRelaxedInlier, symmetricScale, type CovisiblePair } from './positives.ts';

/** Defaults of m3 and of the negatives (methods.md 1.2, 1.3). */
export const DEFAULT_MINING: MiningParameters = {
  strategy: 'm3',
  minShared: 30,
  minOverlap: 0.2,
  maxScale: 1.5,
  negatives: 5,
  queries: 200,
};

/**
 * All directed pairs of photos that share points, per cluster, with at least `minShared` of them. `query` and `other` are photo ids.
 * The scale change is symmetric (>= 1).
 */
export function covisiblePairs(library: Library, minShared: number): CovisiblePair[] {
  const rows = library.db
    .prepare(
      `SELECT p.cluster_id AS cluster, va.photo_id AS a, vb.photo_id AS b, p.shared, p.scale, va.points_seen AS seenA, vb.points_seen AS seenB
       FROM pair p
       JOIN view va ON va.cluster_id = p.cluster_id AND va.view_index = p.a
       JOIN view vb ON vb.cluster_id = p.cluster_id AND vb.view_index = p.b
       WHERE p.shared >= ? AND va.photo_id IS NOT NULL AND vb.photo_id IS NOT NULL
       ORDER BY p.cluster_id, p.a, p.b`,
    )
    .iterate(minShared) as Iterable<{
    cluster: number;
    a: number;
    b: number;
    shared: number;
    scale: number | null;
    seenA: number;
    seenB: number;
  }>;
  const out: CovisiblePair[] = [];
  for (const r of rows) {
    const scale = symmetricScale(r.scale ?? Number.NaN);
    out.push({ query: r.a, other: r.b, cluster: r.cluster, shared: r.shared, overlap: r.shared / r.seenA, scale });
    out.push({ query: r.b, other: r.a, cluster: r.cluster, shared: r.shared, overlap: r.shared / r.seenB, scale });
  }
  return out;
}

/** The pairs that m3 may draw from, by query photo. */
export function positiveCandidates(
  library: Library,
  parameters: MiningParameters,
  photos: ReadonlySet<number>,
): Map<number, CovisiblePair[]> {
  const byQuery = new Map<number, CovisiblePair[]>();
  for (const p of covisiblePairs(library, parameters.minShared)) {
    if (!photos.has(p.query) || !photos.has(p.other) || !isRelaxedInlier(p, parameters)) continue;
    const list = byQuery.get(p.query);
    if (list === undefined) byQuery.set(p.query, [p]);
    else list.push(p);
  }
  return byQuery;
}
