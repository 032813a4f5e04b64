import { z } from 'zod';
import { collectionSubset } from '../facts/collections.ts';
import { count } from '../facts/facts.ts';
import { device } from '../facts/backends.ts';
import { backend, collection, manifold, mining, network, seed, set, size } from '../fields.ts';
import { job } from './job.ts';

/** Mines a run of tuples, from geometry or on the manifold of descriptors. */
export const mineJob = job({
  kind: 'mine',
  title: (p) => (p.manifold === undefined ? 'Mine tuples' : 'Mine on the manifold'),
  startedBy: 'page',
  brings: () => ['descriptors', 'tuples'],
  params: z.strictObject({
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    seed: seed.optional(),
    mining: mining.optional(),
    /** Mines on the manifold of the descriptors instead of geometry. */
    manifold: manifold.optional(),
    set: set.optional(),
    collection: collection.optional(),
  }),
  result: z.object({
    device,
    run: z.int(),
    tuples: count,
    queries: count,
    meanNegativeDistance: z.number(),
    warnings: z.array(z.string()),
    collection: collectionSubset.optional(),
  }),
});
