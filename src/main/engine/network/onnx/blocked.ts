/**
 * ONNX Runtime's own layout of images for convolutions on the CPU: [N, C/b, H, W, b], a block of b channels behind one another, where a
 * value keeps the dimensions [N, C, H, W]. The runtime uses it by itself for weights that are constant. In training they are not, so the
 * graph is written in this layout here. Elementwise operators do not care for it.
 */
import { inferShapes, type Shapes } from './shapes.ts';
import {
  cloneGraph,
  GraphBuilder,
  int,
  ints,
  intOf,
  intsOf,
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
      const attributes = blockedConv(shapes.get(others[0]!) as number[], {
        strides: intsOf(node, 'strides') ?? [1, 1],
        dilations: intsOf(node, 'dilations') ?? [1, 1],
        pads: intsOf(node, 'pads') ?? [0, 0, 0, 0],
        group: intOf(node, 'group', 1),
      });
      push({ ...node, domain: BLOCKED, attributes }, [kind === 'plain input' ? x : inBlocks(x), ...others]);
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
      settle(lowered(b, node, block));
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

function lowered(b: GraphBuilder, node: OnnxNode, block: number): OnnxNode {
  const shape = intsOf(node, 'weight_shape') as [number, number, number, number];
  const taps = intsOf(node, 'taps')!;
  const mirrored = intOf(node, 'mirrored', 0) === 1;
  const [, weight, ...others] = node.inputs as [string, string];
  const view = b.once(`${weight} ${mirrored}`, () => weightInBlocks(b, weight, shape, mirrored, block));
  const chosen = taps.every((t, i) => t === i) && taps.length === shape[2] * shape[3];
  const part = chosen ? view : b.op('Gather', [view, b.int64s(taps)], { axis: int(shape[1] === 1 ? 1 : 2) });
  const [outputs, inputs] = mirrored && shape[1] > 1 ? [shape[1], shape[0]] : shape;
  const attributes = { ...node.attributes };
  for (const own of ['mirrored', 'weight_shape', 'taps']) delete attributes[own];
  return {
    ...node,
    domain: NCHWC,
    inputs: [node.inputs[0]!, b.reshape(part, [outputs, inputs, ...intsOf(node, 'kernel_shape')!]), ...others],
    attributes,
  };
}

/**
 * Weights as the runtime's kernels read them: [out/b, in/b, taps, b of in, b of out]; [out/b, in, taps, b] for images of few channels;
 * [out/b, taps, b] where there is one input channel. Mirrored: inputs and outputs exchanged, the taps not yet turned round.
 */
function weightInBlocks(
  b: GraphBuilder,
  weight: string,
  [outputs, inputs, kh, kw]: readonly [number, number, number, number],
  mirrored: boolean,
  block: number,
): string {
  const taps = kh * kw;
  const ob = outputs / block;
  const ib = inputs / block;
  // The runtime's reordering is many times faster than a transposition of single numbers: what is left to Transpose moves whole blocks.
  const reorder = (dims: number[]): string => b.foreign(NCHWC, 'ReorderInput', [b.reshape(weight, dims)]);
  if (mirrored && inputs > 1) {
    const parted = b.reshape(reorder([outputs, inputs, kh, kw]), [ob, block, ib, taps, block]);
    return b.op('Transpose', [parted], { perm: ints([2, 0, 3, 1, 4]) });
  }
  const blocks = reorder([1, outputs, 1, inputs * taps]);
  if (inputs === 1) return b.reshape(blocks, [ob, taps, block]);
  if (inputs < block) return b.reshape(blocks, [ob, inputs, taps, block]);
  const parted = b.reshape(blocks, [ob, ib, block, taps, block]);
  return b.op('Transpose', [parted], { perm: ints([0, 1, 3, 2, 4]) });
}
