/** The threads in which many photos are added, taken out, compared: whoever asks for something small does not wait for it. */
import { Worker } from 'node:worker_threads';
import { CovisError, fromErrorShape, type ErrorShape } from '../../../shared/errors.ts';
import { logger } from '../environment/log.ts';
import type { Library } from '../library/library.ts';
import { flag, select } from '../library/rows.ts';
import { countPhotos } from '../library/tables/photo.ts';
import { DEEDS, type DeedArgs, type DeedName, type DeedResult } from './deeds.ts';

/** Photos from which on another thread, and counting ahead, are worth it: fewer take some ten milliseconds. */
export const MANY = 2000;

/**
 * What a person waits for while trying rules out, and what compares descriptors or looks: in a thread of its own, that keeps those
 * once.
 */
const OF_RULES: ReadonlySet<DeedName> = new Set([
  ...(['rule', 'smart', 'refresh', 'next'] as const),
  ...(['duplicates', 'duplicateIds', 'ahead'] as const),
]);

/** Of its young objects: what comes and goes with each deed is taken back early, instead of resting at some 100 MB. */
const YOUNG_MB = 16;

export interface DeedTask {
  readonly id: number;
  readonly name: DeedName;
  readonly key: string | undefined;
  readonly args: readonly unknown[];
}
export interface DeedReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: ErrorShape;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Does deeds of a library in a thread that is started with the first one, and again after a crash. */
class DeedsThread {
  readonly #path: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #next = 1;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Starts the thread, so that the first deed finds it there. */
  begin(): void {
    this.#worker ??= this.#start();
  }

  do(name: DeedName, key: string | undefined, args: readonly unknown[]): Promise<unknown> {
    this.begin();
    const worker = this.#worker!;
    const id = this.#next++;
    const done = new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ id, name, key, args } satisfies DeedTask);
    });
    // What nobody asked for is not waited for when the library is closed.
    if (name !== 'ahead') this.#last = done.catch(() => undefined);
    return done;
  }

  /** When what was begun is done. */
  async close(): Promise<void> {
    await this.#last;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./deeds-worker.ts', import.meta.url), {
      workerData: { path: this.#path },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.unref();
    worker.on('message', ({ id, value, error }: DeedReply) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(value as never);
      else pending?.reject(fromErrorShape(error));
    });
    const end = (reason: string): void => {
      // A thread that failed ends as well: by then another may have been started, whose deeds are none of its.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const p of this.#pending.values())
        p.reject(new CovisError('INTERNAL', `The thread that changes collections ended${reason}`));
      this.#pending.clear();
    };
    worker.on('error', (e) => {
      logger('collections').error('The thread failed:', e);
      end(`: ${e instanceof Error ? e.message : String(e)}`);
    });
    worker.on('exit', () => end(''));
    return worker;
  }
}

const threads = { ofRules: new WeakMap<Library, DeedsThread>(), others: new WeakMap<Library, DeedsThread>() };

function threadOf(library: Library, those: WeakMap<Library, DeedsThread>): DeedsThread {
  let thread = those.get(library);
  if (thread === undefined) those.set(library, (thread = new DeedsThread(library.path)));
  return thread;
}

/**
 * Starts the threads of a library with so many photos and with collections, which take half a second to begin, and has them read the
 * descriptors that rules and examples compare, up to so many bytes.
 */
export async function beginDeeds(library: Library, most: number): Promise<void> {
  const { db } = library;
  if (countPhotos(library) < MANY || !select(db, 'SELECT EXISTS (SELECT 1 FROM collection)', flag).one()) return;
  for (const those of Object.values(threads)) threadOf(library, those).begin();
  await threadOf(library, threads.ofRules).do('ahead', undefined, [most]);
}

/**
 * Does a deed: here where it is small, else in the thread beside.
 * @param photos how many it is about. @param key under which it is done once.
 */
export async function deed<D extends DeedName>(
  library: Library,
  photos: number,
  name: D,
  key: string | undefined,
  ...args: DeedArgs<D>
): Promise<DeedResult<D>> {
  if (photos < MANY)
    return (DEEDS[name] as (...all: unknown[]) => DeedResult<D> | Promise<DeedResult<D>>)(library, key, ...args);
  const thread = threadOf(library, OF_RULES.has(name) ? threads.ofRules : threads.others);
  return (await thread.do(name, key, args)) as DeedResult<D>;
}

/** Waits for what is under way in a library, and ends its threads. */
export async function closeDeeds(library: Library): Promise<void> {
  for (const those of Object.values(threads)) {
    const thread = those.get(library);
    those.delete(library);
    await thread?.close();
  }
}
