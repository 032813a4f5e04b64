import { CovisError } from '../../../../shared/errors.ts';
import { floatOf, floatTensor, int, intOf, ints, intsOf, stringOf, type OnnxNode } from '../../network/onnx/graph.ts';
import { mirrored } from './resampling.ts';
import type { GradientContext, GradientRule } from './rule.ts';

/** What pads a maximum. */
const LOWEST = -3.4028234663852886e38;

/** The geometry of a 2D convolution or pooling window. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  /** (kernel - 1) * dilation + 1 */
  readonly reach: readonly [number, number];
}

export function windowOf(node: OnnxNode, kernel: readonly (number | string)[]): Window {
  if (kernel.length !== 2 || kernel.some((k) => typeof k !== 'number')) {
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${node.name} (${node.op}) is not two-dimensional`);
  }
  const k = kernel as [number, number];
  const strides = (intsOf(node, 'strides') ?? [1, 1]) as [number, number];
  const dilations = (intsOf(node, 'dilations') ?? [1, 1]) as [number, number];
  const pads = (intsOf(node, 'pads') ?? [0, 0, 0, 0]) as [number, number, number, number];
  return { kernel: k, strides, dilations, pads, reach: [(k[0] - 1) * dilations[0] + 1, (k[1] - 1) * dilations[1] + 1] };
}

/** x with its zero padding written out; x itself where there is none. */
function padded(c: GradientContext, x: string, pads: Window['pads']): string {
  if (pads.every((p) => p === 0)) return x;
  const [top, left, bottom, right] = pads;
  return c.builder.op('Pad', [x, c.builder.int64s([0, 0, top, left, 0, 0, bottom, right])]);
}

/**
 * Gives the strided view of the padded input under kernel tap (i, j): as large as the output. Columns are taken apart once for each
 * phase of the stride, so that every tap copies whole rows and not single numbers.
 */
function tapper(c: GradientContext, xp: string, w: Window): (i: number, j: number) => string {
  const b = c.builder;
  const [down, right] = w.strides;
  const whole = Number.MAX_SAFE_INTEGER;
  const phases = new Map<number, string>();
  const columns = (phase: number): string => {
    const known = phases.get(phase);
    if (known !== undefined) return known;
    const made = right === 1 ? xp : b.slice(xp, [phase], [whole], [3], [right]);
    phases.set(phase, made);
    return made;
  };
  let size: string | undefined;
  return (i, j) => {
    const y = i * w.dilations[0];
    const x = j * w.dilations[1];
    const from = [y, Math.floor(x / right)];
    size ??= b.op('Mul', [b.slice(b.op('Shape', [c.dy]), [2], [4], [0]), b.int64s([down, 1])]);
    return b.op('Slice', [
      columns(x % right),
      b.int64s(from),
      b.op('Add', [size, b.int64s(from)]),
      b.int64s([2, 3]),
      b.int64s([down, 1]),
    ]);
  };
}

export function taps(w: Window): [number, number][] {
  const all: [number, number][] = [];
  for (let i = 0; i < w.kernel[0]; i += 1) for (let j = 0; j < w.kernel[1]; j += 1) all.push([i, j]);
  return all;
}

export const conv: GradientRule = (c) => convGradient(c, Infinity);

/** Taps whose columns are joined at a time where a kernel of a GPU has 16 buffers. */
const TAPS_AT_ONCE = 8;

/** The same with products of a few taps of the kernel at a time: no tensor holds the columns of all. */
export const convByTaps: GradientRule = (c) => convGradient(c, TAPS_AT_ONCE);

const convGradient = (c: GradientContext, most: number): ReturnType<GradientRule> => {
  const [x, weight, bias] = c.node.inputs as [string, string, string | undefined];
  const dims = c.dims(weight);
  if (dims.some((d) => typeof d !== 'number'))
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (Conv) has a weight of unknown size`);
  if (dims.length === 3) return alongRows(c, dims as number[], most);
  const [outputs, perGroup] = dims as number[] as [number, number];
  const group = intOf(c.node, 'group', 1);
  const w = windowOf(c.node, dims.slice(2));
  const depthwise = group > 1 && perGroup === 1 && outputs === group;
  const dx = c.needs(0) ? inputGradient(c, x, weight, w, group, depthwise) : undefined;
  const dw = c.needs(1) ? filterGradient(c, x, w, group, depthwise, [outputs, perGroup], most) : undefined;
  const db = bias !== undefined && bias !== '' && c.needs(2) ? c.builder.reduceSum(c.dy, [0, 2, 3], false) : undefined;
  return [dx, dw, db];
};

