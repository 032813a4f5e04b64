/** Recipes that test/bench/recipes.ts tries: what each changes of what adapting takes. The first is what the others are held against. */
import type { TrainingParameters } from '../../src/shared/domain.ts';

export const RECIPES: Readonly<Record<string, Partial<TrainingParameters>>> = {
  today: {},
  'rate-1e-5': { learningRate: 1e-5 },
  'rate-1e-4': { learningRate: 1e-4 },
  'rate-3e-4': { learningRate: 3e-4 },
  triplet: { loss: 'triplet', margin: 0.1 },
};
