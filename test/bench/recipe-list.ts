/**
 * Recipes that test/bench/recipes.ts and between.ts try: what each changes of what adapting takes. The first is what the others are held against.
 * Those of {@link BEFORE} are what adapting took before it went by single tuples.
 */
import type { TrainingParameters } from '../../src/shared/domain.ts';

export interface Recipe extends Partial<TrainingParameters> {
  /** Begins at the start whitened by what may be known. */
  readonly warm?: boolean;
}

const AUGMENT = { crop: 0.2, colour: 0.3, blur: 1, rotation: 15 } as const;

/** Five tuples a step. */
const BEFORE = { batch: 5 } as const;

export const RECIPES: Readonly<Record<string, Recipe>> = {
  today: {},
  'towards-start': { towardsStart: 0.3 },
  'towards-start-2': { towardsStart: 0.15 },
  'freeze-4': { freeze: '4' },
  'freeze-8': { freeze: '8' },
  'rate-6e-5': { learningRate: 6e-5 },
  'rate-1e-4': { learningRate: 1e-4 },
  'rate-1e-5': { learningRate: 1e-5 },
  warm: { warm: true },
  'batch-hard': { loss: 'batch-hard' },
  augment: { augment: AUGMENT },
  'batch-2': { batch: 2 },
  before: BEFORE,
  'before-1e-5': { ...BEFORE, learningRate: 1e-5 },
  'before-1e-4': { ...BEFORE, learningRate: 1e-4 },
  'before-3e-4': { ...BEFORE, learningRate: 3e-4 },
  'before-triplet': { ...BEFORE, loss: 'triplet' },
  'before-batch-hard': { ...BEFORE, loss: 'batch-hard' },
  'before-batch-hard-1e-4': { ...BEFORE, loss: 'batch-hard', learningRate: 1e-4 },
  'before-multi-similarity': { ...BEFORE, loss: 'multi-similarity' },
  'before-multi-similarity-1e-4': { ...BEFORE, loss: 'multi-similarity', learningRate: 1e-4 },
  'before-warm': { ...BEFORE, warm: true },
  'before-warm-1e-4': { ...BEFORE, warm: true, learningRate: 1e-4 },
  'before-augment': { ...BEFORE, augment: AUGMENT },
  'before-augment-1e-4': { ...BEFORE, augment: AUGMENT, learningRate: 1e-4 },
  'before-towards-start-1e-4': { ...BEFORE, towardsStart: 0.3, learningRate: 1e-4 },
  'before-margin-1': { ...BEFORE, margin: 1 },
  'before-epochs-8-1e-4': { ...BEFORE, epochs: 8, learningRate: 1e-4 },
};
