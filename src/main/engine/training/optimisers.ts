import { EDGE_EXPONENT, EDGE_THRESHOLD } from '../network/head.ts';
import { GEM_P } from '../network/pooling-heads.ts';
import type { LossScale } from './loss-scale.ts';
import type { Parameter } from './training-graph.ts';

/** What an optimiser keeps between steps, so that a run can go on from it. */
export interface OptimiserState {
  readonly steps: number;
  readonly arrays: readonly Float32Array[];
  /** Where maps are in half precision. */
  readonly scaling?: LossScale | undefined;
}

/** Moves parameters along their gradients, in place. */
export interface Optimiser {
  /** The state as it is, not a copy. */
  readonly state: OptimiserState;
  /** Goes on from a state of the same kind over the same parameters. */
  restore(state: OptimiserState): void;
  /** @param gradients one per parameter, same order and size. */
  step(
    gradients: readonly Float32Array[],
    options: { readonly learningRate: number; readonly weightDecay: number },
  ): void;
}

/** How a parameter is treated that is no weight: factor of the learning rate, no decay, a floor. */
export interface Treatment {
  readonly rate: number;
  readonly least: number;
}

/** GeM's exponent learns ten times as fast, exponents of each channel a hundred times (methods.md 1.5); the edge filter's threshold a tenth, and stays above 0.01 (methods.md 2.2). */
const TREATMENTS: ReadonlyMap<string, Treatment> = new Map([
  [GEM_P, { rate: 10, least: -Infinity }],
  [EDGE_EXPONENT, { rate: 1, least: -Infinity }],
  [EDGE_THRESHOLD, { rate: 0.1, least: 0.01 }],
]);

/** Undefined for weights and biases. */
export function treatmentOf(p: Parameter): Treatment | undefined {
  const own = TREATMENTS.get(p.name);
  return p.name === GEM_P && p.data.length > 1 ? { ...own!, rate: 100 } : own;
}

/** Copies saved arrays into those that an optimiser holds. */
export function copyInto(targets: readonly Float32Array[], saved: readonly Float32Array[]): void {
  targets.forEach((t, i) => t.set(saved[i]!));
}

/** Raises a parameter to its floor, if it has one. */
export function raise(data: Float32Array, least: number): void {
  if (least === -Infinity) return;
  for (let k = 0; k < data.length; k += 1) data[k] = Math.max(least, data[k]!);
}

export const MOMENTUM = 0.9;

/**
 * Stochastic gradient descent with momentum 0.9: v ← 0.9 v + (1 − dampening) g, w ← w − rate · v; the first step takes the gradient
 * whole. MatConvNet's recipe has no dampening (methods.md 1.6), mining on manifolds was trained with 0.9 (methods.md 5.5).
 */
export class Sgd implements Optimiser {
  readonly #parameters: readonly Parameter[];
  readonly #velocity: Float32Array[];
  readonly #dampening: number;
  #steps = 0;

  constructor(parameters: readonly Parameter[], dampening = 0) {
    this.#parameters = parameters;
    this.#dampening = dampening;
    this.#velocity = parameters.map((p) => new Float32Array(p.data.length));
  }

  get state(): OptimiserState {
    return { steps: this.#steps, arrays: this.#velocity };
  }

  restore(state: OptimiserState): void {
    this.#steps = state.steps;
    copyInto(this.#velocity, state.arrays);
  }

  step(
    gradients: readonly Float32Array[],
    { learningRate, weightDecay }: { readonly learningRate: number; readonly weightDecay: number },
  ): void {
    const fresh = this.#steps > 0 ? 1 - this.#dampening : 1;
    this.#steps += 1;
    this.#parameters.forEach((p, i) => {
      const own = treatmentOf(p);
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
