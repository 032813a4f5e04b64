import type { Graph } from '../../network/onnx/graph.ts';
import { Runner, type DeviceTensor, type HostTensor } from '../../network/runtime.ts';
import type { Descent, OptimiserChoice } from '../descent.ts';
import type { Gradients } from '../executor.ts';
import type { OptimiserState } from '../optimisers.ts';
import { dialectFor, RuntimeExecutor, type Fitted, type OrtOptions, type Values } from '../ort-executor.ts';
import { backwardGraph, type Dialect } from '../training-graph.ts';
import { DeviceMemory, disposeAll } from './memory.ts';
import {
  momentsOf,
  nextOf,
  optimiserGraph,
  packsOf,
  stepNumbers,
  sumOf,
  withPacks,
  WEIGHTS,
  type Pack,
} from './packs.ts';

/**
 * Weights, gradients and what the optimiser keeps stay in the memory of the device. Images go there; the loss, descriptors and, when
 * asked for, weights and moments come back.
 */
export class DeviceExecutor extends RuntimeExecutor {
  readonly gradients: Gradients;
  readonly #packs: readonly Pack[];
  readonly #memory: DeviceMemory;
  #weights: DeviceTensor[] = [];
  /** `parameters` holds what the device does. */
  #gathered = true;
  #zeros: DeviceTensor[] = [];
  /** Undefined where nothing was added. */
  #sums: DeviceTensor[] | undefined;
  #by = 1;
  readonly #descents: DeviceDescent[] = [];

