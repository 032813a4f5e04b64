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

let last: Promise<void> = Promise.resolve();
// One after the other, also where one waits for files to be read.
port.on('message', (task: DeedTask) => (last = last.then(() => doOne(task))));

async function doOne({ id, name, key, args }: DeedTask): Promise<void> {
  let reply: DeedReply;
  try {
    reply = { id, value: await (DEEDS[name] as (...all: unknown[]) => unknown)(library, key, ...args) };
  } catch (error) {
    logFailure(log, name, error);
    reply = { id, error: toErrorShape(error) };
  }
  port.postMessage(reply);
}
