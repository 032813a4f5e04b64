import type { z } from 'zod';
import type { Facts } from '../../../shared/facts/facts.ts';
import type { JobDefinition } from '../../../shared/jobs/job.ts';
import { check } from '../../../shared/schema.ts';
import type { Library } from '../library/library.ts';
import type { TaskContext } from '../queue/context.ts';

/** How a job is done. */
export interface Work<P extends z.ZodObject = z.ZodObject, R extends z.ZodType = z.ZodType> {
  readonly job: JobDefinition<string, P, R>;
  /**
   * Does it. Parameters come from anywhere and are checked here.
   * @throws CovisError `INPUT_INVALID` naming a parameter and what it takes, `CANCELLED`, and what the job throws.
   */
  run(library: Library, params: unknown, task: TaskContext): Promise<Facts<R>>;
}

/** What checks results, in tests and while developing; nothing in production, where a report of a million rows would be read twice. */
const CHECKED = process.env['COVIS_CHECK_RESULTS'] === '1';

/** Says how a job is done. @param job its definition. @param run gets the parameters as the definition types them. */
export function work<P extends z.ZodObject, R extends z.ZodType>(
  job: JobDefinition<string, P, R>,
  run: (library: Library, params: z.output<P>, task: TaskContext) => Facts<R> | Promise<Facts<R>>,
): Work<P, R> {
  return {
    job,
    run: async (library, params, task) => {
      const result = await run(library, check(job.params, params), task);
      if (CHECKED) job.result.parse(result);
      return result;
    },
  };
}
