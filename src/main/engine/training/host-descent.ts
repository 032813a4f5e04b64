import { Adam } from './adam.ts';
import type { Descent, OptimiserChoice } from './descent.ts';
import type { GradientSum } from './gradient-sum.ts';
import { Sgd, type Optimiser, type OptimiserState } from './optimisers.ts';
import type { Parameter } from './training-graph.ts';

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
