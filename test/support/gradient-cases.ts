/** Operators of newer networks, whose gradients are held against finite differences: by name, inputs, how the graph is built. */
import {
  float,
  int,
  int64Tensor,
  ints,
  string,
  type Attribute,
  type GraphBuilder,
} from '../../src/main/engine/network/onnx/graph.ts';
import { given, op, type Build, type Declared, type Given } from './differences.ts';

export interface GradientCase {
  /** Begins with the operator. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Given>>;
  readonly build: Build;
  /** How far a value moves for the difference. */
  readonly step?: number;
  readonly declared?: Declared;
}

const positive = (dims: readonly number[], seed = 1): Given => given(dims, seed, 0.5, 1.5);
const one = (
  name: string,
  attributes: Record<string, Attribute> = {},
  x = given([3, 4], 1, -2, 2),
  opset?: number,
): GradientCase => ({
  name: `${name}${
    Object.keys(attributes).length > 0
      ? `, ${Object.entries(attributes)
          .map(([k, a]) => `${k} ${'value' in a ? String(a.value) : ''}`)
          .join(', ')}`
      : ''
  }`,
  inputs: { x },
  build: op(name, ['x'], attributes),
  ...(opset === undefined ? {} : { declared: { opset } }),
});
const twice = (
  name: string,
  a: Given,
  b: Given,
  attributes: Record<string, Attribute> = {},
  declared: Declared = {},
): GradientCase => ({
  name: `${name} of [${a.dims.join()}] and [${b.dims.join()}]`,
  inputs: { a, b },
  build: op(name, ['a', 'b'], attributes),
  declared,
});
const equation = (text: string, ...dims: number[][]): GradientCase => ({
  name: `Einsum ${text}`,
  inputs: Object.fromEntries(dims.map((d, i) => ['abc'[i]!, given(d, i + 1)])),
  build: op('Einsum', [...'abc'].slice(0, dims.length), { equation: string(text) }),
});
const steps = (b: GraphBuilder, starts: number[], ends: number[], axes: number[], by: number[]): string =>
  b.slice('x', starts, ends, axes, by);
const map = given([2, 4, 3, 2], 1);

/** Functions of one number, activations and reductions. */
export const FUNCTIONS: readonly GradientCase[] = [
  one('Abs'),
  one('Sin'),
  one('Cos'),
  one('Erf'),
  one('Gelu', {}, undefined, 20),
  one('Gelu', { approximate: string('tanh') }, undefined, 20),
  one('Softplus'),
  one('Mish', {}, undefined, 18),
  one('Swish', {}, undefined, 24),
  one('Swish', { alpha: float(1.7) }, undefined, 24),
  one('Elu'),
  one('Elu', { alpha: float(0.4) }),
  one('Reciprocal', {}, positive([3, 4])),
  {
    name: 'PRelu',
    inputs: { x: given([2, 3, 2], 1), s: given([3, 1], 2) },
    build: op('PRelu', ['x', 's']),
    step: 1e-3,
  },
  twice('Max', given([2, 3], 1), given([3], 2)),
  twice('Min', given([2, 1], 1), given([3], 2)),
  twice('Mean', given([2, 3], 1), given([3], 2)),
  ...['ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp', 'ReduceMin'].flatMap((name) => [
    one(name, { axes: ints([1]) }, given([2, 3, 4], 3)),
    one(name, { axes: ints([-1, 0]), keepdims: int(0) }, given([2, 3, 4], 3)),
    one(name, {}, given([2, 3], 3)),
  ]),
  one('ReduceLogSum', { axes: ints([1]), keepdims: int(0) }, positive([2, 3, 4])),
  {
    name: 'Cast to doubles and back',
    inputs: { x: given([5], 1) },
    build: (b) => {
      const double = b.op('Cast', ['x'], { to: int(11) });
      return b.op('Cast', [b.op('Mul', [double, double])], { to: int(1) });
    },
  },
  {
    name: 'Pow with a whole exponent, of numbers on both sides of zero',
    inputs: { x: given([6], 1) },
    build: (b) => b.op('Add', [b.op('Pow', ['x', b.scalar(3)]), b.op('Pow', ['x', b.constant(int64Tensor([], [2]))])]),
  },
];

