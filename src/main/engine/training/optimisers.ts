import { GEM_P } from '../network/head.ts';
import type { Parameter } from './training-graph.ts';

/** Moves parameters along their gradients, in place. */
export interface Optimiser {
  /** @param gradients one per parameter, same order and size. */
  step(
    gradients: readonly Float32Array[],
    options: { readonly learningRate: number; readonly weightDecay: number },
  ): void;
}

export interface AdamOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** GeM's exponent learns ten times as fast and does not decay (methods.md 1.5). */
const P_RATE = 10;

/**
 * Adam with L2 weight decay added to the gradient, as in the reference trainer's optimiser.
 * Updates the parameters in place; moments live as long as the object.
 */
export class Adam implements Optimiser {
  readonly #parameters: readonly Parameter[];
  readonly #first: Float32Array[];
  readonly #second: Float32Array[];
  #step = 0;

  constructor(parameters: readonly Parameter[]) {
    this.#parameters = parameters;
    this.#first = parameters.map((p) => new Float32Array(p.data.length));
    this.#second = parameters.map((p) => new Float32Array(p.data.length));
  }

  /** @param gradients one per parameter, same order and size. */
  step(gradients: readonly Float32Array[], options: AdamOptions): void {
    const { learningRate, weightDecay, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
    this.#step += 1;
    const correct1 = 1 - beta1 ** this.#step;
    const correct2 = 1 - beta2 ** this.#step;
    this.#parameters.forEach((p, i) => {
      const isP = p.name === GEM_P;
      const rate = learningRate * (isP ? P_RATE : 1);
      const decay = isP ? 0 : weightDecay;
      const g = gradients[i]!;
      const m = this.#first[i]!;
      const v = this.#second[i]!;
      for (let k = 0; k < p.data.length; k += 1) {
        const grad = g[k]! + decay * p.data[k]!;
        m[k] = beta1 * m[k]! + (1 - beta1) * grad;
        v[k] = beta2 * v[k]! + (1 - beta2) * grad * grad;
        p.data[k]! -= (rate * (m[k]! / correct1)) / (Math.sqrt(v[k]! / correct2) + epsilon);
      }
    });
  }
}

const MOMENTUM = 0.9;

/**
 * Stochastic gradient descent with momentum 0.9 and as much dampening, which is what mining on manifolds was trained with
 * (methods.md 5.5): v ← 0.9 v + 0.1 g, w ← w − rate · v. The first step takes the gradient whole.
 */
export class Sgd implements Optimiser {
  readonly #parameters: readonly Parameter[];
  readonly #velocity: Float32Array[];
  #started = false;

  constructor(parameters: readonly Parameter[]) {
    this.#parameters = parameters;
    this.#velocity = parameters.map((p) => new Float32Array(p.data.length));
  }

  step(
    gradients: readonly Float32Array[],
    { learningRate, weightDecay }: { readonly learningRate: number; readonly weightDecay: number },
  ): void {
    const fresh = this.#started ? 1 - MOMENTUM : 1;
    this.#started = true;
    this.#parameters.forEach((p, i) => {
      const isP = p.name === GEM_P;
      const rate = learningRate * (isP ? P_RATE : 1);
      const decay = isP ? 0 : weightDecay;
      const v = this.#velocity[i]!;
      const g = gradients[i]!;
      for (let k = 0; k < p.data.length; k += 1) {
        v[k] = MOMENTUM * v[k]! + fresh * (g[k]! + decay * p.data[k]!);
        p.data[k]! -= rate * v[k]!;
      }
    });
  }
}
