import type { EpochInfo, TrainingParameters, TrainingRunInfo } from '../../../shared/domain.ts';
import { isAlive } from '../jobs/records.ts';
import type { Library } from '../library/library.ts';

/** Training runs with their epochs, newest first. */
export function listTrainingRuns(library: Library): TrainingRunInfo[] {
  const rows = library.db
    .prepare(
      `SELECT t.id, t.created, t.state, n.uid AS network, json_extract(n.spec, '$.name') AS networkName, r.uid AS result, t.parameters,
         t.map_before AS mapBefore, t.device
       FROM training_run t JOIN network n ON n.id = t.network_id LEFT JOIN network r ON r.id = t.result_id ORDER BY t.id DESC`,
    )
    .all() as (Omit<TrainingRunInfo, 'parameters' | 'epochs'> & { parameters: string })[];
  const epochs = library.db.prepare('SELECT facts FROM epoch WHERE training_id = ? ORDER BY epoch').pluck();
  return rows.map((r) => ({
    ...r,
    parameters: JSON.parse(r.parameters) as TrainingParameters,
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
