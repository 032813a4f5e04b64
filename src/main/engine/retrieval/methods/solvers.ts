import { DiffusionPool } from '../diffusion-pool.ts';
import type { SolverMethod, SolverParameters } from '../diffusion.ts';
import type { SparseGraph } from '../graph.ts';
import type { Eigenpairs } from '../spectral.ts';
import type { Prepare } from './method.ts';
import { onGraph, type Diffusion } from './on-graph.ts';

/** Solves for all nodes, with all threads. */
export async function solving(
  method: SolverMethod,
  s: SparseGraph,
  p: SolverParameters,
  eigenpairs?: Eigenpairs,
): Promise<Diffusion> {
  const pool = await DiffusionPool.create(s, eigenpairs);
  return {
    bytes: pool.bytes,
    eigenResidual: eigenpairs?.residual,
    diffuse: ({ ys, give, task }) => pool.run(method, ys, p, give, task),
    close: () => pool.close(),
  };
}

export const cg: Prepare<'cg'> = (p, o) => onGraph(p, o, ({ s }) => solving('cg', s, p));
export const iterative: Prepare<'iterative'> = (p, o) => onGraph(p, o, ({ s }) => solving('iterative', s, p));
export const jacobi: Prepare<'jacobi'> = (p, o) => onGraph(p, o, ({ s }) => solving('jacobi', s, p));
