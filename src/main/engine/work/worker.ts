/** The thread in which one job of the studio runs. */
import { parentPort, workerData } from 'node:worker_threads';
import { CovisError, toErrorShape } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { cancelled, ProgressMeter } from '../queue/context.ts';
import type { WorkerMessage, WorkerTask } from '../queue/job-thread.ts';
import { explained } from '../library/explained.ts';
import { onWaiting } from '../library/turns.ts';
import { Library } from '../library/library.ts';
import { WORK } from './index.ts';

const { libraryPath, kind, params, stop } = workerData as WorkerTask;
const send = (m: WorkerMessage): void => parentPort?.postMessage(m);
const flag = new Uint8Array(stop);
const meter = new ProgressMeter((progress) => send({ type: 'progress', progress }));
const warnings: string[] = [];
onWaiting((step) => send({ type: 'progress', progress: { step, done: 0, total: 0, unit: '', rate: 0, left: null } }));
const library = Library.open(libraryPath, 'sound');
try {
  const result = await WORK[kind].run(library, params, {
    step: (name, total, unit) => meter.step(name, total, unit),
    progress: (done) => meter.progress(done),
    measured: (what) => meter.measured(what),
    keeps: (what) => meter.keeps(what),
    ahead: (units) => meter.ahead(units),
    finishes: (what) => send({ type: 'finishes', what }),
    warn: (m) => warnings.push(m),
    changed: (what) => send({ type: 'changed', what }),
    check: () => {
      if (Atomics.load(flag, 0) === 1) throw cancelled();
    },
  });
  send({ type: 'end', state: 'done', warnings, result });
} catch (error) {
  logFailure(logger('job'), kind, error);
  const stopped = error instanceof CovisError && error.code === 'CANCELLED';
  send({
    type: 'end',
    state: stopped ? 'cancelled' : 'failed',
    error: stopped ? undefined : toErrorShape(explained(error, library)),
    warnings,
  });
} finally {
  library.close();
}
