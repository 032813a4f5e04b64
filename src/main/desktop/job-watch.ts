/** Which jobs run, as the engine tells: for the task bar, for a word when a long one ends, and for the question before quitting. */
import type { EngineEvent } from '../../shared/contract.ts';
import type { JobInfo } from '../../shared/facts/jobs.ts';
import { warned } from '../../shared/warned.ts';

/** A job that took at least so long is worth a word when it ends. */
const LONG_MS = 30_000;

export class JobWatch {
  readonly #jobs = new Map<number, JobInfo>();

  /** Takes an event. @returns the job that this event ended after it had run for long. */
  take(event: EngineEvent): JobInfo | undefined {
    if (event.event === 'engine' || (event.event === 'changed' && event.what === 'library')) this.#jobs.clear();
    if (event.event === 'progress') {
      const job = this.#jobs.get(event.id);
      if (job !== undefined) this.#jobs.set(event.id, { ...job, progress: event.progress });
    }
    if (event.event !== 'job') return undefined;
    const { job } = event;
    if (job.state === 'queued' || job.state === 'running') {
      this.#jobs.set(job.id, job);
      return undefined;
    }
    this.#jobs.delete(job.id);
    const took = Date.parse(job.finished ?? '') - Date.parse(job.started ?? '');
    return job.state !== 'cancelled' && took >= LONG_MS ? job : undefined;
  }

  /** Jobs that run or wait, the first one first. */
  get jobs(): readonly JobInfo[] {
    return [...this.#jobs.values()];
  }

  /** Share that is done of the job that runs, from 0 to 1; `busy` where that is not known, `idle` where none runs. */
  get progress(): number | 'busy' | 'idle' {
    const running = this.jobs.find((j) => j.state === 'running');
    if (running === undefined) return 'idle';
    const { done = 0, total = 0 } = running.progress ?? {};
    return total > 0 ? Math.min(1, done / total) : 'busy';
  }

  /** What would be lost or stopped now, as a sentence; undefined where nothing would be. */
  get question(): string | undefined {
    const jobs = this.jobs;
    const [first] = jobs;
    if (first === undefined) return undefined;
    const more = jobs.length === 1 ? '' : ` and ${jobs.length - 1} more ${jobs.length === 2 ? 'waits' : 'wait'}`;
    return `“${first.title}” ${first.state === 'running' ? 'is running' : 'is waiting'}${more}`;
  }
}

/** What is said of a long job that ended. */
export function wordOf(job: JobInfo): { readonly title: string; readonly body: string } {
  return job.state === 'done'
    ? { title: 'Done', body: job.warnings.length === 0 ? job.title : `${job.title}: ${warned(job.warnings)}` }
    : { title: 'Failed', body: `${job.title}: ${job.error?.message ?? 'the reason is not known'}` };
}
