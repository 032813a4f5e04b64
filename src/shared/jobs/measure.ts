import { z } from 'zod';
import { METHODS } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { device } from '../facts/backends.ts';
import { measuredRanking } from '../facts/measurements.ts';
import { backend, collection, id, network, ranking, seed, set, size } from '../fields.ts';
import { rankingFits } from '../methods/parameters.ts';
import { job } from './job.ts';

/** Measures one method on one set of descriptors under a protocol. */
export const measureJob = job({
  kind: 'measure',
  title: (p) => `Measure ${p.method}`,
  startedBy: 'page',
  brings: ({ set: named }) => [...(named === undefined ? ['descriptors' as const] : []), 'measurements'],
  params: z
    .strictObject({
      network: network.optional(),
      set: set.optional(),
      size: size.optional(),
      backend: backend.optional().meta({ advanced: true }),
      seed: seed.optional(),
      collection: collection.optional(),
      method: z.enum(METHODS).default('cosine').meta({ label: 'Method', value: 'method' }),
      ranking: ranking.optional(),
      /** Ground truth of the library. */
      truth: id.optional(),
      protocol: z.string().max(40).default('sfm').meta({ label: 'Protocol', value: 'protocol' }),
    })
    .check(rankingFits),
  result: measuredRanking.extend({
    device,
    id: z.int(),
    set: z.string(),
    network: z.string().nullable(),
    method: z.string(),
    parameters: z.record(z.string(), z.number()),
    msPerQuery: z.number(),
    offlineMs: z.number(),
    /** For geometry: mAP of every difficulty that the library has. */
    byDifficulty: z.record(z.string(), z.number()).optional(),
    collection: collectionSubset.optional(),
  }),
});
