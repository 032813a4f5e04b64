import { Worker } from 'node:worker_threads';
import type { JobProgress } from '../../../shared/domain.ts';
import { CovisError, fromErrorShape, type ErrorShape } from '../../../shared/errors.ts';
import { logger } from '../environment/log.ts';
import { cancelled } from '../queue/context.ts';

/** What a thread is asked. */
export interface SearchTask {
  readonly id: number;
  readonly kind: 'search' | 'prepare' | 'ahead' | 'explain' | 'around' | 'graph' | 'sight' | 'edges';
  readonly request: unknown;
  /** One byte, 1 once nobody wants the answer any more. */
  readonly stop: SharedArrayBuffer;
}
/** What it says of it: how far it is, then the answer or why there is none. */
export interface SearchReply {
  readonly id: number;
  readonly progress?: JobProgress;
  readonly value?: unknown;
  readonly error?: ErrorShape;
}

/** How something is asked that may take long. */
export interface Patience {
  /** Who asks has given it up: it is told so at once. */
  readonly signal?: AbortSignal;
  /** What has to be done before the answer: others that wait for the same need it, too. */
  readonly needs: string;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly stop: Uint8Array;
  readonly needs: string | undefined;
  givenUp: boolean;
}

/** What is computed ends within a block of it; a thread that does not answer is stopped all the same. */
const LONGEST_END_MS = 2000;
/** What was given up goes on for so long: who asks for something else may need the same. */
const GRACE_MS = 300;

/** A thread of {@link SearchSession}: started with the first request, and again after a crash. */
export class SearchThread {
  readonly #libraryPath: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #next = 1;
  #working: { readonly id: number; readonly progress: JobProgress } | undefined;

  constructor(libraryPath: string) {
    this.#libraryPath = libraryPath;
  }

  /** Nothing is asked of it at the moment. */
  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /** How far it is with what it does now; undefined where it has not said. */
  get progress(): { readonly of: string | undefined; readonly progress: JobProgress } | undefined {
    if (this.#working === undefined) return undefined;
    return { of: this.#pending.get(this.#working.id)?.needs, progress: this.#working.progress };
  }

  /** @throws what was thrown in the thread, CovisError `CANCELLED` once it is given up, `INTERNAL` where the thread ended. */
  ask<T>(kind: SearchTask['kind'], request: unknown, patience?: Patience): Promise<T> {
    if (patience?.signal?.aborted === true) return Promise.reject(cancelled());
    const worker = (this.#worker ??= this.#start());
    const id = this.#next++;
    const stop = new SharedArrayBuffer(1);
    return new Promise<T>((resolve, reject) => {
      const asked = { resolve, reject, stop: new Uint8Array(stop), needs: patience?.needs, givenUp: false };
      this.#pending.set(id, asked);
      patience?.signal?.addEventListener('abort', () => this.#giveUp(id), { once: true });
      worker.postMessage({ id, kind, request, stop } satisfies SearchTask);
    });
  }

  #giveUp(id: number): void {
    const asked = this.#pending.get(id);
    if (asked === undefined) return;
    asked.givenUp = true;
    asked.reject(cancelled());
    setTimeout(() => this.#stopUnwanted(), GRACE_MS).unref();
  }

  /** Stops what nobody waits for, and nobody who waits needs. */
  #stopUnwanted(): void {
    const all = [...this.#pending.values()];
    const needed = new Set(all.filter((p) => !p.givenUp).map((p) => p.needs));
    for (const p of all) if (p.givenUp && !needed.has(p.needs)) Atomics.store(p.stop, 0, 1);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    for (const p of this.#pending.values()) Atomics.store(p.stop, 0, 1);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      worker.on('message', (m: SearchReply | 'ended') => m === 'ended' && resolve());
      worker.once('exit', () => resolve());
      timer = setTimeout(resolve, LONGEST_END_MS);
      worker.postMessage('end');
    });
    clearTimeout(timer);
    await worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { libraryPath: this.#libraryPath },
    });
    worker.unref();
    worker.on('message', (reply: SearchReply | 'ended') => {
      if (reply !== 'ended') this.#take(reply);
    });
    const end = (reason: string): void => {
      // A thread that failed ends as well: by then another may have been started, whose requests are none of its.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const p of this.#pending.values()) p.reject(new CovisError('INTERNAL', `The search thread ended${reason}`));
      this.#pending.clear();
      this.#working = undefined;
    };
    worker.on('error', (e) => {
      logger('search').error('The thread failed:', e);
      end(`: ${e instanceof Error ? e.message : String(e)}`);
    });
    worker.on('exit', () => end(''));
    return worker;
  }

  #take({ id, progress, value, error }: SearchReply): void {
    if (progress !== undefined) return void (this.#working = { id, progress });
    if (this.#working?.id === id) this.#working = undefined;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(value as never);
    else pending?.reject(fromErrorShape(error));
  }
}
