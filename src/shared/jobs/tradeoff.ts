import { z } from 'zod';
import { tradeoffReport } from '../domain.ts';
import { backend, network, ranking, set, size } from '../fields.ts';
import { rankingFitsMethod } from '../methods/parameters.ts';
import { job } from './job.ts';

/** What hybrid diffusion costs between conjugate gradients and spectral ranking. */
export const tradeoffJob = job({
  kind: 'tradeoff',
  title: () => 'Diffusion from gradients to spectrum',
  startedBy: 'page',
  brings: ({ set: named }) => [...(named === undefined ? ['descriptors' as const] : []), 'tradeoff'],
  params: z
    .strictObject({
      network: network.optional(),
      set: set.optional(),
      size: size.optional(),
      backend: backend.optional().meta({ advanced: true }),
      ranking: ranking.optional(),
    })
    .check(rankingFitsMethod('hybrid')),
  result: tradeoffReport.extend({ set: z.string(), setName: z.string() }),
});
