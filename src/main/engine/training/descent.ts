import { Adam } from './adam.ts';
import type { GradientSum } from './gradient-sum.ts';
import { Sgd, type Optimiser, type OptimiserState } from './optimisers.ts';
import type { Parameter } from './training-graph.ts';

/** Which optimiser moves the weights. */
export interface OptimiserChoice {
  readonly optimiser: 'adam' | 'sgd';
  /** Of gradient descent with momentum. */
  readonly dampening: number;
}

/** Moves the weights of an executor, where they are. */
export interface Descent {
  /** Takes a step along the gradients that the executor has summed, and clears them. */
  step(options: { readonly learningRate: number; readonly weightDecay: number }): Promise<void>;
  /** What the optimiser keeps between steps; arrays may be its own. */
  state(): Promise<OptimiserState>;
  /** Goes on from a state of the same kind over the same parameters, whichever back end it comes from. */
  restore(state: OptimiserState): Promise<void>;
}

/** In the memory of this process. */
export class HostDescent implements Descent {
  readonly #optimiser: Optimiser;
  readonly #gradients: GradientSum;
  readonly #updated: () => void;

  private constructor(optimiser: Optimiser, gradients: GradientSum, updated: () => void) {
    this.#optimiser = optimiser;
    this.#gradients = gradients;
    this.#updated = updated;
  }

  /** @param updated is told when weights have changed. @throws CovisError as {@link Adam.create}. */
  static async create(
    { optimiser, dampening }: OptimiserChoice,
    parameters: readonly Parameter[],
    gradients: GradientSum,
    updated: () => void,
  ): Promise<HostDescent> {
    const made = optimiser === 'adam' ? await Adam.create(parameters) : new Sgd(parameters, dampening);
    return new HostDescent(made, gradients, updated);
  }

  step(options: { readonly learningRate: number; readonly weightDecay: number }): Promise<void> {
    this.#optimiser.step(this.#gradients.arrays, options);
    this.#gradients.clear();
    this.#updated();
    return Promise.resolve();
  }

  state(): Promise<OptimiserState> {
    return Promise.resolve(this.#optimiser.state);
  }

  restore(state: OptimiserState): Promise<void> {
    this.#optimiser.restore(state);
    return Promise.resolve();
  }
}
