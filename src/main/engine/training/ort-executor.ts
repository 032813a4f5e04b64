import type { Backend } from '../../../shared/domain.ts';
import { batches, describeEach, type Batch, type NetworkInput } from '../edges/inputs.ts';
import { IMAGE } from '../network/head.ts';
import { Runner, type GraphRunner, type RuntimeOptions } from '../network/runtime.ts';
import type { Graph } from '../network/onnx/graph.ts';
import type { GradientRule } from './differentiate.ts';
import { addGradient, type Executor, type TupleStep } from './executor.ts';
import { GRADIENTS, WEBGPU_GRADIENTS } from './gradients/index.ts';
import { tupleLoss, type LossOptions } from './losses.ts';
import {
  INSIDE,
  LOSS,
  MARGIN,
  SEED,
  trainingGraphs,
  tupleGraph,
  WEIGHT,
  withParameters,
  type Parameter,
  type TrainingGraphs,
} from './training-graph.ts';

export interface OrtOptions extends RuntimeOptions {
  readonly backend?: Exclude<Backend, 'auto'>;
  /** What the provider runs on, in words. */
  readonly device?: string;
}

/** A session that computes whole tuples, for one kind of loss. */
interface TupleSession {
  readonly runner: Runner;
  readonly gradientOf: ReadonlyMap<string, string>;
}

/**
 * Loss and gradients by ONNX Runtime, on any of its providers, memory of one tuple at a time.
 * A tuple of equally large images goes through one graph. Of others descriptors come first; then only the images that the loss still
 * moves go through the backward graph, those of one size as a batch.
 */
export class OrtExecutor implements Executor {
  readonly backend: Exclude<Backend, 'auto'>;
  readonly device: string;
  readonly parameters: readonly Parameter[];
  readonly gradients: readonly Float32Array[];
  readonly #network: Graph;
  readonly #options: OrtOptions;
  readonly #graphs: TrainingGraphs;
  readonly #forward: Runner;
  readonly #backward: Runner;
  readonly #tuples = new Map<LossOptions['kind'], Promise<TupleSession>>();
  readonly #weights: Record<string, { dims: readonly number[]; data: Float32Array }>;

  private constructor(network: Graph, options: OrtOptions, graphs: TrainingGraphs, forward: Runner, backward: Runner) {
    this.backend = options.backend ?? 'cpu';
    this.device = options.device ?? 'ONNX Runtime, CPU';
    this.#network = network;
    this.#options = options;
    this.#graphs = graphs;
    this.#forward = forward;
    this.#backward = backward;
    this.parameters = graphs.parameters;
    this.gradients = graphs.parameters.map((p) => new Float32Array(p.data.length));
    this.#weights = Object.fromEntries(graphs.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` naming the operator that cannot be differentiated. */
  static async create(network: Graph, options: OrtOptions = {}): Promise<OrtExecutor> {
    const graphs = trainingGraphs(network, rulesFor(options));
    const forward = await Runner.create(graphs.forward, options);
    const backward = await Runner.create(graphs.backward, options);
    return new OrtExecutor(network, options, graphs, forward, backward);
  }

  describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]> {
    return describeEach(this.#forward, inputs, this.#weights);
  }

  async accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep> {
    const together = batches(inputs);
    if (together.length === 1) return this.#wholeTuple(together[0]!.batch, options);
    const [query, positive, ...negatives] = await this.describe(inputs);
    const loss = tupleLoss(query!, positive!, negatives, options);
    await this.#backpropagate(inputs, [loss.dQuery, loss.dPositive, ...loss.dNegatives]);
    return { loss: loss.loss, active: loss.active };
  }

  async #wholeTuple(batch: Batch['batch'], { kind, margin, weight }: LossOptions): Promise<TupleStep> {
    const { runner, gradientOf } = await this.#tupleSession(kind);
    const scalar = (v: number): { dims: number[]; data: Float32Array } => ({ dims: [1], data: Float32Array.of(v) });
    const result = await runner.run({
      [IMAGE]: batch,
      [MARGIN]: scalar(margin),
      [WEIGHT]: scalar(weight),
      ...this.#weights,
    });
    this.parameters.forEach((p, i) => addGradient(this.gradients[i]!, result[gradientOf.get(p.name)!]!));
    return { loss: result[LOSS]![0]!, active: result[INSIDE]!.filter((v) => v > 0).length };
  }

  #tupleSession(kind: LossOptions['kind']): Promise<TupleSession> {
    const known = this.#tuples.get(kind);
    if (known !== undefined) return known;
    const { graph, gradientOf } = tupleGraph(this.#network, kind, rulesFor(this.#options));
    const made = Runner.create(graph, this.#options).then((runner) => ({ runner, gradientOf }));
    this.#tuples.set(kind, made);
    return made;
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
      this.parameters.forEach((p, i) => addGradient(this.gradients[i]!, result[this.#graphs.gradientOf.get(p.name)!]!));
    }
  }

  updated(): void {
    // Weights are inputs of the graphs and read anew each time.
  }

  /** A graph with the weights inside, which the runtime can lay out for speed. */
  describer(): Promise<GraphRunner> {
    return Runner.create(withParameters(this.#network, this.parameters), this.#options);
  }

  async release(): Promise<void> {
    await this.#forward.release();
    await this.#backward.release();
    for (const made of this.#tuples.values()) await (await made).runner.release();
  }
}

function rulesFor(options: OrtOptions): ReadonlyMap<string, GradientRule> {
  return options.provider === 'webgpu' ? WEBGPU_GRADIENTS : GRADIENTS;
}
