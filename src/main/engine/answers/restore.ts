/** A backup becomes a library, while a page looks on. */
import { CovisError } from '../../../shared/errors.ts';
import { cancelled, ProgressMeter } from '../queue/context.ts';
import { restoreBackup, type RestoreReport } from '../work/restore.ts';
import type { EngineContext } from './answers.ts';

/** The one that is at work. */
let going: { stopped: boolean } | undefined;

/** Restores a backup and tells how far it is. @throws CovisError as `restoreBackup`, `STATE_CONFLICT` while another is restored, `CANCELLED`. */
export async function restore(engine: EngineContext, backup: string, library: string): Promise<RestoreReport> {
  if (going !== undefined)
    throw new CovisError('STATE_CONFLICT', 'Another backup is being restored', { hint: 'Wait until it is done.' });
  const mine = { stopped: false };
  going = mine;
  const meter = new ProgressMeter((progress) => engine.emit({ event: 'restoring', progress }));
  try {
    return await restoreBackup(backup, library, {
      step: (name, total, unit) => meter.step(name, total, unit),
      progress: (done) => meter.progress(done),
      warn: () => undefined,
      changed: () => undefined,
      check: () => {
        if (mine.stopped) throw cancelled();
      },
    });
  } finally {
    going = undefined;
  }
}

/** Ends the restoring that is at work, if one is. */
export function stopRestoring(): void {
  if (going !== undefined) going.stopped = true;
}
