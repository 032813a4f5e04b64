import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from './tf-runtime.ts';

/** An attribute of an operator, as TensorFlow's binding takes it. */
interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

type Kind = 'TF_ATTR_TYPE' | 'TF_ATTR_STRING' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL' | 'TF_FLOAT' | 'TF_INT32';

/** A tensor of TensorFlow's, as the binding describes it. */
interface Made {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

interface Binding {
  createTensor(shape: readonly number[], dtype: number, values: Int32Array): number;
  deleteTensor(id: number): void;
  executeOp(op: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Made[];
}

/** TensorFlow's own back end of TensorFlow.js, which runs an operator by its name. */
interface Backend {
  readonly binding: Readonly<Record<Kind, number>> & Binding;
  readonly isUsingGpuDevice?: boolean;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(made: Made): Tensor;
}

/** Whole numbers that an operator takes as a tensor. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly numbers: readonly number[];
}

export type Input = Tensor | Numbers;

/** Sizes that are kept, some hundred bytes each: a network asks for a few hundred a size of its photos. */
const MOST_SIZES = 8192;

export type Attributes = Readonly<Record<string, boolean | string | readonly number[]>>;

const ofBackend = new WeakMap<object, NativeOperators>();

/**
 * TensorFlow's operators by their own names and attributes (api_docs, tf.raw_ops), beside those that TensorFlow.js makes of them. What
 * they return is tracked as any tensor of TensorFlow.js.
 */
export class NativeOperators {
  /** The processor's kernels are meant: those of a GPU are others. */
  readonly onGpu: boolean;
  readonly #backend: Backend;
  readonly #types: { readonly T: Attribute; readonly index: (name: string) => Attribute };
  /** Sizes, axes and paddings as tensors of TensorFlow's, by their numbers: steps ask for the same ones over and over. */
  readonly #sizes = new Map<string, number>();

  private constructor(backend: Backend) {
    this.#backend = backend;
    this.onGpu = backend.isUsingGpuDevice === true;
    const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = backend.binding;
    this.#types = {
      T: { name: 'T', type, value: TF_FLOAT },
      index: (name) => ({ name, type, value: TF_INT32 }),
    };
  }

  /** Undefined where TensorFlow.js computes by other means. */
  static of(tf: Tf): NativeOperators | undefined {
    if (tf.getBackend() !== 'tensorflow') return undefined;
    const backend = tf.backend() as unknown as Partial<Backend>;
    if (backend.binding?.TF_ATTR_TYPE === undefined || backend.createOutputTensor === undefined) return undefined;
    let made = ofBackend.get(backend);
    if (made === undefined) ofBackend.set(backend, (made = new NativeOperators(backend as Backend)));
    return made;
  }

  /**
   * An operator of floats with one output.
   * @param inputs tensors, and sizes, axes or paddings as numbers.
   * @param attributes besides `T`. Numbers are integers.
   * @param index the attribute that names the type of sizes or axes among the inputs, where the operator has one.
   */
  run(op: string, inputs: readonly Input[], attributes: Attributes = {}, index?: string): Tensor {
    const { TF_ATTR_BOOL, TF_ATTR_STRING, TF_ATTR_INT } = this.#backend.binding;
    const said = Object.entries(attributes).map(([name, value]): Attribute => {
      if (typeof value === 'boolean') return { name, type: TF_ATTR_BOOL, value };
      return { name, type: typeof value === 'string' ? TF_ATTR_STRING : TF_ATTR_INT, value };
    });
    const types = index === undefined ? [this.#types.T] : [this.#types.T, this.#types.index(index)];
    const backend = this.#backend;
    // Before any is taken, so that none goes that this operator is given.
    if (this.#sizes.size + inputs.length > MOST_SIZES) this.#forget();
    const ids = inputs.map((i) => ('numbers' in i ? this.#constant(i) : backend.getInputTensorIds([i])[0]!));
    return backend.createOutputTensor(backend.binding.executeOp(op, [...types, ...said], ids, 1)[0]!);
  }

  /**
   * The same numbers in another shape, without what TensorFlow.js does around each of its operators: a step has hundreds of these.
   * No gradient goes through it.
   */
  reshaped(x: Tensor, shape: readonly number[]): Tensor {
    return this.run('Reshape', [x, { dims: [shape.length], numbers: shape }], {}, 'Tshape');
  }

  /** Axes in another order. No gradient goes through it. */
  transposed(x: Tensor, order: readonly number[]): Tensor {
    return this.run('Transpose', [x, { dims: [order.length], numbers: order }], {}, 'Tperm');
  }

  /** Photos of many sizes ask for many: when there are too many all are made anew. */
  #forget(): void {
    for (const id of this.#sizes.values()) this.#backend.binding.deleteTensor(id);
    this.#sizes.clear();
  }

  #constant({ dims, numbers }: Numbers): number {
    const key = `${dims.join()}:${numbers.join()}`;
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const { binding } = this.#backend;
    const made = binding.createTensor(dims, binding.TF_INT32, Int32Array.from(numbers));
    this.#sizes.set(key, made);
    return made;
  }
}
