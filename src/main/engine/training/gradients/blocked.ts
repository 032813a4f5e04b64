/** Gradients of what is laid out in blocks of channels (network/onnx/blocked.ts), in that layout as far as it serves. */
import { BLOCKED, blockedConv, NCHWC, rowsInOrder } from '../../network/onnx/blocked.ts';
import { winogradFilterGradient, winogradServes } from '../../network/onnx/winograd.ts';
import { int, intOf, ints, intsOf, type GraphBuilder, type OnnxNode } from '../../network/onnx/graph.ts';
import type { GradientContext, GradientRule } from './rule.ts';
import { reluByStep } from './elementwise.ts';
import { conv, shiftedProduct, taps, windowOf, type Window } from './spatial.ts';

/** The rules for blocks of so many channels on the CPU. */
export function blockedGradients(block: number): ReadonlyMap<string, GradientRule> {
  return new Map<string, GradientRule>([
    [`${NCHWC}:ReorderInput`, (c) => [toPlain(c, c.dy, c.node.inputs[0]!)]],
    [`${NCHWC}:ReorderOutput`, (c) => [c.builder.foreign(NCHWC, 'ReorderInput', [c.dy])]],
    [`${NCHWC}:MaxPool`, (c) => [placesGradient(c, block)]],
    [`${BLOCKED}:Conv`, (c) => blockedConvGradient(c, block)],
    ['Relu', reluByStep],
  ]);
}

/** A convolution's facts at hand. */
interface Facts {
  readonly x: string;
  readonly weight: string;
  readonly shape: readonly [number, number, number, number];
  readonly w: Window;
  readonly group: number;
  readonly block: number;
}

const channelsOf = (c: GradientContext, like: string): number => c.dims(like)[1] as number;

/** A value in blocks, of the channels that `like` has, as [N, C, H, W]. */
function toPlain(c: GradientContext, v: string, like: string): string {
  return c.builder.once(`plain ${v}`, () => {
    const source = c.graph.nodes.find((n) => n.domain === NCHWC && n.op === 'ReorderInput' && n.outputs[0] === v);
    return source?.inputs[0] ?? c.builder.foreign(NCHWC, 'ReorderOutput', [v], { channels: int(channelsOf(c, like)) });
  });
}

/** A value in blocks as [N, H, W, C]. */
function channelsLast(c: GradientContext, v: string, channels: number): string {
  return c.builder.once(`last ${v}`, () =>
    c.builder.foreign(NCHWC, 'ReorderOutput', [v], { channels: int(channels), channels_last: int(1) }),
  );
}

function blockedConvGradient(c: GradientContext, block: number): ReturnType<GradientRule> {
  const [x, weight, bias] = c.node.inputs as [string, string, string | undefined];
  const shape = intsOf(c.node, 'weight_shape') as [number, number, number, number];
  const w = windowOf(c.node, shape.slice(2));
  const group = intOf(c.node, 'group', 1);
  const facts: Facts = { x, weight, shape, w, group, block };
  const db = bias !== undefined && bias !== '' && c.needs(2) ? biasGradient(c, shape[0]) : undefined;
  // The image itself is not in blocks.
  const photo = group === 1 && shape[1] < block;
  const either = (i: 0 | 1, inBlocks: (c: GradientContext, f: Facts) => string | undefined): string | undefined =>
    c.needs(i) ? ((photo ? undefined : inBlocks(c, facts)) ?? plainly(c, facts, i, photo)) : undefined;
  return [either(0, inputGradient), either(1, filterGradient), db];
}

/** The gradient for input `i` of the same convolution without blocks. */
function plainly(c: GradientContext, { x, weight }: Facts, i: 0 | 1, photo: boolean): string {
  const node: OnnxNode = { ...c.node, inputs: [photo ? x : toPlain(c, x, x), weight] };
  const dy = toPlain(c, c.dy, c.node.outputs[0]!);
  // Its shapes are asked for by the names of the plain values.
  const dims = (v: string): ReturnType<GradientContext['dims']> => c.dims(v === node.inputs[0] ? x : v);
  const g = conv({ ...c, node, dy, dims, needs: (k) => k === i })[i]!;
  return i === 0 && !photo ? c.builder.foreign(NCHWC, 'ReorderInput', [g]) : g;
}

/** Sum over images and places, which averages over places give. */
function biasGradient(c: GradientContext, channels: number): string {
  const b = c.builder;
  const places = b.op('ReduceProd', [b.slice(b.op('Shape', [c.dy]), [2], [4], [0])], { keepdims: int(0) });
  const area = b.op('Cast', [places], { to: int(1) });
  const means = b.reshape(b.foreign(NCHWC, 'GlobalAveragePool', [c.dy]), [0, channels]);
  return b.op('Mul', [b.reduceSum(means, [0], false), area]);
}

