import * as ort from 'onnxruntime-node';
import { CovisError } from '../../../shared/errors.ts';
import { encodeOnnx } from './onnx/file.ts';
import type { Graph } from './onnx/graph.ts';

/** A batch of images: [n, channels, height, width], already normalised. */
export interface ImageBatch {
  readonly dims: readonly [number, number, number, number];
  readonly data: Float32Array;
}

/** Threads that ONNX Runtime may use inside one operator; 0 leaves the choice to it. */
export interface RuntimeOptions {
  readonly threads?: number;
}

/** A graph made ready to run by ONNX Runtime. Release it when done: native memory is not seen by the garbage collector. */
export class Runner {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` with the runtime's own words when it refuses the graph. */
  static async create(graph: Graph, options: RuntimeOptions = {}): Promise<Runner> {
    try {
      const session = await ort.InferenceSession.create(encodeOnnx(graph), {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: options.threads ?? 0,
        logSeverityLevel: 3,
        // Threads that wait by spinning are no faster alone and halve each other's speed when two jobs run.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
      return new Runner(session);
    } catch (cause) {
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `ONNX Runtime cannot run this network: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  /** As {@link run}, with the shapes of the outputs. */
  async runShaped(
    inputs: Readonly<Record<string, { dims: readonly number[]; data: Float32Array }>>,
  ): Promise<Record<string, { dims: readonly number[]; data: Float32Array }>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, t] of Object.entries(inputs)) feeds[name] = new ort.Tensor('float32', t.data, t.dims);
    const results = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, t]) => [name, { dims: t.dims, data: t.data as Float32Array }]),
    );
  }

  /** Runs with float tensors; inputs are not copied, so weights may be updated in place between runs. */
  async run(
    inputs: Readonly<Record<string, { dims: readonly number[]; data: Float32Array }>>,
  ): Promise<Record<string, Float32Array>> {
    const out: Record<string, Float32Array> = {};
    for (const [name, t] of Object.entries(await this.runShaped(inputs))) out[name] = t.data;
    return out;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