/** A convolution along one axis is one of maps of one row. */
function alongRows(c: GradientContext, dims: readonly number[], most: number): ReturnType<GradientRule> {
  const b = c.builder;
  const [x, weight, bias = ''] = c.node.inputs as [string, string, string?];
  const [wide, kernel, dy] = [x, weight, c.dy].map((v) => b.op('Unsqueeze', [v, b.int64s([2])])) as [
    string,
    string,
    string,
  ];
  const of = (key: string, otherwise: readonly number[]): readonly number[] => intsOf(c.node, key) ?? otherwise;
  const [before = 0, after = 0] = of('pads', [0, 0]);
  const node: OnnxNode = {
    ...c.node,
    inputs: [wide, kernel, ...(bias === '' ? [] : [bias])],
    attributes: {
      group: int(intOf(c.node, 'group', 1)),
      kernel_shape: ints([1, dims[2]!]),
      strides: ints([1, ...of('strides', [1])]),
      dilations: ints([1, ...of('dilations', [1])]),
      pads: ints([0, before, 0, after]),
    },
  };
  const sizes = (v: string): readonly (number | string)[] =>
    v === kernel ? [dims[0]!, dims[1]!, 1, dims[2]!] : c.dims(v);
  const [dx, dw, db] = convGradient({ ...c, node, dy, dims: sizes }, most);
  const narrow = (v: string | undefined): string | undefined => v && b.op('Squeeze', [v, b.int64s([2])]);
  return [narrow(dx), narrow(dw), db];
}

/** dL/dx: for unit strides a convolution with the mirrored kernel, else a transposed convolution cropped to the input. */
function inputGradient(
  c: GradientContext,
  x: string,
  weight: string,
  w: Window,
  group: number,
  depthwise: boolean,
): string {
  const b = c.builder;
  const unit = w.strides[0] === 1 && w.strides[1] === 1;
  const inner = w.pads.every((p, k) => p <= w.reach[k % 2]! - 1);
  if (unit && inner && (depthwise || group === 1)) {
    const turned =
      w.kernel[0] * w.kernel[1] === 1
        ? weight
        : b.slice(weight, [-1, -1], [-Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER], [2, 3], [-1, -1]);
    const kernel = depthwise ? turned : b.op('Transpose', [turned], { perm: ints([1, 0, 2, 3]) });
    const [top, left, bottom, right] = w.pads;
    const [rh, rw] = w.reach;
    return b.op('Conv', [c.dy, kernel], {
      kernel_shape: ints(w.kernel),
      dilations: ints(w.dilations),
      group: int(group),
      pads: ints([rh - 1 - top, rw - 1 - left, rh - 1 - bottom, rw - 1 - right]),
    });
  }
  const full = b.op('ConvTranspose', [c.dy, weight], {
    kernel_shape: ints(w.kernel),
    strides: ints(w.strides),
    dilations: ints(w.dilations),
    group: int(group),
  });
  return cropToInput(c, full, x, w);
}

/** Shifts by the top and left padding and crops, or extends with zeros, to the size of x. */
function cropToInput(c: GradientContext, full: string, x: string, w: Window): string {
  const b = c.builder;
  const size = (v: string): string => b.slice(b.op('Shape', [v]), [2], [4], [0]);
  const start = b.int64s([w.pads[0], w.pads[1]]);
  const end = b.op('Sub', [b.op('Add', [size(x), start]), size(full)]);
  const amounts = b.op('Concat', [b.int64s([0, 0, -w.pads[0], -w.pads[1], 0, 0]), end], { axis: int(0) });
  return b.op('Pad', [full, amounts]);
}

