import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { EdgeNetworkInfo, Explanation, ManifoldView, SearchAnswer } from '../../../shared/domain.ts';
import { CovisError, fromErrorShape, type ErrorShape } from '../../../shared/errors.ts';
import { logger } from '../environment/log.ts';
import type { Finding } from '../retrieval/graph-cache.ts';
import type { SearchRequest, SightRequest } from './requests.ts';
import type { SearchSession } from './session.ts';

export interface SearchTask {
  readonly id: number;
  readonly kind: 'search' | 'prepare' | 'ahead' | 'explain' | 'around' | 'graph' | 'sight' | 'edges';
  readonly request: unknown;
}
export interface SearchReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: ErrorShape;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** So long nobody has asked for anything before something is done that nobody has asked for. */
const PAUSE_MS = 300;

/** What is computed meanwhile ends within a block of it; a thread that does not answer is stopped all the same. */
const LONGEST_END_MS = 2000;

/** Searches in a thread that is started with the first request and again after a crash, so that requests are always answered. */
export class SearchClient {
  readonly #libraryPath: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #next = 1;
  #closed = false;

  constructor(libraryPath: string) {
    this.#libraryPath = libraryPath;
  }

  search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#ask('search', request);
  }

  prepare(request: Parameters<SearchSession['prepare']>[0]): Promise<{ readonly ready: boolean }> {
    return this.#ask('prepare', request);
  }

  /** Has the graph ready that would be asked for next, once nobody waits for anything else. */
  async ahead(): Promise<null> {
    do await setTimeout(PAUSE_MS, undefined, { ref: false });
    while (this.#pending.size > 0);
    return this.#closed ? null : this.#ask('ahead', undefined);
  }

  explain(request: Parameters<SearchSession['explain']>[0]): Promise<Explanation> {
    return this.#ask('explain', request);
  }

  around(request: Parameters<SearchSession['around']>[0]): Promise<ManifoldView> {
    return this.#ask('around', request);
  }

  graph(request: Parameters<SearchSession['graph']>[0]): Promise<Finding> {
    return this.#ask('graph', request);
  }

  sight(request: SightRequest): Promise<Uint8Array> {
    return this.#ask('sight', request);
  }

  edges(request: Parameters<SearchSession['edges']>[0]): Promise<EdgeNetworkInfo | null> {
    return this.#ask('edges', request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      worker.on('message', (m: SearchReply | 'ended') => m === 'ended' && resolve());
      worker.once('exit', () => resolve());
      timer = globalThis.setTimeout(resolve, LONGEST_END_MS);
      worker.postMessage('end');
    });
    clearTimeout(timer);
    await worker.terminate();
  }

  #ask<T>(kind: SearchTask['kind'], request: unknown): Promise<T> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ id, kind, request } satisfies SearchTask);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { libraryPath: this.#libraryPath },
    });
    worker.unref();
    worker.on('message', (reply: SearchReply | 'ended') => {
      if (reply === 'ended') return;
      const { id, value, error } = reply;
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(value as never);
      else pending?.reject(fromErrorShape(error));
    });
    const end = (reason: string): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const p of this.#pending.values()) p.reject(new CovisError('INTERNAL', `The search thread ended${reason}`));
      this.#pending.clear();
    };
    worker.on('error', (e) => {
      logger('search').error('The thread failed:', e);
      end(`: ${e instanceof Error ? e.message : String(e)}`);
    });
    worker.on('exit', () => end(''));
    return worker;
  }
}
