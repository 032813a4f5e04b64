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

function lengthOf(v: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < v.length; k += 1) sum += v[k]! * v[k]!;
  return Math.sqrt(sum);
}

/** Largest difference of a gradient from the right one, relative to its length, or to a thousandth of the longest where it is next to nothing. */
export function difference(right: readonly Float32Array[], other: readonly Float32Array[]): number {
  const lengths = right.map(lengthOf);
  const least = 1e-3 * Math.max(...lengths, Number.MIN_VALUE);
  return Math.max(...right.map((g, i) => lengthOf(g.map((v, k) => v - other[i]![k]!)) / Math.max(lengths[i]!, least)));
}
