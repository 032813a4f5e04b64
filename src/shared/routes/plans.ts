import { z } from 'zod';
import { planStatus } from '../facts/plans.ts';
import { EXECUTORS } from '../facts/planned.ts';
import { id, none } from '../fields.ts';
import { retrying } from '../jobs/plan-fields.ts';
import { startedJob } from './jobs.ts';
import { route } from './route.ts';

/** Names a plan of the open library. */
const plan = z.strictObject({ uid: id });

const { sbatch: _free, ...ofPages } = retrying;
/** What pages may say of shards that are done again. */
export const planRetrying = z.strictObject(ofPages);

export const planRoutes = {
  /** The newest plans of the library, and who could do one here. */
  'plans.list': route({
    who: 'page',
    repeat: 'safe',
    params: none,
    result: z.object({ plans: z.array(planStatus), executors: z.array(z.enum(EXECUTORS)) }),
  }),
  /**
   * Does again what failed, was lost or was never begun, as it was submitted or as is said now. It goes on without the studio; how it goes is
   * in the list.
   */
  'plans.retry': route({ who: 'page', params: plan.extend(planRetrying.shape), result: z.null() }),
  'plans.cancel': route({ who: 'page', params: plan, result: z.null() }),
  'plans.collect': route({ who: 'page', params: plan, result: startedJob }),
  /** It is no longer listed. Its folder stays. */
  'plans.forget': route({ who: 'page', repeat: 'safe', params: plan, result: z.null() }),
};
