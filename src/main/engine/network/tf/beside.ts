/**
 * TensorFlow in a thread beside the first one of a process. A signal that arrives while one of its library's compiled matrix products runs on the
 * same thread writes over memory that is not the signal's (oneDNN in TensorFlow 2.21: with two thousand signals a second a process ends within a
 * second with a damaged heap, in a thread beside it takes twenty thousand of them unharmed). Ctrl C, a scheduler's warning and a
 * terminal that changes its size are such signals, and a process takes them on its first thread.
 */
import { isMainThread, SHARE_ENV, Worker } from 'node:worker_threads';
import { fromErrorShape, type ErrorShape } from '../../../../shared/errors.ts';
import { logger } from '../../environment/log.ts';
import type { TfBackend } from './tf-runtime.ts';

/** What a module that is named to {@link Beside.open} gives: something that lives in the thread and what can be asked of it. */
export interface Service {
  /** What whoever opened it is told. */
  readonly said: unknown;
  readonly does: Readonly<Record<string, (...args: never[]) => unknown>>;
}

/** The function of a service's module. */
export type Serve = (order: never) => Promise<Service>;

/** What the thread is told: to make a service, to have one do something, or to forget it. */
export interface BesideTask {
  readonly id: number;
  readonly service: number;
  readonly module?: string;
  readonly does?: string;
  readonly args: readonly unknown[];
}

export interface BesideReply {
  readonly id: number;
  readonly value?: unknown;
  /** What Covis explains. */
  readonly error?: ErrorShape;
  /** Anything else that was thrown, in its own words. */
  readonly thrown?: string;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Whether a back end must not compute in the thread that calls this. */
export function computesBeside(backend: TfBackend): boolean {
  return backend === 'tensorflow' && isMainThread;
}

/** The one thread, which loads TensorFlow once. It holds the process as long as something is asked of it. */
class Thread {
  readonly #pending = new Map<number, Pending>();
  readonly #worker: Worker;
  #next = 1;
  #ended = false;

  constructor() {
    this.#worker = new Worker(new URL('./beside-worker.ts', import.meta.url), { env: SHARE_ENV });
    this.#worker.unref();
    this.#worker.on('message', ({ id, value, error, thrown }: BesideReply) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#worker.unref();
      if (error !== undefined) pending?.reject(fromErrorShape(error));
      else if (thrown !== undefined) pending?.reject(new Error(thrown));
      else pending?.resolve(value as never);
    });
    const end = (reason: string): void => {
      this.#ended = true;
      for (const p of this.#pending.values()) p.reject(new Error(`the thread in which it computes ended${reason}`));
      this.#pending.clear();
    };
    this.#worker.on('error', (e) => {
      logger('back ends').error('The thread of TensorFlow failed:', e);
      end(`: ${e instanceof Error ? e.message : String(e)}`);
    });
    this.#worker.on('exit', () => end(''));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** A number that no other service of it has. */
  number(): number {
    return this.#next++;
  }

  ask(task: Omit<BesideTask, 'id'>): Promise<unknown> {
    const id = this.number();
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error('the thread in which it computes has ended'));
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...task, id } satisfies BesideTask);
    });
  }
}

let thread: Thread | undefined;

/** A service that lives in the thread. What is asked of it is done one after the other. */
export class Beside {
  readonly #thread: Thread;
  readonly #service: number;
  #told: Promise<unknown> = Promise.resolve();

  private constructor(its: Thread, service: number) {
    this.#thread = its;
    this.#service = service;
  }

  /**
   * @param module exports `serve`, a {@link Serve}. @param order what that is told; typed arrays and maps arrive as they are.
   * @throws what it throws.
   */
  static async open<Said>(module: URL, order: unknown): Promise<{ readonly service: Beside; readonly said: Said }> {
    if (thread === undefined || thread.ended) thread = new Thread();
    const its = thread;
    const service = its.number();
    const said = (await its.ask({ service, module: module.href, args: [order] })) as Said;
    return { service: new Beside(its, service), said };
  }

  /** @throws what it throws there, and what failed of that which it was {@link tell told} before. */
  async ask<T>(does: string, ...args: readonly unknown[]): Promise<T> {
    const asked = this.#thread.ask({ service: this.#service, does, args });
    const [value] = await Promise.all([asked, this.#told]);
    return value as T;
  }

  /** Something that nobody waits for. */
  tell(does: string, ...args: readonly unknown[]): void {
    this.#told = Promise.all([this.#told, this.#thread.ask({ service: this.#service, does, args })]);
    // Whoever asks next hears of it.
    this.#told.catch(() => undefined);
  }

  /** Has it do what it does when it is given back, and forgets it. */
  async release(): Promise<void> {
    if (!this.#thread.ended) await this.#thread.ask({ service: this.#service, args: [] });
  }
}
