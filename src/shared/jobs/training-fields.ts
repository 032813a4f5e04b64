import { z } from 'zod';
import { PRESET_NAMES } from '../domain.ts';
import { backend, mining, network, seed, size } from '../fields.ts';

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

/** What every job that trains can be told; what is left out is the recipe's. */
export const trainingFields = {
  network: network.optional(),
  size: size.optional(),
  seed: seed.optional(),
  preset: z
    .enum(PRESET_NAMES)
    .optional()
    .meta({ label: 'Recipe', help: 'a recipe, which the other options change', otherwise: 'small', value: 'preset' }),
  backend: backend.optional(),
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
  loss: z.enum(['contrastive', 'triplet']).optional().meta({ label: 'Loss', otherwise: 'contrastive' }),
  optimiser: z.enum(['adam', 'sgd']).optional().meta({ label: 'Optimiser', otherwise: 'adam' }),
  mining: mining.omit({ queries: true }).optional(),
};
