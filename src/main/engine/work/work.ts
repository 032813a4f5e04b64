import { z } from 'zod';
import type { Facts } from '../../../shared/facts/facts.ts';
import type { Backend, Precision } from '../../../shared/facts/backends.ts';
import type { JobDefinition } from '../../../shared/jobs/job.ts';
import { check } from '../../../shared/schema.ts';
import type { Library } from '../library/library.ts';
import { computing } from '../network/computing.ts';
import type { TaskContext } from '../queue/context.ts';

/** How a job is done. */
export interface Work<R extends z.ZodType = z.ZodType> {
  /**
   * Does it. Parameters come from anywhere and are checked here.
   * @throws CovisError `INPUT_INVALID` naming a parameter and what it takes, `CANCELLED`, and what the job throws.
   */
  run(library: Library, params: unknown, task: TaskContext): Promise<Facts<R>>;
}

/** What checks results, in tests and while developing; nothing in production, where a report of a million rows would be read twice. */
const CHECKED = process.env['COVIS_CHECK_RESULTS'] === '1';

/** Whether a result has a place for what computed, and says nothing of it yet. */
function namesDevice(schema: z.ZodType, result: unknown): result is object {
  return (
    schema instanceof z.ZodObject &&
    'device' in schema.shape &&
    typeof result === 'object' &&
    result !== null &&
    !('device' in result)
  );
}

/** What jobs are told of what computes. */
interface Computed {
  readonly backend?: Backend | undefined;
  readonly precision?: Precision | undefined;
}

/** Says how a job is done. @param job its definition. @param run gets the parameters as the definition types them. */
export function work<P extends z.ZodObject, R extends z.ZodType>(
  job: JobDefinition<string, P, R>,
  run: (library: Library, params: z.output<P>, task: TaskContext) => Facts<R> | Promise<Facts<R>>,
): Work<R> {
  return {
    run: async (library, params, task) => {
      const asked = check(job.params, params);
      const { backend, precision } = asked as Computed;
      const { result, device } = await computing(backend, () => run(library, asked, task), precision);
      const said = device !== null && namesDevice(job.result, result) ? { ...result, device } : result;
      if (CHECKED) job.result.parse(said);
      return said;
    },
  };
}
