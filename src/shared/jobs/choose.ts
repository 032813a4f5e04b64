import { counted } from '../counted.ts';
import { z } from 'zod';
import { bestShotWeights, choiceReport, CHOICES, STRATA } from '../facts/collection-choices.ts';
import { backend, fraction, id, network, set, size } from '../fields.ts';
import { job } from './job.ts';

/** Chooses photos that stand for all, and puts them into a collection where one is named. */
export const chooseJob = job({
  kind: 'choose',
  title: (p) => (p.each === undefined ? `Choose ${counted(p.n, 'photo')}` : `Choose ${p.each} of each`),
  startedBy: 'page',
  params: z.strictObject({
    n: z.int().min(1).max(100_000).default(50).meta({ label: 'Photos', help: 'how many, kept ones with them' }),
    by: z.enum(CHOICES).default('k-center').meta({
      label: 'By',
      help: 'farthest first (k-center), best cover (facility), densest places (typical), random, strata of a field, or cells of time and place (grid)',
    }),
    /** Photos of it are kept; what is chosen is added to it. */
    collection: z.string().min(1).max(4096).optional().meta({ label: 'Collection', value: 'name', page: 'id' }),
    keep: z.array(id).max(100_000).optional().meta({ label: 'Keep', help: 'photos that are chosen already' }),
    /** Photos to choose among, as a rule. */
    among: z.unknown().optional(),
    heads: z
      .boolean()
      .default(true)
      .meta({ label: 'Without folded', help: 'choose among photos that are folded under others, too' }),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional()
      .meta({
        label: 'Seed',
        help: 'of what is drawn',
        otherwise: 'k-center begins in the middle; others 0',
      }),
    quality: fraction.default(0).meta({ label: 'Quality', help: 'how much the score of the best shot counts' }),
    weights: bestShotWeights.prefault({}),
    field: z.enum(STRATA).default('place').meta({ label: 'Field', help: 'of strata' }),
    valuesOf: z.string().min(1).max(100).optional().meta({
      label: 'Values of',
      help: 'strata are the values of this field that collections say of their photos (of several values the first), in place of the field above; photos without it are left out',
      value: 'field',
    }),
    each: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ label: 'Of each', help: 'so many of each stratum or cell, in place of the number of photos' }),
    shares: z
      .enum(['equal', 'proportional'])
      .default('equal')
      .meta({ label: 'Shares', help: 'of strata and cells: as many of each, or by their sizes' }),
    hours: z.number().positive().max(1e6).default(24).meta({ label: 'Hours', help: 'of a cell of the grid' }),
    km: z.number().positive().max(20_000).default(1).meta({ label: 'Kilometres', help: 'side of a cell of the grid' }),
    dryRun: z
      .boolean()
      .default(false)
      .meta({ label: 'Only say', help: 'choose and say what was chosen, and change no collection' }),
    set: set.optional(),
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
  }),
  result: choiceReport,
});
