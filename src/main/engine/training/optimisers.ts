import { EDGE_EXPONENT, EDGE_THRESHOLD, GEM_P } from '../network/head.ts';
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

/** How a parameter is treated that is no weight: factor of the learning rate, no decay, a floor. */
interface Treatment {
  readonly rate: number;
  readonly least: number;
}

/** GeM's exponent learns ten times as fast (methods.md 1.5), the edge filter's threshold a tenth, and stays above 0.01 (methods.md 2.2). */
const TREATMENTS: ReadonlyMap<string, Treatment> = new Map([
  [GEM_P, { rate: 10, least: -Infinity }],
  [EDGE_EXPONENT, { rate: 1, least: -Infinity }],
  [EDGE_THRESHOLD, { rate: 0.1, least: 0.01 }],
]);

/** Raises a parameter to its floor, if it has one. */
function raise(data: Float32Array, least: number): void {
  if (least === -Infinity) return;
  for (let k = 0; k < data.length; k += 1) data[k] = Math.max(least, data[k]!);
}

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
      const own = TREATMENTS.get(p.name);
      const rate = learningRate * (own?.rate ?? 1);
      const decay = own === undefined ? weightDecay : 0;
      const g = gradients[i]!;
      const m = this.#first[i]!;
      const v = this.#second[i]!;
      for (let k = 0; k < p.data.length; k += 1) {
        const grad = g[k]! + decay * p.data[k]!;
        m[k] = beta1 * m[k]! + (1 - beta1) * grad;
        v[k] = beta2 * v[k]! + (1 - beta2) * grad * grad;
        p.data[k]! -= (rate * (m[k]! / correct1)) / (Math.sqrt(v[k]! / correct2) + epsilon);
      }
      raise(p.data, own?.least ?? -Infinity);
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
      const own = TREATMENTS.get(p.name);
      const rate = learningRate * (own?.rate ?? 1);
      const decay = own === undefined ? weightDecay : 0;
      const v = this.#velocity[i]!;
      const g = gradients[i]!;
      for (let k = 0; k < p.data.length; k += 1) {
        v[k] = MOMENTUM * v[k]! + fresh * (g[k]! + decay * p.data[k]!);
        p.data[k]! -= rate * v[k]!;
      }
      raise(p.data, own?.least ?? -Infinity);
    });
  }
}
