import { z } from 'zod';
import { graph, regionalGraph, shortlist, solver } from './fields.ts';
import { rankingMethod } from './method.ts';

export const truncated = rankingMethod({
  name: 'truncated',
  title: 'Diffusion, truncated',
  summary: 'Diffusion among those most similar to the query alone, for large collections (methods.md 4.5).',
  takes: 'both',
  prepares: true,
  params: z.strictObject({
    ...graph,
    ...solver,
    shortlist: shortlist.default(10_000).meta({
      help: 'nearest descriptors, or photos by their regions, that diffusion is cut to',
    }),
  }),
  regional: regionalGraph,
});
