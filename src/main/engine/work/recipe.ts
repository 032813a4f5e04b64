import type { z } from 'zod';
import { defined } from '../../../shared/defined.ts';
import type { TrainingParameters } from '../../../shared/domain.ts';
import type { trainingFields } from '../../../shared/jobs/training-fields.ts';
import { readSettings } from '../environment/settings.ts';
import { DEFAULT_EDGE_TRAINING, DEFAULT_TRAINING, presetNamed } from '../training/presets.ts';

/** What may be said of a training; what is left out is the recipe's. */
export type TrainingWishes = z.output<z.ZodObject<typeof trainingFields>> & {
  readonly pools?: number | undefined;
  readonly name?: string | undefined;
  readonly freeze?: string | undefined;
};

/**
 * The recipe, overlaid with what was given.
 * @param edges training on edge maps has a recipe of its own where none is named.
 * @throws CovisError `INPUT_INVALID` for a recipe that does not exist.
 */
export function trainingParameters(p: TrainingWishes, edges = false): TrainingParameters {
  const { epochs, queriesPerEpoch, learningRate, weightDecay, margin, size, seed, loss, optimiser, batch, pools } = p;
  const named = p.preset === undefined ? undefined : presetNamed(p.preset).parameters;
  const base = named ?? (edges ? DEFAULT_EDGE_TRAINING : DEFAULT_TRAINING);
  // Gradient descent outside a recipe is that of mining on manifolds (methods.md 5.5).
  const descent =
    optimiser === 'sgd' && base.optimiser !== 'sgd' ? ({ scaling: 'tuples', dampening: 0.9 } as const) : {};
  return {
    ...base,
    ...descent,
    ...defined({
      epochs,
      queriesPerEpoch,
      learningRate,
      weightDecay,
      margin,
      size,
      seed,
      loss,
      optimiser,
      batch,
      pools,
      minings: p.minings,
      backend: p.backend ?? readSettings().backend,
      precision: p.precision ?? readSettings().precision,
      name: p.name,
      freeze: p.freeze,
      augment: p.augment,
      towardsStart: p.towardsStart,
      interpolate: p.interpolate,
    }),
    mining: { ...base.mining, ...defined(p.mining ?? {}) },
  };
}
