/**
 * A graph that TensorFlow runs with one call for photos of a shape that comes again, in place of one call an operator: its operators are recorded
 * once and become two functions of TensorFlow's, the forward pass and the gradients. What does not depend on each other then runs side by side,
 * and nothing waits for JavaScript in between.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Graph } from '../onnx/graph.ts';
import { nativeBackend, type Backend, type Made } from './binding.ts';
import { NativeOperators } from './native.ts';
import { PREPARED_AFTER } from './prepared-after.ts';
import { recorded, type Recording } from './recorded.ts';
import { TfFunction } from './tf-function.ts';
import { TfGraph } from './tf-graph.ts';
import type { Tf } from './tf-runtime.ts';

type Images = Readonly<Record<string, Tensor>>;
type Weights = ReadonlyMap<string, Variable>;

const MOST_PREPARED = 24;
/** Shapes that are counted. */
const MOST_SHAPES = 2000;
/** Beside the largest value: both run the same operators. */
const TOLERANCE = 1e-3;

/** What is given with a call. */
interface Call {
  readonly images: Images;
  readonly weights: Weights;
  readonly gradient?: Tensor;
}
type Giver = (call: Call) => Tensor;
/** By the number of the tensor that was given when it was recorded. */
type Sources = ReadonlyMap<number, { readonly made: Made; readonly give: Giver }>;

/** One function, and where each of its tensors comes from: a giver, or the place among what the forward pass kept. */
interface Part {
  readonly call: TfFunction;
  readonly inputs: readonly (Giver | number)[];
}

interface Prepared {
  readonly forward: Part;
  /** How many of the forward part's results are outputs of the graph; the others are kept for the gradients. */
  readonly outputs: number;
  readonly back?: Part;
}

interface Shape {
  seen: number;
  prepared?: Prepared;
  /** Of the output for whose gradients it is run. */
  dims?: readonly number[];
  /** It was tried, and something in it cannot be part of a function. */
  refused?: boolean;
}

/** A {@link TfGraph} that prepares what comes again, where TensorFlow computes on the processor. Elsewhere it is that graph. */
export class PreparedGraph {
  readonly #tf: Tf;
  readonly #graph: TfGraph;
  readonly #backend: Backend | undefined;
  readonly #shapes = new Map<string, Shape>();
  /** Kept by forward passes whose gradients were not asked for yet. */
  readonly #kept = new Set<number>();

  /** @param trained names whose values are given with every run. */
  constructor(tf: Tf, graph: Graph, trained: ReadonlySet<string>) {
    this.#tf = tf;
    this.#graph = new TfGraph(tf, graph, trained);
    const backend = nativeBackend(tf);
    // A function's tensors would be fetched from a GPU and brought back with every call.
    this.#backend = backend?.isUsingGpuDevice === true ? undefined : backend;
  }