/** dL/dw. Depthwise: one product and sum per kernel tap. Otherwise im2col as strided slices, Concat and one MatMul. */
function filterGradient(
  c: GradientContext,
  x: string,
  w: Window,
  group: number,
  depthwise: boolean,
  [outputs, perGroup]: [number, number],
  most: number,
): string {
  const b = c.builder;
  const xp = padded(c, x, w.pads);
  const plain = w.strides.every((v) => v === 1) && w.dilations.every((d) => d === 1);
  if (depthwise && plain && w.kernel[0] > 1) return shiftedDepthwiseGradient(c, x, w, outputs);
  if (depthwise) {
    const tap = tapper(c, xp, w);
    const sums = taps(w).map(([i, j]) =>
      b.reshape(b.reduceSum(b.op('Mul', [tap(i, j), c.dy]), [0, 2, 3], false), [outputs, 1]),
    );
    const joined = sums.length === 1 ? sums[0]! : b.op('Concat', sums, { axis: int(1) });
    return b.reshape(joined, [outputs, 1, w.kernel[0], w.kernel[1]]);
  }
  const count = w.kernel[0] * w.kernel[1];
  const inputs = group * perGroup;
  const unit = w.strides[0] === 1 && w.strides[1] === 1;
  if (group === 1 && count > 1 && unit && w.dilations.every((d) => d === 1))
    return shiftedFilterGradient(c, x, w, outputs, perGroup);
  const point = count === 1 && unit;
  const tap = tapper(c, xp, w);
  if (group === 1 && count > most) return filterGradientByTaps(c, tap, w, [outputs, perGroup], most);
  const columns = point
    ? b.reshape(xp, [0, inputs, -1])
    : b.reshape(
        taps(w).length === 1
          ? tap(0, 0)
          : b.op(
              'Concat',
              taps(w).map(([i, j]) => b.op('Unsqueeze', [tap(i, j), b.int64s([2])])),
              { axis: int(2) },
            ),
        [0, inputs * count, -1],
      );
  if (group === 1) {
    const product = overImages(c, b.reshape(c.dy, [0, outputs, -1]), columns, outputs * perGroup * count);
    return b.reshape(product, [outputs, perGroup, w.kernel[0], w.kernel[1]]);
  }
  const dyGroups = b.reshape(c.dy, [0, group, outputs / group, -1]);
  const xGroups = b.op('Transpose', [b.op('Reshape', [columns, b.int64s([0, group, perGroup * count, -1])])], {
    perm: ints([0, 1, 3, 2]),
  });
  const product = b.reduceSum(b.op('MatMul', [dyGroups, xGroups]), [0], false);
  return b.reshape(product, [outputs, perGroup, w.kernel[0], w.kernel[1]]);
}

/** One product for some taps after the other; [out, in, taps] of each are joined. */
function filterGradientByTaps(
  c: GradientContext,
  tap: (i: number, j: number) => string,
  w: Window,
  [outputs, inputs]: [number, number],
  most: number,
): string {
  const b = c.builder;
  const all = taps(w);
  const each = Math.ceil(all.length / Math.ceil(all.length / most));
  const dy = b.reshape(c.dy, [0, outputs, -1]);
  const parts = Array.from({ length: Math.ceil(all.length / each) }, (_, k) => {
    const some = all.slice(k * each, (k + 1) * each);
    const seen = some.map(([i, j]) => b.op('Unsqueeze', [tap(i, j), b.int64s([2])]));
    const joined = seen.length === 1 ? seen[0]! : b.op('Concat', seen, { axis: int(2) });
    const size = outputs * inputs * some.length;
    const product = overImages(c, dy, b.reshape(joined, [0, inputs * some.length, -1]), size);
    return b.reshape(product, [outputs, inputs, some.length]);
  });
  return b.reshape(b.op('Concat', parts, { axis: int(2) }), [outputs, inputs, w.kernel[0], w.kernel[1]]);
}

/** Filters from which on it is cheaper to bring the images of a batch behind one another than to sum one product an image. */
const LARGE_FILTER = 1 << 16;

