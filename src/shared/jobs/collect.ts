import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { job } from './job.ts';
import { planFolder, plannedWork } from './plan-fields.ts';

/** Takes up what came of a plan's shards. */
export const collectJob = job({
  kind: 'collect',
  title: () => 'Collect a plan',
  startedBy: 'host',
  params: z.strictObject({ plan: planFolder }),
  result: z.object({
    work: plannedWork,
    shards: count,
    /** Units that are new in the library. */
    added: count,
    done: count,
    failed: count,
    /** It had been collected before: nothing was done. */
    before: z.boolean(),
  }),
});
