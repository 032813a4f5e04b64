import type { Prepare } from './method.ts';
import { onGraph } from './on-graph.ts';
import { solving } from './solvers.ts';

/** What hybrid diffusion answers in closed form should be as exact as what it iterates. */
const HYBRID_RESIDUAL = 1e-7;

export const hybrid: Prepare<'hybrid'> = (p, o) =>
  onGraph(p, o, async ({ s }) => {
    const pairs = p.rank > 0 ? await o.cache.eigenpairs(p.k, p.gamma, p.rank, HYBRID_RESIDUAL, o.task) : undefined;
    return solving('hybrid', s, p, pairs);
  });
