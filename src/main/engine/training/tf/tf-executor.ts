import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import { batches, type NetworkInput } from '../../inputs/inputs.ts';
import { DESCRIPTOR, IMAGE, trainableParameters } from '../../network/head.ts';
import type { Graph } from '../../network/onnx/graph.ts';
import type { GraphRunner } from '../../network/runtime.ts';
import { HostDescent } from '../host-descent.ts';
import type { Descent, OptimiserChoice } from '../descent.ts';
import { TUPLES_TOGETHER } from '../executor.ts';
import type { Executor, StepTuple, TupleStep } from '../executor.ts';
import { GradientSum } from '../gradient-sum.ts';
import { DIFFERENCE_EPSILON, MULTI_SIMILARITY, type LossOptions } from '../losses.ts';
import type { Parameter } from '../training-graph.ts';
import { PreparedGraph } from '../../network/tf/prepared.ts';
import { loadTensorFlow, type Tf, type TfBackend, type TfRuntime } from '../../network/tf/tf-runtime.ts';

/** Tuples of more pixels go one after the other: TensorFlow does not tell what memory a GPU has. A step of the published recipes has fewer. */
const MOST_PIXELS = 4_000_000;

/** Loss and gradients by TensorFlow.js: the same graph with TensorFlow's operators and its own differentiation. */
export class TfExecutor implements Executor {
  readonly backend: TfBackend;
  readonly device: string;
  readonly parameters: readonly Parameter[];
  readonly gradients: GradientSum;
  readonly #tf: Tf;
  readonly #onGpu: boolean;
  readonly #graph: PreparedGraph;
  readonly #variables: ReadonlyMap<string, Variable>;

