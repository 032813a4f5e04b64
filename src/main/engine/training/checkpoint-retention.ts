/** Which checkpoints of a library stay: a run has one, which is gone when it is done; those of runs that ended early pile up. */
import { rmSync, statSync } from 'node:fs';
import { CHECKPOINTS_KEPT } from '../../../shared/facts/kept.ts';
import { logFailure, logger } from '../environment/log.ts';
import { readSettings } from '../environment/settings.ts';
import type { Library } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';
import { checkpointFile } from './checkpoint.ts';

/** A run's checkpoint, and why it stays; null where it may go. */
export interface KeptCheckpoint {
  readonly run: number;
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds. */
  readonly modified: number;
  readonly state: string;
  readonly kept: string | null;
  /** True for a run that is under way: it stays whatever is said. */
  readonly firm: boolean;
}

/** How many checkpoints of runs that ended early are kept: the setting of the person. */
export function checkpointsKept(): number {
  return readSettings().checkpoints ?? CHECKPOINTS_KEPT;
}

/** The checkpoints of a library's runs, newest first. @param keep of runs that ended early. */
export function checkpointsOf(library: Library, keep = checkpointsKept()): KeptCheckpoint[] {
  const runs = select(library.db, 'SELECT id, state FROM training_run', record({ id: integer, state: text })).all();
  const found = runs.flatMap(({ id, state }) => {
    const path = checkpointFile(library, id);
    const there = statSync(path, { throwIfNoEntry: false });
    return there === undefined ? [] : [{ run: id, path, bytes: there.size, modified: there.mtimeMs, state }];
  });
  let early = 0;
  return found
    .sort((a, b) => b.modified - a.modified || b.run - a.run)
    .map((c) => {
      if (c.state === 'running') return { ...c, kept: 'its run is under way', firm: true };
      if (c.state === 'done') return { ...c, kept: null, firm: false };
      early += 1;
      const kept = early <= keep ? 'its run ended early and is taken up from it' : null;
      return { ...c, kept, firm: false };
    });
}

/** Lets the checkpoints go that the setting does not keep. @param say is told of each. */
export function letCheckpointsGo(library: Library, say: (message: string) => void, keep = checkpointsKept()): void {
  for (const { run, path, state, kept } of checkpointsOf(library, keep)) {
    if (kept !== null) continue;
    try {
      rmSync(path, { force: true });
    } catch (error) {
      // Why the run ended is what is to be said now.
      logFailure(logger('training'), `The checkpoint of run ${run} could not be removed`, error);
      continue;
    }
    if (state !== 'done')
      say(
        `The checkpoint of training run ${run}, which ended early, was let go: the newest ${keep} of such runs are kept, as the settings in Storage say`,
      );
  }
}