/** Sum over images of a · bᵀ, for a [N, p, L] and b [N, q, L]. @returns [p, q]. */
function overImages(c: GradientContext, a: string, b: string, size: number): string {
  const g = c.builder;
  if (size >= LARGE_FILTER) {
    const flat = (v: string): string =>
      g.op('Flatten', [g.op('Transpose', [v], { perm: ints([1, 0, 2]) })], { axis: int(1) });
    return g.op('Gemm', [flat(a), flat(b)], { transB: int(1) });
  }
  return g.reduceSum(g.op('MatMul', [a, g.op('Transpose', [b], { perm: ints([0, 2, 1]) })]), [0], false);
}

/**
 * The output's gradient shifted down by every row of the kernel, and the padded input shifted left by every column of it: wherever both
 * meet, they are what one weight saw. Instead of kh · kw copies of the input there are kw of it and kh of the gradient.
 */
function shifted(c: GradientContext, x: string, w: Window): { down: string[]; left: string[] } {
  const b = c.builder;
  const [kh, kw] = w.kernel;
  const xp = padded(c, x, w.pads);
  const down = Array.from({ length: kh }, (_, i) =>
    kh === 1 ? c.dy : b.op('Pad', [c.dy, b.int64s([0, 0, i, 0, 0, 0, kh - 1 - i, 0])]),
  );
  const left = Array.from({ length: kw }, (_, j) =>
    kw === 1 ? xp : b.slice(xp, [j], [j === kw - 1 ? Number.MAX_SAFE_INTEGER : j - kw + 1], [3]),
  );
  return { down, left };
}

/** dL/dw of a convolution with unit strides as one product. */
function shiftedFilterGradient(c: GradientContext, x: string, w: Window, outputs: number, inputs: number): string {
  return c.builder.op('Transpose', [shiftedProduct(c, x, w, outputs, inputs)], { perm: ints([1, 3, 0, 2]) });
}

/** The same as [kh, out, kw, in]. */
export function shiftedProduct(c: GradientContext, x: string, w: Window, outputs: number, inputs: number): string {
  const b = c.builder;
  const [kh, kw] = w.kernel;
  const { down, left } = shifted(c, x, w);
  const many = (parts: string[]): string => (parts.length === 1 ? parts[0]! : b.op('Concat', parts, { axis: int(1) }));
  const rows = b.reshape(many(down), [0, kh * outputs, -1]);
  const columns = b.reshape(many(left), [0, kw * inputs, -1]);
  return b.reshape(overImages(c, rows, columns, kh * kw * outputs * inputs), [kh, outputs, kw, inputs]);
}

/** dL/dw of a depthwise convolution with unit strides: a small product for each channel. */
function shiftedDepthwiseGradient(c: GradientContext, x: string, w: Window, channels: number): string {
  const b = c.builder;
  const { down, left } = shifted(c, x, w);
  const stack = (parts: string[]): string => {
    const flat = parts.map((p) => b.reshape(p, [0, channels, 1, -1]));
    return flat.length === 1 ? flat[0]! : b.op('Concat', flat, { axis: int(2) });
  };
  const columns = b.op('Transpose', [stack(left)], { perm: ints([0, 1, 3, 2]) });
  const product = b.reduceSum(b.op('MatMul', [stack(down), columns]), [0], false);
  return b.op('Unsqueeze', [product, b.int64s([1])]);
}

