import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from './tf-runtime.ts';

/** An attribute of an operator, as TensorFlow's binding takes it. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

type Kind =
  | 'TF_ATTR_TYPE'
  | 'TF_ATTR_STRING'
  | 'TF_ATTR_INT'
  | 'TF_ATTR_FLOAT'
  | 'TF_ATTR_BOOL'
  | 'TF_ATTR_SHAPE'
  | 'TF_FLOAT'
  | 'TF_INT32'
  | 'TF_BOOL';

/** A tensor of TensorFlow's, as the binding describes it. */
export interface Made {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export type Values = Float32Array | Int32Array | Uint8Array;

interface Calls {
  createTensor(shape: readonly number[], dtype: number, values: Values): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Values;
  executeOp(op: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Made[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  /** Names of inputs and outputs are joined by commas. */
  runSavedModel(model: number, inputs: readonly number[], names: string, outputs: string): Made[];
}

/** TensorFlow's library as its package for Node binds it. Values of tensors are given once and not again. */
export type Binding = Readonly<Record<Kind, number>> & Calls;

/** TensorFlow's own back end of TensorFlow.js, which runs an operator by its name. */
export interface Backend {
  binding: Binding;
  readonly isUsingGpuDevice?: boolean;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(made: Made): Tensor;
}

/** Undefined where TensorFlow.js computes by other means. */
export function nativeBackend(tf: Tf): Backend | undefined {
  if (tf.getBackend() !== 'tensorflow') return undefined;
  const backend = tf.backend() as unknown as Partial<Backend>;
  if (backend.binding?.TF_ATTR_TYPE === undefined || backend.createOutputTensor === undefined) return undefined;
  return backend as Backend;
}

/** Runs something with other calls in place of the binding's. */
export function withCalls<T>(backend: Backend, instead: (own: Binding) => Partial<Calls>, run: () => T): T {
  const own = backend.binding;
  const names = Object.getOwnPropertyNames(own) as (keyof Binding)[];
  const bound = Object.fromEntries(
    names.map((name) => {
      const value: unknown = own[name];
      return [name, typeof value === 'function' ? (value.bind(own) as unknown) : value];
    }),
  );
  backend.binding = { ...bound, ...instead(own) } as Binding;
  try {
    return run();
  } finally {
    backend.binding = own;
  }
}
