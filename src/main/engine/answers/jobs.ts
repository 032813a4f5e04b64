import type { JobGiven, JobKind } from '../../../shared/jobs/index.ts';
import { jobRoutes } from '../../../shared/routes/jobs.ts';
import { networkOfJob } from '../network/network-of-job.ts';
import type { Called } from '../queue/called.ts';
import { answers, type EngineContext } from './answers.ts';

/** Puts a job into the queue. @param called what to say for a path of its that is ours alone. */
export function startJob<K extends JobKind>(
  engine: EngineContext,
  kind: K,
  given: JobGiven<K>,
  called?: Called,
): { readonly job: number } {
  const network = (params: unknown): string | undefined => networkOfJob(engine.library, kind, params);
  return { job: engine.queue.start(kind, given, { called, network }) };
}

/** Puts a job into the queue that writes what a page then downloads. @param start begins it, given the folder that it writes into, and what to call that. */
export function startDownload(
  engine: EngineContext,
  name: string,
  start: (folder: string, called: Called) => { readonly job: number },
): { readonly job: number; readonly download: string } {
  const { queue } = engine;
  const { id, started } = engine.downloads.begin(name, (folder) => {
    const { job } = start(folder, { path: folder, name });
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
