import { z } from 'zod';
import { defined } from '../../../shared/defined.ts';
import type { Method } from '../../../shared/domain.ts';
import { ranking } from '../../../shared/fields.ts';
import type { RankParameters } from '../../engine/retrieval/methods.ts';

const { k, kq, gamma, iterations, tolerance, rank, expansion, truncation, shortlist } = ranking.shape;

/** Parameters of ranking methods, under the same names for every command. */
export const rankingOptions = {
  k: k.meta({ help: 'neighbours of a node in the graph, itself included', otherwise: '50, regions 200' }),
  kq: kq.meta({ help: 'neighbours that carry a query into the graph', otherwise: '10, regions 200' }),
  gamma: gamma.meta({ help: 'power of the similarity', otherwise: '3' }),
  alpha: z.number().min(0).max(20).optional().meta({
    help: 'of the diffusion (0.99), or the exponent of alpha-qe and alpha-dba (3)',
  }),
  iterations: iterations.meta({ help: 'at most', otherwise: '20; iterative and jacobi 1000' }),
  tolerance: tolerance.meta({ help: 'relative residual at which iterating ends', otherwise: '1e-6' }),
  rank: rank.meta({ help: 'eigenpairs of fsr (500) and hybrid (40)' }),
  neighbours: expansion.meta({ help: 'that expand a query or a database vector', otherwise: '10' }),
  trunc: truncation.meta({ help: 'neighbours kept by offline diffusion', otherwise: '1000' }),
  shortlist: shortlist.meta({
    help: 'descriptors kept by truncated diffusion (10000), re-ranked by superglobal (400)',
  }),
};

/** Those parameters that were given. */
export function rankingOf(o: z.output<z.ZodObject<typeof rankingOptions>>, method: Method): Partial<RankParameters> {
  const power = method === 'alpha-qe' || method === 'alpha-dba';
  return defined({
    k: o.k,
    kq: o.kq,
    gamma: o.gamma,
    [power ? 'exponent' : 'alpha']: o.alpha,
    iterations: o.iterations,
    tolerance: o.tolerance,
    rank: o.rank,
    expansion: o.neighbours,
    truncation: o.trunc,
    shortlist: o.shortlist,
  });
}
