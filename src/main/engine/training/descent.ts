import type { LossScale } from './loss-scale.ts';
import type { OptimiserState } from './optimisers.ts';

/** Which optimiser moves the weights. */
export interface OptimiserChoice {
  readonly optimiser: 'adam' | 'sgd';
  /** Of gradient descent with momentum. */
  readonly dampening: number;
}

/** Moves the weights of an executor, where they are. */
export interface Descent {
  /** What the loss is multiplied by from here on; left out where maps are in single precision. */
  readonly scaling?: LossScale | undefined;
  /** Takes a step along the gradients that the executor has summed, and clears them; in half precision none along those that are not finite. */
  step(options: { readonly learningRate: number; readonly weightDecay: number }): Promise<void>;
  /** What the optimiser keeps between steps; arrays may be its own. */
  state(): Promise<OptimiserState>;
  /** Goes on from a state of the same kind over the same parameters, whichever back end it comes from. */
  restore(state: OptimiserState): Promise<void>;
}
