import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { defaultDecision } from '../facts/networks.ts';
import { importJob } from './import.ts';
import { job } from './job.ts';
import { sourcesTitle } from './sources.ts';
import { decisionFields, memory, trainingFields } from './training-fields.ts';

const measured = z.object({ map: z.number(), mapWhitened: z.number().nullable() });

/** The whole loop: import, extract, mine, train, evaluate before and after. */
export const runJob = job({
  kind: 'run',
  title: ({ sources }) => `Whole loop on ${sourcesTitle(sources)}`,
  startedBy: 'host',
  brings: () => ['photos', 'clusters', 'descriptors', 'tuples', 'training'],
  params: z.strictObject({ ...trainingFields, ...decisionFields, memory, sources: importJob.params.shape.sources }),
  result: z.object({
    library: z.string(),
    photos: count,
    clusters: count,
    pairs: count,
    tuples: count,
    network: z.string(),
    standing: defaultDecision.nullable(),
    evaluation: z.object({
      protocol: z.string(),
      queries: count,
      database: count,
      before: measured,
      after: measured,
    }),
    seconds: z.object({
      import: z.number(),
      extract: z.number(),
      mine: z.number(),
      train: z.number(),
      evaluate: z.number(),
    }),
    missing: z.array(z.string()),
    warnings: z.array(z.string()),
  }),
});
