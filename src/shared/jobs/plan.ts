import { z } from 'zod';
import { job } from './job.ts';
import { planned, plannedWork, planning } from './plan-fields.ts';

/** Cuts work into shards, which any machine can do that sees the plan and the photos. */
export const planJob = job({
  kind: 'plan',
  title: (p) => `Plan ${p.work}`,
  startedBy: 'command',
  params: z.strictObject({ work: plannedWork, ...planning }),
  result: planned,
});
