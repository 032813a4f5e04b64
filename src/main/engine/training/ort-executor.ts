import type { Backend } from '../../../shared/domain.ts';
import { batches, describeEach, type NetworkInput } from '../inputs/inputs.ts';
import { blockSize } from '../network/block-size.ts';
import { IMAGE } from '../network/head.ts';
import {
  Runner,
  type DeviceTensor,
  type GraphRunner,
  type HostTensor,
  type RuntimeOptions,
} from '../network/runtime.ts';
import { lowerBlocked, toBlocked } from '../network/onnx/blocked.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { HostDescent } from './host-descent.ts';
import type { Descent, OptimiserChoice } from './descent.ts';
import { TUPLES_TOGETHER } from './executor.ts';
import type { Executor, Gradients, StepTuple, TupleStep } from './executor.ts';
import { GradientSum } from './gradient-sum.ts';
import { blockedGradients } from './gradients/blocked.ts';
import { GRADIENTS, WEBGPU_GRADIENTS } from './gradients/index.ts';
import { tupleLoss, type LossOptions } from './losses.ts';
import {
  backwardGraph,
  forwardGraph,
  inGraph,
  INSIDE,
  LOSS,
  MARGIN,
  parametersOf,
  SEED,
  STANDARD,
  tuplesGraph,
  WEIGHT,
  withBatch,
  withParameters,
  type Dialect,
  type GradientGraph,
  type GraphLoss,
  type Parameter,
} from './training-graph.ts';

export interface OrtOptions extends RuntimeOptions {
  readonly backend?: Exclude<Backend, 'auto'>;
  /** What the provider runs on, in words. */
  readonly device?: string;
  /** Tuples of more pixels go image by image on the CPU, as those of several shapes do: {@link MOST_PIXELS} if not given. */
  readonly mostPixels?: number;
}

/** Seven photos of the published recipes, of 362 px, go together; what is kept of larger ones until the gradient comes needs gigabytes. */
export const MOST_PIXELS = 1_000_000;

/** Tensors of this process or of the device, by name. */
export type Values = Readonly<Record<string, HostTensor | DeviceTensor>>;

/** A graph, and which of its outputs stay on the device. */
export interface Fitted {
  readonly graph: Graph;
  readonly kept?: readonly string[];
}

/** A session that computes gradients, of a tuple's loss or from those of descriptors. */
interface GradientSession {
  readonly runner: Runner;
  readonly gradientOf: ReadonlyMap<string, string>;
}

/**
 * Loss and gradients by ONNX Runtime, on any of its providers. On the processor memory holds one tuple at a time: one of equally large
 * images goes through one graph, but for so many pixels that memory counts; of others descriptors come first, then only the images that the
 * loss still moves go through the backward graph. On devices the tuples of a step go together in the same two ways, those of one size as a
 * batch. Where weights and gradients are is what heirs say.
 */
export abstract class RuntimeExecutor implements Executor {
  readonly backend: Exclude<Backend, 'auto'>;
  readonly device: string;
  readonly parameters: readonly Parameter[];
  abstract readonly gradients: Gradients;
  protected readonly options: OrtOptions;
  /** Photos that go through a graph together at most. */
  #atOnce = Infinity;
  readonly #network: Graph;
  readonly #dialect: Dialect;
  #forward: Promise<Runner> | undefined;
  /** By kind of loss and photos of a tuple, or `backward`; on the processor by number of images, too. */
  readonly #sessions = new Map<string, Promise<GradientSession>>();

  protected constructor(network: Graph, options: OrtOptions, dialect: Dialect) {
    this.backend = options.backend ?? 'cpu';
    this.device = options.device ?? 'ONNX Runtime, CPU';
    this.#network = network;
    this.options = options;
    this.#dialect = dialect;
    this.parameters = parametersOf(network);
  }

  /** The graph with its weights, and the gradients it gives, as this executor holds them. */
  protected abstract fitted(graph: Graph, gradientOf?: ReadonlyMap<string, string>): Fitted;
  /** The weights, and what gradients are added to. */
  protected abstract held(gradients: boolean): Promise<Values>;
  /** Adds what a run gave to the gradients. */
  protected abstract take(result: Values, gradientOf: ReadonlyMap<string, string>): void;
  abstract optimiser(choice: OptimiserChoice): Promise<Descent>;
  abstract gather(): Promise<void>;
  abstract updated(): Promise<void>;

  /** Ready to describe: what the provider refuses is refused here. */
  protected async ready(): Promise<void> {
    await this.#forwardRunner();
  }

