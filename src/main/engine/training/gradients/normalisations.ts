/** Gradients of shares (softmax) and of what is normalised by its mean, spread or length. */
import { CovisError } from '../../../../shared/errors.ts';
import { floatOf, int, intOf, ints } from '../../network/onnx/graph.ts';
import { fitTo, meanOf } from './broadcast.ts';
import type { GradientContext, GradientRule } from './rule.ts';

const product = (c: GradientContext, a: string, b: string): string => c.builder.op('Mul', [a, b]);

function axisOf(c: GradientContext, fallback: number): number {
  const rank = c.dims(c.node.inputs[0]!).length;
  const axis = intOf(c.node, 'axis', fallback);
  return axis < 0 ? axis + rank : axis;
}

/** dx = y (dy - Σ dy y). */
export const softmax: GradientRule = (c) => {
  const y = c.node.outputs[0]!;
  const axis = axisOf(c, -1);
  const mean = c.builder.reduceSum(product(c, c.dy, y), [axis], true);
  return [product(c, y, c.builder.op('Sub', [c.dy, mean]))];
};

/** dx = dy - e^y Σ dy. */
export const logSoftmax: GradientRule = (c) => {
  const b = c.builder;
  const all = b.reduceSum(c.dy, [axisOf(c, -1)], true);
  return [b.op('Sub', [c.dy, product(c, b.op('Exp', [c.node.outputs[0]!]), all)])];
};

/** What is normalised to mean 0 and variance 1 along some axes, and the inverse of the deviation it had. */
function standard(c: GradientContext, x: string, axes: readonly number[]): { normal: string; inverse: string } {
  const b = c.builder;
  const centred = b.op('Sub', [x, meanOf(c, x, axes)]);
  const variance = meanOf(c, product(c, centred, centred), axes);
  const epsilon = b.scalar(floatOf(c.node, 'epsilon', 1e-5));
  const inverse = b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [variance, epsilon])])]);
  return { normal: product(c, centred, inverse), inverse };
}

/** dL/dx from that of the normalised values: what is left of it when its mean and its part along them are taken out. */
function throughStandard(
  c: GradientContext,
  g: string,
  { normal, inverse }: { normal: string; inverse: string },
  axes: readonly number[],
): string {
  const b = c.builder;
  const along = product(c, normal, meanOf(c, product(c, g, normal), axes));
  return product(c, inverse, b.op('Sub', [b.op('Sub', [g, meanOf(c, g, axes)]), along]));
}

const given = (c: GradientContext, i: number): string | undefined => {
  const name = c.node.inputs[i];
  return name === undefined || name === '' ? undefined : name;
};

/** y = scale · normal(x) + bias over the axes from `axis` on. */
export const layerNormalization: GradientRule = (c) => {
  const [x] = c.node.inputs as [string];
  const dims = c.dims(x);
  const from = axisOf(c, -1);
  const axes = dims.map((_, i) => i).slice(from);
  const [scale, bias] = [given(c, 1), given(c, 2)];
  const parts = c.needs(0) || c.needs(1) ? standard(c, x, axes) : undefined;
  const g = (): string => (scale === undefined ? c.dy : product(c, c.dy, scale));
  return [
    c.needs(0) ? throughStandard(c, g(), parts!, axes) : undefined,
    scale !== undefined && c.needs(1) ? fitTo(c, product(c, c.dy, parts!.normal), scale, dims) : undefined,
    bias !== undefined && c.needs(2) ? fitTo(c, c.dy, bias, dims) : undefined,
  ];
};

/** y = scale · x / √(mean x² + ε). */
export const rmsNormalization: GradientRule = (c) => {
  const b = c.builder;
  const [x] = c.node.inputs as [string];
  const dims = c.dims(x);
  const axes = dims.map((_, i) => i).slice(axisOf(c, -1));
  const scale = given(c, 1);
  const epsilon = b.scalar(floatOf(c.node, 'epsilon', 1e-5));
  const square = meanOf(c, product(c, x, x), axes);
  const inverse = b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [square, epsilon])])]);
  const normal = product(c, x, inverse);
  const dx = (): string => {
    const g = scale === undefined ? c.dy : product(c, c.dy, scale);
    const along = product(c, normal, meanOf(c, product(c, g, normal), axes));
    return product(c, inverse, b.op('Sub', [g, along]));
  };
  return [
    c.needs(0) ? dx() : undefined,
    scale !== undefined && c.needs(1) ? fitTo(c, product(c, c.dy, normal), scale, dims) : undefined,
  ];
};

