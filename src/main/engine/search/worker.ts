/** A thread that searches: {@link SearchSession} behind messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { CovisError, toErrorShape } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { Library } from '../library/library.ts';
import { cancelled, ProgressMeter, silentContext, type TaskContext } from '../queue/context.ts';
import { SearchSession } from './session.ts';
import type { SearchReply, SearchTask } from './thread.ts';

const log = logger('search');
const port = parentPort!;
const session = new SearchSession(Library.open((workerData as { libraryPath: string }).libraryPath, 'sound'));
const say = (reply: SearchReply): void => port.postMessage(reply);
let last: Promise<unknown> = Promise.resolve();

/** Who asks hears how far it is, and stops it, also while this thread has time for no message. */
function contextOf({ id, stop }: SearchTask): TaskContext {
  const meter = new ProgressMeter((progress) => say({ id, progress }));
  const flag = new Uint8Array(stop);
  return {
    ...silentContext(),
    step: (name, total, unit) => meter.step(name, total, unit),
    progress: (done) => meter.progress(done),
    check: () => {
      if (Atomics.load(flag, 0) === 1) throw cancelled();
    },
  };
}

// One request after the other: they share its sets and prepared methods.
port.on('message', (task: SearchTask | 'end') => {
  // A thread that is stopped within the runtime takes the program with it: what is computed meanwhile ends first.
  if (task === 'end') return void session.endMeanwhile().finally(() => port.postMessage('ended'));
  const { id, kind, request } = task;
  last = last.then(async () => {
    try {
      const context = contextOf(task);
      context.check();
      say({ id, value: await session[kind](request as never, context as never) });
    } catch (error) {
      if (!(error instanceof CovisError && error.code === 'CANCELLED')) logFailure(log, kind, error);
      say({ id, error: toErrorShape(error) });
    }
  });
});
