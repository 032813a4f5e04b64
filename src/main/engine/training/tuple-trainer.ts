import type { NetworkInput } from '../edges/inputs.ts';
import { DESCRIPTOR, IMAGE } from '../network/head.ts';
import { Runner, type RuntimeOptions } from '../network/runtime.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { tupleLoss, type LossOptions } from './losses.ts';
import { SEED, trainingGraphs, type Parameter, type TrainingGraphs } from './training-graph.ts';

export interface TupleStep {
  readonly loss: number;
  /** Negatives inside the margin. */
  readonly active: number;
}

/**
 * Computes loss and gradients of tuples with ONNX Runtime, memory of one tuple at a time.
 * Descriptors come first; then only the photos that the loss still moves go through the backward graph, those of equal size as one batch.
 */
export class TupleTrainer {
  readonly parameters: readonly Parameter[];
  readonly gradients: readonly Float32Array[];
  readonly #graphs: TrainingGraphs;
  readonly #forward: Runner;
  readonly #backward: Runner;
  readonly #weights: Record<string, { dims: readonly number[]; data: Float32Array }>;

  private constructor(graphs: TrainingGraphs, forward: Runner, backward: Runner) {
    this.#graphs = graphs;
    this.#forward = forward;
    this.#backward = backward;
    this.parameters = graphs.parameters;
    this.gradients = graphs.parameters.map((p) => new Float32Array(p.data.length));
    this.#weights = Object.fromEntries(graphs.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` naming the operator that cannot be differentiated. */
  static async create(network: Graph, options: RuntimeOptions = {}): Promise<TupleTrainer> {
    const graphs = trainingGraphs(network);
    const forward = await Runner.create(graphs.forward, options);
    const backward = await Runner.create(graphs.backward, options);
    return new TupleTrainer(graphs, forward, backward);
  }

  /** Descriptor of each photo under the current weights. */
  async describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]> {
    const out: Float32Array[] = [];
    for (const { indices, batch } of batches(inputs)) {
      const d = (await this.#forward.run({ [IMAGE]: batch, ...this.#weights }))[DESCRIPTOR]!;
      const dim = d.length / indices.length;
      indices.forEach((i, k) => (out[i] = d.subarray(k * dim, (k + 1) * dim)));
    }
    return out;
  }

  /**
   * Adds the gradients of one tuple's loss to `gradients`.
   * @param inputs query, positive, then the negatives.
   */
  async accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep> {
    const [query, positive, ...negatives] = await this.describe(inputs);
    const loss = tupleLoss(query!, positive!, negatives, options);
    await this.#backpropagate(inputs, [loss.dQuery, loss.dPositive, ...loss.dNegatives]);
    return { loss: loss.loss, active: loss.active };
  }

  async #backpropagate(inputs: readonly NetworkInput[], seeds: readonly Float32Array[]): Promise<void> {
    const moved = seeds.flatMap((s, i) => (s.some((v) => v !== 0) ? [i] : []));
    for (const { indices, batch } of batches(moved.map((i) => inputs[i]!))) {
      const dim = seeds[0]!.length;
      const seed = new Float32Array(indices.length * dim);
      indices.forEach((k, at) => seed.set(seeds[moved[k]!]!, at * dim));
      const result = await this.#backward.run({
        [IMAGE]: batch,
        [SEED]: { dims: [indices.length, dim], data: seed },
        ...this.#weights,
      });
      this.parameters.forEach((p, i) => {
        const g = result[this.#graphs.gradientOf.get(p.name)!]!;
        const sum = this.gradients[i]!;
        for (let k = 0; k < sum.length; k += 1) sum[k]! += g[k]!;
      });
    }
  }

  scaleGradients(by: number): void {
    for (const g of this.gradients) for (let k = 0; k < g.length; k += 1) g[k]! *= by;
  }

  clearGradients(): void {
    for (const g of this.gradients) g.fill(0);
  }

  async release(): Promise<void> {
    await this.#forward.release();
    await this.#backward.release();
  }
}

/** Groups inputs of equal size into batches; `indices` are positions in `inputs`. */
function batches(
  inputs: readonly NetworkInput[],
): { indices: number[]; batch: { dims: number[]; data: Float32Array } }[] {
  const groups = new Map<string, number[]>();
  inputs.forEach((x, i) => {
    const key = x.dims.join('x');
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [i]);
    else list.push(i);
  });
  return [...groups.values()].map((indices) => {
    const first = inputs[indices[0]!]!;
    if (indices.length === 1) return { indices, batch: { dims: [...first.dims], data: first.data } };
    const data = new Float32Array(indices.length * first.data.length);
    indices.forEach((i, k) => data.set(inputs[i]!.data, k * first.data.length));
    return { indices, batch: { dims: [indices.length, ...first.dims.slice(1)], data } };
  });
}