/** Shares, and what is normalised. */
export const NORMALISATIONS: readonly GradientCase[] = [
  one('Softmax', {}, given([2, 3, 4], 1, -2, 2)),
  one('Softmax', { axis: int(1) }, given([2, 3, 4], 1, -2, 2)),
  one('LogSoftmax', { axis: int(0) }, given([3, 4], 1, -2, 2)),
  {
    name: 'LayerNormalization of the last axis',
    inputs: { x: given([2, 3, 5], 1), s: given([5], 2), b: given([5], 3) },
    build: op('LayerNormalization', ['x', 's', 'b'], { axis: int(-1), epsilon: float(1e-3) }),
  },
  {
    name: 'LayerNormalization of the last two, without bias',
    inputs: { x: given([2, 3, 4], 1), s: given([3, 4], 2) },
    build: op('LayerNormalization', ['x', 's'], { axis: int(1) }),
  },
  {
    name: 'RMSNormalization',
    inputs: { x: given([2, 3, 4], 1), s: given([4], 2) },
    build: op('RMSNormalization', ['x', 's'], { axis: int(-1), epsilon: float(1e-3) }),
    declared: { opset: 23 },
  },
  {
    name: 'InstanceNormalization',
    inputs: { x: map, s: given([4], 2), b: given([4], 3) },
    build: op('InstanceNormalization', ['x', 's', 'b'], { epsilon: float(1e-2) }),
  },
  ...[4, 2].map((n): GradientCase => ({
    name: `GroupNormalization, scales of ${n === 4 ? 'channels' : 'groups'}`,
    inputs: { x: map, s: given([n], 2), b: given([n], 3) },
    build: op('GroupNormalization', ['x', 's', 'b'], { num_groups: int(2), epsilon: float(1e-2) }),
    declared: { opset: n === 4 ? 21 : 18 },
  })),
  {
    name: 'BatchNormalization with fixed statistics',
    inputs: { x: map, s: given([4], 2), b: given([4], 3) },
    build: (b) =>
      b.op('BatchNormalization', ['x', 's', 'b', statistics(b, -1), statistics(b, 0.5)], { epsilon: float(1e-3) }),
  },
  one('LpNormalization', { axis: int(1) }, given([2, 3, 4], 3)),
  one('LpNormalization', { axis: int(-1), p: int(1) }, given([2, 4], 3)),
];

function statistics(b: GraphBuilder, from: number): string {
  return b.constant({ dims: [4], data: Float32Array.of(from, from + 0.25, from + 0.5, from + 0.75) });
}

