import { z } from 'zod';
import { graph, rank, regionalGraph, solver } from './fields.ts';
import { rankingMethod } from './method.ts';

export const hybrid = rankingMethod({
  name: 'hybrid',
  title: 'Diffusion, hybrid',
  summary: 'Leading eigenvectors in closed form and conjugate gradients for the rest (methods.md 4.7).',
  takes: 'both',
  prepares: true,
  params: z.strictObject({ ...graph, ...solver, rank: rank.default(40) }),
  regional: regionalGraph,
});
