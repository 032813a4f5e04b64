import type { MiningParameters } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { flag, integer, json, list, nullable, real, record, select } from '../library/rows.ts';
import { storedPose } from '../library/tables/cluster.ts';
import { cameraCentre } from '../sfm/model.ts';
import { isRelaxedInlier, isUsablePair, nearestCameras, symmetricScale, type CovisiblePair } from './positives.ts';

/** Defaults of m3 and of the negatives (methods.md 1.2, 1.3). */
export const DEFAULT_MINING: MiningParameters = {
  positives: 'm3',
  negatives: 'one-per-cluster',
  count: 5,
  minShared: 30,
  minOverlap: 0.2,
  maxScale: 1.5,
  cameraPool: 100,
  pool: 20_000,
  queries: 200,
  queryFraction: 1,
  queriesPerCluster: 0,
};

/**
 * All directed pairs of photos that share points, per cluster, with at least `minShared` of them. `query` and `other` are photo ids.
 * The scale change is symmetric (>= 1).
 */
export function* covisiblePairs(library: Library, minShared: number): Generator<CovisiblePair> {
  const rows = select(
    library.db,
    `SELECT p.cluster_id AS cluster, va.photo_id AS a, vb.photo_id AS b, p.shared, p.scale, va.points_seen AS seenA, vb.points_seen AS seenB
     FROM pair p
     JOIN view va ON va.cluster_id = p.cluster_id AND va.view_index = p.a
     JOIN view vb ON vb.cluster_id = p.cluster_id AND vb.view_index = p.b
     WHERE p.shared >= ? AND va.photo_id IS NOT NULL AND vb.photo_id IS NOT NULL
     ORDER BY p.cluster_id, p.a, p.b`,
    record({
      cluster: integer,
      a: integer,
      b: integer,
      shared: integer,
      scale: nullable(real),
      seenA: integer,
      seenB: integer,
    }),
    // Five million pairs in a library of 100,000 photos.
    'first',
  ).iterate(minShared);
  for (const r of rows) {
    const scale = symmetricScale(r.scale ?? Number.NaN);
    yield { query: r.a, other: r.b, cluster: r.cluster, shared: r.shared, overlap: r.shared / r.seenA, scale };
    yield { query: r.b, other: r.a, cluster: r.cluster, shared: r.shared, overlap: r.shared / r.seenB, scale };
  }
}

interface ClusterViews {
  /** Photo of each view; 0 where it is missing. */
  readonly photos: readonly number[];
  /** [views, 3]. */
  readonly centres: Float64Array;
  /** View of each photo; the last where a photo is there twice. */
  readonly viewOf: ReadonlyMap<number, number>;
}

/** What one query photo may be matched with. */
export interface QueryCandidates {
  /** Pairs that may be used, of all clusters of the query (guards applied). */
  readonly pairs: readonly CovisiblePair[];
  /** Those of them that strategy m3 may draw. */
  readonly relaxed: readonly CovisiblePair[];
  /** Those whose camera is among the nearest, for m1 and m2. Pairs without a model count as near. */
  readonly near: readonly CovisiblePair[];
}

/**
 * Reads the pairs of one query at a time, so that a large library is never loaded whole. Cameras are kept per cluster.
 */
export class CandidateReader {
  readonly #parameters: MiningParameters;
  readonly #allowed: (photo: number) => boolean;
  readonly #viewsOf;
  readonly #pairsOf;
  readonly #givenOf;
  readonly #cameras;
  readonly #hasGiven: boolean;
  readonly #clusters = new Map<number, ClusterViews>();
  #last:
    | {
        readonly query: number;
        readonly views: readonly {
          readonly cluster: number;
          readonly seen: number;
          readonly rows: ReadonlyMap<number, readonly [shared: number, scale: number | null]>;
        }[];
      }
    | undefined;

