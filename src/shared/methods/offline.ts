import { z } from 'zod';
import { graph, solver, truncation } from './fields.ts';
import { rankingMethod } from './method.ts';

export const offline = rankingMethod({
  name: 'offline',
  title: 'Diffusion, offline',
  summary: 'Diffusion from every photo computed beforehand; a query adds what its neighbours have (methods.md 4.8).',
  takes: 'global',
  prepares: true,
  params: z.strictObject({ ...graph, ...solver, truncation: truncation.default(1000) }),
});
