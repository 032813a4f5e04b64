/** Parameters that several methods read, without their defaults. */
import { z } from 'zod';

/** Options that are not called as their parameter. */
export const FLAGS = { expansion: 'neighbours', exponent: 'alpha', truncation: 'trunc' } as const;

export const k = z.int().min(1).max(10_000).meta({
  label: 'Neighbours',
  help: 'neighbours of a node in the graph, itself included',
});
export const kq = z.int().min(1).max(10_000).meta({
  label: 'Neighbours of the query',
  help: 'neighbours that carry a query into the graph',
});
export const gamma = z.number().positive().max(20).meta({ label: 'γ', help: 'power of the similarity' });
export const alpha = z.number().positive().lt(1).meta({ label: 'α', help: 'of the diffusion' });
export const iterations = z.int().min(0).max(10_000).meta({ label: 'Iterations', help: 'at most so many' });
export const tolerance = z.number().min(0).max(1).meta({
  label: 'Tolerance',
  help: 'relative residual at which iterating ends',
});
export const rank = z.int().min(0).max(5000).meta({ label: 'Eigenvectors', help: 'eigenpairs of the graph' });
export const expansion = z.int().min(1).max(1000).meta({
  label: 'Neighbours',
  help: 'that expand a query or a database vector',
  flag: FLAGS.expansion,
  reported: 'neighbours',
});
export const exponent = z.number().min(0).max(20).meta({
  label: 'α',
  help: 'exponent of the similarity that weighs a neighbour',
  flag: FLAGS.exponent,
  reported: 'alpha',
});
export const truncation = z.int().min(1).max(100_000).meta({
  label: 'Truncation',
  help: 'neighbours kept for each descriptor by offline diffusion',
  flag: FLAGS.truncation,
});

export const shortlist = z.int().min(1).max(100_000).meta({ label: 'Shortlist' });

/** The graph of a database and the way of a query into it (methods.md 4.1, 4.3), with defaults for global descriptors. */
export const graph = {
  k: k.default(50),
  kq: kq.default(10),
  gamma: gamma.default(3),
  alpha: alpha.default(0.99),
};
/** Defaults of {@link graph} with regions. */
export const regionalGraph = { k: 200, kq: 200 } as const;

/** When solving ends, with the defaults of conjugate gradients (methods.md 4.2). */
export const solver = { iterations: iterations.default(20), tolerance: tolerance.default(1e-6) };
