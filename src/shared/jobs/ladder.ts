import { z } from 'zod';
import { ladderReport } from '../domain.ts';
import { adaptProtocol } from '../facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES } from '../facts/adapt-names.ts';
import { job } from './job.ts';
import { memory, trainingFields } from './training-fields.ts';

/** What each component brings, over seeds (methods.md 1.10). */
export const ladderJob = job({
  kind: 'ladder',
  title: () => 'Component contributions',
  startedBy: 'page',
  brings: () => ['descriptors', 'training', 'ladder'],
  params: z.strictObject({
    ...trainingFields,
    memory,
    ladder: z
      .strictObject({
        poolings: z
          .array(z.enum(['mac', 'gem']))
          .min(1)
          .max(2)
          .default(['mac', 'gem'])
          .meta({
            label: 'Poolings',
            help: 'each a ladder of its own: mac, gem',
            value: 'list',
            names: { mac: 'MAC', gem: 'GeM' },
          }),
        seeds: z
          .int()
          .min(1)
          .max(100)
          .default(3)
          .meta({ label: 'Seeds', help: 'draws of places and tuples, each a whole ladder' }),
        protocol: adaptProtocol.optional().meta({
          label: 'Asked by',
          help: 'what is held out and asks: own (nothing is held out), new-photos (of the same places) or new-places; with intervals over places and seeds, and mining guards that follow the photos',
          otherwise: 'places that the seed holds out, without intervals',
          names: ADAPT_PROTOCOL_NAMES,
        }),
      })
      .prefault({}),
  }),
  result: ladderReport,
});
