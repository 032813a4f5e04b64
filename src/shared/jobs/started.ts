/** What pages may start: the schemas of all jobs together, which only who answers needs. */
import { z } from 'zod';
import { forPages } from '../schema.ts';
import { JOBS, placeless, takesChosen, writes, type ChosenJob, type JobKind, type PageJob } from './index.ts';
import type { JobDefinition } from './job.ts';

const ALL = Object.values(JOBS) as readonly JobDefinition<JobKind>[];

const oneOf = <T>(jobs: readonly JobDefinition<JobKind>[], params: (j: JobDefinition) => z.ZodObject) =>
  z.discriminatedUnion(
    'kind',
    jobs.map((j) => params(j).extend({ kind: z.literal(j.kind) })) as unknown as readonly [
      z.ZodObject<{ kind: z.ZodLiteral<JobKind> }>,
    ],
  ) as unknown as z.ZodType<T, T>;

/** Jobs that pages may start, without anything that only the host may say. */
export const pageJobSchema = oneOf<PageJob>(
  ALL.filter((j) => j.startedBy === 'page'),
  (j) => forPages(j.params),
);

/** Jobs that take what a person chose. */
export const CHOSEN_JOBS = ALL.filter((j) => takesChosen(j.kind));
export const chosenJobSchema = oneOf<ChosenJob>(CHOSEN_JOBS, (j) => forPages(j.params, true));

/** Jobs that write for other tools. */
export const WRITING_JOBS = ALL.filter((j) => writes(j.kind));
/** A {@link ChosenJob} that does not say where to. */
export const downloadedJobSchema = oneOf<ChosenJob>(WRITING_JOBS, (j) => placeless(j.params));
