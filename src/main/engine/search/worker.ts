/** The thread that searches: {@link SearchSession} behind messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorShape } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { Library } from '../library/library.ts';
import type { SearchReply, SearchTask } from './client.ts';
import { SearchSession } from './session.ts';

const log = logger('search');
const port = parentPort!;
const session = new SearchSession(Library.open((workerData as { libraryPath: string }).libraryPath, 'sound'));
let last: Promise<unknown> = Promise.resolve();

// One request after the other: they share its sets and prepared methods.
port.on('message', (task: SearchTask | 'end') => {
  // A thread that is stopped within the runtime takes the program with it: what is computed meanwhile ends first.
  if (task === 'end') return void session.endMeanwhile().finally(() => port.postMessage('ended'));
  const { id, kind, request } = task;
  last = last.then(async () => {
    let reply: SearchReply;
    try {
      const value = await session[kind](request as never);
      reply = { id, value };
    } catch (error) {
      logFailure(log, kind, error);
      reply = { id, error: toErrorShape(error) };
    }
    port.postMessage(reply);
  });
});
