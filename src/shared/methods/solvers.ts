import { z } from 'zod';
import { graph, iterations, regionalGraph, solver } from './fields.ts';
import { rankingMethod } from './method.ts';

export const cg = rankingMethod({
  name: 'cg',
  title: 'Diffusion, gradients',
  summary: 'Similarity along the data: diffusion on the graph of neighbours by conjugate gradients (methods.md 4.2).',
  takes: 'both',
  prepares: true,
  params: z.strictObject({ ...graph, ...solver }),
  regional: regionalGraph,
});

export const iterative = rankingMethod({
  name: 'iterative',
  title: 'Diffusion, iterative',
  summary: 'The same diffusion by its plain iteration (methods.md 4.2).',
  takes: 'both',
  prepares: true,
  params: z.strictObject({ ...graph, ...solver, iterations: iterations.default(1000) }),
  regional: regionalGraph,
});

export const jacobi = rankingMethod({
  name: 'jacobi',
  title: 'Diffusion, Jacobi',
  summary: "The same diffusion by Jacobi's method (methods.md 4.2).",
  takes: 'both',
  prepares: true,
  params: z.strictObject({ ...graph, ...solver, iterations: iterations.default(1000) }),
  regional: regionalGraph,
});
