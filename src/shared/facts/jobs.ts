/** Facts of jobs: what is asked for, how far it is, how it ended. */
import { z } from 'zod';
import type { Facts } from './facts.ts';

/** `interrupted`: the program that did it, or would have, ended without a word. */
export const jobState = z.enum(['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted']);
export type JobState = Facts<typeof jobState>;

export const jobProgress = z.object({
  /** What is being done now, as a short phrase. */
  step: z.string(),
  done: z.number(),
  /** 0 where the amount is not known. */
  total: z.number(),
  unit: z.string(),
  /** Units per second, smoothed; 0 until measured. */
  rate: z.number(),
  /** Seconds left; null until it can be told. */
  left: z.number().nullable(),
  /** Seconds left of this step and of all after it, where the job knows what comes and has seen how long it takes. */
  whole: z.exactOptional(z.number()),
  /** A stop now would leave something finished: what that is, in sentences. */
  kept: z.exactOptional(z.string()),
  /** What training knows of itself on the way: the mean loss of a tuple since its epoch began. */
  measured: z.exactOptional(
    z.object({
      run: z.int(),
      /** Epochs, with the part that is done of the one under way. */
      at: z.number(),
      loss: z.number(),
    }),
  ),
});
export type JobProgress = Facts<typeof jobProgress>;
export type Measured = NonNullable<JobProgress['measured']>;

/** What a view may have to wait for until a job has made it. Descriptors are of photos; those of edge maps are for drawings. */
export const brought = z.enum([
  'photos',
  'clusters',
  'matches',
  'descriptors',
  'edge-descriptors',
  'map',
  'tuples',
  'training',
  'measurements',
  'duplicates',
  'tradeoff',
  'teacher',
  'ladder',
  'shapes',
]);
export type Brought = Facts<typeof brought>;

export const jobInfo = z.object({
  id: z.int(),
  /** Of `shared/jobs`, or of a version that had others. */
  kind: z.string(),
  title: z.string(),
  state: jobState,
  created: z.string(),
  started: z.string().nullable(),
  finished: z.string().nullable(),
  progress: jobProgress.nullable(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      file: z.exactOptional(z.string()),
      offset: z.exactOptional(z.number()),
      hint: z.exactOptional(z.string()),
    })
    .nullable(),
  warnings: z.array(z.string()),
  result: z.unknown(),
  /** Of one that waits or runs: what it may make where that is not there yet. */
  brings: z.exactOptional(z.array(brought)),
});
export type JobInfo = Facts<typeof jobInfo>;
