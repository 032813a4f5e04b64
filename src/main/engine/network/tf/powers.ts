import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from './tf-runtime.ts';

/**
 * x to the power of one number, both with a gradient.
 * @param x above zero everywhere: its gradient is p y / x, which takes no second power as TensorFlow.js' own does.
 */
export function raised(tf: Tf, x: Tensor, p: Tensor): Tensor {
  const raise = tf.customGrad((base, exponent, save) => {
    const value = tf.pow(base as Tensor, exponent as Tensor);
    (save as (kept: Tensor[]) => void)([base as Tensor, exponent as Tensor, value]);
    return {
      value,
      gradFunc: (dy: Tensor, kept: Tensor[]) => {
        const [b, e, y] = kept as [Tensor, Tensor, Tensor];
        const part = tf.mul(dy, y);
        const toExponent = tf.sum(tf.mul(part, tf.log(b)));
        return [tf.mul(tf.div(part, b), e), tf.reshape(toExponent, e.shape)];
      },
    };
  });
  return raise(x, p);
}
