/**
 * The process of one job of the studio: the job's thread works, this one listens. What a job took of memory goes back to the system with
 * it, and one that is killed or crashes takes nobody along. It ends at once with the process that started it, but for what it says that it is
 * finishing.
 */
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { JobAnswer, JobOrder, WorkerMessage } from './job-thread.ts';

/** So long it has for what it is finishing, and for the rest, when whoever started it is gone. */
const FINISHING_MS = 600_000;
const ENDING_MS = 5000;

// A person who looks at photos meanwhile goes first; alone on the machine it is as fast.
try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Where that is not allowed it works as it is.
}

const send = (m: JobAnswer): void => {
  if (process.connected) process.send?.(m, undefined, undefined, () => undefined);
};
// Ctrl C reaches everyone in a terminal; whoever started this says what is to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const stop = new SharedArrayBuffer(1);
const askToStop = (): void => void Atomics.store(new Uint8Array(stop), 0, 1);
let finishing = false;
process.on('disconnect', () => {
  if (!finishing) process.exit(1);
  // Nobody is there to wait for it, and it ends by itself.
  askToStop();
  setTimeout(() => process.exit(1), FINISHING_MS).unref();
});

process.on('message', (order: JobOrder) => {
  if (order.type === 'stop') return askToStop();
  const thread = new Worker(new URL(order.module), { workerData: { ...order.task, stop } });
  thread.on('message', (message: WorkerMessage) => {
    if (message.type === 'finishes') {
      finishing = message.what !== null;
      if (!process.connected && !finishing) setTimeout(() => process.exit(1), ENDING_MS).unref();
    }
    send({ type: 'said', message });
  });
  thread.on('error', (error: unknown) =>
    // An error loses its stack between processes.
    send({
      type: 'failed',
      ...(error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) }),
    }),
  );
  thread.on('exit', (code) => {
    // The channel holds what was said until it is sent.
    if (!process.connected) process.exit(0);
    else process.send?.({ type: 'exit', code } satisfies JobAnswer, undefined, undefined, () => process.exit(0));
  });
});