/** dL/dx, or undefined where blocks do not serve. */
function inputGradient(c: GradientContext, f: Facts): string | undefined {
  const { w, shape, group, weight } = f;
  const inner = w.pads.every((p, k) => p <= w.reach[k % 2]! - 1);
  if (w.strides.every((s) => s === 1) && inner) {
    const [top, left, bottom, right] = w.pads;
    const [rh, rw] = w.reach;
    return c.builder.foreign(
      BLOCKED,
      'Conv',
      [c.dy, weight],
      blockedConv(shape, {
        dilations: w.dilations,
        pads: [rh - 1 - top, rw - 1 - left, rh - 1 - bottom, rw - 1 - right],
        group,
        mirrored: true,
      }),
    );
  }
  return w.dilations.every((d) => d === 1) ? stridedInputGradient(c, f) : undefined;
}

/**
 * dL/dx of strides above 1: the places of x that lie alike between the strides see the same part of the kernel; each such phase is a
 * convolution with that part, and the phases are woven together.
 */
function stridedInputGradient(c: GradientContext, f: Facts): string | undefined {
  const b = c.builder;
  const { w, shape, group, weight, block, x } = f;
  const [kh, kw] = w.kernel;
  const [sh, sw] = w.strides;
  if (kh < sh || kw < sw) return undefined;
  const inputs = group === 1 ? shape[1] : shape[0];
  const reach = [Math.ceil(kh / sh), Math.ceil(kw / sw)] as const;
  const phase = (r: number, q: number): string => {
    const [rows, columns] = [Math.ceil((kh - r) / sh), Math.ceil((kw - q) / sw)];
    const attributes = blockedConv(shape, {
      pads: [rows - 1, columns - 1, reach[0] - 1, reach[1] - 1],
      group,
      mirrored: true,
      part: { from: [r, q], step: [sh, sw] },
    });
    return b.foreign(BLOCKED, 'Conv', [c.dy, weight], attributes);
  };
  const first = phase(0, 0);
  const size = b.op('Shape', [first]);
  const rowView = rowsOf(b, size, sw * block);
  /** Columns of the phases of one row, [.., 1, row]. */
  const row = (r: number): string => {
    const columns = (q: number): string => b.reshape(r === 0 && q === 0 ? first : phase(r, q), [-1, block]);
    return b.op('Reshape', [b.op('Concat', many(sw, columns), { axis: int(1) }), rowView]);
  };
  const woven = b.op('Concat', many(sh, row), { axis: int(1) });
  const full = b.op('Reshape', [woven, b.op('Mul', [size, b.int64s([1, 1, sh, sw])])]);
  return cropped(c, full, x, w.pads, inputs, block);
}

/** dL/dx of every so many rows and columns of x: zeros between the places of dL/dy. */
function placesGradient(c: GradientContext, block: number): string {
  const b = c.builder;
  const x = c.node.inputs[0]!;
  const [sh, sw] = intsOf(c.node, 'strides') as [number, number];
  const size = b.op('Shape', [c.dy]);
  const columns = b.op('Pad', [b.reshape(c.dy, [-1, block]), b.int64s([0, 0, 0, (sw - 1) * block])]);
  const rows = b.op('Pad', [
    b.op('Reshape', [columns, rowsOf(b, size, sw * block)]),
    b.int64s([0, 0, 0, 0, sh - 1, 0]),
  ]);
  const full = b.op('Reshape', [rows, b.op('Mul', [size, b.int64s([1, 1, sh, sw])])]);
  return cropped(c, full, x, [0, 0, 0, 0], channelsOf(c, x), block);
}

/** The view [.., 1, row] of what has rows of so many places of `width` numbers as in an image of this size. */
function rowsOf(b: GraphBuilder, size: string, width: number): string {
  const rowLength = b.op('Mul', [b.slice(size, [3], [4], [0]), b.int64s([width])]);
  return b.op('Concat', [b.int64s([-1, 1]), rowLength], { axis: int(0) });
}

const many = (n: number, make: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => make(i));

/** Without the top and left padding, and cut or extended with zeros to the size of x. */
function cropped(
  c: GradientContext,
  full: string,
  x: string,
  [top, left]: Window['pads'],
  channels: number,
  block: number,
): string {
  const b = c.builder;
  const size = (v: string): string => b.slice(b.op('Shape', [v]), [2], [4], [0]);
  const beyond = b.op('Sub', [b.op('Add', [size(x), b.int64s([top, left])]), size(full)]);
  const amounts = b.op(
    'Concat',
    [b.int64s([0, 0, -top, -left * block, 0, 0]), b.op('Mul', [beyond, b.int64s([1, block])])],
    { axis: int(0) },
  );
  const rows = b.reshape(full, [0, channels / block, 0, -1]);
  return b.reshape(b.op('Pad', [rows, amounts]), [0, channels, 0, -1]);
}