  /** How many shapes have functions, for tests. */
  get prepared(): number {
    return [...this.#shapes.values()].filter((s) => s.prepared !== undefined).length;
  }

  /** As {@link TfGraph.runAll}. No gradient goes through it. */
  runAll(images: Images, weights: Weights, outputs: readonly string[]): Tensor[] {
    const eager = (): Tensor[] => this.#graph.runAll(images, weights, outputs);
    const backend = this.#backend;
    if (backend === undefined) return eager();
    const shape = this.#shape(`forward ${outputs.join()}`, images);
    const call = { images, weights };
    if (shape.prepared !== undefined) return this.#forward(backend, shape.prepared, call).values;
    if (!this.#wanted(shape)) return eager();
    const sources = this.#sources(backend, call);
    const { value, recording } = this.#record(backend, eager);
    const prepared = preparedOf(backend, recording, sources, this.#ids(backend, value));
    this.#conclude(shape, prepared, (whole) => {
      const { values } = this.#forward(backend, whole, call);
      return values.every((t, i) => near(value[i]!, t));
    });
    return value;
  }

  /** As {@link TfGraph.run}, inside of what is asked for gradients to the weights. @param output [N, D]. */
  runForGradients(images: Images, weights: Weights, output: string): Tensor {
    const backend = this.#backend;
    const eager = (): Tensor => this.#graph.run(images, weights, output);
    if (backend === undefined) return eager();
    const shape = this.#shape(`gradients ${output}`, images);
    const { dims } = shape;
    if (shape.prepared === undefined && dims !== undefined && this.#wanted(shape))
      this.#tf.tidy(() => this.#prepareGradients(backend, shape, dims, { images, weights }, eager));
    if (shape.prepared !== undefined) return this.#withGradients(backend, shape.prepared, { images, weights });
    const value = eager();
    shape.dims = value.shape;
    return value;
  }

  /** Gives back what forward passes kept for gradients that nobody asked for. */
  settle(): void {
    for (const id of this.#kept) this.#backend!.binding.deleteTensor(id);
    this.#kept.clear();
  }

  dispose(): void {
    this.settle();
    for (const { prepared } of this.#shapes.values()) close(prepared);
    this.#shapes.clear();
    this.#graph.dispose();
  }

  #shape(of: string, images: Images): Shape {
    const key = `${of} ${Object.entries(images)
      .map(([name, t]) => `${name}:${t.shape.join()}`)
      .join(' ')}`;
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      if (this.#shapes.size >= MOST_SHAPES)
        for (const [other, { prepared }] of this.#shapes) if (prepared === undefined) this.#shapes.delete(other);
      this.#shapes.set(key, (shape = { seen: 0 }));
    }
    shape.seen += 1;
    return shape;
  }

  /** Whether it comes often enough; the one that comes least goes for it where there are many. */
  #wanted(shape: Shape): boolean {
    if (shape.refused === true || shape.seen <= PREPARED_AFTER) return false;
    const others = [...this.#shapes.values()].filter((s) => s.prepared !== undefined);
    if (others.length < MOST_PREPARED) return true;
    const least = others.reduce((a, b) => (b.seen < a.seen ? b : a));
    // Twice as often, so that two that come by turns do not drive each other out.
    if (shape.seen < 2 * least.seen) return false;
    close(least.prepared);
    delete least.prepared;
    return true;
  }

  /** @param agrees whether it gives what its operators gave one by one. */
  #conclude(shape: Shape, prepared: Prepared | undefined, agrees: (prepared: Prepared) => boolean): void {
    if (prepared !== undefined && this.#tf.tidy(() => succeeds(() => agrees(prepared)))) shape.prepared = prepared;
    else {
      close(prepared);
      shape.refused = true;
    }
  }

  #record<T>(backend: Backend, run: () => T): { readonly value: T; readonly recording: Recording } {
    // So that sizes are made on the way, where their values are seen.
    NativeOperators.of(this.#tf)?.forget();
    return recorded(backend, run);
  }

  #ids(backend: Backend, tensors: readonly Tensor[]): number[] {
    return backend.getInputTensorIds(tensors);
  }

  #sources(backend: Backend, call: Call): Sources {
    const { TF_FLOAT: dtype } = backend.binding;
    const sources = new Map<number, { made: Made; give: Giver }>();
    const add = (tensor: Tensor, give: Giver): void => {
      const [id] = this.#ids(backend, [tensor]) as [number];
      sources.set(id, { made: { id, shape: [...tensor.shape], dtype }, give });
    };
    for (const t of this.#graph.constants.values()) add(t, () => t);
    for (const [name, t] of call.weights) add(t, ({ weights }) => weights.get(name)!);
    for (const [name, t] of Object.entries(call.images)) add(t, ({ images }) => images[name]!);
    if (call.gradient !== undefined) add(call.gradient, ({ gradient }) => gradient!);
    return sources;
  }

  #run(backend: Backend, { call, inputs }: Part, given: Call, kept: readonly number[]): Made[] {
    const ids = inputs.map((from) => (typeof from === 'number' ? kept[from]! : this.#ids(backend, [from(given)])[0]!));
    return call.run(ids);
  }

  #forward(backend: Backend, prepared: Prepared, call: Call): { readonly values: Tensor[]; readonly kept: number[] } {
    const made = this.#run(backend, prepared.forward, call, []);
    const kept = made.slice(prepared.outputs).map((m) => m.id);
    for (const id of kept) this.#kept.add(id);
    return { values: made.slice(0, prepared.outputs).map((m) => backend.createOutputTensor(m)), kept };
  }

  /** Gradients to the weights, in their order. What the forward pass kept is given back. */
  #back(backend: Backend, prepared: Prepared, call: Call, kept: readonly number[]): Tensor[] {
    const made = this.#run(backend, prepared.back!, call, kept);
    for (const id of kept) {
      backend.binding.deleteTensor(id);
      this.#kept.delete(id);
    }
    return made.map((m) => backend.createOutputTensor(m));
  }

  #withGradients(backend: Backend, prepared: Prepared, call: Call): Tensor {
    const whole = this.#tf.customGrad(() => {
      const { values, kept } = this.#forward(backend, prepared, call);
      return {
        value: values[0]!,
        gradFunc: (gradient: Tensor) => this.#back(backend, prepared, { ...call, gradient }, kept),
      };
    });
    return whole(...call.weights.values());
  }

  /** Both passes once operator by operator, for some gradient of the output. */
  #prepareGradients(backend: Backend, shape: Shape, dims: readonly number[], call: Call, eager: () => Tensor): void {
    const tf = this.#tf;
    const size = dims.reduce((a, b) => a * b, 1);
    const gradient = tf.tensor(
      Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
      [...dims],
    );
    const given = { ...call, gradient };
    const sources = this.#sources(backend, given);
    const variables = [...call.weights.values()];
    const { value, recording } = this.#record(backend, () => {
      let output: Tensor | undefined;
      const { grads } = tf.variableGrads(() => {
        output = tf.keep(eager());
        return tf.sum(tf.mul(output, gradient));
      }, variables);
      return [output!, ...variables.map((v) => grads[v.name]!)];
    });
    const [output, ...gradients] = value as [Tensor, ...Tensor[]];
    const prepared = preparedOf(
      backend,
      recording,
      sources,
      this.#ids(backend, [output]),
      this.#ids(backend, gradients),
    );
    this.#conclude(shape, prepared, (whole) => {
      const { values, kept } = this.#forward(backend, whole, given);
      const own = this.#back(backend, whole, given, kept);
      return near(output, values[0]!) && gradients.every((g, i) => near(g, own[i]!));
    });
    output.dispose();
  }
}

