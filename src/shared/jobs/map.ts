import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { backend, network, seed, set, size } from '../fields.ts';
import { job } from './job.ts';

/** Lays all photos out in two dimensions. */
export const mapJob = job({
  kind: 'map',
  title: () => 'Map of all photos',
  startedBy: 'page',
  brings: ({ set: named }) => [...(named === undefined ? ['descriptors' as const] : []), 'map'],
  params: z.strictObject({
    network: network.optional(),
    set: set.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    seed: seed.optional(),
  }),
  result: z.object({ set: z.string(), photos: count }),
});