/** dL/dw; undefined where the plain layout serves better, as for kernels of one tap: its product needs no transposition of its sides. */
function filterGradient(c: GradientContext, f: Facts): string | undefined {
  const { w, shape, group } = f;
  if (group > 1) return depthwiseGradient(c, f);
  const [outputs, inputs, kh, kw] = shape;
  if (![...w.strides, ...w.dilations].every((v) => v === 1)) return stridedFilterGradient(c, f);
  if (kh * kw === 1) return undefined;
  if (winogradServes('kernel', { shape, group, strides: w.strides, dilations: w.dilations })) {
    const attributes = { pads: ints(w.pads), channels: int(inputs) };
    const seen = c.builder.foreign(BLOCKED, 'Tiles', [f.x], attributes);
    return winogradFilterGradient(c.builder, seen, c.dy, { shape, block: f.block });
  }
  const dy = toPlain(c, c.dy, c.node.outputs[0]!);
  const product = shiftedProduct({ ...c, dy }, toPlain(c, f.x, f.x), w, outputs, inputs);
  return ordered(c, product, f, [kh, outputs, kw], [1, 3, 0, 2]);
}

/** dL/dw as one product, of the gradient and of what each tap of the kernel saw, channels behind one another. */
function stridedFilterGradient(c: GradientContext, f: Facts): string {
  const b = c.builder;
  const { w, shape } = f;
  const [outputs, inputs, kh, kw] = shape;
  const [top, left, bottom, right] = w.pads;
  const dy = channelsLast(c, c.dy, outputs);
  const last = channelsLast(c, f.x, inputs);
  const x = w.pads.every((p) => p === 0) ? last : b.op('Pad', [last, b.int64s([0, top, left, 0, 0, bottom, right, 0])]);
  const span = b.op('Mul', [
    b.op('Sub', [b.slice(b.op('Shape', [c.dy]), [2], [4], [0]), b.int64s([1, 1])]),
    b.int64s([...w.strides]),
  ]);
  const seen = taps(w).map(([i, j]) => {
    const from = [i * w.dilations[0], j * w.dilations[1]];
    const to = b.op('Add', [span, b.int64s(from.map((v) => v + 1))]);
    return b.op('Slice', [x, b.int64s(from), to, b.int64s([1, 2]), b.int64s([...w.strides])]);
  });
  const columns = seen.length === 1 ? seen[0]! : b.op('Concat', seen, { axis: int(3) });
  const sides = [b.reshape(dy, [-1, outputs]), b.reshape(columns, [-1, seen.length * inputs])];
  return ordered(c, b.op('Gemm', sides, { transA: int(1) }), f, [outputs, kh, kw], [0, 3, 1, 2]);
}

/** A product [.., in] of these leading sizes as [out, in, kh, kw]: moved by whole blocks, which the runtime then puts in order. */
function ordered(
  c: GradientContext,
  product: string,
  { shape: [outputs, inputs, kh, kw], block }: Facts,
  leading: readonly number[],
  order: readonly number[],
): string {
  const b = c.builder;
  const blocks = rowsInOrder(b, product, block, [...leading, inputs / block], order);
  return b.foreign(NCHWC, 'ReorderOutput', [b.reshape(blocks, [outputs, inputs, kh, kw])], { channels: int(inputs) });
}

/**
 * dL/dw where every channel has a kernel of its own: each channel of each image is correlated with its gradient, which is a convolution
 * whose kernel is that gradient; in blocks of channels it already lies as such kernels do. Strides and dilations change places.
 */
function depthwiseGradient(c: GradientContext, { x, shape, w }: Facts): string | undefined {
  const b = c.builder;
  const count = c.dims(x)[0];
  if (typeof count !== 'number') return undefined;
  const [channels, , kh, kw] = shape;
  const images = b.reshape(x, [1, count * channels, 0, -1]);
  const kernels = b.op('Reshape', [
    c.dy,
    b.op('Concat', [b.int64s([count * channels, 1]), b.slice(b.op('Shape', [c.dy]), [2], [4], [0])], { axis: int(0) }),
  ]);
  const each = b.foreign(NCHWC, 'Conv', [images, kernels], {
    strides: ints(w.dilations),
    dilations: ints(w.strides),
    pads: ints(w.pads),
    group: int(count * channels),
  });
  const taps = b.reshape(each, [count, channels, 0, -1]);
  const plain = b.foreign(NCHWC, 'ReorderOutput', [taps], { channels: int(channels) });
  // Rows that no window reached make some more taps than the kernel has.
  const own = b.slice(plain, [0, 0], [kh, kw], [2, 3]);
  return b.op('Unsqueeze', [b.reduceSum(own, [0], false), b.int64s([1])]);
}
