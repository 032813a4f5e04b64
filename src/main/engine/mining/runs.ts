import type { MiningParameters, MiningRunInfo, TupleInfo, TupleNegative } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';

/** Mining runs, newest first. */
export function listMiningRuns(library: Library): MiningRunInfo[] {
  const rows = library.db
    .prepare(
      `SELECT r.id, r.created, n.uid AS network, json_extract(n.spec, '$.name') AS networkName, r.seed, r.size, r.tuples, r.parameters,
         r.mean_negative_distance AS meanNegativeDistance, r.training_id AS training, r.epoch
       FROM mining_run r JOIN network n ON n.id = r.network_id ORDER BY r.id DESC`,
    )
    .all() as (Omit<MiningRunInfo, 'parameters'> & { parameters: string })[];
  return rows.map((r) => ({ ...r, parameters: JSON.parse(r.parameters) as MiningParameters }));
}

/** A window of tuples of a run, by key. With `cluster`, only tuples whose query is of that cluster; `from` then counts within them. */
export function tuplePage(
  library: Library,
  run: number,
  from: number,
  limit: number,
  cluster?: string,
): { total: number; tuples: TupleInfo[] } {
  const { db } = library;
  const filter = cluster === undefined ? '' : 'AND c.uid = @cluster';
  const total = db
    .prepare(`SELECT COUNT(*) FROM tuple t JOIN cluster c ON c.id = t.cluster_id WHERE t.run_id = @run ${filter}`)
    .pluck()
    .get({ run, cluster }) as number;
  const window =
    cluster === undefined
      ? 'AND t.tuple_index >= @from ORDER BY t.tuple_index LIMIT @limit'
      : `${filter} ORDER BY t.tuple_index LIMIT @limit OFFSET @from`;
  const rows = db
    .prepare(
      `SELECT t.tuple_index AS idx, q.hash AS query, p.hash AS positive, c.uid AS cluster, c.name AS clusterName, t.shared, t.overlap, t.scale,
         t.positive_similarity AS positiveSimilarity, t.negatives
       FROM tuple t JOIN photo q ON q.id = t.query JOIN photo p ON p.id = t.positive JOIN cluster c ON c.id = t.cluster_id
       WHERE t.run_id = @run ${window}`,
    )
    .all({ run, from, limit, cluster }) as (Omit<TupleInfo, 'id' | 'index' | 'negatives'> & {
    idx: number;
    negatives: string;
  })[];
  const negative = db.prepare(
    `SELECT p.hash AS photo, COALESCE(c.uid, '') AS cluster, COALESCE(c.name, s.name) AS clusterName FROM photo p
     JOIN photo_file f ON f.photo_id = p.id JOIN scene s ON s.id = f.scene_id
     LEFT JOIN view v ON v.photo_id = p.id LEFT JOIN cluster c ON c.id = v.cluster_id WHERE p.id = ? LIMIT 1`,
  );
  return {
    total,
    tuples: rows.map(({ idx, negatives, ...t }) => ({
      ...t,
      id: idx,
      index: idx,
      negatives: (JSON.parse(negatives) as { photo: number; similarity: number }[]).map((n): TupleNegative => ({
        ...(negative.get(n.photo) as { photo: string; cluster: string; clusterName: string }),
        similarity: n.similarity,
      })),
    })),
  };
}
