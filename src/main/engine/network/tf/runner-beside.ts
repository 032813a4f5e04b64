import type { Graph } from '../onnx/graph.ts';
import type { HostTensor, ShapedRunner, Tensors } from '../runtime.ts';
import { Beside } from './beside.ts';
import type { TfBackend } from './tf-runtime.ts';

/** What is told to `runner-service.ts`. */
export interface RunnerOrder {
  readonly graph: Graph;
  readonly backend: TfBackend;
}

/** A {@link TfRunner} in the thread of {@link Beside}. Release it when done. */
export class RunnerBeside implements ShapedRunner {
  /** What computes, in words. */
  readonly device: string;
  readonly #service: Beside;

  private constructor(service: Beside, device: string) {
    this.#service = service;
    this.device = device;
  }

  /** @throws CovisError as {@link TfRunner.create}. */
  static async create(graph: Graph, backend: TfBackend): Promise<RunnerBeside> {
    const order: RunnerOrder = { graph, backend };
    const { service, said } = await Beside.open<string>(new URL('./runner-service.ts', import.meta.url), order);
    return new RunnerBeside(service, said);
  }

  runShaped(inputs: Tensors): Promise<Record<string, HostTensor>> {
    return this.#service.ask('runShaped', inputs);
  }

  run(inputs: Tensors): Promise<Record<string, Float32Array>> {
    return this.#service.ask('run', inputs);
  }

  release(): Promise<void> {
    return this.#service.release();
  }
}
