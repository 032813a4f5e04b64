import * as ort from 'onnxruntime-node';
import { threadsIfFewer } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import { encodeOnnx } from './onnx/file.ts';
import { withoutPow } from './onnx/normalise.ts';
import type { Graph } from './onnx/graph.ts';

/** A batch of images: [n, channels, height, width], already normalised. */
export interface ImageBatch {
  readonly dims: readonly [number, number, number, number];
  readonly data: Float32Array;
}

/** Where and how ONNX Runtime computes. */
export interface RuntimeOptions {
  /** Threads inside one operator; 0 leaves the choice to the runtime. */
  readonly threads?: number;
  /** The runtime's execution provider; `cpu` if not given. What it has no kernel for runs on the CPU. */
  readonly provider?: string;
  /** Says nothing of runs that fail: whoever tries what may not work hears it by the error. */
  readonly quiet?: boolean;
}

/** Float tensors by name. */
export type Tensors = Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;

/** A network that is ready to run, whatever runs it. */
export interface GraphRunner {
  run(inputs: Tensors): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** A graph made ready to run by ONNX Runtime. Release it when done: native memory is not seen by the garbage collector. */
export class Runner implements GraphRunner {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` with the runtime's own words when it refuses the graph. */
  static async create(graph: Graph, options: RuntimeOptions = {}): Promise<Runner> {
    try {
      const provider = options.provider ?? 'cpu';
      // Its kernel for powers fails on any graph (onnxruntime 1.30).
      const suited = provider === 'webgpu' ? withoutPow(graph) : graph;
      const session = await ort.InferenceSession.create(encodeOnnx(suited), {
        executionProviders: [provider],
        // Fused activations of its WebGPU provider give wrong values (Conv, Clip, Clip; onnxruntime 1.30).
        graphOptimizationLevel: provider === 'webgpu' ? 'basic' : 'all',
        intraOpNumThreads: options.threads ?? threadsIfFewer() ?? 0,
        logSeverityLevel: options.quiet === true ? 4 : 3,
        // A plan of memory for one size of image takes fresh pages in every run; the arena keeps those that it has.
        enableMemPattern: false,
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
  async runShaped(inputs: Tensors): Promise<Record<string, { dims: readonly number[]; data: Float32Array }>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, t] of Object.entries(inputs)) feeds[name] = new ort.Tensor('float32', t.data, t.dims);
    const results = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, t]) => [name, { dims: t.dims, data: t.data as Float32Array }]),
    );
  }

  /** Runs with float tensors; inputs are not copied, so weights may be updated in place between runs. */
  async run(inputs: Tensors): Promise<Record<string, Float32Array>> {
    const out: Record<string, Float32Array> = {};
    for (const [name, t] of Object.entries(await this.runShaped(inputs))) out[name] = t.data;
    return out;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
