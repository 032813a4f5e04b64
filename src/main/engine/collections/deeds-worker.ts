/** The thread behind `deeds-thread.ts`, with a connection of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorShape } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { Library } from '../library/library.ts';
import { DEEDS } from './deeds.ts';
import type { DeedReply, DeedTask } from './deeds-thread.ts';

const log = logger('collections');
const port = parentPort!;
const library = Library.open((workerData as { path: string }).path, 'sound');

port.on('message', ({ id, name, key, args }: DeedTask) => {
  let reply: DeedReply;
  try {
    reply = { id, value: (DEEDS[name] as (...all: unknown[]) => unknown)(library, key, ...args) };
  } catch (error) {
    logFailure(log, name, error);
    reply = { id, error: toErrorShape(error) };
  }
  port.postMessage(reply);
});