  private constructor(network: Graph, options: OrtOptions, dialect: Dialect, memory: DeviceMemory) {
    super(network, options, dialect);
    this.#memory = memory;
    this.#packs = packsOf(this.parameters);
    this.gradients = {
      clear: () => {
        disposeAll(this.#sums);
        this.#sums = undefined;
        this.#by = 1;
      },
      scale: (by) => {
        this.#by *= by;
      },
      read: async () => {
        const arrays = await memory.getAll(this.#sums ?? this.#zeros, this.#packs, this.parameters);
        return this.#by === 1 ? arrays : arrays.map((g) => g.map((v) => v * this.#by));
      },
    };
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` naming the operator that cannot be differentiated, or in the words of the runtime. */
  static async create(network: Graph, options: OrtOptions): Promise<DeviceExecutor> {
    const dialect = await dialectFor(options);
    backwardGraph(network, dialect);
    const made = new DeviceExecutor(network, options, dialect, await DeviceMemory.open(options));
    try {
      await made.updated();
      const zeros = made.parameters.map((p) => new Float32Array(p.data.length));
      made.#zeros = await made.#memory.putAll(zeros, made.#packs);
      await made.ready();
    } catch (error) {
      await made.release();
      throw error;
    }
    return made;
  }

  protected fitted(graph: Graph, gradientOf?: ReadonlyMap<string, string>): Fitted {
    const packed = withPacks(graph, this.parameters, this.#packs, gradientOf);
    return { graph: packed, kept: gradientOf === undefined ? [] : this.#packs.map(nextOf) };
  }

  protected held(gradients: boolean): Promise<Values> {
    const held: Record<string, DeviceTensor> = {};
    this.#packs.forEach((p, k) => {
      held[WEIGHTS.of(p)] = this.#weights[k]!;
      if (gradients) held[sumOf(p)] = (this.#sums ?? this.#zeros)[k]!;
    });
    return Promise.resolve(held);
  }

  protected take(result: Values): void {
    const before = this.#sums;
    this.#sums = this.#packs.map((p) => result[nextOf(p)] as DeviceTensor);
    disposeAll(before);
  }

  async optimiser(choice: OptimiserChoice): Promise<Descent> {
    const step = await Runner.create(optimiserGraph(choice, this.#packs), {
      ...this.options,
      kept: this.#packs.flatMap((p) => [WEIGHTS.to(p), ...momentsOf(choice).map((m) => m.to(p))]),
    });
    const made = new DeviceDescent(choice, step, {
      memory: this.#memory,
      packs: this.#packs,
      parameters: this.parameters,
      held: async () => ({ values: await this.held(true), by: this.#by }),
      moved: (weights) => {
        disposeAll(this.#weights);
        this.#weights = weights;
        this.#gathered = false;
        this.gradients.clear();
      },
    });
    this.#descents.push(made);
    await made.clear();
    return made;
  }

  async gather(): Promise<void> {
    if (this.#gathered) return;
    const arrays = await this.#memory.getAll(this.#weights, this.#packs, this.parameters);
    this.parameters.forEach((p, i) => p.data.set(arrays[i]!));
    this.#gathered = true;
  }

  async updated(): Promise<void> {
    const weights = await this.#memory.putAll(
      this.parameters.map((p) => p.data),
      this.#packs,
    );
    disposeAll(this.#weights);
    this.#weights = weights;
    this.#gathered = true;
  }

  override async release(): Promise<void> {
    this.gradients.clear();
    for (const list of [this.#weights, this.#zeros]) disposeAll(list.splice(0));
    for (const d of this.#descents.splice(0)) await d.release();
    await super.release();
    await this.#memory.release();
  }
}

/** What a descent needs of its executor. */
interface Ground {
  readonly memory: DeviceMemory;
  readonly packs: readonly Pack[];
  readonly parameters: DeviceExecutor['parameters'];
  held(): Promise<{ readonly values: Values; readonly by: number }>;
  moved(weights: DeviceTensor[]): void;
}

class DeviceDescent implements Descent {
  readonly #choice: OptimiserChoice;
  readonly #step: Runner;
  readonly #ground: Ground;
  #steps = 0;
  /** By moment, then by pack. */
  #moments: DeviceTensor[][] = [];

  constructor(choice: OptimiserChoice, step: Runner, ground: Ground) {
    this.#choice = choice;
    this.#step = step;
    this.#ground = ground;
  }

  /** Begins with moments of zero. */
  async clear(): Promise<void> {
    const { parameters } = this.#ground;
    await this.restore({
      steps: 0,
      arrays: momentsOf(this.#choice).flatMap(() => parameters.map((p) => new Float32Array(p.data.length))),
    });
  }

  async step(options: { readonly learningRate: number; readonly weightDecay: number }): Promise<void> {
    const { packs, held, moved } = this.#ground;
    const { values, by } = await held();
    const numbers = stepNumbers(this.#choice, this.#steps, by, options);
    const inputs: Record<string, HostTensor | DeviceTensor> = { ...values };
    for (const [name, value] of Object.entries(numbers)) inputs[name] = { dims: [1], data: Float32Array.of(value) };
    const names = momentsOf(this.#choice);
    names.forEach((m, j) => packs.forEach((p, k) => (inputs[m.of(p)] = this.#moments[j]![k]!)));
    const result = await this.#step.runOnDevice(inputs);
    const of = (name: string): DeviceTensor => result[name] as DeviceTensor;
    const before = this.#moments.flat();
    this.#moments = names.map((m) => packs.map((p) => of(m.to(p))));
    disposeAll(before);
    this.#steps += 1;
    moved(packs.map((p) => of(WEIGHTS.to(p))));
  }

  async state(): Promise<OptimiserState> {
    const { memory, packs, parameters } = this.#ground;
    const arrays: Float32Array[] = [];
    for (const moment of this.#moments) arrays.push(...(await memory.getAll(moment, packs, parameters)));
    return { steps: this.#steps, arrays };
  }

  async restore(state: OptimiserState): Promise<void> {
    const { memory, packs, parameters } = this.#ground;
    const moments: DeviceTensor[][] = [];
    for (const [j] of momentsOf(this.#choice).entries()) {
      const from = j * parameters.length;
      moments.push(await memory.putAll(state.arrays.slice(from, from + parameters.length), packs));
    }
    disposeAll(this.#moments.flat());
    this.#moments = moments;
    this.#steps = state.steps;
  }

  async release(): Promise<void> {
    disposeAll(this.#moments.flat());
    this.#moments = [];
    await this.#step.release();
  }
}
