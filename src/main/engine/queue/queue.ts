import type { EngineEvent } from '../../../shared/contract.ts';
import type { JobInfo, JobProgress } from '../../../shared/domain.ts';
import type { JobGiven, JobKind } from '../../../shared/jobs/index.ts';
import { tellLauncher } from '../environment/launcher.ts';
import { logFailure, logger } from '../environment/log.ts';
import type { Library } from '../library/library.ts';
import { byName, type Called } from './called.ts';
import { JobThread, type WorkerMessage } from './job-thread.ts';
import { addJob, describeJob, getJob, jobStarted, listJobs, noteJobEnded, type Wording } from './records.ts';

const log = logger('queue');
/** So long a job has to end by itself, which takes away what it was writing. */
const ENDING_MS = 1500;

type End = Parameters<typeof noteJobEnded>[2];

interface Running {
  readonly id: number;
  readonly thread: JobThread;
  progress: JobProgress | null;
}

/** Runs jobs one after the other, each in a process of its own, and tells what happens as events. */
export class JobQueue {
  readonly #library: Library;
  readonly #worker: URL;
  readonly #emit: (event: EngineEvent) => void;
  readonly #waiting: { id: number; kind: JobKind; params: unknown }[] = [];
  /** Ends that could not be written, as on a full disk. */
  readonly #unwritten = new Map<number, End>();
  /** What people know the paths of jobs by that have temporary ones. */
  readonly #called = new Map<number, Called>();
  #running: Running | undefined;
  #closed = false;

  /** @param worker module that does a `WorkerTask` in a thread. */
  constructor(library: Library, worker: URL, emit: (event: EngineEvent) => void) {
    this.#library = library;
    this.#worker = worker;
    this.#emit = emit;
  }

  /**
   * Puts a job at the end of the queue. @param wording what lists say of it.
   * @returns its number. @throws CovisError `INPUT_INVALID` naming a parameter and what it takes.
   */
  start<K extends JobKind>(kind: K, given: JobGiven<K>, wording: Wording = {}): number {
    const { called } = wording;
    const { title, params } = describeJob(kind, given, wording);
    const id = addJob(this.#library, kind, title, params);
    if (called !== undefined) this.#called.set(id, called);
    this.#waiting.push({ id, kind, params });
    this.#tell(id);
    this.#next();
    return id;
  }

  /** Asks a running job to end, or takes a waiting one out of the queue. */
  cancel(id: number): void {
    if (this.#running?.id === id) {
      this.#running.thread.stop();
      return;
    }
    const at = this.#waiting.findIndex((w) => w.id === id);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#end(id, { state: 'cancelled', warnings: [] });
    this.#tell(id);
  }

  /** Titles of what runs or waits here, the first one first; not of what other programs do in this library. */
  get going(): readonly string[] {
    const ids = [...(this.#running === undefined ? [] : [this.#running.id]), ...this.#waiting.map((w) => w.id)];
    return ids.map((id) => getJob(this.#library, id)?.title ?? `Job ${id}`);
  }

  list(): JobInfo[] {
    for (const [id, end] of this.#unwritten) if (noteJobEnded(this.#library, id, end)) this.#unwritten.delete(id);
    return listJobs(this.#library).map((j) => this.#asItIs(j));
  }

  /**
   * Ends the running job's thread; what it finished is in the library. @param leave does not wait for what it is finishing: it ends by itself then.
   */
  async close(leave = false): Promise<void> {
    this.#closed = true;
    await this.#running?.thread.end(ENDING_MS, leave);
  }

  #end(id: number, given: End): void {
    const called = this.#called.get(id);
    this.#called.delete(id);
    const end = called === undefined ? given : byName(given, called);
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
    let ended: Extract<WorkerMessage, { type: 'end' }> | undefined;
    let crash = '';
    const thread = new JobThread(
      this.#worker,
      { libraryPath: this.#library.path, kind: job.kind, params: job.params },
      {
        said: (m) => {
          if (m.type === 'end') ended = m;
          // Who has left it alone has another library by now.
          else if (m.type === 'finishes') tellLauncher(m.what);
          else if (this.#closed) return;
          else if (m.type === 'changed') this.#emit({ event: 'changed', what: m.what });
          else {
            running.progress = m.progress;
            this.#emit({ event: 'progress', id: job.id, progress: m.progress });
          }
        },
        failed: (message, stack) => {
          log.error(`Job ${job.id}, ${job.kind}: its thread failed: ${stack ?? message}`);
          crash = message;
        },
        ended: (what, how) => this.#ended(job, ended, { what, how, crash }),
      },
    );
    const running: Running = { id: job.id, thread, progress: null };
    this.#running = running;
    try {
      jobStarted(this.#library, job.id);
    } catch (error) {
      logFailure(log, `The start of job ${job.id} could not be noted`, error);
    }
    log.info(`Job ${job.id}, ${job.kind}: started`);
    this.#tell(job.id);
  }

  #ended(
    job: { readonly id: number; readonly kind: JobKind },
    ended: Extract<WorkerMessage, { type: 'end' }> | undefined,
    { what, how, crash }: { readonly what: string; readonly how: string; readonly crash: string },
  ): void {
    this.#running = undefined;
    // What was done as the program ended is done.
    const interrupted = this.#closed && ended?.state !== 'done';
    log.info(
      `Job ${job.id}, ${job.kind}: ${interrupted ? 'interrupted' : (ended?.state ?? `${what} ended with ${how}`)}`,
    );
    if (interrupted) return;
    this.#end(
      job.id,
      ended ?? {
        state: 'failed',
        warnings: [],
        error: {
          code: 'INTERNAL',
          message: `The job's ${what} ended unexpectedly (${how})${crash === '' ? '' : `: ${crash}`}`,
          ...(how === 'SIGKILL'
            ? {
                hint: 'Systems end what takes more memory than there is. Close other programs, or take smaller photos, and start it again.',
              }
            : {}),
        },
      },
    );
    this.#tell(job.id);
    this.#next();
  }
}