  #forwardRunner(): Promise<Runner> {
    this.#forward ??= this.#open(this.fitted(forwardGraph(this.#network, this.#dialect)));
    return this.#forward;
  }

  #open({ graph, kept }: Fitted): Promise<Runner> {
    return Runner.create(graph, { ...this.options, ...(kept === undefined ? {} : { kept }) });
  }

  async describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]> {
    const runner = await this.#forwardRunner();
    const weights = await this.held(false);
    const withWeights: GraphRunner = {
      run: async (images) => {
        const out = await runner.runOnDevice({ ...images, ...weights });
        return Object.fromEntries(Object.entries(out).map(([name, t]) => [name, (t as HostTensor).data]));
      },
      release: () => Promise.resolve(),
    };
    return describeEach(withWeights, inputs, this.#atOnce);
  }

  get tuplesAtOnce(): number {
    return this.#onDevice ? TUPLES_TOGETHER : 1;
  }

  get #onDevice(): boolean {
    return (this.options.provider ?? 'cpu') !== 'cpu';
  }

  async accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep> {
    return (await this.accumulateAll([{ inputs, options }]))[0]!;
  }

  async accumulateAll(tuples: readonly StepTuple[]): Promise<TupleStep[]> {
    const steps: TupleStep[] = [];
    for (const part of this.#onDevice ? [tuples] : tuples.map((t) => [t])) steps.push(...(await this.#together(part)));
    return steps;
  }

  async #together(tuples: readonly StepTuple[]): Promise<TupleStep[]> {
    const inputs = this.#fitting(tuples.flatMap((t) => t.inputs));
    const photos = tuples[0]?.inputs.length ?? 0;
    const { kind, margin } = tuples[0]?.options ?? {};
    const alike = tuples.every(
      (t) => t.inputs.length === photos && t.options.kind === kind && t.options.margin === margin,
    );
    const shapes = new Set(inputs.map((x, i) => (x.alone === true ? i : x.dims.join('x')))).size;
    if (kind !== undefined && inGraph(kind) && alike && shapes === 1 && photos <= this.#atOnce)
      return this.#wholeTuples(inputs, photos, kind, tuples);
    const descriptors = await this.describe(inputs);
    let at = 0;
    const losses = tuples.map(({ inputs: { length }, options }) => {
      const [query, positive, ...negatives] = descriptors.slice(at, (at += length));
      return tupleLoss(query!, positive!, negatives, options);
    });
    // Gradients of a sum are sums: photo by photo they are the same.
    await this.#backpropagate(
      inputs,
      losses.flatMap((l) => [l.dQuery, l.dPositive, ...l.dNegatives]),
    );
    return losses.map(({ loss, active }) => ({ loss, active }));
  }

  #fitting(inputs: readonly NetworkInput[]): readonly NetworkInput[] {
    if (this.#onDevice) return inputs;
    const { mostPixels = MOST_PIXELS } = this.options;
    const pixels = inputs.reduce((n, { dims }) => n + dims[2]! * dims[3]!, 0);
    // Every number of images is a graph of its own, which keeps the memory that it took; alone they are no slower.
    const shapes = new Set(inputs.map(({ dims }) => dims.join('x'))).size;
    const apart = pixels > mostPixels || inputs.length > this.#atOnce || shapes > 1;
    return apart ? inputs.map((x) => ({ ...x, alone: true })) : inputs;
  }

  /** Tuples of `photos` equally large photos each, as many of them in one graph as may be. */
  async #wholeTuples(
    inputs: readonly NetworkInput[],
    photos: number,
    kind: GraphLoss,
    tuples: readonly StepTuple[],
  ): Promise<TupleStep[]> {
    const made = this.#session(`${kind} ${photos}`, photos, (n, d) => tuplesGraph(n, kind, photos, d));
    const most = photos * Math.max(1, Math.floor(Math.min(this.#atOnce, inputs.length) / photos));
    const margin = { dims: [1], data: Float32Array.of(tuples[0]!.options.margin) };
    const steps: TupleStep[] = [];
    for (const { indices, batch } of batches(inputs, most)) {
      const some = tuples.slice(indices[0]! / photos, (indices.at(-1)! + 1) / photos);
      const weights = { dims: [some.length, 1], data: Float32Array.from(some, (t) => t.options.weight) };
      const result = await this.#gather(made, { [IMAGE]: batch, [MARGIN]: margin, [WEIGHT]: weights });
      const [losses, inside] = [LOSS, INSIDE].map((name) => (result[name] as HostTensor).data);
      const negatives = inside!.length / some.length;
      some.forEach((_, k) => {
        const own = inside!.subarray(k * negatives, (k + 1) * negatives);
        steps.push({ loss: losses![k]!, active: own.filter((v) => v > 0).length });
      });
    }
    return steps;
  }

  async #backpropagate(inputs: readonly NetworkInput[], seeds: readonly Float32Array[]): Promise<void> {
    const moved = seeds.flatMap((s, i) => (s.some((v) => v !== 0) ? [i] : []));
    for (const { indices, batch } of batches(
      moved.map((i) => inputs[i]!),
      this.#atOnce,
    )) {
      const dim = seeds[0]!.length;
      const seed = new Float32Array(indices.length * dim);
      indices.forEach((k, at) => seed.set(seeds[moved[k]!]!, at * dim));
      const made = this.#session('backward', indices.length, backwardGraph);
      await this.#gather(made, { [IMAGE]: batch, [SEED]: { dims: [indices.length, dim], data: seed } });
    }
  }

  /** Runs, and adds to the gradients. */
  async #gather(made: Promise<GradientSession>, inputs: Values): Promise<Values> {
    const { runner, gradientOf } = await made;
    const result = await runner.runOnDevice({ ...inputs, ...(await this.held(true)) });
    this.take(result, gradientOf);
    return result;
  }

  /** On devices one for any number of images; on the processor graphs of a known number are faster. */
  #session(
    name: string,
    images: number,
    make: (network: Graph, dialect: Dialect) => GradientGraph,
  ): Promise<GradientSession> {
    const key = this.#onDevice ? name : `${name} ${images}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const network = this.#onDevice ? this.#network : withBatch(this.#network, images);
    const { graph, gradientOf } = make(network, this.#dialect);
    const made = this.#open(this.fitted(graph, gradientOf)).then((runner) => ({ runner, gradientOf }));
    this.#sessions.set(key, made);
    return made;
  }

  limit(photos: number): void {
    this.#atOnce = photos;
  }

  /** A graph with the weights inside, which the runtime can lay out for speed. */
  async describer(): Promise<GraphRunner> {
    await this.gather();
    return Runner.create(withParameters(this.#network, this.parameters), this.options);
  }

  async release(): Promise<void> {
    await (await this.#forward)?.release();
    for (const made of this.#sessions.values()) await (await made).runner.release();
  }
}

/** Weights and gradients in the memory of this process. */
export class OrtExecutor extends RuntimeExecutor {
  readonly gradients: GradientSum;
  readonly #weights: Readonly<Record<string, HostTensor>>;

  private constructor(network: Graph, options: OrtOptions, dialect: Dialect) {
    super(network, options, dialect);
    this.gradients = new GradientSum(this.parameters);
    this.#weights = Object.fromEntries(this.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` naming the operator that cannot be differentiated. */
  static async create(network: Graph, options: OrtOptions = {}): Promise<OrtExecutor> {
    const dialect = await dialectFor(options);
    // What cannot be trained is refused here, not in the middle of a run.
    backwardGraph(network, dialect);
    const made = new OrtExecutor(network, options, dialect);
    await made.ready();
    return made;
  }

  protected fitted(graph: Graph): Fitted {
    return { graph };
  }

  protected held(): Promise<Values> {
    return Promise.resolve(this.#weights);
  }

  protected take(result: Values, gradientOf: ReadonlyMap<string, string>): void {
    this.gradients.add(this.parameters.map((p) => (result[gradientOf.get(p.name)!] as HostTensor).data));
  }

  optimiser(choice: OptimiserChoice): Promise<Descent> {
    return HostDescent.create(choice, this.parameters, this.gradients, () => undefined);
  }

  gather(): Promise<void> {
    return Promise.resolve();
  }

  /** Weights are inputs of the graphs and read anew each time. */
  updated(): Promise<void> {
    return Promise.resolve();
  }
}

/** How ONNX Runtime's provider wants its graphs: on the CPU in blocks of channels, where the processor has them. */
export async function dialectFor(options: OrtOptions): Promise<Dialect> {
  if (options.provider === 'webgpu') return { rules: WEBGPU_GRADIENTS };
  const block = (options.provider ?? 'cpu') === 'cpu' ? await blockSize() : null;
  if (block === null) return STANDARD;
  return {
    rules: new Map([...GRADIENTS, ...blockedGradients(block)]),
    before: (network) => toBlocked(network, block),
    after: (graph) => lowerBlocked(graph, block),
  };
}
