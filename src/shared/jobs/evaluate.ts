import { z } from 'zod';
import { evaluationResult } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { collection, network, seed, size } from '../fields.ts';
import { job } from './job.ts';

/** Measures a network on held-out places, geometry being the truth. */
export const evaluateJob = job({
  kind: 'evaluate',
  title: () => 'Measure',
  startedBy: 'page',
  params: z.strictObject({
    network: network.optional(),
    size: size.optional(),
    seed: seed.optional(),
    collection: collection.optional(),
  }),
  result: evaluationResult.extend({ network: z.string(), collection: collectionSubset.optional() }),
});
