import { CovisError } from '../../../shared/errors.ts';
import { loadKernel, MAX_PAGES, PAGE } from '../kernels/kernel.ts';
import { copyInto, raise, treatmentOf, type Optimiser, type OptimiserState } from './optimisers.ts';
import type { Parameter } from './training-graph.ts';

export interface AdamOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** What kernels/adam.wat exports. Addresses are bytes in its memory. */
interface AdamKernel {
  readonly memory: WebAssembly.Memory;
  adam(
    n: number,
    weights: number,
    gradient: number,
    first: number,
    second: number,
    decay: number,
    beta1: number,
    beta2: number,
    rate: number,
    scale: number,
    epsilon: number,
  ): void;
}

/** Weights that are brought into the kernel's memory together: with their gradients they stay in a processor's second cache. */
const CHUNK = 16_384;
const FLOAT = 4;
const LANES = 4;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Adam with L2 weight decay added to the gradient, as in the reference trainer's optimiser (methods.md 1.6):
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − rate · m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε).
 * Updates the parameters in place, in single precision; moments live as long as the object, in the memory of its kernel.
 */
export class Adam implements Optimiser {
  readonly #parameters: readonly Parameter[];
  readonly #kernel: AdamKernel;
  readonly #first: Float32Array[];
  readonly #second: Float32Array[];
  readonly #weights: Float32Array;
  readonly #gradient: Float32Array;
  #step = 0;

  private constructor(parameters: readonly Parameter[], kernel: AdamKernel) {
    this.#parameters = parameters;
    this.#kernel = kernel;
    const lengths = parameters.map((p) => p.data.length);
    const padded = (n: number): number => Math.ceil(n / LANES) * LANES;
    const { memory } = kernel;
    const needed = FLOAT * (2 * CHUNK + 2 * lengths.reduce((sum, n) => sum + padded(n), 0));
    if (needed > PAGE * MAX_PAGES)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        'This network has too many weights for Adam, which needs 8 bytes for each',
        {
          hint: 'Train it with gradient descent: --optimiser sgd.',
        },
      );
    memory.grow(Math.max(0, Math.ceil(needed / PAGE) - memory.buffer.byteLength / PAGE));
    let at = 0;
    const take = (n: number): Float32Array => {
      const array = new Float32Array(memory.buffer, at, n);
      at += FLOAT * padded(n);
      return array;
    };
    this.#weights = take(CHUNK);
    this.#gradient = take(CHUNK);
    this.#first = lengths.map(take);
    this.#second = lengths.map(take);
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` when both moments of all weights need more than 4 GiB. */
  static async create(parameters: readonly Parameter[]): Promise<Adam> {
    compiled ??= loadKernel('adam');
    const { exports } = await WebAssembly.instantiate(await compiled, {});
    return new Adam(parameters, exports as unknown as AdamKernel);
  }

  get state(): OptimiserState {
    return { steps: this.#step, arrays: [...this.#first, ...this.#second] };
  }

  restore(state: OptimiserState): void {
    this.#step = state.steps;
    copyInto([...this.#first, ...this.#second], state.arrays);
  }

  /** @param gradients one per parameter, same order and size. */
  step(gradients: readonly Float32Array[], options: AdamOptions): void {
    const { learningRate, weightDecay, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
    this.#step += 1;
    const correct1 = 1 - beta1 ** this.#step;
    const scale = 1 / Math.sqrt(1 - beta2 ** this.#step);
    this.#parameters.forEach((p, i) => {
      const own = treatmentOf(p);
      const rate = (learningRate * (own?.rate ?? 1)) / correct1;
      const decay = own === undefined ? weightDecay : 0;
      const [first, second, gradient] = [this.#first[i]!, this.#second[i]!, gradients[i]!];
      for (let from = 0; from < p.data.length; from += CHUNK) {
        const to = Math.min(p.data.length, from + CHUNK);
        this.#weights.set(p.data.subarray(from, to));
        this.#gradient.set(gradient.subarray(from, to));
        this.#kernel.adam(
          Math.ceil((to - from) / LANES) * LANES,
          this.#weights.byteOffset,
          this.#gradient.byteOffset,
          first.byteOffset + FLOAT * from,
          second.byteOffset + FLOAT * from,
          decay,
          beta1,
          beta2,
          rate,
          scale,
          epsilon,
        );
        p.data.set(this.#weights.subarray(0, to - from), from);
      }
      raise(p.data, own?.least ?? -Infinity);
    });
  }
}
