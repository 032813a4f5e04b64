/** Recipes that test/bench/recipes.ts tries: what each changes of what adapting takes. The first is what the others are held against. */
import type { TrainingParameters } from '../../src/shared/domain.ts';

export interface Recipe extends Partial<TrainingParameters> {
  /** Begins at the start whitened by what may be known. */
  readonly warm?: boolean;
}

const AUGMENT = { crop: 0.2, colour: 0.3, blur: 1, rotation: 15 } as const;

export const RECIPES: Readonly<Record<string, Recipe>> = {
  today: {},
  'rate-1e-5': { learningRate: 1e-5 },
  'rate-1e-4': { learningRate: 1e-4 },
  'rate-3e-4': { learningRate: 3e-4 },
  triplet: { loss: 'triplet' },
  'batch-hard': { loss: 'batch-hard' },
  'batch-hard-1e-4': { loss: 'batch-hard', learningRate: 1e-4 },
  'multi-similarity': { loss: 'multi-similarity' },
  'multi-similarity-1e-4': { loss: 'multi-similarity', learningRate: 1e-4 },
  warm: { warm: true },
  'warm-1e-4': { warm: true, learningRate: 1e-4 },
  augment: { augment: AUGMENT },
  'augment-1e-4': { augment: AUGMENT, learningRate: 1e-4 },
  'towards-start-1e-4': { towardsStart: 0.3, learningRate: 1e-4 },
  'margin-1': { margin: 1 },
  'batch-1': { batch: 1 },
  'batch-2': { batch: 2 },
  'batch-1-towards-start': { batch: 1, towardsStart: 0.3 },
  'batch-1-1e-5': { batch: 1, learningRate: 1e-5 },
  'batch-1-batch-hard': { batch: 1, loss: 'batch-hard' },
  'batch-1-augment': { batch: 1, augment: AUGMENT },
  'epochs-8-1e-4': { epochs: 8, learningRate: 1e-4 },
};