/** The gradient of padding with constants is cropping, which Pad does with negative amounts; other borders are copies of what is inside. */
export const pad: GradientRule = (c) => {
  const mode = stringOf(c.node, 'mode', 'constant');
  if (mode !== 'constant') return [mirrored(c, c.node)];
  if (c.needs(2))
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${c.node.name} (Pad) pads with what it computes, which cannot be differentiated`,
    );
  const [, pads, , axes = ''] = c.node.inputs as [string, string, string?, string?];
  return [c.builder.op('Pad', [c.dy, c.builder.op('Neg', [pads]), ...(axes === '' ? [] : ['', axes])])];
};

export const globalAveragePool: GradientRule = (c) => {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const shape = b.op('Shape', [x]);
  const area = b.op('Cast', [b.op('ReduceProd', [b.slice(shape, [2], [4], [0])], { keepdims: int(0) })], {
    to: int(1),
  });
  return [b.op('Expand', [b.op('Div', [c.dy, area]), shape])];
};

/** A maximum over all places, as MAC pools: the gradient goes to the places that reach it, in equal parts. */
export const globalMaxPool: GradientRule = (c) => {
  const b = c.builder;
  const reach = b.op('Cast', [b.op('Equal', [c.node.inputs[0]!, c.node.outputs[0]!])], { to: int(1) });
  return [b.op('Mul', [reach, b.op('Div', [c.dy, b.reduceSum(reach, [2, 3], true)])])];
};

/** Sends each gradient to the first maximum of its window, by the flat indices that MaxPool itself reports. */
export const maxPool: GradientRule = (c) => {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const indices = b.fresh('indices');
  // The forward node gives them on the way.
  c.graph.nodes[c.graph.nodes.indexOf(c.node)] = { ...c.node, outputs: [c.node.outputs[0]!, indices] };
  const shape = b.op('Shape', [x]);
  const zeros = b.op('ConstantOfShape', [b.op('ReduceProd', [shape], { keepdims: int(1) })], {
    value: { kind: 'tensor', value: floatTensor([1], [0]) },
  });
  const flat = b.op('ScatterElements', [zeros, b.reshape(indices, [-1]), b.reshape(c.dy, [-1])], {
    axis: int(0),
    reduction: { kind: 'string', value: 'add' },
  });
  return [b.op('Reshape', [flat, shape])];
};

/**
 * The same without indices, which WebGPU's kernel does not give: for every place of the window, whether it holds the maximum and none
 * before it did; a transposed convolution with one-hot kernels puts the gradients back.
 */
export const maxPoolByTaps: GradientRule = (c) => {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const y = c.node.outputs[0]!;
  const channels = c.dims(x)[1];
  const w = windowOf(c.node, intsOf(c.node, 'kernel_shape') ?? []);
  if (typeof channels !== 'number')
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (MaxPool) has an unknown number of channels`);
  // Windows that begin inside may end outside.
  const beyond = intOf(c.node, 'ceil_mode', 0) === 1 ? w.strides.map((s) => s - 1) : [0, 0];
  const [top, left, bottom, right] = w.pads;
  const amounts = b.int64s([0, 0, top, left, 0, 0, bottom + beyond[0]!, right + beyond[1]!]);
  const tap = tapper(c, b.op('Pad', [x, amounts, b.scalar(LOWEST)]), w);
  const kernel = taps(w);
  let taken: string | undefined;
  const parts = kernel.map(([i, j]) => {
    const holds = b.op('Cast', [b.op('Equal', [tap(i, j), y])], { to: int(1) });
    const own = taken === undefined ? holds : b.op('Mul', [holds, b.op('Sub', [b.scalar(1), taken])]);
    taken = taken === undefined ? own : b.op('Add', [taken, own]);
    return b.op('Unsqueeze', [b.op('Mul', [own, c.dy]), b.int64s([2])]);
  });
  // A transposed convolution of an even number of planes to one is wrong on WebGPU (onnxruntime 1.30): one more, which counts nothing.
  if (parts.length % 2 === 0) parts.push(parts[0]!);
  const planes = parts.length;
  const shape = b.op('Shape', [c.dy]);
  const flat = b.op(
    'Concat',
    [b.slice(shape, [0], [1], [0]), b.int64s([channels * planes]), b.slice(shape, [2], [4], [0])],
    { axis: int(0) },
  );
  const stacked = b.op('Reshape', [b.op('Concat', parts, { axis: int(2) }), flat]);
  const oneHot = new Float32Array(channels * planes * kernel.length);
  for (let k = 0; k < channels * planes; k += 1)
    if (k % planes < kernel.length) oneHot[k * kernel.length + (k % planes)] = 1;
  const weight = b.constant(floatTensor([channels * planes, 1, ...w.kernel], oneHot), 'onehot');
  const full = b.op('ConvTranspose', [stacked, weight], {
    kernel_shape: ints(w.kernel),
    strides: ints(w.strides),
    dilations: ints(w.dilations),
    group: int(channels),
  });
  return [cropToInput(c, full, x, w)];
};