function close(prepared: Prepared | undefined): void {
  prepared?.forward.call.close();
  prepared?.back?.call.close();
}

/** What TensorFlow does not run as a function goes on operator by operator. */
function succeeds(run: () => boolean): boolean {
  try {
    return run();
  } catch {
    return false;
  }
}

function near(expected: Tensor, found: Tensor): boolean {
  const [a, b] = [expected.dataSync(), found.dataSync()];
  let most = 0;
  let off = 0;
  for (let i = 0; i < a.length; i += 1) {
    most = Math.max(most, Math.abs(a[i]!));
    off = Math.max(off, Math.abs(a[i]! - b[i]!));
  }
  // Neither is true of what is no number.
  return a.length === b.length && off <= TOLERANCE * most;
}

/** @returns undefined where something in it cannot be part of a function. */
function preparedOf(
  backend: Backend,
  recording: Recording,
  sources: Sources,
  outputs: readonly number[],
  gradients?: readonly number[],
): Prepared | undefined {
  if (recording.read) return undefined;
  const forward = ancestors(recording, outputs, new Set());
  const back = gradients === undefined ? [] : ancestors(recording, gradients, new Set(forward));
  const made = new Map([...sources].map(([id, source]) => [id, source.made]));
  for (const { outputs: all } of recording.operators) for (const m of all) made.set(m.id, m);
  const kept = gradients === undefined ? [] : outside(recording, back, gradients).filter((id) => !sources.has(id));
  const whole = (part: readonly number[], results: readonly number[], earlier: readonly number[]): Part | undefined => {
    const given = outside(recording, part, results);
    // What is of nowhere was made before, and nobody said what it is.
    if (![...given, ...results].every((id) => made.has(id))) return undefined;
    const call = TfFunction.of(backend, {
      given: given.map((id) => made.get(id)!),
      operators: part.map((i) => recording.operators[i]!),
      constants: recording.constants,
      results: results.map((id) => made.get(id)!),
    });
    if (call === undefined) return undefined;
    return { call, inputs: given.map((id) => sources.get(id)?.give ?? earlier.indexOf(id)) };
  };
  const first = whole(forward, [...outputs, ...kept], []);
  if (first === undefined) return undefined;
  if (gradients === undefined) return { forward: first, outputs: outputs.length };
  const second = whole(back, gradients, kept);
  if (second === undefined) {
    first.call.close();
    return undefined;
  }
  return { forward: first, outputs: outputs.length, back: second };
}

/** Operators that results are computed by, in their order, but for those of another part. */
function ancestors({ operators }: Recording, results: readonly number[], but: ReadonlySet<number>): number[] {
  const wanted = new Set(results);
  const found: number[] = [];
  for (let i = operators.length - 1; i >= 0; i -= 1) {
    const { inputs, outputs } = operators[i]!;
    if (but.has(i) || !outputs.some((m) => wanted.has(m.id))) continue;
    found.push(i);
    for (const id of inputs) wanted.add(id);
  }
  return found.reverse();
}

/** Tensors that a part takes and does not compute, each once, without constants. */
function outside({ operators, constants }: Recording, part: readonly number[], results: readonly number[]): number[] {
  const own = new Set(part.flatMap((i) => operators[i]!.outputs.map((m) => m.id)));
  const taken = new Set([...part.flatMap((i) => operators[i]!.inputs), ...results]);
  return [...taken].filter((id) => !own.has(id) && !constants.has(id));
}
