import { float, floatOf, floatTensor } from '../../network/onnx/graph.ts';
import { asFloat, fitTo } from './broadcast.ts';
import type { GradientContext, GradientRule } from './rule.ts';

/** Sums `g`, shaped like the node's output, down to the shape of input `i`. */
function fit(c: GradientContext, g: string, i: number): string {
  return fitTo(c, g, c.node.inputs[i]!, c.dims(c.node.outputs[0]!));
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
  const [a, exponent] = c.node.inputs as [string, string];
  const y = c.node.outputs[0]!;
  const fixed = c.graph.initializers.get(exponent);
  // Files hold whole exponents as integers, too.
  const b =
    fixed === undefined || fixed.data instanceof Float32Array
      ? exponent
      : c.builder.constant(floatTensor(fixed.dims, Float32Array.from(fixed.data, Number)));
  const square = fixed?.data.length === 1 && Number(fixed.data[0]) === 2 && !c.needs(1);
  const below = (): string => (square ? a : c.builder.op('Pow', [a, c.builder.op('Sub', [b, c.builder.scalar(1)])]));
  return [
    c.needs(0) ? fit(c, product(c, c.dy, product(c, below(), b)), 0) : undefined,
    c.needs(1) ? fit(c, product(c, c.dy, product(c, y, c.builder.op('Log', [a]))), 1) : undefined,
  ];
};
/** The largest or smallest of several: those that reach it share the gradient. */
export const extreme: GradientRule = (c) => {
  const b = c.builder;
  const reach = c.node.inputs.map((x) => asFloat(c, b.op('Equal', [x, c.node.outputs[0]!])));
  const share = reach.length === 1 ? c.dy : b.op('Div', [c.dy, b.op('Sum', reach)]);
  return c.node.inputs.map((_, i) => (c.needs(i) ? fit(c, product(c, share, reach[i]!), i) : undefined));
};
export const mean: GradientRule = (c) => {
  const share = product(c, c.dy, c.builder.scalar(1 / c.node.inputs.length));
  return c.node.inputs.map((_, i) => (c.needs(i) ? fit(c, share, i) : undefined));
};
/** One of two, place by place. */
export const where: GradientRule = (c) => {
  const [condition] = c.node.inputs as [string];
  const zero = c.builder.scalar(0);
  return [
    undefined,
    c.needs(1) ? fit(c, c.builder.op('Where', [condition, c.dy, zero]), 1) : undefined,
    c.needs(2) ? fit(c, c.builder.op('Where', [condition, zero, c.dy]), 2) : undefined,
  ];
};
export const expand: GradientRule = (c) => [fit(c, c.dy, 0)];
/** Between kinds of floats. */
export const cast: GradientRule = (c) => [c.builder.op('CastLike', [c.dy, c.node.inputs[0]!])];
/** The same, to the kind of another value, of which it takes nothing else. */
export const castLike: GradientRule = (c) => [c.builder.op('CastLike', [c.dy, c.node.inputs[0]!]), undefined];
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
/** As {@link relu} where every operator is a launch: two and not three. */
export const reluByChoice: GradientRule = (c) => {
  const positive = c.builder.op('Greater', [c.node.outputs[0]!, c.builder.scalar(0)]);
  return [c.builder.op('Where', [positive, c.dy, c.builder.scalar(0)])];
};
/** Gradient passes strictly inside the limits; a limit left out is no limit. Asks the output, so that the input need not be kept. */
export const clip: GradientRule = (c) => {
  const inside = insideOf(c);
  return [inside === undefined ? c.dy : product(c, c.dy, asFloat(c, inside))];
};
/** As {@link clip} where every operator is a launch. */
export const clipByChoice: GradientRule = (c) => {
  const inside = insideOf(c);
  return [inside === undefined ? c.dy : c.builder.op('Where', [inside, c.dy, c.builder.scalar(0)])];
};
/** Where a clipped value is inside its limits; undefined where it has none. */
function insideOf(c: GradientContext): string | undefined {
  const [, low, high] = c.node.inputs;
  const y = c.node.outputs[0]!;
  const inside: string[] = [];
  if (low !== undefined && low !== '') inside.push(c.builder.op('Greater', [y, low]));
  if (high !== undefined && high !== '') inside.push(c.builder.op('Less', [y, high]));
  return inside.length > 1 ? c.builder.op('And', inside) : inside[0];
}
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
