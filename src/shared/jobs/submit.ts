import { z } from 'zod';
import { job } from './job.ts';
import { PLANNED_WORKS } from '../facts/planned.ts';
import { PLANNED } from './planned-works.ts';
import { atOnce, executor, planned, plannedWork, planning, slurm } from './plan-fields.ts';

/** Plans work and gives its shards to who does them. The job ends then; the plan goes on by itself. */
export const submitJob = job({
  kind: 'submit',
  title: (p) => `Submit ${p.work} to ${p.executor === 'slurm' ? 'Slurm' : 'processes of this machine'}`,
  startedBy: 'page',
  params: z.strictObject({ work: plannedWork, executor, ...planning, atOnce, ...slurm }),
  result: planned.extend({
    /** Numbers of the scheduler's jobs. */
    jobs: z.array(z.string()),
  }),
});

/** What {@link submitJob} takes of one kind of work, as that kind calls it: several say differently what they make of a folder. */
export function submitParamsOf(work: unknown): z.ZodObject {
  const known = PLANNED_WORKS.find((w) => w === work);
  return known === undefined ? submitJob.params : submitJob.params.extend(PLANNED[known].fields);
}
