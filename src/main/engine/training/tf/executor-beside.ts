import type { NetworkInput } from '../../inputs/inputs.ts';
import type { Graph } from '../../network/onnx/graph.ts';
import type { GraphRunner, Tensors } from '../../network/runtime.ts';
import { Beside } from '../../network/tf/beside.ts';
import type { TfBackend } from '../../network/tf/tf-runtime.ts';
import type { Descent, OptimiserChoice } from '../descent.ts';
import type { Executor, Gradients, StepTuple, TupleStep } from '../executor.ts';
import type { LossOptions } from '../losses.ts';
import type { OptimiserState } from '../optimisers.ts';
import { parametersOf, type Parameter } from '../training-graph.ts';

/** What is told to `executor-service.ts`. */
export interface ExecutorOrder {
  readonly network: Graph;
  readonly backend: TfBackend;
  readonly words: string | undefined;
}

/** What that says of itself. */
export interface ExecutorSaid {
  readonly device: string;
  readonly tuplesAtOnce: number;
}

/** A {@link TfExecutor} in the thread of {@link Beside}: weights, sums of gradients and the optimiser's arrays are there. */
export class ExecutorBeside implements Executor {
  readonly backend: TfBackend;
  readonly device: string;
  readonly tuplesAtOnce: number;
  readonly parameters: readonly Parameter[];
  readonly gradients: Gradients;
  readonly #service: Beside;

  private constructor(
    backend: TfBackend,
    { device, tuplesAtOnce }: ExecutorSaid,
    parameters: readonly Parameter[],
    service: Beside,
  ) {
    this.backend = backend;
    this.device = device;
    this.tuplesAtOnce = tuplesAtOnce;
    this.parameters = parameters;
    this.#service = service;
    this.gradients = {
      clear: () => service.tell('clear'),
      scale: (by) => service.tell('scale', by),
      read: () => service.ask('read'),
    };
  }

  /** @throws CovisError as {@link TfExecutor.create}. */
  static async create(network: Graph, backend: TfBackend, words?: string): Promise<ExecutorBeside> {
    const order: ExecutorOrder = { network, backend, words };
    const { service, said } = await Beside.open<ExecutorSaid>(new URL('./executor-service.ts', import.meta.url), order);
    return new ExecutorBeside(backend, said, parametersOf(network), service);
  }

  describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]> {
    return this.#service.ask('describe', inputs);
  }

  async accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep> {
    return (await this.accumulateAll([{ inputs, options }]))[0]!;
  }

  accumulateAll(tuples: readonly StepTuple[]): Promise<TupleStep[]> {
    return this.#service.ask('accumulateAll', tuples);
  }

  limit(): void {
    // TensorFlow keeps house itself.
  }

  async optimiser(choice: OptimiserChoice): Promise<Descent> {
    const service = this.#service;
    await service.ask('optimiser', choice);
    return {
      step: (options) => service.ask('step', options),
      state: () => service.ask<OptimiserState>('state'),
      restore: (state) => service.ask('restore', state),
    };
  }

  async gather(): Promise<void> {
    const now = await this.#service.ask<Float32Array[]>('gather');
    this.parameters.forEach((p, i) => p.data.set(now[i]!));
  }

  updated(): Promise<void> {
    return this.#service.ask(
      'updated',
      this.parameters.map((p) => p.data),
    );
  }

  async describer(): Promise<GraphRunner> {
    const service = this.#service;
    await service.ask('describer');
    return {
      run: (inputs: Tensors) => service.ask('runDescriber', inputs),
      release: () => service.ask('releaseDescriber'),
    };
  }

  release(): Promise<void> {
    return this.#service.release();
  }
}
