import type { Tensor } from '@tensorflow/tfjs';
import { nativeBackend, type Attribute, type Backend } from './binding.ts';
import type { Tf } from './tf-runtime.ts';

/** Numbers that an operator takes as a tensor: whole ones, if nothing else is said. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly numbers: readonly number[];
  readonly floats?: true;
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
    const backend = nativeBackend(tf);
    if (backend === undefined) return undefined;
    let made = ofBackend.get(backend);
    if (made === undefined) ofBackend.set(backend, (made = new NativeOperators(backend)));
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
    if (this.#sizes.size + inputs.length > MOST_SIZES) this.forget();
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

  /** Sizes, axes and paddings are made anew. Photos of many sizes ask for many. */
  forget(): void {
    for (const id of this.#sizes.values()) this.#backend.binding.deleteTensor(id);
    this.#sizes.clear();
  }

  #constant({ dims, numbers, floats }: Numbers): number {
    const key = `${floats === true ? 'floats ' : ''}${dims.join()}:${numbers.join()}`;
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const { binding } = this.#backend;
    const made =
      floats === true
        ? binding.createTensor(dims, binding.TF_FLOAT, Float32Array.from(numbers))
        : binding.createTensor(dims, binding.TF_INT32, Int32Array.from(numbers));
    this.#sizes.set(key, made);
    return made;
  }
}
