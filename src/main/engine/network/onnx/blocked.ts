/**
 * ONNX Runtime's own layout of images for convolutions on the CPU: [N, C/b, H, W, b], a block of b channels behind one another, where a
 * value keeps the dimensions [N, C, H, W]. The runtime uses it by itself for weights that are constant. In training they are not, so the
 * graph is written in this layout here. Elementwise operators do not care for it.
 */
import { winogradConv, winogradServes, winogradTiles, type WinogradConv } from './winograd.ts';
import { inferShapes, type Shapes } from './shapes.ts';
import {
  cloneGraph,
  GraphBuilder,
  int,
  ints,
  intOf,
  intsOf,
  sizeOf,
  string,
  type Attribute,
  type Dim,
  type Graph,
  type OnnxNode,
} from './graph.ts';

/** The runtime's operator domain for this layout. */
export const NCHWC = 'com.microsoft.nchwc';
/**
 * A convolution in this layout whose weights still stand as [out, in, kh, kw]: {@link lowerBlocked} makes the runtime's of it. With
 * attribute `mirrored` it convolves with the kernel turned round and with inputs and outputs exchanged.
 */
export const BLOCKED = 'covis.blocked';

const UNARY = new Set(['Relu', 'LeakyRelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Clip', 'Identity']);
const SEVERAL = new Set(['Add', 'Sub', 'Mul', 'Div', 'Sum']);

/**
 * Attributes of a {@link BLOCKED} convolution.
 * @param weight dimensions [out, in per group, kh, kw].
 * @param o.mirrored convolves with the kernel turned round and with inputs and outputs exchanged.
 * @param o.part every so many rows and columns of the kernel from a first one on, instead of all.
 */
export function blockedConv(
  weight: readonly number[],
  o: {
    readonly strides?: readonly number[];
    readonly dilations?: readonly number[];
    readonly pads?: readonly number[];
    readonly group?: number;
    readonly mirrored?: boolean;
    readonly part?: { readonly from: readonly [number, number]; readonly step: readonly [number, number] };
  },
): Record<string, Attribute> {
  const [kh, kw] = weight.slice(2) as [number, number];
  const { from, step } = o.part ?? { from: [0, 0], step: [1, 1] };
  const every = (n: number, k: 0 | 1): number[] =>
    Array.from({ length: Math.ceil((n - from[k]) / step[k]) }, (_, i) => from[k] + i * step[k]);
  const [rows, columns] = [every(kh, 0), every(kw, 1)];
  const taps = rows.flatMap((r) => columns.map((q) => r * kw + q));
  return {
    kernel_shape: ints([rows.length, columns.length]),
    strides: ints(o.strides ?? [1, 1]),
    dilations: ints(o.dilations ?? [1, 1]),
    pads: ints(o.pads ?? [0, 0, 0, 0]),
    group: int(o.group ?? 1),
    mirrored: int(o.mirrored === true ? 1 : 0),
    weight_shape: ints(weight),
    taps: ints(o.mirrored === true ? taps.reverse() : taps),
  };
}

/** What a node can become: a convolution of images of few channels (as of a photo) reads them as they are. */
function suitable(node: OnnxNode, shapes: Shapes, block: number): 'no' | 'plain input' | 'blocked input' {
  if (node.op !== 'Conv' || node.domain !== undefined) return 'no';
  const weight = shapes.get(node.inputs[1]!);
  // Behind an operator that nobody knows.
  if (typeof shapes.get(node.inputs[0]!)?.[1] !== 'number') return 'no';
  if (weight?.length !== 4 || weight.some((d) => typeof d !== 'number')) return 'no';
  if (Object.keys(node.attributes).includes('auto_pad')) return 'no';
  const [outputs, perGroup] = weight as [number, number];
  const group = intOf(node, 'group', 1);
  if (outputs % block !== 0) return 'no';
  if (group > 1) return perGroup === 1 && outputs === group ? 'blocked input' : 'no';
  if (perGroup < block) return 'plain input';
  return perGroup % block === 0 ? 'blocked input' : 'no';
}

