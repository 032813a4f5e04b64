import { z } from 'zod';
import { teacherComparison } from '../domain.ts';
import { backend, collection, network, seed, set, size, words } from '../fields.ts';
import { job } from './job.ts';

/** Bags of words with geometry beside the network that learned from them. */
export const teacherJob = job({
  kind: 'teacher',
  title: () => 'Teacher against student',
  startedBy: 'page',
  brings: ({ set: named }) => [...(named === undefined ? ['descriptors' as const] : []), 'measurements', 'teacher'],
  params: z.strictObject({
    network: network.optional(),
    set: set.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    seed: seed.optional(),
    words: words.optional(),
    collection: collection.optional(),
    protocol: z
      .enum(['sfm-easy', 'sfm-medium', 'sfm'])
      .default('sfm-medium')
      .meta({ label: 'Protocol', help: 'which shared points make a positive', value: 'protocol' }),
  }),
  result: z.array(teacherComparison),
});
