import { existsSync } from 'node:fs';
import { z } from 'zod';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { miningParameters } from '../../../shared/facts/mining.ts';
import { defaultDecision } from '../../../shared/facts/networks.ts';
import { epochInfo, trainingParameters, trainingRunInfo } from '../../../shared/facts/training.ts';
import type { EpochInfo, TrainingParameters, TrainingRunInfo } from '../../../shared/domain.ts';
import { ownFile } from '../library/file-owner.ts';
import { numbersThereAre } from '../library/find.ts';
import type { Library } from '../library/library.ts';
import { closeDeadRuns, livedAlready } from '../library/sweep.ts';
import { networkById, type NetworkRow } from '../network/networks.ts';
import { checkpointFile } from './checkpoint.ts';
import { DEFAULT_TRAINING } from './presets.ts';
import { integer, json, nullable, oneOf, real, record, select, text, type Select } from '../library/rows.ts';

const STATE = oneOf(trainingRunInfo.shape.state.options);

/** Mining as the first libraries kept it counted negatives under their name and knew one strategy. */
const firstMining = z
  .object({
    negatives: z.int(),
    minShared: z.int(),
    minOverlap: z.number(),
    maxScale: z.number(),
    queries: z.int(),
  })
  .transform(({ negatives, ...m }) => ({ ...m, count: negatives }));

// Runs of older versions lack what they could not choose.
const PARAMETERS = json(
  trainingParameters
    .extend({ mining: z.union([miningParameters.partial(), firstMining]) })
    .partial()
    .transform((p): TrainingParameters => ({
      ...DEFAULT_TRAINING,
      ...defined(p),
      mining: { ...DEFAULT_TRAINING.mining, ...defined(p.mining ?? {}) },
    })),
);
const EPOCH = json(epochInfo.extend({ skipped: epochInfo.shape.skipped.default(0) }));

const STANDING = json(defaultDecision);

/** For many: what is known of the epochs of a run, in their order. */
export function epochsOf(library: Library): Select<EpochInfo> {
  return select(library.db, 'SELECT facts FROM epoch WHERE training_id = ? ORDER BY epoch', EPOCH);
}

/** What a run was told. @throws CovisError `NOT_FOUND`. */
export function parametersOf(library: Library, id: number): TrainingParameters {
  const found = select(library.db, 'SELECT parameters FROM training_run WHERE id = ?', PARAMETERS).get(id);
  if (found === undefined) throw new CovisError('NOT_FOUND', `The library has no training run ${id}`);
  return found;
}

/** Training runs with their epochs, newest first. */
export function listTrainingRuns(library: Library): TrainingRunInfo[] {
  const rows = select(
    library.db,
    `SELECT t.id, t.created, t.state, n.uid AS network, json_extract(n.spec, '$.name') AS networkName, r.uid AS result, t.parameters,
       t.map_before AS mapBefore, t.device, t.standing
     FROM training_run t JOIN network n ON n.id = t.network_id LEFT JOIN network r ON r.id = t.result_id ORDER BY t.id DESC`,
    record({
      id: integer,
      created: text,
      state: STATE,
      network: text,
      networkName: text,
      result: nullable(text),
      parameters: PARAMETERS,
      mapBefore: nullable(real),
      device: text,
      standing: nullable(STANDING),
    }),
  ).all();
  const epochs = epochsOf(library);
  return rows.map((r) => ({
    ...r,
    resumable: (r.state === 'failed' || r.state === 'stopped') && existsSync(checkpointFile(library, r.id)),
    epochs: epochs.all(r.id),
  }));
}

/**
 * Takes a run for this thread, among all threads, processes and machines, for as long as it goes on.
 * @returns what gives it back. @throws CovisError `STATE_CONFLICT` that says who has it.
 */
export function ownRun(library: Library, id: number): () => void {
  return ownFile(checkpointFile(library, id), {
    taken: `Training run ${id} is under way already`,
    hint: 'Wait until it is done, or stop it there first.',
    refused: 'Checkpoints cannot be written here',
  });
}

/**
 * What an ended run needs to be taken up, by who has taken it ({@link ownRun}).
 * @throws CovisError `NOT_FOUND` for a run that does not exist, `STATE_CONFLICT` for one that is done or still runs.
 */
export function runToResume(
  library: Library,
  id: number,
): {
  parameters: TrainingParameters;
  networkId: number;
  askedSize: number | undefined;
} {
  const row = select(
    library.db,
    'SELECT state, owner, pid, created, network_id AS networkId, asked_size AS askedSize, parameters FROM training_run WHERE id = ?',
    record({
      state: STATE,
      owner: nullable(text),
      pid: integer,
      created: text,
      networkId: integer,
      askedSize: nullable(integer),
      parameters: PARAMETERS,
    }),
  ).get(id);
  if (row === undefined)
    throw new CovisError('NOT_FOUND', `The library has no training run ${id}`, {
      hint: numbersThereAre(
        'training run',
        select(library.db, 'SELECT id FROM training_run ORDER BY id DESC', integer).all(),
      ),
    });
  if (row.state === 'done')
    throw new CovisError('STATE_CONFLICT', `Training run ${id} is done`, {
      hint: 'Start another from its network.',
    });
  // Of a Covis that knows no leases; whoever has this run now has its lease.
  if (row.state === 'running' && row.owner === null && livedAlready(row.pid, row.created))
    throw new CovisError('STATE_CONFLICT', `Training run ${id} is still running, in process ${row.pid}`, {
      hint: 'Wait until it is done, or stop it there first.',
    });
  return { parameters: row.parameters, networkId: row.networkId, askedSize: row.askedSize ?? undefined };
}

/** Runs of a network with these very parameters, newest first. */
function runsLike(
  library: Library,
  networkId: number,
  parameters: TrainingParameters,
): {
  id: number;
  state: string;
  result_id: number | null;
}[] {
  return select(
    library.db,
    'SELECT id, state, (SELECT n.id FROM network n WHERE n.id = result_id AND n.removed IS NULL) AS result_id FROM training_run WHERE network_id = ? AND parameters = ? ORDER BY id DESC',
    record({ id: integer, state: text, result_id: nullable(integer) }),
  ).all(networkId, JSON.stringify(parameters));
}

/** The network that such a run ended with, if one was done. */
export function runWithParameters(
  library: Library,
  networkId: number,
  parameters: TrainingParameters,
): NetworkRow | undefined {
  const done = runsLike(library, networkId, parameters).find((r) => r.state === 'done' && r.result_id !== null);
  return done === undefined ? undefined : networkById(library, done.result_id!);
}

/** Such a run that ended early and left a checkpoint. */
export function runToContinue(library: Library, networkId: number, parameters: TrainingParameters): number | undefined {
  closeDeadRuns(library.path, library.db);
  return runsLike(library, networkId, parameters).find(
    (r) => (r.state === 'failed' || r.state === 'stopped') && existsSync(checkpointFile(library, r.id)),
  )?.id;
}
