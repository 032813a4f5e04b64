import { float, floatOf, int } from '../../network/onnx/graph.ts';
import { broadcast } from '../../network/onnx/shapes.ts';
import type { GradientContext, GradientRule } from './rule.ts';

const FLOAT_TYPE = 1;

/** Sums `g`, shaped like the node's output, down to the shape of input `i`, undoing broadcasting. */
function fit(c: GradientContext, g: string, i: number): string {
  const name = c.node.inputs[i]!;
  const dims = c.dims(name);
  const out = c.node.inputs.map((n) => c.dims(n)).reduce((a, b) => broadcast(a, b));
  const lead = out.length - dims.length;
  const summed = dims.flatMap((d, k) => (d === 1 && out[k + lead] !== 1 ? [k + lead] : []));
  let result = summed.length > 0 ? c.builder.reduceSum(g, summed, true) : g;
  if (lead > 0)
    result = c.builder.reduceSum(
      result,
      Array.from({ length: lead }, (_, k) => k),
      false,
    );
  return result;
}

/** 1.0 where the boolean value holds, else 0.0. */
function asFloat(c: GradientContext, condition: string): string {
  return c.builder.op('Cast', [condition], { to: int(FLOAT_TYPE) });
}

const product = (c: GradientContext, a: string, b: string): string => c.builder.op('Mul', [a, b]);

export const identity: GradientRule = (c) => [c.dy];
export const add: GradientRule = (c) => [
  c.needs(0) ? fit(c, c.dy, 0) : undefined,
  c.needs(1) ? fit(c, c.dy, 1) : undefined,
];
export const sum: GradientRule = (c) => c.node.inputs.map((_, i) => (c.needs(i) ? fit(c, c.dy, i) : undefined));
export const sub: GradientRule = (c) => [
  c.needs(0) ? fit(c, c.dy, 0) : undefined,
  c.needs(1) ? fit(c, c.builder.op('Neg', [c.dy]), 1) : undefined,
];
export const mul: GradientRule = (c) => [
  c.needs(0) ? fit(c, product(c, c.dy, c.node.inputs[1]!), 0) : undefined,
  c.needs(1) ? fit(c, product(c, c.dy, c.node.inputs[0]!), 1) : undefined,
];
export const div: GradientRule = (c) => {
  const [a, b] = c.node.inputs as [string, string];
  const da = c.builder.op('Div', [c.dy, b]);
  return [
    c.needs(0) ? fit(c, da, 0) : undefined,
    c.needs(1) ? fit(c, c.builder.op('Neg', [c.builder.op('Div', [product(c, da, a), b])]), 1) : undefined,
  ];
};
/** y = a^b: da = dy b a^(b-1), db = dy y log a, as GeM needs it for its exponent (methods.md 1.5). */
export const pow: GradientRule = (c) => {
  const [a, b] = c.node.inputs as [string, string];
  const y = c.node.outputs[0]!;
  const below = (): string => c.builder.op('Pow', [a, c.builder.op('Sub', [b, c.builder.scalar(1)])]);
  return [
    c.needs(0) ? fit(c, product(c, c.dy, product(c, below(), b)), 0) : undefined,
    c.needs(1) ? fit(c, product(c, c.dy, product(c, y, c.builder.op('Log', [a]))), 1) : undefined,
  ];
};
export const neg: GradientRule = (c) => [c.builder.op('Neg', [c.dy])];
export const exp: GradientRule = (c) => [product(c, c.dy, c.node.outputs[0]!)];
export const log: GradientRule = (c) => [c.builder.op('Div', [c.dy, c.node.inputs[0]!])];
export const sqrt: GradientRule = (c) => [
  c.builder.op('Div', [c.dy, product(c, c.builder.scalar(2), c.node.outputs[0]!)]),
];
export const relu: GradientRule = (c) => [
  product(c, c.dy, asFloat(c, c.builder.op('Greater', [c.node.outputs[0]!, c.builder.scalar(0)]))),
];
/** So steep that every output above 1e-30 becomes 1. */
const STEEP = 2 ** 100;
/** As {@link relu} where one pass over memory is dearer than arithmetic: no booleans between. */
export const reluByStep: GradientRule = (c) => [
  product(c, c.dy, c.builder.op('HardSigmoid', [c.node.outputs[0]!], { alpha: float(STEEP), beta: float(0) })),
];
export const leakyRelu: GradientRule = (c) => {
  const alpha = floatOf(c.node, 'alpha', 0.01);
  const positive = c.builder.op('Greater', [c.node.inputs[0]!, c.builder.scalar(0)]);
  return [product(c, c.dy, c.builder.op('Where', [positive, c.builder.scalar(1), c.builder.scalar(alpha)]))];
};
/** Gradient passes strictly inside the limits; a limit left out is no limit. Asks the output, so that the input need not be kept. */
export const clip: GradientRule = (c) => {
  const [, low, high] = c.node.inputs;
  const y = c.node.outputs[0]!;
  const inside: string[] = [];
  if (low !== undefined && low !== '') inside.push(c.builder.op('Greater', [y, low]));
  if (high !== undefined && high !== '') inside.push(c.builder.op('Less', [y, high]));
  if (inside.length === 0) return [c.dy];
  return [product(c, c.dy, asFloat(c, inside.length === 1 ? inside[0]! : c.builder.op('And', inside)))];
};
export const sigmoid: GradientRule = (c) => {
  const y = c.node.outputs[0]!;
  return [product(c, c.dy, product(c, y, c.builder.op('Sub', [c.builder.scalar(1), y])))];
};
export const tanh: GradientRule = (c) => {
  const y = c.node.outputs[0]!;
  return [product(c, c.dy, c.builder.op('Sub', [c.builder.scalar(1), product(c, y, y)]))];
};
/** y = max(0, min(1, alpha x + beta)). */
export const hardSigmoid: GradientRule = (c) => {
  const y = c.node.outputs[0]!;
  const inside = c.builder.op('And', [
    c.builder.op('Greater', [y, c.builder.scalar(0)]),
    c.builder.op('Less', [y, c.builder.scalar(1)]),
  ]);
  return [product(c, c.dy, product(c, asFloat(c, inside), c.builder.scalar(floatOf(c.node, 'alpha', 0.2))))];
};
/** y = x max(0, min(1, x/6 + 1/2)): slope 0 below -3, 1 above 3, x/3 + 1/2 between. */
export const hardSwish: GradientRule = (c) => {
  const x = c.node.inputs[0]!;
  const b = c.builder;
  const slope = b.op('Add', [product(c, x, b.scalar(1 / 3)), b.scalar(0.5)]);
  const below = b.op('Where', [b.op('Less', [x, b.scalar(-3)]), b.scalar(0), slope]);
  return [product(c, c.dy, b.op('Where', [b.op('Greater', [x, b.scalar(3)]), b.scalar(1), below]))];
};
