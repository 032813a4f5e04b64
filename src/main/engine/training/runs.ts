import { existsSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { EpochInfo, TrainingParameters, TrainingRunInfo } from '../../../shared/domain.ts';
import { isAlive } from '../queue/records.ts';
import type { Library } from '../library/library.ts';
import { networkById, type NetworkRow } from '../network/networks.ts';
import { checkpointFile } from './checkpoint.ts';
import { DEFAULT_TRAINING } from './presets.ts';

/** Training runs with their epochs, newest first. */
export function listTrainingRuns(library: Library): TrainingRunInfo[] {
  const rows = library.db
    .prepare(
      `SELECT t.id, t.created, t.state, n.uid AS network, json_extract(n.spec, '$.name') AS networkName, r.uid AS result, t.parameters,
         t.map_before AS mapBefore, t.device
       FROM training_run t JOIN network n ON n.id = t.network_id LEFT JOIN network r ON r.id = t.result_id ORDER BY t.id DESC`,
    )
    .all() as (Omit<TrainingRunInfo, 'parameters' | 'epochs' | 'resumable'> & { parameters: string })[];
  const epochs = library.db.prepare('SELECT facts FROM epoch WHERE training_id = ? ORDER BY epoch').pluck();
  return rows.map((r) => ({
    ...r,
    // Runs of older versions lack what they could not choose.
    parameters: { ...DEFAULT_TRAINING, ...(JSON.parse(r.parameters) as TrainingParameters) },
    resumable: (r.state === 'failed' || r.state === 'stopped') && existsSync(checkpointFile(library, r.id)),
    epochs: (epochs.all(r.id) as string[]).map((e) => JSON.parse(e) as EpochInfo),
  }));
}

/** Marks runs that a crash left unfinished. */
export function closeInterruptedRuns(library: Library): void {
  const running = library.db.prepare("SELECT id, pid FROM training_run WHERE state = 'running'").all() as {
    id: number;
    pid: number;
  }[];
  const close = library.db.prepare("UPDATE training_run SET state = 'failed' WHERE id = ?");
  for (const r of running) if (!isAlive(r.pid)) close.run(r.id);
}

/**
 * What an ended run needs to be taken up.
 * @throws CovisError `NOT_FOUND` for a run that does not exist, `STATE_CONFLICT` for one that is done or still runs.
 */
export function runToResume(library: Library, id: number): { parameters: TrainingParameters; networkId: number } {
  const row = library.db.prepare('SELECT state, pid, network_id, parameters FROM training_run WHERE id = ?').get(id) as
    { state: string; pid: number; network_id: number; parameters: string } | undefined;
  if (row === undefined) throw new CovisError('NOT_FOUND', `The library has no training run ${id}`);
  if (row.state === 'done') throw new CovisError('STATE_CONFLICT', `Training run ${id} is done`);
  if (row.state === 'running' && row.pid !== process.pid && isAlive(row.pid))
    throw new CovisError('STATE_CONFLICT', `Training run ${id} is still running, in process ${row.pid}`);
  return {
    parameters: { ...DEFAULT_TRAINING, ...(JSON.parse(row.parameters) as TrainingParameters) },
    networkId: row.network_id,
  };
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
  return library.db
    .prepare('SELECT id, state, result_id FROM training_run WHERE network_id = ? AND parameters = ? ORDER BY id DESC')
    .all(networkId, JSON.stringify(parameters)) as { id: number; state: string; result_id: number | null }[];
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
  closeInterruptedRuns(library);
  return runsLike(library, networkId, parameters).find(
    (r) => (r.state === 'failed' || r.state === 'stopped') && existsSync(checkpointFile(library, r.id)),
  )?.id;
}
