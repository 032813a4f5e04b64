import { z } from 'zod';
import { LOSS_KINDS, PRESET_NAMES } from '../domain.ts';
import { adaptProtocol } from '../facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES } from '../facts/adapt-names.ts';
import { backend, mining, network, precision, seed, size } from '../fields.ts';

/** How much of a network stays as it is. */
export const freeze = z
  .string()
  .regex(/^(head|[1-9]\d{0,3})$/, 'is a number of blocks from the image on, or head')
  .meta({
    label: 'Frozen blocks',
    help: 'blocks from the image on that stay as they are, as 8, or head: all but the head stays',
    otherwise: 'none',
    value: 'number or head',
    advanced: true,
  });

/** Of the run, not of the recipe. */
export const memory = z.number().min(0.1).max(10_000).optional().meta({
  label: 'Memory',
  help: 'GiB that training may take; tuples are cut to keep within it',
  otherwise: 'what the device or the machine has',
  advanced: true,
});

/** What every job that trains can be told; what is left out is the recipe's. */
export const trainingFields = {
  network: network.optional().meta({ otherwise: 'the one that the library began with' }),
  size: size.optional(),
  seed: seed.optional(),
  preset: z
    .enum(PRESET_NAMES)
    .optional()
    .meta({ label: 'Recipe', help: 'a recipe, which the other options change', otherwise: 'small', value: 'preset' }),
  backend: backend.optional(),
  precision: precision.optional().meta({ otherwise: 'single, or the setting' }),
  epochs: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({ label: 'Epochs', help: 'passes, each with tuples mined anew', otherwise: '5' }),
  queriesPerEpoch: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .meta({ label: 'Tuples of an epoch', help: 'tuples of an epoch', otherwise: '160', flag: 'tuples' }),
  minings: z.int().min(1).max(100).optional().meta({
    label: 'Minings',
    help: 'times an epoch that tuples are mined',
    otherwise: '1',
    advanced: true,
  }),
  batch: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .meta({ label: 'Batch', help: 'tuples of one step of the optimiser', otherwise: '5' }),
  learningRate: z
    .number()
    .positive()
    .max(1)
    .optional()
    .meta({ label: 'Learning rate', help: 'rate at the start', otherwise: '1e-5' }),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ label: 'Weight decay', help: 'L2 weight decay', otherwise: '1e-6', advanced: true }),
  margin: z.number().positive().max(2).optional().meta({
    label: 'Margin',
    help: 'margin of the loss',
    otherwise: 'by network: 0.7 for small ones, 0.75 VGG, 0.85 ResNet50 and larger',
  }),
  loss: z.enum(LOSS_KINDS).optional().meta({
    label: 'Loss',
    help: 'contrastive, triplet, batch-hard (the nearest negative of query and of positive) or multi-similarity',
    otherwise: 'contrastive',
  }),
  optimiser: z.enum(['adam', 'sgd']).optional().meta({ label: 'Optimiser', otherwise: 'adam' }),
  mining: mining.omit({ queries: true }).optional(),
  augment: z
    .strictObject({
      crop: z.number().min(0).max(0.9).default(0).meta({
        label: 'Crop',
        help: 'share of each side that is cut away at most',
        flag: 'augment-crop',
        advanced: true,
      }),
      colour: z.number().min(0).max(1).default(0).meta({
        label: 'Colour',
        help: 'how much brightness and saturation change at most',
        flag: 'augment-colour',
        advanced: true,
      }),
      blur: z.number().min(0).max(10).default(0).meta({
        label: 'Blur',
        help: 'pixels that photos are blurred by at most',
        flag: 'augment-blur',
        advanced: true,
      }),
      rotation: z.number().min(0).max(180).default(0).meta({
        label: 'Rotation',
        help: 'degrees that photos are turned by at most',
        flag: 'augment-rotation',
        advanced: true,
      }),
    })
    .optional()
    .meta({ label: 'Change photos' }),
  towardsStart: z.number().min(0).max(1).optional().meta({
    label: 'Back to the start',
    help: 'share of the way to where they began that weights go back after each epoch, so that what was known is not forgotten',
    otherwise: '0',
    advanced: true,
  }),
  interpolate: z.number().min(0).max(1).optional().meta({
    label: 'Share of the way',
    help: 'where weights lie in the end, from where they began (0) to where training ended (1): in between what was known is kept, too',
    otherwise: '1',
    advanced: true,
  }),
};

/** By what a trained network becomes the default. */
export const decisionFields = {
  protocol: adaptProtocol.optional().meta({
    label: 'Must be better for',
    help: 'what the network must be better for to become the default: own (the photos that are there), new-photos (of the same places) or new-places; decides what is held out',
    otherwise: 'new-photos',
    names: ADAPT_PROTOCOL_NAMES,
  }),
  folds: z.int().min(1).max(20).optional().meta({
    label: 'Folds',
    help: 'draws of what is held out; each but the first is another training, by which the interval gets narrower',
    otherwise: '1',
    advanced: true,
  }),
};

/** Before a run. */
export const warmStart = z.boolean().optional().meta({
  label: 'Begin whitened',
  help: 'learn a whitening first, on what the run may know, and train it with the rest',
  advanced: true,
});