export const averagePool: GradientRule = (c) => {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const channels = c.dims(x)[1];
  const w = windowOf(c.node, intsOf(c.node, 'kernel_shape') ?? []);
  if (typeof channels !== 'number')
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (AveragePool) has an unknown number of channels`);
  const includes = intOf(c.node, 'count_include_pad', 0) === 1 || w.pads.every((p) => p === 0);
  const even = includes && intOf(c.node, 'ceil_mode', 0) === 0;
  const area = w.kernel[0] * w.kernel[1];
  const weight = b.constant(
    floatTensor([channels, 1, ...w.kernel], new Float32Array(channels * area).fill(even ? 1 / area : 1)),
    'mean',
  );
  const dy = even ? c.dy : b.op('Mul', [c.dy, shareOfEach(c, x, w)]);
  const full = b.op('ConvTranspose', [dy, weight], {
    kernel_shape: ints(w.kernel),
    strides: ints(w.strides),
    dilations: ints(w.dilations),
    group: int(channels),
  });
  return [cropToInput(c, full, x, w)];
};

/**
 * What one pixel counts in each mean, where windows at the border have fewer: the mean of ones, which the operator itself tells, over
 * the pixels of the image that lie in the window. [1, 1, rows, columns].
 */
function shareOfEach(c: GradientContext, x: string, w: Window): string {
  const b = c.builder;
  const sides = b.slice(b.op('Shape', [x]), [2], [4], [0]);
  const ones = b.op('Expand', [b.scalar(1), b.op('Concat', [b.int64s([1, 1]), sides], { axis: int(0) })]);
  const means = b.op('AveragePool', [ones], c.node.attributes);
  const [top, left, bottom, right] = w.pads;
  // Windows that begin inside may end outside.
  const amounts = b.int64s([0, 0, top, left, 0, 0, bottom + w.strides[0] - 1, right + w.strides[1] - 1]);
  const kernel = b.constant(floatTensor([1, 1, ...w.kernel], new Float32Array(w.kernel[0] * w.kernel[1]).fill(1)));
  const counts = b.op('Conv', [b.op('Pad', [ones, amounts]), kernel], {
    kernel_shape: ints(w.kernel),
    strides: ints(w.strides),
    dilations: ints(w.dilations),
  });
  const places = b.slice(b.op('Shape', [means]), [2], [4], [0]);
  return b.op('Div', [means, b.op('Slice', [counts, b.int64s([0, 0]), places, b.int64s([2, 3])])]);
}

/**
 * Local response normalisation across channels, y = x s^-β with s = bias + α/n Σ x² over n neighbouring channels:
 * dx = dy s^-β − 2αβ/n · x · Σ dy x s^(-β-1) over the channels that x took part in.
 */
export const lrn: GradientRule = (c) => {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const channels = c.dims(x)[1];
  if (typeof channels !== 'number')
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (LRN) has an unknown number of channels`);
  const size = intOf(c.node, 'size', 5);
  const alpha = floatOf(c.node, 'alpha', 1e-4);
  const beta = floatOf(c.node, 'beta', 0.75);
  const below = Math.floor((size - 1) / 2);
  const shape = b.op('Shape', [x]);
  const window = (v: string, before: number): string => {
    const planes = b.reshape(v, [0, 1, channels, -1]);
    const mean = b.op('AveragePool', [planes], {
      kernel_shape: ints([size, 1]),
      pads: ints([before, 0, size - 1 - before, 0]),
      count_include_pad: int(1),
    });
    return b.op('Mul', [b.op('Reshape', [mean, shape]), b.scalar(size)]);
  };
  const squares = b.op('Mul', [window(b.op('Mul', [x, x]), below), b.scalar(alpha / size)]);
  const s = b.op('Add', [squares, b.scalar(floatOf(c.node, 'bias', 1))]);
  const direct = b.op('Mul', [c.dy, b.op('Pow', [s, b.scalar(-beta)])]);
  const through = b.op('Div', [b.op('Mul', [direct, x]), s]);
  // The channels that used x lie on the other side of the window.
  const gathered = b.op('Mul', [window(through, size - 1 - below), x]);
  return [b.op('Sub', [direct, b.op('Mul', [gathered, b.scalar((2 * alpha * beta) / size)])])];
};
