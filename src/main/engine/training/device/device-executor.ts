import { CovisError } from '../../../../shared/errors.ts';
import type { Graph } from '../../network/onnx/graph.ts';
import { Runner, type DeviceTensor, type HostTensor } from '../../network/runtime.ts';
import type { Descent, OptimiserChoice } from '../descent.ts';
import type { Gradients, StepTuple, TupleStep } from '../executor.ts';
import { FIRST_SCALE, nextScale, type LossScale } from '../loss-scale.ts';
import type { OptimiserState } from '../optimisers.ts';
import { dialectFor, RuntimeExecutor, type Fitted, type OrtOptions, type Values } from '../ort-executor.ts';
import { backwardGraph, parametersOf, type Dialect } from '../training-graph.ts';
import { DeviceMemory, disposeAll } from './memory.ts';
import {
  FINITE,
  finiteGraph,
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
  /** Of the gradients that are summed; undefined in single precision. */
  #scaling: LossScale | undefined;
  readonly #descents: DeviceDescent[] = [];

  private constructor(network: Graph, options: OrtOptions, dialect: Dialect, memory: DeviceMemory) {
    super(network, options, dialect);
    this.#memory = memory;
    this.#packs = packsOf(this.parameters);
    this.#scaling = options.half === undefined ? undefined : FIRST_SCALE;
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
        const by = this.#factor();
        return by === 1 ? arrays : arrays.map((g) => g.map((v) => v * by));
      },
    };
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` naming the operator that cannot be differentiated, or in the words of the runtime. */
  static async create(network: Graph, given: OrtOptions): Promise<DeviceExecutor> {
    // Weights are inputs, and do not come of photos as their gradients do.
    const half = given.half && { weights: packsOf(parametersOf(network)).map(WEIGHTS.of) };
    const options = { ...given, half };
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

  /** What the sums are multiplied with to be gradients. */
  #factor(): number {
    return this.#by / (this.#scaling?.scale ?? 1);
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` where maps go beyond what half precision holds. */
  override async accumulateAll(tuples: readonly StepTuple[]): Promise<TupleStep[]> {
    const scale = this.#scaling?.scale;
    if (scale === undefined) return super.accumulateAll(tuples);
    const scaled = tuples.map((t) => ({ ...t, options: { ...t.options, weight: t.options.weight * scale } }));
    const steps = await super.accumulateAll(scaled);
    if (!steps.every((s) => Number.isFinite(s.loss)))
      throw new CovisError('INPUT_UNSUPPORTED', 'The maps of this network are not finite in half precision', {
        hint: 'Train it with --precision single.',
      });
    return steps.map((s) => ({ ...s, loss: s.loss / scale }));
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
    const finite =
      this.#scaling === undefined ? undefined : await Runner.create(finiteGraph(this.#packs), this.options);
    const made = new DeviceDescent(choice, step, {
      finite,
      scaling: {
        get: () => this.#scaling,
        set: (next) => {
          this.gradients.clear();
          this.#scaling = next;
        },
      },
      memory: this.#memory,
      packs: this.#packs,
      parameters: this.parameters,
      held: async () => ({ values: await this.held(true), by: this.#factor() }),
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
  /** Tells whether sums are finite; undefined where nobody asks. */
  readonly finite: Runner | undefined;
  /** Setting it clears the gradients, which are of the scale before. */
  readonly scaling: { get(): LossScale | undefined; set(next: LossScale): void };
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
    const { packs, held, moved, scaling } = this.#ground;
    const { values, by } = await held();
    const scale = scaling.get();
    const next = scale && nextScale(scale, await this.#isFinite(values));
    if (next !== undefined && next.skipped > scale!.skipped) {
      scaling.set(next);
      return;
    }
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
    if (next !== undefined) scaling.set(next);
  }

  async #isFinite(values: Values): Promise<boolean> {
    const { finite, packs } = this.#ground;
    const sums = Object.fromEntries(packs.map((p) => [sumOf(p), values[sumOf(p)]!]));
    const told = (await finite!.runOnDevice(sums))[FINITE] as HostTensor;
    return Number.isFinite(told.data[0]);
  }

  get scaling(): LossScale | undefined {
    return this.#ground.scaling.get();
  }

  async state(): Promise<OptimiserState> {
    const { memory, packs, parameters } = this.#ground;
    const arrays: Float32Array[] = [];
    for (const moment of this.#moments) arrays.push(...(await memory.getAll(moment, packs, parameters)));
    return { steps: this.#steps, arrays, scaling: this.scaling };
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
    // A run that began in single precision has none.
    if (this.scaling !== undefined) this.#ground.scaling.set(state.scaling ?? FIRST_SCALE);
  }

  async release(): Promise<void> {
    disposeAll(this.#moments.flat());
    this.#moments = [];
    await this.#ground.finite?.release();
    await this.#step.release();
  }
}
