import { fork, type ChildProcess } from 'node:child_process';
import type { JobKind } from '../../../shared/jobs/index.ts';
import type { JobProgress } from '../../../shared/domain.ts';
import type { ErrorShape } from '../../../shared/errors.ts';

/** What a job's thread says. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'changed'; readonly what: string }
  /** As `TaskContext.finishes`. */
  | { readonly type: 'finishes'; readonly what: string | null }
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

/** What the process of a job is told: what to do, by the address of the module that does it, and when to stop. */
export type JobOrder =
  | { readonly type: 'start'; readonly module: string; readonly task: Omit<WorkerTask, 'stop'> }
  | { readonly type: 'stop' };

/** What the process of a job tells: what its thread said, that it failed, and that it ended. */
export type JobAnswer =
  | { readonly type: 'said'; readonly message: WorkerMessage }
  | { readonly type: 'failed'; readonly message: string; readonly stack?: string | undefined }
  | { readonly type: 'exit'; readonly code: number };

/** Hears what becomes of a job. */
export interface JobListener {
  said(message: WorkerMessage): void;
  /** Its thread threw what nobody caught. */
  failed(message: string, stack: string | undefined): void;
  /** Once, at the end: what ended, with which code or by which signal. */
  ended(what: 'thread' | 'process', how: string): void;
}

/**
 * What the process of a job is started with: a server's, but for what makes a server give memory back at once (`scripts/engine-node.mjs`),
 * for which a step of training pays by asking for it again.
 */
export function jobEnvironment(server: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { MALLOC_TRIM_THRESHOLD_: _trim, MALLOC_TOP_PAD_: _pad, ...rest } = server;
  return rest;
}

/** A job's thread, in a process of its own (`job-process.ts`). */
export class JobThread {
  readonly #process: ChildProcess;
  readonly #gone: Promise<void>;
  #finishing: string | null = null;
  /** Called when nothing is being finished any more. */
  #finished: () => void = () => undefined;

  /** @param module that does a {@link WorkerTask}. */
  constructor(module: URL, task: Omit<WorkerTask, 'stop'>, listener: JobListener) {
    this.#process = fork(new URL('./job-process.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      env: jobEnvironment(process.env),
    });
    let code: number | undefined;
    this.#process.on('message', (m: JobAnswer) => {
      if (m.type === 'said') {
        if (m.message.type === 'finishes') this.#finishes(m.message.what);
        listener.said(m.message);
      } else if (m.type === 'failed') listener.failed(m.message, m.stack);
      else code = m.code;
    });
    this.#gone = new Promise((resolve) => {
      const end = (what: 'thread' | 'process', how: string): void => {
        listener.ended(what, how);
        resolve();
      };
      this.#process.once('error', (error) => {
        // One that never started tells of no end.
        if (this.#process.pid !== undefined) return;
        listener.failed(error.message, error.stack);
        end('process', 'could not be started');
      });
      this.#process.once('close', (exit, signal) =>
        code === undefined ? end('process', signal ?? String(exit)) : end('thread', String(code)),
      );
    });
    this.#tell({ type: 'start', module: module.href, task });
  }

  /** Asks it to end, which it does when it next looks. */
  stop(): void {
    this.#tell({ type: 'stop' });
  }

  /**
   * Asks it to end, and ends it after `ms` milliseconds, or so long after it has finished what it says that it is finishing.
   * @param leave after `ms` milliseconds one that finishes something is left alone: it ends by itself.
   */
  async end(ms: number, leave = false): Promise<void> {
    this.stop();
    let timer: NodeJS.Timeout | undefined;
    const left = new Promise<void>((go) => {
      const late = (): void => {
        if (this.#finishing === null) this.#process.kill('SIGKILL');
        else if (leave) {
          if (this.#process.connected) this.#process.disconnect();
          this.#process.unref();
          go();
        } else this.#finished = () => (timer = setTimeout(late, ms));
      };
      timer = setTimeout(late, ms);
    });
    await Promise.race([this.#gone, left]);
    clearTimeout(timer);
  }

  #finishes(what: string | null): void {
    this.#finishing = what;
    if (what === null) this.#finished();
  }

  #tell(order: JobOrder): void {
    if (this.#process.connected) this.#process.send(order, () => undefined);
  }
}
