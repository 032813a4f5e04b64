/** Facts of experiments outside a library's own photos, kept with it. */
import { z } from 'zod';
import { adaptProtocol, adaptReport, placeInterval } from './adapt.ts';
import { count, type Facts } from './facts.ts';

/** One component of the talk's ladder and what it brings: mAP of the geometry protocol over seeds. */
export const ladderRung = z.object({
  component: z.string(),
  pooling: z.enum(['mac', 'gem']),
  whitening: z.boolean(),
  map: z.object({
    mean: z.number(),
    std: z.number(),
    values: z.array(z.number()),
  }),
  /** By one of the three protocols: the mean of all photos that asked over all seeds, with its interval over places and seeds. */
  interval: placeInterval.optional(),
  /** What it adds to the rung above it, on the same questions. */
  gain: placeInterval.optional(),
});
export type LadderRung = Facts<typeof ladderRung>;

/** Component contributions on a library (methods.md 1.10). */
export const ladderReport = z.object({
  network: z.string(),
  preset: z.string(),
  epochs: count,
  /** Tuples of an epoch. */
  tuples: count,
  size: z.int(),
  seeds: count,
  firstSeed: z.int(),
  /** What was held out and asked; left out where whole places were drawn by the seed. */
  protocol: adaptProtocol.optional(),
  /** By pooling, in the order of the talk. */
  rungs: z.array(ladderRung),
});
export type LadderReport = Facts<typeof ladderReport>;

/** Layouts of drawings and photos (methods.md 2.8), and folders of classes. */
export const SKETCH_LAYOUTS = ['flickr15k', 'pairs', 'classes'] as const;
export type SketchLayout = (typeof SKETCH_LAYOUTS)[number];

/** An edge network measured on drawings (methods.md 2.8); the contract of `covis sketches --json`. */
export const sketchReport = z.object({
  layout: z.string(),
  name: z.string(),
  network: z.string(),
  method: z.string(),
  photos: count,
  sketches: count,
  /** True where whitening was learned on the target set's own training pairs. */
  supervised: z.boolean(),
  trainingPairs: count,
  map: z.number(),
  /** Share of drawings with a right photo among the first 1, 5, 10. */
  accuracyAt: z.record(z.string(), z.number()),
  perQuery: z.array(
    z.object({
      sketch: z.string(),
      ap: z.number(),
      first: z.number().nullable(),
    }),
  ),
});
export type SketchReport = Facts<typeof sketchReport>;

/** One kind of descriptor in an experiment on domains: accuracies as fractions, means over seeds and their deviations. */
export const domainMethod = z.object({
  name: z.string(),
  /** Learned on the first, tested on the second: `A>C`. */
  single: z.record(z.string(), z.number()),
  singleStd: z.record(z.string(), z.number()),
  /** Learned on all others, tested on this one. */
  leaveOneOut: z.record(z.string(), z.number()),
  leaveOneOutStd: z.record(z.string(), z.number()),
  /** Mean of the leave-one-out accuracies. */
  mean: z.number(),
  std: z.number(),
});
export type DomainMethod = Facts<typeof domainMethod>;

/** The two tables of domain generalisation (methods.md 3); the contract of `covis domains --json`. */
export const domainReport = z.object({
  domains: z.array(z.string()),
  /** How the tables name the domains, in the same order. */
  labels: z.array(z.string()),
  classes: z.array(z.string()),
  /** Images used, by class and domain. */
  photosPerClass: z.record(z.string(), z.record(z.string(), z.number())),
  /** Accuracy of guessing. */
  chance: z.number(),
  /** Domains that went through the sketch path. */
  drawn: z.array(z.string()),
  seeds: count,
  networks: z.object({
    pretrained: z.string(),
    fineTuned: z.string(),
    edges: z.string(),
  }),
  unreadable: count,
  methods: z.array(domainMethod),
});
export type DomainReport = Facts<typeof domainReport>;

/** What every kept report has. */
const kept = z.object({ id: z.int(), created: z.string(), folder: z.string() });

/** Reports of experiments outside a library's own photos, kept with it. */
export const experimentInfo = z.discriminatedUnion('kind', [
  kept.extend({ kind: z.literal('domains'), report: domainReport }),
  kept.extend({ kind: z.literal('sketches'), report: sketchReport }),
  kept.extend({ kind: z.literal('ladder'), report: ladderReport }),
  kept.extend({ kind: z.literal('adapt'), report: adaptReport }),
]);
export type ExperimentInfo = Facts<typeof experimentInfo>;