  /** @param allowed photos that may be positives. */
  constructor(library: Library, parameters: MiningParameters, allowed: (photo: number) => boolean) {
    const { db } = library;
    this.#parameters = parameters;
    this.#allowed = allowed;
    this.#viewsOf = select(
      db,
      'SELECT cluster_id, view_index, points_seen FROM view WHERE photo_id = ? ORDER BY cluster_id, view_index',
      list(integer, integer, integer),
    );
    this.#pairsOf = select(
      db,
      `SELECT b, shared, scale FROM pair WHERE cluster_id = :c AND a = :v
       UNION ALL SELECT a, shared, scale FROM pair WHERE cluster_id = :c AND b = :v`,
      list(integer, integer, nullable(real)),
    );
    this.#givenOf = select(
      db,
      'SELECT positive_view FROM given_pair WHERE cluster_id = ? AND query_view = ? ORDER BY positive_view',
      integer,
    );
    this.#cameras = select(
      db,
      'SELECT photo_id, pose FROM view WHERE cluster_id = ? ORDER BY view_index',
      list(nullable(integer), json(storedPose)),
    );
    this.#hasGiven = select(db, 'SELECT EXISTS (SELECT 1 FROM given_pair)', flag).one();
  }

  /** Candidates of a photo as query, ordered by cluster and photo. */
  of(query: number): QueryCandidates {
    const pairs: CovisiblePair[] = [];
    const near: CovisiblePair[] = [];
    const relaxed: CovisiblePair[] = [];
    for (const [cluster, view, seen] of this.#viewsOf.all(query)) {
      const { photos, centres } = this.#cluster(cluster);
      const of = new Map<number, CovisiblePair>();
      for (const [v, shared, scale] of this.#pairsOf.all({ c: cluster, v: view })) {
        const other = photos[v]!;
        if (other === 0 || !this.#allowed(other)) continue;
        const pair: CovisiblePair = {
          query,
          other,
          cluster,
          shared,
          overlap: shared / seen,
          scale: symmetricScale(scale ?? Number.NaN),
        };
        // A photo that is there twice keeps the view that shares most.
        if (isUsablePair(pair, this.#parameters) && (of.get(other)?.shared ?? -1) < shared) of.set(other, pair);
      }
      for (const given of this.#hasGiven ? this.#givenOf.all(cluster, view) : []) {
        const other = photos[given]!;
        const pair = { query, other, cluster, shared: 0, overlap: 0, scale: Number.POSITIVE_INFINITY, given: true };
        if (other !== 0 && this.#allowed(other) && isUsablePair(pair, this.#parameters)) of.set(other, pair);
      }
      const found = [...of.values()].sort((a, b) => a.other - b.other);
      if (found.length === 0 && this.#parameters.minShared > 0) continue;
      const pool = new Set(nearestCameras(centres, view, this.#parameters.cameraPool).map((v) => photos[v]!));
      if (this.#parameters.minShared === 0) {
        // Without a bound, m1 may take any near camera, as its authors did.
        for (const other of pool) {
          if (other === 0 || other === query || of.has(other) || !this.#allowed(other)) continue;
          found.push({ query, other, cluster, shared: 0, overlap: 0, scale: Number.POSITIVE_INFINITY });
        }
        found.sort((a, b) => a.other - b.other);
      }
      pairs.push(...found);
      near.push(...found.filter((p) => p.given === true || pool.has(p.other)));
      relaxed.push(...found.filter((p) => isRelaxedInlier(p, this.#parameters)));
    }
    return { pairs, relaxed, near };
  }

  /** Photos of a cluster that are there; for limits on the queries of one. */
  photosIn(cluster: number): number {
    return this.#cluster(cluster).viewOf.size;
  }

  /** The pair of two photos in any common cluster, also one that no strategy may take; undefined where they share none. */
  pair(query: number, other: number): CovisiblePair | undefined {
    // Asked for many photos of one query, one after the other.
    if (this.#last?.query !== query) {
      const views = this.#viewsOf.all(query).map(([cluster, view, seen]) => ({
        cluster,
        seen,
        rows: new Map(this.#pairsOf.all({ c: cluster, v: view }).map(([v, ...r]) => [v, r])),
      }));
      this.#last = { query, views };
    }
    let best: CovisiblePair | undefined;
    for (const { cluster, seen, rows } of this.#last.views) {
      const at = this.#cluster(cluster).viewOf.get(other);
      if (at === undefined) continue;
      const [shared, scale] = rows.get(at) ?? [0, null];
      if (best !== undefined && best.shared >= shared) continue;
      best = {
        query,
        other,
        cluster,
        shared,
        overlap: shared / Math.max(1, seen),
        scale: symmetricScale(scale ?? Number.NaN),
      };
    }
    return best;
  }

  #cluster(id: number): ClusterViews {
    let known = this.#clusters.get(id);
    if (known === undefined) {
      const rows = this.#cameras.all(id);
      const centres = new Float64Array(3 * rows.length);
      const viewOf = new Map<number, number>();
      rows.forEach(([photo, pose], v) => {
        centres.set(pose === null ? [0, 0, 0] : cameraCentre(pose), 3 * v);
        if (photo !== null) viewOf.set(photo, v);
      });
      known = { photos: rows.map(([photo]) => photo ?? 0), centres, viewOf };
      this.#clusters.set(id, known);
    }
    return known;
  }
}

/** The pairs that m3 may draw from, by query photo. For whitening, which wants all of them. */
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