  private constructor(backend: TfBackend, { tf, device, onGpu }: TfRuntime, network: Graph) {
    this.backend = backend;
    this.device = device;
    this.#tf = tf;
    this.#onGpu = onGpu;
    const names = trainableParameters(network);
    this.parameters = names.map((name) => {
      const t = network.initializers.get(name)!;
      return { name, dims: t.dims, data: (t.data as Float32Array).slice() };
    });
    this.gradients = new GradientSum(this.parameters);
    this.#graph = new PreparedGraph(tf, network, new Set(names));
    this.#variables = new Map(
      this.parameters.map((p) => [p.name, tf.tidy(() => tf.variable(tf.tensor(p.data, [...p.dims])))]),
    );
  }

  /**
   * @param words said behind the device.
   * @throws CovisError `INPUT_UNSUPPORTED` when the back end does not start; operators it lacks are named when they are met.
   */
  static async create(network: Graph, backend: TfBackend, words?: string): Promise<TfExecutor> {
    const runtime = await loadTensorFlow(backend);
    const device = words === undefined ? runtime.device : `${runtime.device}, ${words}`;
    return new TfExecutor(backend, { ...runtime, device }, network);
  }

  /** Tensors that are alive, for finding leaks. */
  get tensors(): number {
    return this.#tf.memory().numTensors;
  }

  /** Shapes of photos that it computes with one call, for tests. */
  get prepared(): number {
    return this.#graph.prepared;
  }

  async describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]> {
    const all = this.#tf.tidy(() => this.#descriptors(inputs, false));
    try {
      const data = (await all.data()) as Float32Array;
      const dim = data.length / inputs.length;
      return inputs.map((_, i) => data.slice(i * dim, (i + 1) * dim));
    } finally {
      all.dispose();
    }
  }

  /** Of the back ends of the processor tuple by tuple is no slower and takes a fraction of the memory. */
  get tuplesAtOnce(): number {
    return this.#onGpu ? TUPLES_TOGETHER : 1;
  }

  async accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep> {
    return (await this.accumulateAll([{ inputs, options }]))[0]!;
  }

  async accumulateAll(tuples: readonly StepTuple[]): Promise<TupleStep[]> {
    const pixels = tuples.reduce((sum, t) => sum + t.inputs.reduce((n, { dims }) => n + dims[2] * dims[3], 0), 0);
    const together = this.#onGpu && pixels <= MOST_PIXELS;
    const steps: TupleStep[] = [];
    for (const part of together ? [tuples] : tuples.map((t) => [t])) steps.push(...(await this.#together(part)));
    return steps;
  }

  async #together(tuples: readonly StepTuple[]): Promise<TupleStep[]> {
    const tf = this.#tf;
    const variables = this.parameters.map((p) => this.#variables.get(p.name)!);
    const all = tuples.flatMap((t) => t.inputs);
    let numbers: Tensor | undefined;
    const { value, grads } = tf.variableGrads(() => {
      const descriptors = this.#descriptors(all, true);
      let at = 0;
      const each = tuples.map(({ inputs: { length }, options }) => {
        const own = all.length === length ? descriptors : tf.slice(descriptors, [at, 0], [length, -1]);
        at += length;
        return tupleLoss(tf, own, options);
      });
      const losses = each.map((t) => t.loss);
      numbers = tf.keep(tf.stack([...losses, ...each.map((t) => t.active)].map((t) => tf.reshape(t, []))));
      return losses.length === 1 ? losses[0]! : (tf.addN(losses) as Scalar);
    }, variables);
    try {
      const said = await numbers!.data();
      const parts = await Promise.all(variables.map((v) => grads[v.name]!.data()));
      this.gradients.add(parts as Float32Array[]);
      return tuples.map((_, i) => ({ loss: said[i]!, active: said[tuples.length + i]! }));
    } finally {
      value.dispose();
      numbers?.dispose();
      for (const g of Object.values(grads)) g.dispose();
      this.#graph.settle();
    }
  }

  limit(): void {
    // TensorFlow keeps house itself.
  }

  optimiser(choice: OptimiserChoice): Promise<Descent> {
    return HostDescent.create(choice, this.parameters, this.gradients, () => this.#assign());
  }

  gather(): Promise<void> {
    return Promise.resolve();
  }

  updated(): Promise<void> {
    this.#assign();
    return Promise.resolve();
  }

  /** TensorFlow may keep the very memory of a weight, which changes only just before this. */
  #assign(): void {
    const tf = this.#tf;
    for (const p of this.parameters) tf.tidy(() => this.#variables.get(p.name)!.assign(tf.tensor(p.data, [...p.dims])));
  }

  describer(): Promise<GraphRunner> {
    return Promise.resolve({
      run: async (inputs) => {
        const { dims, data } = inputs[IMAGE]!;
        const [n, ...rest] = dims as [number, number, number, number];
        const size = data.length / n;
        const each = Array.from({ length: n }, (_, i): NetworkInput => ({
          dims: [1, ...(rest as [number, number, number])],
          data: data.subarray(i * size, (i + 1) * size),
        }));
        const rows = await this.describe(each);
        const out = new Float32Array(rows.length * rows[0]!.length);
        rows.forEach((r, i) => out.set(r, i * r.length));
        return { [DESCRIPTOR]: out };
      },
      release: () => Promise.resolve(),
    });
  }

  release(): Promise<void> {
    for (const v of this.#variables.values()) v.dispose();
    this.#graph.dispose();
    return Promise.resolve();
  }

  /** [inputs, dim] in the order of the inputs. */
  #descriptors(inputs: readonly NetworkInput[], forGradients: boolean): Tensor2D {
    const tf = this.#tf;
    const order: number[] = [];
    const parts = batches(inputs).map(({ indices, batch }) => {
      order.push(...indices);
      const image = tf.tensor(batch.data, [...batch.dims]);
      const images = { [IMAGE]: image };
      return forGradients
        ? this.#graph.runForGradients(images, this.#variables, DESCRIPTOR)
        : this.#graph.runAll(images, this.#variables, [DESCRIPTOR])[0]!;
    });
    const together = parts.length === 1 ? parts[0]! : tf.concat(parts, 0);
    if (order.every((v, i) => v === i)) return together as Tensor2D;
    const back = order.map((_, i) => order.indexOf(i));
    return tf.gather(together, tf.tensor1d(back, 'int32')) as Tensor2D;
  }
}

/** Those in which query and positive both ask, as `losses.ts` has them. */
function bothAsk(tf: Tf, d: Tensor2D, { kind, margin, weight }: LossOptions): { loss: Scalar; active: Tensor } {
  const rows = d.shape[0];
  // Nothing is pushed away, so that nothing is asked.
  if (rows === 2) return { loss: tf.mul(0, tf.sum(d)) as Scalar, active: tf.scalar(0) };
  const negatives = tf.slice(d, [2, 0], [rows - 2, -1]);
  const row = (i: number): Tensor => tf.slice(d, [i, 0], [1, -1]);
  const sides = ([0, 1] as const).map((i) => {
    const [a, p] = [row(i), row(1 - i)];
    if (kind === 'batch-hard') {
      const distance = (x: Tensor): Tensor => tf.sqrt(tf.sum(tf.square(tf.add(tf.sub(a, x), DIFFERENCE_EPSILON)), 1));
      const inside = tf.relu(tf.add(tf.sub(distance(p), distance(negatives)), margin));
      return { loss: tf.max(inside), active: count(tf, inside) };
    }
    const { alpha, beta, epsilon } = MULTI_SIMILARITY;
    const near = tf.sum(tf.mul(a, p), 1);
    const far = tf.sum(tf.mul(a, negatives), 1);
    // A step has a gradient, of zeros; comparisons have none.
    const pulled = tf.step(tf.sub(tf.add(tf.max(far), epsilon), near));
    const pushed = tf.step(tf.sub(far, tf.sub(near, epsilon)));
    const positive = tf.div(tf.log(tf.add(1, tf.exp(tf.mul(-alpha, tf.sub(near, margin))))), alpha);
    const terms = tf.mul(pushed, tf.exp(tf.mul(beta, tf.sub(far, margin))));
    const negative = tf.div(tf.log(tf.add(1, tf.sum(terms))), beta);
    return { loss: tf.add(tf.sum(tf.mul(pulled, positive)), negative), active: tf.sum(pushed) };
  });
  const loss = tf.mul(weight / 2, tf.add(sides[0]!.loss, sides[1]!.loss));
  return { loss: loss as Scalar, active: sides[0]!.active };
}

/** As `losses.ts` has it, in operators with gradients. Row 0 is the query, row 1 the positive. */
function tupleLoss(tf: Tf, d: Tensor2D, options: LossOptions): { loss: Scalar; active: Tensor } {
  const { kind, margin, weight } = options;
  if (kind === 'batch-hard' || kind === 'multi-similarity') return bothAsk(tf, d, options);
  const rows = d.shape[0];
  const query = tf.slice(d, [0, 0], [1, -1]);
  const others = tf.slice(d, [1, 0], [rows - 1, -1]);
  const epsilon = kind === 'contrastive' ? DIFFERENCE_EPSILON : 0;
  const squared = tf.sum(tf.square(tf.add(tf.sub(query, others), epsilon)), 1);
  const near = tf.slice(squared, [0], [1]);
  const far = tf.slice(squared, [1], [rows - 2]);
  if (kind === 'triplet') {
    const hinge = tf.relu(tf.add(tf.sub(near, far), margin));
    return { loss: tf.mul(tf.sum(hinge), weight) as Scalar, active: count(tf, hinge) };
  }
  const inside = tf.relu(tf.sub(margin, tf.sqrt(far)));
  const loss = tf.mul(0.5 * weight, tf.add(tf.sum(near), tf.sum(tf.square(inside))));
  return { loss: loss as Scalar, active: count(tf, inside) };
}

function count(tf: Tf, hinge: Tensor): Tensor {
  return tf.sum(tf.cast(tf.greater(hinge, 0), 'float32'));
}