/** Sizes that depend on the image count as equal, as they do for gradients: only a pooled value has sides of 1. */
function alike(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.length === b.length && a.every((d, i) => typeof d === typeof b[i] && (typeof d === 'string' || d === b[i]));
}

/**
 * The same graph with its convolutions, and what stands between them, in blocks of `block` channels. Outputs keep their layout. What does
 * not divide into blocks stays as it is.
 */
export function toBlocked(source: Graph, block: number): Graph {
  const shapes = inferShapes(source);
  const graph: Graph = { ...cloneGraph(source), nodes: [] };
  const b = new GraphBuilder(graph, 'blocked');
  /** Values of the source that exist in blocks, and under which name. */
  const blocked = new Map<string, string>();
  const plain = new Set([...source.inputs.map((i) => i.name), ...source.initializers.keys()]);
  const channels = (v: string): number => shapes.get(v)![1] as number;
  const inBlocks = (v: string): string => {
    const known = blocked.get(v);
    if (known !== undefined) return known;
    const made = b.foreign(NCHWC, 'ReorderInput', [v]);
    blocked.set(v, made);
    return made;
  };
  const asPlain = (v: string): void => {
    if (plain.has(v) || !blocked.has(v)) return;
    graph.nodes.push({
      op: 'ReorderOutput',
      domain: NCHWC,
      name: `${v}:plain`,
      inputs: [blocked.get(v)!],
      outputs: [v],
      attributes: { channels: int(channels(v)) },
    });
    plain.add(v);
  };
  const push = (node: OnnxNode, inputs: readonly string[]): void => {
    const out = node.outputs[0]!;
    const name = `${out}/blocked`;
    graph.nodes.push({ ...node, inputs, outputs: [name] });
    blocked.set(out, name);
  };
  for (const node of source.nodes) {
    const kind = suitable(node, shapes, block);
    const [x, ...others] = node.inputs as [string, ...string[]];
    if (kind !== 'no') {
      if (kind === 'plain input') asPlain(x);
      const weight = shapes.get(others[0]!) as number[];
      const strides = intsOf(node, 'strides') ?? [1, 1];
      const pads = intsOf(node, 'pads') ?? [0, 0, 0, 0];
      // A point with stride reads few places of its input; with those alone, all that follows, and its gradient, is that of unit strides.
      const sparse =
        kind === 'blocked input' &&
        sizeOf(weight.slice(2)) === 1 &&
        sizeOf(strides) > 1 &&
        sizeOf(pads.map((p) => p + 1)) === 1;
      const attributes = blockedConv(weight, {
        strides: sparse ? [1, 1] : strides,
        dilations: intsOf(node, 'dilations') ?? [1, 1],
        pads,
        group: intOf(node, 'group', 1),
      });
      const input = kind === 'plain input' ? x : inBlocks(x);
      push({ ...node, domain: BLOCKED, attributes }, [sparse ? places(b, input, strides) : input, ...others]);
      continue;
    }
    const data = SEVERAL.has(node.op) ? node.inputs : [x];
    const passes =
      (UNARY.has(node.op) && blocked.has(x) && !plain.has(x)) ||
      (SEVERAL.has(node.op) &&
        data.every((v) => blocked.has(v) && alike(shapes.get(v), shapes.get(x))) &&
        data.some((v) => !plain.has(v)));
    if (passes) {
      push(
        node,
        node.inputs.map((v, i) => (i < data.length ? blocked.get(v)! : v)),
      );
      continue;
    }
    for (const v of node.inputs) asPlain(v);
    graph.nodes.push(node);
    for (const v of node.outputs) plain.add(v);
  }
  for (const o of source.outputs) asPlain(o.name);
  return graph;
}

/** Every so many rows and columns of x, as maxima of single places. */
function places(b: GraphBuilder, x: string, strides: readonly number[]): string {
  return b.once(`places ${x} ${strides.join()}`, () =>
    b.foreign(NCHWC, 'MaxPool', [x], { kernel_shape: ints([1, 1]), strides: ints(strides) }),
  );
}

