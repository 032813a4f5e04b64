/** Facts of training: parameters, runs, recipes. */
import { z } from 'zod';
import { adaptProtocol, learnedPart } from './adapt.ts';
import { BACKENDS, PRECISIONS } from './backends.ts';
import { collectionSubset } from './collections.ts';
import { count, type Facts } from './facts.ts';
import { miningParameters } from './mining.ts';
import { defaultDecision } from './networks.ts';
import { POOLINGS } from './poolings.ts';

export const epochInfo = z.object({
  epoch: count,
  loss: z.number(),
  /** Mean distance of the mined negatives to their query before the epoch. */
  negativeDistance: z.number(),
  /** Fraction of negatives inside the margin: those that still teach. */
  activeNegatives: z.number(),
  /** By the protocol of the part that the run learned on; of held-out places where it has none. */
  map: z.number().nullable(),
  /** GeM's exponent, the mean of them where there are several; null where there is none. */
  p: z.number().nullable(),
  seconds: z.number(),
  /** Tuples left out because a photo could not be read. */
  skipped: count,
});
export type EpochInfo = Facts<typeof epochInfo>;

/** How the learning rate falls: by e^-rate each epoch, or divided at given epochs (methods.md 1.6). */
export const decay = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('exponential'),
    rate: z.number(),
  }),
  z.object({
    kind: z.literal('steps'),
    epochs: z.array(z.number()),
    factor: z.number(),
  }),
]);
export type Decay = Facts<typeof decay>;

export const LOSS_KINDS = ['contrastive', 'triplet', 'batch-hard', 'multi-similarity'] as const;
export type LossKind = (typeof LOSS_KINDS)[number];

/** How photos are changed whenever they are trained on; 0 of each leaves them as they are. */
export const augmentation = z.object({
  /** At most this share of each side is cut away; what is left is enlarged to the size that it had. */
  crop: z.number(),
  /** Brightness and saturation are multiplied by up to 1 + this, or divided. */
  colour: z.number(),
  /** Deviation of the Gaussian, in pixels, at most. */
  blur: z.number(),
  /** Degrees either way, at most. */
  rotation: z.number(),
});
export type AugmentationStrengths = Facts<typeof augmentation>;

export const trainingParameters = z.object({
  /** The recipe that the rest started from. */
  preset: z.string(),
  /** What the trained network is to be called; chosen if null. */
  name: z.string().nullable(),
  /** The result belongs to an experiment; lists of networks leave it out. */
  experiment: z.boolean(),
  backend: z.enum(BACKENDS),
  /** Of convolutions and maps; runs of earlier versions, which leave it out, are of single. */
  precision: z.enum(PRECISIONS).optional(),
  epochs: count,
  loss: z.enum(LOSS_KINDS),
  optimiser: z.enum(['adam', 'sgd']),
  decay,
  /**
   * What the summed gradient of a step is divided by (methods.md 1.4): nothing, the tuples of the step, or the pairs of its tuples.
   * Adam hardly feels it, gradient descent does.
   */
  scaling: z.enum(['sum', 'tuples', 'pairs']),
  /** Gradient descent takes this share of each gradient away before it enters the momentum. */
  dampening: z.number(),
  /** Tuples of one step of the optimiser. */
  batch: count,
  /** Mining run whose manifold pools are trained on instead of geometry; null to mine each epoch. */
  pools: z.int().nullable(),
  queriesPerEpoch: count,
  learningRate: z.number(),
  weightDecay: z.number(),
  margin: z.number(),
  size: z.int(),
  seed: z.int(),
  /** Times an epoch that tuples are mined anew, each time for its share of the queries. */
  minings: count,
  mining: miningParameters,
  /** Blocks from the image on that stay as they are, or `head` where all but the head does; left out where everything learns. */
  freeze: z.string().optional(),
  /** The version of a collection that it is trained on; left out for the whole library. */
  collection: collectionSubset.optional(),
  /** The part of the library that alone is known to the run; left out for the training places of the seed. */
  learn: learnedPart.optional(),
  /** What is done to photos; left out where nothing is. */
  augment: augmentation.optional(),
  /** After each epoch weights go back this share of the way to where they began; left out where they do not. */
  towardsStart: z.number().optional(),
  /** In the end weights lie this share of the way from where they began to where training ended; left out where they lie at its end. */
  interpolate: z.number().optional(),
  /** By which protocol its network must be better than the default to become it, and in how many folds; left out by experiments. */
  protocol: adaptProtocol.optional(),
  folds: count.optional(),
});
export type TrainingParameters = Facts<typeof trainingParameters>;

/** What a training takes of the memory of what computes, estimated before it begins; bytes at most. */
export const trainingMemory = z.object({
  bytes: count,
  /** Of it weights, their gradients and what the optimiser keeps. */
  weightBytes: count,
  /** Of it what is kept of the photos until their gradient has come. */
  activationBytes: count,
  /** What there is, or what a person said may be taken; null where nobody tells. */
  budgetBytes: count.nullable(),
  /** What goes together: a tuple, or on devices all tuples of a step; a tuple where it does not say. */
  of: z.enum(['tuple', 'step']).optional(),
  /** Photos of that, and how many of them go through the network at once. */
  photos: count,
  photosAtOnce: count,
  /** The largest photo as the network takes it, in pixels. */
  width: count,
  height: count,
});
export type TrainingMemory = Facts<typeof trainingMemory>;

/** The same of a run that is yet to be started, by the back end that would compute, and in words. */
export const trainingMemoryReport = z.object({
  backend: z.enum(BACKENDS).exclude(['auto']),
  memory: trainingMemory,
  text: z.string(),
});
export type TrainingMemoryReport = Facts<typeof trainingMemoryReport>;

export const trainingRunInfo = z.object({
  id: z.int(),
  created: z.string(),
  state: z.enum(['running', 'done', 'stopped', 'failed']),
  network: z.string(),
  networkName: z.string(),
  result: z.string().nullable(),
  parameters: trainingParameters,
  epochs: z.array(epochInfo),
  mapBefore: z.number().nullable(),
  /** What really computed. */
  device: z.string(),
  /** Ended before its last epoch and left a checkpoint to go on from. */
  resumable: z.boolean(),
  /** What it did to the default, and by which figure; null where nothing was decided. */
  standing: defaultDecision.nullable(),
});
export type TrainingRunInfo = Facts<typeof trainingRunInfo>;

/** The recipes that there are: for small machines, and the published ones. */
export const PRESET_NAMES = [
  'small',
  'small-edges',
  'eccv16-mac-vgg',
  'pami18-gem-vgg',
  'pami18-gem-resnet101',
  'pytorch-gem-resnet101',
  'pytorch-whiten-resnet50',
  'pytorch-whiten-resnet101',
  'pytorch-whiten-resnet152',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** A recipe as pages list it. */
export const presetInfo = z.object({
  name: z.enum(PRESET_NAMES),
  title: z.string(),
  /** The backbone that it was published with; null for recipes of any network. */
  backbone: z.string().nullable(),
  pooling: z.enum(POOLINGS).nullable(),
  parameters: trainingParameters,
});
export type PresetInfo = Facts<typeof presetInfo>;
