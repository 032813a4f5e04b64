import { z } from 'zod';
import { collectionSubset } from '../facts/collections.ts';
import { count } from '../facts/facts.ts';
import { device } from '../facts/backends.ts';
import { backend, collection, domain, network, precision, size } from '../fields.ts';
import { job } from './job.ts';

/** Describes every photo of the library that has no descriptor yet. */
export const extractJob = job({
  kind: 'extract',
  title: () => 'Extract descriptors',
  startedBy: 'page',
  brings: ({ domain }) => [domain === 'edges' ? 'edge-descriptors' : 'descriptors'],
  params: z.strictObject({
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    precision: precision.optional(),
    domain: domain.optional().meta({
      help: 'photos, or edges: with the network that drawings go to',
      otherwise: 'photos',
      names: { photos: 'Photos', edges: 'Edge maps (for drawings)' },
    }),
    collection: collection.optional(),
  }),
  result: z.object({
    device,
    network: z.string(),
    photos: count,
    computed: count,
    dim: count,
    size: z.int(),
    fitted: z.string().optional(),
    collection: collectionSubset.optional(),
  }),
});
