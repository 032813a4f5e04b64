import type { Worker } from 'node:worker_threads';
import { CovisError } from '../../../shared/errors.ts';
import { logger } from './log.ts';

/**
 * The next message of a thread.
 * @param room whose log is told of a failure. @param ended what is said where the thread ends without a message.
 * @throws what the thread threw, CovisError `INTERNAL` where it ended.
 */
export function threadReply<T>(worker: Worker, room: string, ended: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (m: T): void => {
      end();
      resolve(m);
    };
    const onError = (e: unknown): void => {
      logger(room).error('A thread failed:', e);
      end();
      reject(e instanceof Error ? e : new Error(String(e)));
    };
    const onExit = (): void => onError(new CovisError('INTERNAL', ended));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
  });
}
