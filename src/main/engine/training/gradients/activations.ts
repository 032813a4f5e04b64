/** Gradients of activations and of functions of one number that newer networks use. */
import { floatOf, stringOf } from '../../network/onnx/graph.ts';
import { asFloat, fitTo } from './broadcast.ts';
import type { GradientContext, GradientRule } from './rule.ts';

const product = (c: GradientContext, a: string, b: string): string => c.builder.op('Mul', [a, b]);
const times = (c: GradientContext, a: string, by: number): string => product(c, a, c.builder.scalar(by));
const plus = (c: GradientContext, a: string, by: number): string => c.builder.op('Add', [a, c.builder.scalar(by)]);
const oneMinus = (c: GradientContext, a: string): string => c.builder.op('Sub', [c.builder.scalar(1), a]);

export const abs: GradientRule = (c) => [product(c, c.dy, c.builder.op('Sign', [c.node.inputs[0]!]))];
/** y = 1/x: dx = -dy y². */
export const reciprocal: GradientRule = (c) => {
  const y = c.node.outputs[0]!;
  return [c.builder.op('Neg', [product(c, c.dy, product(c, y, y))])];
};
export const sin: GradientRule = (c) => [product(c, c.dy, c.builder.op('Cos', [c.node.inputs[0]!]))];
export const cos: GradientRule = (c) => [
  c.builder.op('Neg', [product(c, c.dy, c.builder.op('Sin', [c.node.inputs[0]!]))]),
];
/** 2/√π e^(-x²). */
export const erf: GradientRule = (c) => {
  const x = c.node.inputs[0]!;
  const bell = c.builder.op('Exp', [c.builder.op('Neg', [product(c, x, x)])]);
  return [product(c, c.dy, times(c, bell, 2 / Math.sqrt(Math.PI)))];
};

/** y = x Φ(x): Φ(x) + x φ(x); by the approximation with tanh where the node says so. */
export const gelu: GradientRule = (c) => {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const square = product(c, x, x);
  if (stringOf(c.node, 'approximate', 'none') === 'tanh') {
    const k = Math.sqrt(2 / Math.PI);
    const inner = product(c, x, plus(c, times(c, square, 0.044715 * k), k));
    const t = b.op('Tanh', [inner]);
    const slope = plus(c, times(c, square, 3 * 0.044715 * k), k);
    const bend = product(c, product(c, x, slope), oneMinus(c, product(c, t, t)));
    return [product(c, c.dy, times(c, plus(c, b.op('Add', [t, bend]), 1), 0.5))];
  }
  const share = times(c, plus(c, b.op('Erf', [times(c, x, Math.SQRT1_2)]), 1), 0.5);
  const density = times(c, b.op('Exp', [times(c, square, -0.5)]), 1 / Math.sqrt(2 * Math.PI));
  return [product(c, c.dy, b.op('Add', [share, product(c, x, density)]))];
};

const sigmoidOf = (c: GradientContext, x: string): string => c.builder.op('Sigmoid', [x]);

export const softplus: GradientRule = (c) => [product(c, c.dy, sigmoidOf(c, c.node.inputs[0]!))];
/** y = x s with s = σ(αx): s + αx s(1 - s). */
export const swish: GradientRule = (c) => {
  const x = c.node.inputs[0]!;
  const alpha = floatOf(c.node, 'alpha', 1);
  const s = sigmoidOf(c, alpha === 1 ? x : times(c, x, alpha));
  const bend = product(c, times(c, x, alpha), product(c, s, oneMinus(c, s)));
  return [product(c, c.dy, c.builder.op('Add', [s, bend]))];
};
/** y = x t with t = tanh(softplus(x)): t + x σ(x)(1 - t²). */
export const mish: GradientRule = (c) => {
  const x = c.node.inputs[0]!;
  const t = c.builder.op('Tanh', [c.builder.op('Softplus', [x])]);
  const bend = product(c, product(c, x, sigmoidOf(c, x)), oneMinus(c, product(c, t, t)));
  return [product(c, c.dy, c.builder.op('Add', [t, bend]))];
};
/** y = x above 0, α(e^x - 1) below: 1 and y + α. */
export const elu: GradientRule = (c) => {
  const b = c.builder;
  const positive = b.op('Greater', [c.node.inputs[0]!, b.scalar(0)]);
  const below = plus(c, c.node.outputs[0]!, floatOf(c.node, 'alpha', 1));
  return [product(c, c.dy, b.op('Where', [positive, b.scalar(1), below]))];
};
/** y = x above 0, slope·x below. */
export const prelu: GradientRule = (c) => {
  const b = c.builder;
  const [x, slope] = c.node.inputs as [string, string];
  const positive = b.op('Greater', [x, b.scalar(0)]);
  const out = c.dims(c.node.outputs[0]!);
  const dx = (): string => product(c, c.dy, b.op('Where', [positive, b.scalar(1), slope]));
  const ds = (): string => product(c, c.dy, product(c, x, asFloat(c, b.op('Not', [positive]))));
  return [c.needs(0) ? fitTo(c, dx(), x, out) : undefined, c.needs(1) ? fitTo(c, ds(), slope, out) : undefined];
};
