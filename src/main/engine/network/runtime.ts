import { ort, type OnnxRuntime } from './ort.ts';
import { threadsIfFewer } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import { encodeOnnx } from './onnx/file.ts';
import { inHalf } from './onnx/half.ts';
import { forWebGpu, wrongOptimisers } from './onnx/webgpu.ts';
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
  /** Outputs that stay in the memory of the device, for {@link Runner.runOnDevice}; `webgpu` alone has that. */
  readonly kept?: readonly string[];
  /** Convolutions and maps in half precision, on `webgpu`; names of inputs that are weights. */
  readonly half?: { readonly weights: readonly string[] } | undefined;
  /** Begin of the file into which the runtime writes which provider ran which operator, when it is released. */
  readonly profile?: string;
}

/** Float numbers in the memory of this process. */
export interface HostTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Float numbers in the memory of a device, which sessions of the same provider take as inputs. Dispose it when done; it outlives the session that made it. */
export interface DeviceTensor {
  readonly location: string;
  readonly dims: readonly number[];
  dispose(): void;
}

/** Float tensors by name. */
export type Tensors = Readonly<Record<string, HostTensor>>;

/** A network that is ready to run, whatever runs it. */
export interface GraphRunner {
  run(inputs: Tensors): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** One that also tells the shapes of its outputs. */
export interface ShapedRunner extends GraphRunner {
  runShaped(inputs: Tensors): Promise<Record<string, HostTensor>>;
}

/** Sessions that wrote a profile: the runtime names files by the second, and two of the same second would write into one. */
let profiles = 0;

/** A graph made ready to run by ONNX Runtime. Release it when done: native memory is not seen by the garbage collector. */
export class Runner implements ShapedRunner {
  readonly #session: OnnxRuntime.InferenceSession;
  readonly #profiled: boolean;

  private constructor(session: OnnxRuntime.InferenceSession, profiled: boolean) {
    this.#session = session;
    this.#profiled = profiled;
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` with the runtime's own words when it refuses the graph. */
  static async create(graph: Graph, options: RuntimeOptions = {}): Promise<Runner> {
    try {
      const provider = options.provider ?? 'cpu';
      const { kept, profile, half } = options;
      const fitting = provider === 'webgpu' ? forWebGpu(graph) : graph;
      const suited = half === undefined ? fitting : inHalf(fitting, half.weights);
      const session = await ort.InferenceSession.create(encodeOnnx(suited), {
        executionProviders: [provider],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: options.threads ?? threadsIfFewer() ?? 0,
        logSeverityLevel: options.quiet === true ? 4 : 3,
        // A plan of memory for one size of image takes fresh pages in every run; the arena keeps those that it has.
        enableMemPattern: false,
        // Threads that wait by spinning are no faster alone and halve each other's speed when two jobs run.
        extra: {
          session: { intra_op: { allow_spinning: '0' } },
          ...(provider === 'webgpu'
            ? { optimization: { disable_specified_optimizers: wrongOptimisers(graph).join(';') } }
            : {}),
        },
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: `${profile} ${(profiles += 1)}` }),
        ...(kept === undefined
          ? {}
          : {
              preferredOutputLocation: Object.fromEntries(
                graph.outputs.map((o) => [o.name, kept.includes(o.name) ? 'gpu-buffer' : 'cpu'] as const),
              ),
            }),
      });
      return new Runner(session, profile !== undefined);
    } catch (cause) {
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `ONNX Runtime cannot run this network: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  /** Runs with tensors of this process and of the device; outputs are where {@link RuntimeOptions.kept} says. */
  async runOnDevice(
    inputs: Readonly<Record<string, HostTensor | DeviceTensor>>,
  ): Promise<Record<string, HostTensor | DeviceTensor>> {
    const feeds: Record<string, OnnxRuntime.Tensor> = {};
    for (const [name, t] of Object.entries(inputs))
      feeds[name] = t instanceof ort.Tensor ? t : new ort.Tensor('float32', (t as HostTensor).data, t.dims);
    const results = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, t]): [string, HostTensor | DeviceTensor] => [
        name,
        t.location === 'cpu' ? { dims: t.dims, data: t.data as Float32Array } : t,
      ]),
    );
  }

  /** As {@link run}, with the shapes of the outputs. */
  async runShaped(inputs: Tensors): Promise<Record<string, HostTensor>> {
    return (await this.runOnDevice(inputs)) as Record<string, HostTensor>;
  }

  /** Runs with float tensors; inputs are not copied, so weights may be updated in place between runs. */
  async run(inputs: Tensors): Promise<Record<string, Float32Array>> {
    const out: Record<string, Float32Array> = {};
    for (const [name, t] of Object.entries(await this.runShaped(inputs))) out[name] = t.data;
    return out;
  }

  async release(): Promise<void> {
    if (this.#profiled) this.#session.endProfiling();
    await this.#session.release();
  }
}