/** What is multiplied, taken, joined, repeated and chosen. */
export const ARRANGEMENTS: readonly GradientCase[] = [
  twice('MatMul', given([2, 3, 4], 1), given([2, 4, 5], 2)),
  twice('MatMul', given([2, 2, 3, 4], 1), given([4, 2], 2)),
  twice('MatMul', given([3, 4], 1), given([2, 4, 2], 2)),
  twice('MatMul', given([2, 1, 3, 4], 1), given([3, 4, 2], 2)),
  twice('MatMul', given([1, 3, 4], 1), given([2, 4, 2], 2)),
  twice('MatMul', given([4], 1), given([4, 3], 2)),
  twice('MatMul', given([3, 4], 1), given([4], 2)),
  twice('MatMul', given([2, 3, 4], 1), given([4], 2)),
  twice('MatMul', given([4], 1), given([2, 4, 3], 2)),
  twice('MatMul', given([4], 1), given([4], 2)),
  twice('MatMul', given([2, 3, 4], 1), given([4, 2], 2), {}, { dims: { a: ['N', 'T', 4] } }),
  ...[[1], [-2, 0, 1, 1], [1, 2], [2, -2]].map((at): GradientCase => ({
    name: `Gather ${at.join()} along the middle`,
    inputs: { x: given([2, 3, 2], 1) },
    build: (b) => b.op('Gather', ['x', b.int64s(at)], { axis: int(1) }),
  })),
  {
    name: 'Gather of one place, which takes the axis away',
    inputs: { x: given([2, 3, 2], 1) },
    build: (b) => b.op('Gather', ['x', b.reshape(b.int64s([-1]), [])], { axis: int(1) }),
  },
  {
    name: 'Gather of a table of places, along an axis of any size',
    inputs: { x: given([4, 3], 1) },
    build: (b) => b.op('Gather', ['x', b.reshape(b.int64s([3, 0, 0, 1, -1, 2]), [2, 3])], { axis: int(0) }),
    declared: { dims: { x: ['N', 3] } },
  },
  ...[false, true].map((all): GradientCase => ({
    name: `Split into ${all ? 'three, all of which are used' : 'three, one of which is not'}`,
    inputs: { x: given([2, 6], 1) },
    build: (b) => {
      const parts = ['p', 'q', 'r'];
      b.graph.nodes.push({
        op: 'Split',
        name: 's',
        inputs: ['x', b.int64s([1, 3, 2])],
        outputs: parts,
        attributes: { axis: int(-1) },
      });
      const squares = b.op('Mul', ['q', 'q']);
      return b.op('Concat', [squares, ...(all ? ['p', 'r'] : ['p'])], { axis: int(1) });
    },
  })),
  {
    name: 'Expand to more axes and along one of size 1',
    inputs: { x: given([3, 1], 1) },
    build: (b) => b.op('Expand', ['x', b.int64s([2, 3, 4])]),
  },
  {
    name: 'Expand by the batch of another value',
    inputs: { x: given([1, 1, 3], 1), z: given([2, 5], 2) },
    build: (b) => {
      const batch = b.op('Gather', [b.op('Shape', ['z']), b.int64s([0])], { axis: int(0) });
      const shape = b.op('Concat', [batch, b.int64s([-1, -1])], { axis: int(0) });
      const ones = b.op('ConstantOfShape', [b.int64s([3])], {
        value: { kind: 'tensor', value: { dims: [1], data: BigInt64Array.of(1n) } },
      });
      const meant = b.op('Where', [b.op('Equal', [shape, b.int64s([-1, -1, -1])]), ones, shape]);
      return b.op('Add', [b.op('Expand', ['x', meant]), b.op('ReduceMean', ['z'])]);
    },
    declared: { dims: { z: ['N', 5] } },
  },
  {
    name: 'Where, broadcast',
    inputs: { a: given([2, 3], 1), b: given([3], 2) },
    build: (b) => b.op('Where', [b.op('Greater', ['b', b.scalar(0)]), 'a', 'b']),
    step: 1e-3,
  },
  { name: 'Tile', inputs: { x: given([2, 3], 1) }, build: (b) => b.op('Tile', ['x', b.int64s([2, 3])]) },
  { name: 'Slice in steps', inputs: { x: given([3, 7], 1) }, build: (b) => steps(b, [1, 0], [9, 6], [1, 0], [2, 1]) },
  { name: 'Slice backwards', inputs: { x: given([3, 7], 1) }, build: (b) => steps(b, [-1], [-99], [1], [-3]) },
  {
    name: 'Slice backwards from beyond the end, of any size',
    inputs: { x: given([3, 5], 1) },
    build: (b) => steps(b, [99, -1], [0, -4], [1, 0], [-2, -2]),
    declared: { dims: { x: ['N', 'W'] } },
  },
  {
    name: 'Concat along an axis of any size',
    inputs: { a: given([2, 3], 1), b: given([2, 2], 2), c: given([2, 1], 3) },
    build: op('Concat', ['a', 'b', 'c'], { axis: int(1) }),
    declared: { dims: { a: [2, 'W'], b: [2, 'V'] } },
  },
  one('SpaceToDepth', { blocksize: int(2) }, given([1, 2, 4, 6], 1)),
  one('DepthToSpace', { blocksize: int(2), mode: string('CRD') }, given([1, 8, 2, 3], 1)),
  equation('bij,bjk->bik', [2, 3, 4], [2, 4, 2]),
  equation('bnk,bnd->bkd', [2, 5, 3], [2, 5, 2]),
  equation('bhid,bhjd->bhij', [1, 2, 3, 2], [1, 2, 4, 2]),
  equation('i,j->ij', [2], [3]),
  equation('ij->i', [2, 3]),
  equation('ij,jk', [2, 3], [3, 2]),
  equation('...ij,...jk->...ik', [2, 2, 3], [1, 3, 2]),
  equation('ab,bc,cd->ad', [2, 3], [3, 2], [2, 4]),
  {
    name: 'Add of a size that is told when it runs and turns out as 1',
    inputs: { a: given([2, 1], 1), b: given([2, 3], 2) },
    build: op('Mul', ['a', 'b']),
    declared: { dims: { a: [2, 'W'] } },
  },
  {
    name: 'Gemm with a bias of one column',
    inputs: { a: given([2, 3], 1), b: given([3, 4], 2), c: given([2, 1], 3) },
    build: op('Gemm', ['a', 'b', 'c']),
  },
  {
    name: 'Gemm with a bias of one number',
    inputs: { a: given([2, 3], 1), b: given([3, 4], 2), c: given([1], 3) },
    build: op('Gemm', ['a', 'b', 'c'], { beta: float(0.5) }),
  },
];

const scaled = (scales: readonly number[]) => (b: GraphBuilder) =>
  b.constant({ dims: [scales.length], data: Float32Array.from(scales) });
