import { z } from 'zod';
import { evaluationResult } from '../domain.ts';
import { adaptProtocol, protocolMeasure } from '../facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES } from '../facts/adapt-names.ts';
import { collectionSubset } from '../facts/collections.ts';
import { device } from '../facts/backends.ts';
import { backend, collection, network, seed, size } from '../fields.ts';
import { job } from './job.ts';

/** Measures a network, geometry being the truth: on held-out places, or by one of the three protocols of adapting. */
export const evaluateJob = job({
  kind: 'evaluate',
  title: () => 'Measure',
  startedBy: 'page',
  brings: () => ['descriptors'],
  params: z.strictObject({
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    seed: seed.optional(),
    protocol: adaptProtocol.optional().meta({
      label: 'Protocol',
      help: 'own: every photo asks; new-photos: photos of known places that the network has not seen; new-places: places that it has not seen',
      otherwise: 'held-out places',
      names: ADAPT_PROTOCOL_NAMES,
    }),
    collection: collection.optional(),
  }),
  result: evaluationResult.extend({
    device,
    network: z.string(),
    collection: collectionSubset.optional(),
    /** Under one of the three protocols. */
    measure: protocolMeasure.optional(),
  }),
});
