import type { Graph } from '../onnx/graph.ts';
import type { HostTensor, ShapedRunner, Tensors } from '../runtime.ts';
import { PreparedGraph } from './prepared.ts';
import { loadTensorFlow, type Tf, type TfBackend } from './tf-runtime.ts';

/** A graph that TensorFlow.js runs. Release it when done. */
export class TfRunner implements ShapedRunner {
  /** What computes, in words. */
  readonly device: string;
  readonly #tf: Tf;
  readonly #graph: PreparedGraph;
  readonly #outputs: readonly string[];

  private constructor(device: string, tf: Tf, graph: Graph) {
    this.device = device;
    this.#tf = tf;
    this.#graph = new PreparedGraph(tf, graph, new Set());
    this.#outputs = graph.outputs.map((o) => o.name);
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` when the back end does not start; operators it lacks are named when they are met. */
  static async create(graph: Graph, backend: TfBackend): Promise<TfRunner> {
    const { tf, device } = await loadTensorFlow(backend);
    return new TfRunner(device, tf, graph);
  }

  async runShaped(inputs: Tensors): Promise<Record<string, HostTensor>> {
    const tf = this.#tf;
    const tensors = tf.tidy(() => {
      const given = Object.fromEntries(
        Object.entries(inputs).map(([name, t]) => [name, tf.tensor(t.data, [...t.dims], 'float32')]),
      );
      return this.#graph.runAll(given, new Map(), this.#outputs);
    });
    try {
      const data = await Promise.all(tensors.map((t) => t.data()));
      return Object.fromEntries(
        this.#outputs.map((name, i) => [name, { dims: tensors[i]!.shape, data: Float32Array.from(data[i]!) }]),
      );
    } finally {
      for (const t of tensors) t.dispose();
    }
  }

  async run(inputs: Tensors): Promise<Record<string, Float32Array>> {
    const out = await this.runShaped(inputs);
    return Object.fromEntries(Object.entries(out).map(([name, t]) => [name, t.data]));
  }

  release(): Promise<void> {
    this.#graph.dispose();
    return Promise.resolve();
  }
}