/** Every channel of every image by itself: y = scale · normal(x) + bias over the places. */
export const instanceNormalization: GradientRule = (c) => {
  const b = c.builder;
  const [x, scale] = c.node.inputs as [string, string, string];
  const rank = c.dims(x).length;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const parts = standard(c, x, axes);
  const wide = b.reshape(scale, [-1, ...axes.map(() => 1)]);
  const others = [0, ...axes];
  return [
    c.needs(0) ? throughStandard(c, product(c, c.dy, wide), parts, axes) : undefined,
    c.needs(1) ? b.reduceSum(product(c, c.dy, parts.normal), others, false) : undefined,
    c.needs(2) ? b.reduceSum(c.dy, others, false) : undefined,
  ];
};

/** Channels in groups, of an image by itself; scale and bias of each channel (operator set 21) or of each group (before). */
export const groupNormalization: GradientRule = (c) => {
  const b = c.builder;
  const [x, scale] = c.node.inputs as [string, string, string];
  const dims = c.dims(x);
  const groups = intOf(c.node, 'num_groups', 1);
  const count = c.dims(scale)[0];
  if (typeof dims[1] !== 'number' || typeof count !== 'number')
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${c.node.name} (GroupNormalization) has an unknown number of channels`,
    );
  const shape = b.op('Shape', [x]);
  // [N, groups, channels of a group, places]
  const inGroups = (v: string): string =>
    b.reshape(b.reshape(v, [0, dims[1] as number, -1]), [0, groups, (dims[1] as number) / groups, -1]);
  const wide = b.reshape(scale, count === groups ? [groups, 1, 1] : [groups, dims[1] / groups, 1]);
  const [gx, gy] = [inGroups(x), inGroups(c.dy)];
  const parts = standard(c, gx, [2, 3]);
  const flat = (v: string): string => b.reshape(b.reduceSum(v, count === groups ? [0, 2, 3] : [0, 3], false), [-1]);
  return [
    c.needs(0) ? b.op('Reshape', [throughStandard(c, product(c, gy, wide), parts, [2, 3]), shape]) : undefined,
    c.needs(1) ? flat(product(c, gy, parts.normal)) : undefined,
    c.needs(2) ? flat(gy) : undefined,
  ];
};

/** Fixed means and variances, which stay as they are: y = (x - mean) scale / √(variance + ε) + bias. */
export const batchNormalization: GradientRule = (c) => {
  const b = c.builder;
  const [x, scale, , mean, variance] = c.node.inputs as [string, string, string, string, string];
  const rank = c.dims(x).length;
  const wide = (v: string): string => b.reshape(v, [-1, ...Array.from({ length: rank - 2 }, () => 1)]);
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);
  const deviation = b.op('Sqrt', [b.op('Add', [variance, b.scalar(floatOf(c.node, 'epsilon', 1e-5))])]);
  const normal = (): string => b.op('Div', [b.op('Sub', [x, wide(mean)]), wide(deviation)]);
  return [
    c.needs(0) ? product(c, c.dy, wide(b.op('Div', [scale, deviation]))) : undefined,
    c.needs(1) ? b.reduceSum(product(c, c.dy, normal()), others, false) : undefined,
    c.needs(2) ? b.reduceSum(c.dy, others, false) : undefined,
  ];
};

/** y = x / ‖x‖ along an axis, by the sum of squares (p = 2) or of sizes (p = 1). */
export const lpNormalization: GradientRule = (c) => {
  const b = c.builder;
  const [x] = c.node.inputs as [string];
  const y = c.node.outputs[0]!;
  const axis = axisOf(c, -1);
  const one = intOf(c.node, 'p', 2) === 1;
  const norm = b.op(one ? 'ReduceL1' : 'ReduceL2', [x], { axes: ints([axis]), keepdims: int(1) });
  const along = b.reduceSum(product(c, c.dy, y), [axis], true);
  const direction = one ? b.op('Sign', [x]) : y;
  return [b.op('Div', [b.op('Sub', [c.dy, product(c, direction, along)]), norm])];
};
