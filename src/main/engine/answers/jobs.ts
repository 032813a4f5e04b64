import type { JobGiven, JobKind } from '../../../shared/jobs/index.ts';
import { jobRoutes } from '../../../shared/routes/jobs.ts';
import { answers, type EngineContext } from './answers.ts';

/** Puts a job into the queue. */
export function startJob<K extends JobKind>(
  engine: EngineContext,
  kind: K,
  given: JobGiven<K>,
): { readonly job: number } {
  return { job: engine.queue.start(kind, given) };
}

/** Puts a job into the queue that writes what a page then downloads. @param start begins it, given the folder that it writes into. */
export function startDownload(
  engine: EngineContext,
  name: string,
  start: (folder: string) => { readonly job: number },
): { readonly job: number; readonly download: string } {
  const { queue } = engine;
  const { id, started } = engine.downloads.begin(name, (folder) => {
    const { job } = start(folder);
    return { job, ready: () => queue.list().find((j) => j.id === job)?.state === 'done' };
  });
  return { job: started.job, download: id };
}

export const jobs = answers(jobRoutes, {
  'jobs.list': (engine) => engine.queue.list(),
  // What is given goes with the kind, which the compiler no longer sees once they are apart.
  'jobs.start': (engine, { job: { kind, ...given } }) => startJob(engine, kind, given as JobGiven<typeof kind>),
  'jobs.cancel': (engine, { id }) => {
    engine.queue.cancel(id);
    return null;
  },
});