/** Writes every {@link BLOCKED} convolution as the runtime's: weights brought into blocks, and what follows it alone taken in. */
export function lowerBlocked(source: Graph, block: number): Graph {
  if (!source.nodes.some((n) => n.domain === BLOCKED)) return source;
  const graph: Graph = { ...cloneGraph(source), nodes: [] };
  const b = new GraphBuilder(graph, 'lowered');
  const uses = new Map<string, OnnxNode[]>();
  for (const n of source.nodes) for (const i of n.inputs) uses.set(i, [...(uses.get(i) ?? []), n]);
  const outputs = new Set(source.outputs.map((o) => o.name));
  const only = (value: string): OnnxNode | undefined => {
    const list = uses.get(value) ?? [];
    return list.length === 1 && !outputs.has(value) ? list[0] : undefined;
  };
  const scalar = (name: string | undefined): number | undefined => {
    const data = name === undefined ? undefined : source.initializers.get(name)?.data;
    return data instanceof Float32Array && data.length === 1 ? data[0] : undefined;
  };
  /** Attributes of the activation, if the runtime can take this one in. */
  const activation = (n: OnnxNode): Record<string, Attribute> | undefined => {
    if (n.op === 'Relu') return { activation: string('Relu') };
    if (n.op !== 'Clip') return undefined;
    const [low, high] = [scalar(n.inputs[1]), scalar(n.inputs[2])];
    if (low === undefined || high === undefined) return undefined;
    return { activation: string('Clip'), activation_params: { kind: 'floats', value: [low, high] } };
  };
  /** Convolutions that wait for the sum or activation that takes them in. */
  const waiting = new Map<string, OnnxNode>();
  const settle = (node: OnnxNode): void => {
    const next = only(node.outputs[0]!);
    const sum = next !== undefined && (next.op === 'Add' || next.op === 'Sum') && next.inputs.length === 2;
    const takes = next !== undefined && next.domain === undefined && (activation(next) !== undefined || sum);
    const done = node.attributes['activation'] !== undefined || (sum && node.inputs.length > 3);
    if (takes && !done) waiting.set(node.outputs[0]!, node);
    else graph.nodes.push(node);
  };
  for (const node of source.nodes) {
    if (node.domain === BLOCKED) {
      const value = inTiles(b, node, block);
      if (value === undefined) settle(lowered(b, node, block));
      else b.op('Identity', [value], {}, node.outputs[0]!);
      continue;
    }
    const held = node.inputs.filter((i) => waiting.has(i));
    if (held.length === 0) {
      graph.nodes.push(node);
      continue;
    }
    const conv = waiting.get(held[0]!)!;
    for (const h of held.slice(1)) graph.nodes.push(waiting.get(h)!);
    for (const h of held) waiting.delete(h);
    const taken = activation(node);
    if (taken !== undefined) {
      settle({ ...conv, outputs: node.outputs, attributes: { ...conv.attributes, ...taken } });
    } else {
      const other = node.inputs.find((i) => i !== held[0]!)!;
      const [x, w, bias] = conv.inputs as [string, string, string | undefined];
      settle({ ...conv, inputs: [x, w, bias ?? '', other], outputs: node.outputs });
    }
  }
  return graph;
}

/** What goes by Winograd's way; undefined for other convolutions. */
function inTiles(b: GraphBuilder, node: OnnxNode, block: number): string | undefined {
  const [x, weight, bias] = node.inputs as [string, string, string | undefined];
  const pads = intsOf(node, 'pads') as WinogradConv['pads'];
  if (node.op === 'Tiles') return winogradTiles(b, x, { channels: intOf(node, 'channels', 0), pads, block });
  const shape = intsOf(node, 'weight_shape') as WinogradConv['shape'];
  const whole = intsOf(node, 'taps')!.length === shape[2] * shape[3];
  const facts = {
    shape,
    strides: intsOf(node, 'strides')!,
    dilations: intsOf(node, 'dilations')!,
    group: intOf(node, 'group', 1),
  };
  if (!whole || !winogradServes('values', facts)) return undefined;
  return winogradConv(b, x, weight, bias === '' ? undefined : bias, {
    shape,
    pads,
    mirrored: intOf(node, 'mirrored', 0) === 1,
    block,
  });
}

