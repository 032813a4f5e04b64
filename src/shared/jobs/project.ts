import { counted } from '../counted.ts';
import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { network, seed } from '../fields.ts';
import { job } from './job.ts';

/** Appends a linear layer to a network of the library, which is trained with the rest; the network that ends in it is a new one (methods.md 5.5). */
export const projectJob = job({
  kind: 'project',
  title: (p) => `Append a layer of ${counted(p.project, 'dimension')}`,
  startedBy: 'page',
  params: z.strictObject({
    network: network.optional().meta({ otherwise: 'the library’s default' }),
    project: z.int().min(1).max(65_536).meta({
      label: 'Dimensions',
      help: 'append a linear layer to so many dimensions, trained with the rest (64 in the CUB recipe)',
    }),
    seed: seed.optional().meta({ help: 'of the layer’s weights', otherwise: '0' }),
  }),
  result: z.object({ network: z.string(), name: z.string(), dim: count, said: z.array(z.string()) }),
  said: (r) => [`Network ${r.network}: ${r.name}, ${counted(r.dim, 'dimension')}`, ...r.said],
});
