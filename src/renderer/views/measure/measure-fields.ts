import { z } from 'zod';
import { measureJob } from '../../../shared/jobs/measure.ts';
import type { Method, ranking } from '../../../shared/methods/index.ts';
import { parameterFields } from '../search/method-parameters.ts';

const { size, seed, backend } = measureJob.params.shape;

/** What can be said of a measurement besides what is measured: parameters of the methods that are chosen, size, seed and what computes. */
export function measureFields(methods: readonly Method[], ofSet: boolean) {
  const read = parameterFields(methods);
  // The same type whatever is read: what a method does not read is not among the fields.
  const own = (read ?? z.strictObject({})) as unknown as typeof ranking;
  return z.strictObject({
    ...(read === null ? {} : { ranking: own.optional().meta({ label: 'Of the methods' }) }),
    ...(ofSet ? {} : { size }),
    seed,
    backend,
  }) as unknown as z.ZodObject<{
    ranking: z.ZodOptional<typeof ranking>;
    size: typeof size;
    seed: typeof seed;
    backend: typeof backend;
  }>;
}

/** What was said, once it is right. */
export type Measured = z.output<ReturnType<typeof measureFields>>;
