import { z } from 'zod';
import { whiteningFacts } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { count } from '../facts/facts.ts';
import { device } from '../facts/backends.ts';
import { backend, collection, network, numbers, seed, size } from '../fields.ts';
import { job } from './job.ts';

/** Learns a whitening on the training places; the network that ends in it is a new one (methods.md 1.8). */
export const whitenJob = job({
  kind: 'whiten',
  title: () => 'Learn a whitening',
  startedBy: 'page',
  params: z.strictObject({
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    seed: seed.optional(),
    collection: collection.optional(),
    whiten: z
      .strictObject({
        method: z
          .enum(['learned', 'pca'])
          .default('learned')
          .meta({
            label: 'Method',
            help: 'learned from matching pairs, or pca',
            names: { learned: 'From matching pairs', pca: 'PCA' },
          }),
        dim: z
          .int()
          .positive()
          .max(65_536)
          .optional()
          .meta({ label: 'Dimensions', help: 'dimensions to keep', otherwise: 'all' }),
        shrinkage: z.number().min(0).max(1000).optional().meta({
          label: 'Shrinkage',
          help: 'share of the mean variance added to every direction',
          otherwise: '0.1 where pairs are few, else 0',
          advanced: true,
        }),
        power: z
          .number()
          .min(0)
          .max(10)
          .optional()
          .meta({ label: 'Power', help: 'exponent of PCA: 0.5 whitens fully', otherwise: '0.5', advanced: true }),
        scales: z
          .union([z.literal('multi'), numbers(0.1, 4, 16)])
          .optional()
          .meta({
            label: 'Scales',
            help: 'describe at these scales first; multi for 1, 0.707, 0.5',
            value: 'list',
          }),
      })
      .prefault({}),
  }),
  result: z.object({
    device,
    network: z.string(),
    name: z.string(),
    dim: count,
    whitening: whiteningFacts,
    collection: collectionSubset.optional(),
  }),
});