const resized = (
  x: Given,
  to: { readonly scales: readonly number[] } | { readonly sizes: readonly number[] },
  attributes: Record<string, string | number | readonly number[]>,
  declared: Declared = {},
): GradientCase => ({
  name: `Resize of [${x.dims.join()}] to ${JSON.stringify(to)}, ${JSON.stringify(attributes)}`,
  inputs: { x },
  build: (b) =>
    b.op(
      'Resize',
      'scales' in to ? ['x', '', scaled(to.scales)(b)] : ['x', '', '', b.int64s(to.sizes)],
      written(attributes),
    ),
  declared,
});
function written(attributes: Record<string, string | number | readonly number[]>): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([k, v]) => [
      k,
      typeof v === 'string' ? string(v) : typeof v !== 'number' ? ints(v) : Number.isInteger(v) ? int(v) : float(v),
    ]),
  );
}
const small = given([2, 2, 3, 4], 1);
const free = { dims: { x: ['N', 2, 'H', 'W'] } };
const indexed = (
  x: Given,
  at: readonly number[],
  dims: readonly number[],
  batch = 0,
  declared: Declared = {},
): GradientCase => ({
  name: `GatherND of [${x.dims.join()}] at [${dims.join()}], ${batch} batch axes${declared.dims === undefined ? '' : ', of any size'}`,
  inputs: { x },
  build: (b) => b.op('GatherND', ['x', b.constant(int64Tensor(dims, at))], { batch_dims: int(batch) }),
  declared,
});

/** Sizes, borders and places that are changed. */
export const RESAMPLED: readonly GradientCase[] = [
  resized(
    small,
    { scales: [1, 1, 2, 2] },
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    free,
  ),
  resized(small, { sizes: [2, 2, 5, 3] }, { mode: 'nearest' }, free),
  resized(small, { scales: [1, 1, 2, 1.5] }, { mode: 'linear' }, free),
  resized(small, { scales: [1, 1, 0.5, 2] }, { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }),
  resized(small, { sizes: [2, 2, 6, 7] }, { mode: 'linear', coordinate_transformation_mode: 'align_corners' }, free),
  resized(small, { sizes: [2, 2, 2, 3] }, { mode: 'linear', antialias: 1 }, { ...free, opset: 18 }),
  resized(small, { sizes: [6, 7] }, { mode: 'linear', axes: [2, 3] }, { ...free, opset: 18 }),
  resized(small, { scales: [1, 1, 2, 2] }, { mode: 'cubic', cubic_coeff_a: -0.75 }, free),
  resized(given([3, 4], 1), { sizes: [5, 2] }, { mode: 'linear' }),
  ...['reflect', 'edge'].map((mode): GradientCase => ({
    name: `Pad by ${mode}`,
    inputs: { x: small },
    build: (b) => b.op('Pad', ['x', b.int64s([0, 1, 2, 1, 0, 0, 1, 3])], { mode: string(mode) }),
    declared: free,
  })),
  {
    name: 'Pad of two axes that are named, with ones',
    inputs: { x: small },
    build: (b) => b.op('Pad', ['x', b.int64s([2, 1, -1, 3]), b.scalar(1), b.int64s([-1, 2])]),
    declared: { ...free, opset: 18 },
  },
  {
    name: 'Pad by wrapping two axes that are named',
    inputs: { x: small },
    build: (b) => b.op('Pad', ['x', b.int64s([2, 1, 0, 3]), '', b.int64s([-1, 2])], { mode: string('wrap') }),
    declared: { ...free, opset: 19 },
  },
  indexed(given([3, 4, 2], 1), [0, 1, 2, 3, 0, 1, -1, -2], [4, 2]),
  indexed(given([3, 4], 1), [2, 0, 0, -1, 2, 0], [3, 1, 2]),
  indexed(given([4, 3], 1), [3, 0, 3], [3, 1], 0, { dims: { x: ['N', 3] } }),
  indexed(given([2, 3, 2, 2], 1), [0, 1, 2, 0, 2, 0, 1, 1, 1, 1, 0, 0], [2, 3, 2], 1, {
    dims: { x: ['N', 'T', 2, 2] },
  }),
  ...[
    { kernel_shape: ints([3]), pads: ints([1, 1]) },
    { kernel_shape: ints([3]), pads: ints([2, 0]), strides: ints([2]), group: int(2) },
    { pads: ints([2, 1]), dilations: ints([2]), group: int(2) },
  ].map((attributes, k): GradientCase => ({
    name: `Conv along one axis, ${['plain', 'in groups and steps', 'of every other place'][k]}`,
    inputs: { x: given([2, 4, 7], 1), w: given([4, 'group' in attributes ? 2 : 4, 3], 2), b: given([4], 3) },
    build: op('Conv', ['x', 'w', 'b'], attributes),
    declared: { dims: { x: ['N', 4, 'L'] } },
  })),
  {
    name: 'CastLike, of which the other moves nothing',
    inputs: { x: given([4], 1), z: given([2], 2) },
    build: (b) => b.op('Add', [b.op('CastLike', [b.op('Mul', ['x', 'x']), 'z']), b.op('ReduceSum', ['z'])]),
  },
];

export const NEWER: readonly GradientCase[] = [...RESAMPLED, ...FUNCTIONS, ...NORMALISATIONS, ...ARRANGEMENTS];