function lowered(b: GraphBuilder, node: OnnxNode, block: number): OnnxNode {
  const shape = intsOf(node, 'weight_shape') as [number, number, number, number];
  const taps = intsOf(node, 'taps')!;
  const mirrored = intOf(node, 'mirrored', 0) === 1;
  const [, weight, ...others] = node.inputs as [string, string];
  const inBlocks = b.once(`${weight} ${mirrored} ${taps.join()}`, () =>
    weightInBlocks(b, weight, shape, taps, mirrored, block),
  );
  const [outputs, inputs] = mirrored && shape[1] > 1 ? [shape[1], shape[0]] : shape;
  const attributes = { ...node.attributes };
  for (const own of ['mirrored', 'weight_shape', 'taps']) delete attributes[own];
  return {
    ...node,
    domain: NCHWC,
    inputs: [node.inputs[0]!, b.reshape(inBlocks, [outputs, inputs, ...intsOf(node, 'kernel_shape')!]), ...others],
    attributes,
  };
}

/**
 * Weights as the runtime's kernels read them: [out/b, in/b, taps, b of in, b of out]; [out/b, in, taps, b] for images of few channels;
 * [out/b, taps, b] where there is one input channel. Mirrored: inputs and outputs exchanged. Of the kernel these taps, in this order.
 */
function weightInBlocks(
  b: GraphBuilder,
  weight: string,
  [outputs, inputs, kh, kw]: readonly [number, number, number, number],
  taps: readonly number[],
  mirrored: boolean,
  block: number,
): string {
  const count = kh * kw;
  const [ob, ib] = [outputs / block, inputs / block];
  // The runtime's reordering is many times faster than a transposition of single numbers: what is left moves whole blocks.
  const reorder = (dims: number[]): string =>
    b.once(`${weight} reordered ${dims.join()}`, () => b.foreign(NCHWC, 'ReorderInput', [b.reshape(weight, dims)]));
  if (mirrored && inputs > 1) {
    const rows = count === 1 ? weight : reorder([outputs, inputs, kh, kw]);
    return rowsInOrder(b, rows, block, [ob, block, ib, count], [2, 0, 3, 1], { 3: taps });
  }
  const rows = reorder([1, outputs, 1, inputs * count]);
  if (inputs < block) return rowsInOrder(b, rows, block, [ob, inputs, count], [0, 1, 2], { 2: taps });
  return rowsInOrder(b, rows, block, [ob, ib, block, count], [0, 1, 3, 2], { 3: taps });
}

/**
 * [sizes.., width] with its axes in another order, of some axes a choice: one row of `width` after another, by all threads, which the
 * runtime's transposition does not use.
 * @param chosen by axis, the positions taken of it instead of all.
 * @returns [rows, width].
 */
export function rowsInOrder(
  b: GraphBuilder,
  x: string,
  width: number,
  sizes: readonly number[],
  order: readonly number[],
  chosen: Readonly<Record<number, readonly number[]>> = {},
): string {
  const rows = b.reshape(x, [-1, width]);
  const at = (axis: number): readonly number[] => chosen[axis] ?? Array.from({ length: sizes[axis]! }, (_, k) => k);
  const strides = sizes.map((_, i) => sizeOf(sizes.slice(i + 1)));
  let list = Int32Array.of(0);
  for (const axis of order) {
    const steps = at(axis).map((k) => k * strides[axis]!);
    const next = new Int32Array(list.length * steps.length);
    list.forEach((from, i) => steps.forEach((s, k) => (next[i * steps.length + k] = from + s)));
    list = next;
  }
  if (list.length === sizeOf(sizes) && list.every((row, i) => row === i)) return rows;
  const indices = b.once(`rows ${sizes.join()} ${order.join()} ${JSON.stringify(chosen)}`, () =>
    b.constant({ dims: [list.length], data: list }, 'rows'),
  );
  return b.op('Gather', [rows, indices], { axis: int(0) });
}
