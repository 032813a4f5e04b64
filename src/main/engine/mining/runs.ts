import type { ManifoldParameters, MiningParameters, MiningRunInfo } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { numbersThereAre } from '../library/find.ts';
import { noteSubset } from '../library/collection-subset.ts';
import { now, type Library } from '../library/library.ts';
import type { Mined } from './mine.ts';
import { miningRunInfo } from '../../../shared/facts/mining.ts';
import { integer, json, nullable, real, record, select, text } from '../library/rows.ts';

/** Where a mining run comes from. */
export interface MiningOrigin {
  /** null for descriptors that were imported. */
  readonly networkId: number | null;
  readonly set: string;
  readonly setName: string;
  readonly size: number | null;
  readonly seed: number;
  readonly parameters: MiningParameters | ManifoldParameters;
  readonly trainingId?: number;
  readonly epoch?: number;
}

/** Stores tuples as a versioned run, in one transaction. @returns the run's id. */
export function storeMiningRun(library: Library, mined: Mined, origin: MiningOrigin): number {
  return library.transaction(() => {
    const runId = select(
      library.db,
      `INSERT INTO mining_run (created, network_id, set_key, set_name, seed, size, parameters, tuples, queries, mean_negative_distance, training_id, epoch)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      integer,
    ).one(
      now(),
      origin.networkId,
      origin.set,
      origin.setName,
      origin.seed,
      origin.size,
      JSON.stringify({ ...origin.parameters, ...noteSubset(library) }),
      mined.tuples.length,
      mined.queries,
      mined.meanNegativeDistance,
      origin.trainingId ?? null,
      origin.epoch ?? null,
    );
    const insert = library.db.prepare(
      `INSERT INTO tuple (run_id, tuple_index, cluster_id, query, positive, shared, overlap, scale, positive_similarity, hardest,
         strategies, disagreement, suspicion, negatives, alternatives) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
        Number.isFinite(t.pair.scale) ? t.pair.scale : null,
        t.positiveSimilarity,
        t.negatives[0]?.similarity ?? 0,
        t.strategies,
        t.disagreement,
        t.suspicion,
        JSON.stringify(t.negatives),
        JSON.stringify(t.alternatives),
      );
    });
    return runId;
  });
}

const SELECT_RUNS = `SELECT r.id, r.created, n.uid AS network, r.set_key AS "set", r.set_name AS setName, r.seed, r.size, r.tuples, r.queries, r.parameters,
    r.mean_negative_distance AS meanNegativeDistance, r.training_id AS training, r.epoch
  FROM mining_run r LEFT JOIN network n ON n.id = r.network_id`;

const ROW = record<MiningRunInfo>({
  id: integer,
  created: text,
  network: nullable(text),
  set: text,
  setName: text,
  seed: integer,
  size: nullable(integer),
  tuples: integer,
  queries: integer,
  parameters: json(miningRunInfo.shape.parameters),
  meanNegativeDistance: real,
  training: nullable(integer),
  epoch: nullable(integer),
});

/** Mining runs, newest first. */
export function listMiningRuns(library: Library): MiningRunInfo[] {
  return select(library.db, `${SELECT_RUNS} ORDER BY r.id DESC`, ROW).all();
}

/** One run, the newest when left out. @throws CovisError `STATE_EMPTY` without any, `NOT_FOUND`. */
export function miningRun(library: Library, id?: number): MiningRunInfo {
  const run = select(
    library.db,
    `${SELECT_RUNS} ${id === undefined ? '' : 'WHERE r.id = :id'} ORDER BY r.id DESC LIMIT 1`,
    ROW,
  ).get(id === undefined ? {} : { id });
  if (run !== undefined) return run;
  if (id === undefined)
    throw new CovisError('STATE_EMPTY', 'No tuples were mined yet', { hint: 'Mine them first: covis mine.' });
  const ids = select(library.db, 'SELECT id FROM mining_run ORDER BY id DESC', integer).all();
  throw new CovisError('NOT_FOUND', `There is no mining run ${id}`, { hint: numbersThereAre('mining run', ids) });
}
