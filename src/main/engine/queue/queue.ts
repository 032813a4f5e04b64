import { Worker } from 'node:worker_threads';
import type { EngineEvent } from '../../../shared/contract.ts';
import type { JobInfo, JobProgress } from '../../../shared/domain.ts';
import type { JobGiven, JobKind } from '../../../shared/jobs/index.ts';
import type { ErrorShape } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import type { Library } from '../library/library.ts';
import { addJob, describeJob, getJob, jobStarted, listJobs, noteJobEnded } from './records.ts';

/** What a job's thread says. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'changed'; readonly what: string }
  | {
      readonly type: 'end';
      readonly state: 'done' | 'failed' | 'cancelled';
      readonly error?: ErrorShape | undefined;
      readonly warnings: readonly string[];
      readonly result?: unknown;
    };

/** What a job's thread is given. `stop` is one byte, set to 1 to ask it to end. */
export interface WorkerTask {
  readonly libraryPath: string;
  readonly kind: JobKind;
  readonly params: unknown;
  readonly stop: SharedArrayBuffer;
}

const log = logger('queue');
/** So long a job has to end by itself, which takes away what it was writing. */
const ENDING_MS = 1500;

type End = Parameters<typeof noteJobEnded>[2];

interface Running {
  readonly id: number;
  readonly stop: Uint8Array;
  readonly worker: Worker;
  progress: JobProgress | null;
}

/** Runs jobs one after the other, each in a thread of its own, and tells what happens as events. */
export class JobQueue {
  readonly #library: Library;
  readonly #worker: URL;
  readonly #emit: (event: EngineEvent) => void;
  readonly #waiting: { id: number; kind: JobKind; params: unknown }[] = [];
  /** Ends that could not be written, as on a full disk. */
  readonly #unwritten = new Map<number, End>();
  #running: Running | undefined;
  #closed = false;

  /** @param worker module that runs a {@link WorkerTask}. */
  constructor(library: Library, worker: URL, emit: (event: EngineEvent) => void) {
    this.#library = library;
    this.#worker = worker;
    this.#emit = emit;
  }

  /**
   * Puts a job at the end of the queue.
   * @returns its number. @throws CovisError `INPUT_INVALID` naming a parameter and what it takes.
   */
  start<K extends JobKind>(kind: K, given: JobGiven<K>): number {
    const { title, params } = describeJob(kind, given);
    const id = addJob(this.#library, kind, title, params);
    this.#waiting.push({ id, kind, params });
    this.#tell(id);
    this.#next();
    return id;
  }

  /** Asks a running job to end, or takes a waiting one out of the queue. */
  cancel(id: number): void {
    if (this.#running?.id === id) {
      Atomics.store(this.#running.stop, 0, 1);
      return;
    }
    const at = this.#waiting.findIndex((w) => w.id === id);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#end(id, { state: 'cancelled', warnings: [] });
    this.#tell(id);
  }

  list(): JobInfo[] {
    for (const [id, end] of this.#unwritten) if (noteJobEnded(this.#library, id, end)) this.#unwritten.delete(id);
    return listJobs(this.#library).map((j) => this.#asItIs(j));
  }

  /** Ends the running job's thread; what it finished is in the library. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#running;
    if (running === undefined) return;
    Atomics.store(running.stop, 0, 1);
    await Promise.race([
      new Promise((done) => running.worker.once('exit', done)),
      new Promise((done) => setTimeout(done, ENDING_MS).unref()),
    ]);
    await running.worker.terminate();
  }

  #end(id: number, end: End): void {
    if (!noteJobEnded(this.#library, id, end)) this.#unwritten.set(id, end);
  }

  /** A job with how far it is, and how it ended where that could not be written. */
  #asItIs(job: JobInfo): JobInfo {
    if (job.id === this.#running?.id) return { ...job, state: 'running', progress: this.#running.progress };
    const end = this.#unwritten.get(job.id);
    if (end === undefined) return job;
    const { state, error = null, warnings, result = null } = end;
    return { ...job, state, error, warnings: [...warnings], result };
  }

  #tell(id: number): void {
    const job = getJob(this.#library, id);
    if (job !== undefined) this.#emit({ event: 'job', job: this.#asItIs(job) });
  }

  #next(): void {
    if (this.#running !== undefined || this.#closed) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    const stop = new SharedArrayBuffer(1);
    const task: WorkerTask = { libraryPath: this.#library.path, kind: job.kind, params: job.params, stop };
    const worker = new Worker(this.#worker, { workerData: task });
    const running: Running = { id: job.id, stop: new Uint8Array(stop), worker, progress: null };
    this.#running = running;
    try {
      jobStarted(this.#library, job.id);
    } catch (error) {
      logFailure(log, `The start of job ${job.id} could not be noted`, error);
    }
    log.info(`Job ${job.id}, ${job.kind}: started`);
    this.#tell(job.id);
    let ended: Extract<WorkerMessage, { type: 'end' }> | undefined;
    worker.on('message', (m: WorkerMessage) => {
      if (m.type === 'end') ended = m;
      else if (m.type === 'changed') this.#emit({ event: 'changed', what: m.what });
      else {
        running.progress = m.progress;
        this.#emit({ event: 'progress', id: job.id, progress: m.progress });
      }
    });
    let crash = '';
    worker.on('error', (error) => {
      log.error(`Job ${job.id}, ${job.kind}: its thread failed:`, error);
      crash = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', (code) => {
      this.#running = undefined;
      // What was done as the program ended is done.
      const interrupted = this.#closed && ended?.state !== 'done';
      log.info(
        `Job ${job.id}, ${job.kind}: ${interrupted ? 'interrupted' : (ended?.state ?? `thread ended with ${code}`)}`,
      );
      if (interrupted) return;
      this.#end(
        job.id,
        ended ?? {
          state: 'failed',
          warnings: [],
          error: {
            code: 'INTERNAL',
            message: `The job's thread ended unexpectedly (${code})${crash === '' ? '' : `: ${crash}`}`,
          },
        },
      );
      this.#tell(job.id);
      this.#next();
    });
  }
}
