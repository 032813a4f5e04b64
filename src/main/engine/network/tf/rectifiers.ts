import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from './tf-runtime.ts';

/** TensorFlow's own back end, which runs an operator by its name. */
interface Native {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(op: string, attributes: readonly object[], inputs: readonly Tensor[]): Tensor;
}

function nativeOf(tf: Tf): Native | undefined {
  if (tf.getBackend() !== 'tensorflow') return undefined;
  const backend = tf.backend() as unknown as Partial<Native>;
  return backend.binding?.TF_ATTR_TYPE !== undefined && backend.executeSingleOutput !== undefined
    ? (backend as Native)
    : undefined;
}

/** max(x, 0), or min(max(x, 0), 6). TensorFlow has one operator for each and one for its gradient; TensorFlow.js builds them of two and eight. */
export function rectified(tf: Tf, x: Tensor, six: boolean): Tensor {
  const forward = (v: Tensor): Tensor => (six ? tf.minimum(tf.relu(v), 6) : tf.relu(v));
  const native = x.dtype === 'float32' ? nativeOf(tf) : undefined;
  if (native === undefined) return forward(x);
  const type = [{ name: 'T', type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT }];
  const made = tf.customGrad((v, save) => {
    const value = native.executeSingleOutput(six ? 'Relu6' : 'Relu', type, [v as Tensor]);
    (save as (kept: Tensor[]) => void)([value]);
    return {
      value,
      gradFunc: (dy: Tensor, kept: Tensor[]) =>
        native.executeSingleOutput(six ? 'Relu6Grad' : 'ReluGrad', type, [dy, kept[0]!]),
    };
  });
  return made(x);
}
