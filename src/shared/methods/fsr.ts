import { z } from 'zod';
import { graph, rank, regionalGraph } from './fields.ts';
import { rankingMethod } from './method.ts';

export const fsr = rankingMethod({
  name: 'fsr',
  title: 'Diffusion, spectral',
  summary: 'Diffusion from the leading eigenvectors of the graph alone, as one product (methods.md 4.6).',
  takes: 'both',
  prepares: true,
  params: z.strictObject({ ...graph, rank: rank.min(1).default(500) }),
  regional: regionalGraph,
});
