/** The thread of {@link Beside}: makes services and has them do what is asked, one after the other. */
import { parentPort } from 'node:worker_threads';
import { CovisError, toErrorShape } from '../../../../shared/errors.ts';
import type { BesideReply, BesideTask, Serve, Service } from './beside.ts';

/** What a service is asked when it is given back. */
const RELEASE = 'release';

const port = parentPort!;
const services = new Map<number, Service>();

function serviceOf(number: number): Service {
  const service = services.get(number);
  if (service === undefined) throw new CovisError('INTERNAL', 'What TensorFlow was asked of has been given back');
  return service;
}

async function done({ service, module, does, args }: BesideTask): Promise<unknown> {
  if (module !== undefined) {
    const { serve } = (await import(module)) as { serve: Serve };
    const made = await serve(args[0] as never);
    services.set(service, made);
    return made.said;
  }
  const { does: all } = serviceOf(service);
  if (does === undefined) services.delete(service);
  return all[does ?? RELEASE]!(...(args as never[]));
}

let last: Promise<void> = Promise.resolve();

port.on('message', (task: BesideTask) => {
  last = last.then(async () => {
    let reply: BesideReply;
    try {
      reply = { id: task.id, value: await done(task) };
    } catch (error) {
      // Memory that ran out is what whoever asked makes a sentence of, as of every back end.
      reply =
        error instanceof CovisError
          ? { id: task.id, error: toErrorShape(error) }
          : { id: task.id, thrown: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(reply);
  });
});
