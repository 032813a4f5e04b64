import type { Tensor } from '@tensorflow/tfjs';
import type { Graph } from '../onnx/graph.ts';
import { NativeOperators } from './native.ts';
import type { Tf } from './tf-runtime.ts';

export type Rectifier = 'Relu' | 'Relu6';

/** max(x, 0), or min(max(x, 0), 6). TensorFlow has one operator for each and one for its gradient; TensorFlow.js builds them of two and eight. */
export function rectified(tf: Tf, x: Tensor, six: boolean): Tensor {
  const forward = (v: Tensor): Tensor => (six ? tf.minimum(tf.relu(v), 6) : tf.relu(v));
  const native = x.dtype === 'float32' ? NativeOperators.of(tf) : undefined;
  if (native === undefined) return forward(x);
  const op = six ? 'Relu6' : 'Relu';
  const made = tf.customGrad((v, save) => {
    const value = native.run(op, [v as Tensor]);
    (save as (kept: Tensor[]) => void)([value]);
    return { value, gradFunc: (dy: Tensor, kept: Tensor[]) => native.run(`${op}Grad`, [dy, kept[0]!]) };
  });
  return made(x);
}

/** Rectifiers that alone take what a convolution makes, by its output. */
export function rectifiersOf(graph: Graph): Map<string, { readonly kind: Rectifier; readonly output: string }> {
  const made = new Set(graph.nodes.filter((n) => n.op === 'Conv').map((n) => n.outputs[0]!));
  const uses = new Map<string, number>();
  for (const n of graph.nodes) for (const i of n.inputs) uses.set(i, (uses.get(i) ?? 0) + 1);
  const limit = (name: string | undefined): number | undefined =>
    name === undefined || name === '' ? undefined : Number(graph.initializers.get(name)?.data[0]);
  const found = new Map<string, { kind: Rectifier; output: string }>();
  for (const { op, inputs, outputs } of graph.nodes) {
    const [x, low, high] = inputs;
    if (x === undefined || !made.has(x) || uses.get(x) !== 1) continue;
    const six = op === 'Clip' && limit(low) === 0 && limit(high) === 6;
    if (six || op === 'Relu') found.set(x, { kind: six ? 'Relu6' : 'Relu', output: outputs[0]! });
  }
  return found;
}
