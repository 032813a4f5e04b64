import { z } from 'zod';
import { jobInfo } from '../facts/jobs.ts';
import { none, rowNumber } from '../fields.ts';
import { pageJobSchema } from '../jobs/started.ts';
import { route } from './route.ts';

/** The job that an answer started. */
export const startedJob = z.object({ job: rowNumber });

export const jobRoutes = {
  'jobs.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(jobInfo) }),
  /** Jobs that take paths start from the host instead: a dialog or the command line. */
  'jobs.start': route({ who: 'page', params: z.strictObject({ job: pageJobSchema }), result: startedJob }),
  'jobs.cancel': route({ who: 'page', params: z.strictObject({ id: rowNumber }), result: z.null() }),
};
