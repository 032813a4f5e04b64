import type { Gradients } from './executor.ts';
import type { Parameter } from './training-graph.ts';

/** Gradients summed over tuples in the memory of this process, one array a parameter. */
export class GradientSum implements Gradients {
  readonly #parameters: readonly Pick<Parameter, 'data'>[];
  #arrays: Float32Array[] | undefined;

  constructor(parameters: readonly Pick<Parameter, 'data'>[]) {
    this.#parameters = parameters;
  }

  /** One per parameter, same order and size; zeros where nothing was added since {@link clear}. */
  get arrays(): readonly Float32Array[] {
    this.#arrays ??= this.#parameters.map((p) => new Float32Array(p.data.length));
    return this.#arrays;
  }

  read(): Promise<readonly Float32Array[]> {
    return Promise.resolve(this.arrays);
  }

  /** @param parts one per parameter. They belong to the sum from then on: the first are taken instead of being added to zeros. */
  add(parts: readonly Float32Array[]): void {
    // Parameters that are only added to each other have one gradient, in one array.
    if (this.#arrays === undefined) this.#arrays = parts.map((g, i) => (parts.indexOf(g) < i ? g.slice() : g));
    else this.#arrays.forEach((sum, i) => addTo(sum, parts[i]!));
  }

  scale(by: number): void {
    for (const g of this.arrays) for (let k = 0; k < g.length; k += 1) g[k]! *= by;
  }

  clear(): void {
    this.#arrays = undefined;
  }
}

/** A function of its own, because this loop runs over every weight of a network. */
function addTo(sum: Float32Array, part: Float32Array): void {
  for (let k = 0; k < sum.length; k += 1) sum[k]! += part[k]!;
}
