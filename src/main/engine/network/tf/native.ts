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
  executeSingleOutput(op: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
}

export type Attributes = Readonly<Record<string, boolean | string | readonly number[]>>;

/**
 * TensorFlow's operators by their own names and attributes (api_docs, tf.raw_ops), beside those that TensorFlow.js makes of them. What
 * they return is tracked as any tensor of TensorFlow.js.
 */
export class NativeOperators {
  /** The processor's kernels are meant: those of a GPU are others. */
  readonly onGpu: boolean;
  readonly #backend: Backend;
  readonly #types: { readonly T: Attribute; readonly index: (name: string) => Attribute };

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
    return backend.binding?.TF_ATTR_TYPE !== undefined && backend.executeSingleOutput !== undefined
      ? new NativeOperators(backend as Backend)
      : undefined;
  }

  /**
   * An operator of floats with one output.
   * @param attributes besides `T`. Numbers are integers.
   * @param index the attribute that names the type of sizes or axes among the inputs, where there are any.
   */
  run(op: string, inputs: readonly Tensor[], attributes: Attributes = {}, index?: string): Tensor {
    const { TF_ATTR_BOOL, TF_ATTR_STRING, TF_ATTR_INT } = this.#backend.binding;
    const said = Object.entries(attributes).map(([name, value]): Attribute => {
      if (typeof value === 'boolean') return { name, type: TF_ATTR_BOOL, value };
      return { name, type: typeof value === 'string' ? TF_ATTR_STRING : TF_ATTR_INT, value };
    });
    const types = index === undefined ? [this.#types.T] : [this.#types.T, this.#types.index(index)];
    return this.#backend.executeSingleOutput(op, [...types, ...said], inputs);
  }

  /**
   * The same numbers in another shape, without what TensorFlow.js does around each of its operators: a step has hundreds of these.
   * No gradient goes through it.
   */
  reshaped(x: Tensor, shape: readonly number[]): Tensor {
    const { binding } = this.#backend;
    const sizes = binding.createTensor([shape.length], binding.TF_INT32, Int32Array.from(shape));
    try {
      const attributes = [this.#types.T, this.#types.index('Tshape')];
      const inputs = [...this.#backend.getInputTensorIds([x]), sizes];
      return this.#backend.createOutputTensor(binding.executeOp('Reshape', attributes, inputs, 1)[0]!);
    } finally {
      binding.deleteTensor(sizes);
    }
  }
}
