import { CovisError } from '../../../../shared/errors.ts';
import type { ParsedModel } from './file.ts';
import { foldWholeNumbers } from './fold.ts';
import { neededSet, olderGrid, REDUCTIONS } from './newer.ts';
import { older } from './older.ts';
import { inferShapes, type Shapes } from './shapes.ts';
import { BFLOAT16, DOUBLE, FLOAT, FLOAT16 } from './tensors.ts';
import {
  cloneGraph,
  floatOf,
  floatTensor,
  intOf,
  int,
  int64Tensor,
  ints,
  intsOf,
  sizeOf,
  stringOf,
  type Graph,
  OPSET,
  type OnnxNode,
  type Tensor,
  type ValueInfo,
} from './graph.ts';

/**
 * Brings a graph of any operator set from 7 on to {@link OPSET} and to the few forms that the rest of Covis knows:
 * limits and axes as inputs, no dropout, explicit padding, BatchNorm folded into the convolution before it (frozen, as the reference trainers do).
 */
export function normalise({ graph: source, opset, unread }: ParsedModel, file: string): Graph {
  if (opset < 7) {
    throw new CovisError('INPUT_UNSUPPORTED', `Operator set ${opset} is too old, 7 or newer can be read`, { file });
  }
  const graph = inSinglePrecision(foldIdentities(cloneGraph(source)));
  // Axes may be computed of constants; the forms of these operators are those of today.
  if (opset >= 18) foldWholeNumbers(graph);
  const nodes = graph.nodes.splice(0);
  let counter = 0;
  const constant = (t: Tensor): string => {
    const name = `normalise/const_${counter++}`;
    graph.initializers.set(name, t);
    return name;
  };
  for (const node of nodes) {
    for (const n of older(node, opset, constant))
      graph.nodes.push(...upgrade(n, opset, constant, (name) => graph.initializers.get(name), file));
  }
  foldWholeNumbers(graph);
  foldBatchNorm(graph, constant);
  explicitPadding(graph, constant);
  const kept = prune(
    graph,
    graph.outputs.map((o) => o.name),
  );
  refuseUnreadable(kept, unread, file);
  const newest = Math.max(OPSET, ...kept.nodes.map((n) => neededSet(n, opset)));
  return newest > OPSET ? { ...kept, opset: newest } : kept;
}

/** @throws CovisError for what can neither be carried nor be computed as it is meant. */
function refuseUnreadable(graph: Graph, unread: ParsedModel['unread'], file: string): void {
  for (const node of graph.nodes) {
    const what = unread?.get(node.outputs[0] ?? '');
    if (what !== undefined)
      throw new CovisError('INPUT_UNSUPPORTED', `Node ${node.name} (${node.op}) holds ${what}, which cannot be read`, {
        file,
        hint: 'Export the network for one fixed size of image, so that nothing is decided while it runs.',
      });
    if (node.op === 'BatchNormalization' && intOf(node, 'training_mode', 0) === 1)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `Node ${node.name} (BatchNormalization) normalises by the batch: the network was exported while it trained`,
        { file, hint: 'Call eval() before the export.' },
      );
  }
}

/** Constants behind Identity are constants: what folds and what trains finds them. */
function foldIdentities(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const alias = new Map<string, string>();
  const nodes = graph.nodes.splice(0);
  for (const node of nodes) {
    const inputs = node.inputs.some((i) => alias.has(i)) ? node.inputs.map((i) => alias.get(i) ?? i) : node.inputs;
    const [from, to] = [inputs[0] ?? '', node.outputs[0] ?? ''];
    if (node.op === 'Identity' && graph.initializers.has(from) && !outputs.has(to)) alias.set(to, from);
    else graph.nodes.push({ ...node, inputs });
  }
  return graph;
}

/**
 * Half and brain floats are computed as floats. Doubles stay, for sizes are computed with them, unless the image itself is of doubles.
 */
function inSinglePrecision(graph: Graph): Graph {
  const image = graph.inputs.find((i) => i.dims.length === 4);
  const narrow = new Set([FLOAT16, BFLOAT16, ...(image?.element === DOUBLE ? [DOUBLE] : [])]);
  const single = (t: Tensor): Tensor =>
    narrow.has(DOUBLE) && t.data instanceof Float64Array ? { dims: t.dims, data: Float32Array.from(t.data) } : t;
  for (const [name, t] of graph.initializers) graph.initializers.set(name, single(t));
  for (const [i, node] of graph.nodes.entries()) {
    const changed = Object.entries(node.attributes).flatMap(([key, a]): [string, OnnxNode['attributes'][string]][] => {
      if (a.kind === 'int' && ['to', 'dtype'].includes(key) && narrow.has(a.value)) return [[key, int(FLOAT)]];
      return a.kind === 'tensor' ? [[key, { kind: 'tensor', value: single(a.value) }]] : [];
    });
    if (changed.length > 0)
      graph.nodes[i] = { ...node, attributes: { ...node.attributes, ...Object.fromEntries(changed) } };
  }
  const plain = ({ element, ...v }: ValueInfo): ValueInfo =>
    element === undefined || narrow.has(element) ? v : { ...v, element };
  graph.inputs.splice(0, graph.inputs.length, ...graph.inputs.map(plain));
  graph.outputs.splice(0, graph.outputs.length, ...graph.outputs.map(plain));
  return graph;
}

function without(node: OnnxNode, keys: readonly string[]): OnnxNode['attributes'] {
  return Object.fromEntries(Object.entries(node.attributes).filter(([k]) => !keys.includes(k)));
}

/** Axes as an attribute. @throws CovisError where they are computed while the network runs. */
function withAxesAttribute(node: OnnxNode, known: (name: string) => Tensor | undefined, file: string): OnnxNode {
  const name = node.inputs[1] ?? '';
  const values = name === '' ? [] : known(name)?.data;
  if (values === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${node.name} (${node.op}) computes its axes; only fixed ones can be read`,
      {
        file,
      },
    );
  const plain = without(node, ['noop_with_empty_axes']);
  const inputs = [node.inputs[0]!];
  const axes = Array.from(values as ArrayLike<number | bigint>, Number);
  if (axes.length > 0) return { ...node, inputs, attributes: { ...plain, axes: ints(axes) } };
  if (intOf(node, 'noop_with_empty_axes', 0) === 0) return { ...node, inputs, attributes: plain };
  // Nothing is reduced, but the rule is applied to every number by itself.
  if (['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceLogSumExp'].includes(node.op))
    return { ...node, op: 'Identity', inputs, attributes: {} };
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    `Node ${node.name} (${node.op}) reduces no axis, which Covis does not know`,
    {
      file,
    },
  );
}

function upgrade(
  node: OnnxNode,
  opset: number,
  constant: (t: Tensor) => string,
  known: (name: string) => Tensor | undefined,
  file: string,
): OnnxNode[] {
  if (opset >= 18 && REDUCTIONS.has(node.op)) return [withAxesAttribute(node, known, file)];
  const axes = intsOf(node, 'axes');
  switch (node.op) {
    case 'Cast':
      return [{ ...node, attributes: without(node, ['saturate', 'round_mode']) }];
    case 'Resize': {
      const idle: string[] = [];
      if (intOf(node, 'antialias', 0) === 0) idle.push('antialias');
      if (stringOf(node, 'keep_aspect_ratio_policy', 'stretch') === 'stretch') idle.push('keep_aspect_ratio_policy');
      return [{ ...node, attributes: without(node, idle) }];
    }
    case 'GridSample':
      return [opset >= 20 ? olderGrid(node) : node];
    case 'Dropout':
      return [{ ...node, op: 'Identity', inputs: [node.inputs[0]!], outputs: [node.outputs[0]!], attributes: {} }];
    case 'Clip': {
      if (opset >= 11) return [node];
      const min = constant(floatTensor([], [floatOf(node, 'min', -3.4028234663852886e38)]));
      const max = constant(floatTensor([], [floatOf(node, 'max', 3.4028234663852886e38)]));
      return [{ ...node, inputs: [node.inputs[0]!, min, max], attributes: {} }];
    }
    case 'Pad': {
      const pads = intsOf(node, 'pads');
      if (pads === undefined) return [node];
      const value = constant(floatTensor([], [floatOf(node, 'value', 0)]));
      return [
        {
          ...node,
          inputs: [node.inputs[0]!, constant(int64Tensor([pads.length], pads)), value],
          attributes: without(node, ['pads', 'value']),
        },
      ];
    }
    case 'Squeeze':
    case 'Unsqueeze':
    case 'ReduceSum':
      if (axes === undefined) return [node];
      return [
        {
          ...node,
          inputs: [node.inputs[0]!, constant(int64Tensor([axes.length], axes))],
          attributes: without(node, ['axes']),
        },
      ];
    default:
      return [node];
  }
}

const SCALED = '/scaled';

/** Replaces BatchNormalization by a convolution's own weights, or by a multiplication and an addition where none precedes it. */
function foldBatchNorm(graph: Graph, constant: (t: Tensor) => string): void {
  const uses = new Map<string, number>();
  for (const n of graph.nodes) for (const i of n.inputs) uses.set(i, (uses.get(i) ?? 0) + 1);
  for (const o of graph.outputs) uses.set(o.name, (uses.get(o.name) ?? 0) + 1);
  const producer = new Map<string, number>();
  const nodes = graph.nodes.splice(0);
  const out: OnnxNode[] = [];
  let shapes: Shapes | undefined;
  for (const node of nodes) {
    const affine = node.op === 'BatchNormalization' ? batchNormAffine(node, graph) : undefined;
    if (affine === undefined) {
      for (const o of node.outputs) producer.set(o, out.length);
      out.push(node);
      continue;
    }
    const { scale, shift } = affine;
    const at = producer.get(node.inputs[0]!);
    const conv = at === undefined ? undefined : out[at];
    const folded =
      conv?.op === 'Conv' && uses.get(conv.outputs[0]!) === 1
        ? foldConv(conv, scale, shift, graph, constant)
        : undefined;
    if (folded !== undefined) {
      out[at!] = { ...folded, outputs: [node.outputs[0]!] };
      producer.set(node.outputs[0]!, at!);
      continue;
    }
    shapes ??= inferShapes({ ...graph, nodes });
    const rank = shapes.get(node.inputs[0]!)?.length;
    if (rank === undefined || rank < 2) {
      producer.set(node.outputs[0]!, out.length);
      out.push(node);
      continue;
    }
    const dims = [1, scale.length, ...Array.from({ length: rank - 2 }, () => 1)];
    const product = `${node.outputs[0]}${SCALED}`;
    out.push({
      op: 'Mul',
      name: `${node.name}/scale`,
      inputs: [node.inputs[0]!, constant(floatTensor(dims, scale))],
      outputs: [product],
      attributes: {},
    });
    producer.set(node.outputs[0]!, out.length);
    out.push({
      op: 'Add',
      name: `${node.name}/shift`,
      inputs: [product, constant(floatTensor(dims, shift))],
      outputs: [node.outputs[0]!],
      attributes: {},
    });
  }
  graph.nodes.push(...out);
}

/** True of the multiplication and the addition that stand for a batch normalisation. */
export function isOfNorm(node: OnnxNode): boolean {
  return node.op === 'Mul' ? node.outputs[0]!.endsWith(SCALED) : node.op === 'Add' && node.inputs[0]!.endsWith(SCALED);
}

function floats(graph: Graph, name: string | undefined): Float32Array | undefined {
  const data = name === undefined ? undefined : graph.initializers.get(name)?.data;
  return data instanceof Float32Array ? data : undefined;
}

function batchNormAffine(node: OnnxNode, graph: Graph): { scale: Float32Array; shift: Float32Array } | undefined {
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map((n) => floats(graph, n));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  const scale = gamma.map((g, i) => g / Math.sqrt(variance[i]! + epsilon));
  return { scale, shift: beta.map((b, i) => b - mean[i]! * scale[i]!) };
}

function foldConv(
  conv: OnnxNode,
  scale: Float32Array,
  shift: Float32Array,
  graph: Graph,
  constant: (t: Tensor) => string,
): OnnxNode | undefined {
  const weight = graph.initializers.get(conv.inputs[1]!);
  const w = floats(graph, conv.inputs[1]);
  const b =
    conv.inputs[2] === undefined || conv.inputs[2] === ''
      ? new Float32Array(scale.length)
      : floats(graph, conv.inputs[2]);
  if (weight === undefined || w === undefined || b === undefined) return undefined;
  const each = sizeOf(weight.dims.slice(1));
  const scaled = w.map((v, i) => v * scale[Math.floor(i / each)]!);
  const bias = b.map((v, i) => v * scale[i]! + shift[i]!);
  return {
    ...conv,
    inputs: [
      conv.inputs[0]!,
      constant({ dims: weight.dims, data: scaled }),
      constant(floatTensor([bias.length], bias)),
    ],
  };
}

/**
 * Replaces `auto_pad`. Stride 1 has a fixed padding; with larger strides SAME depends on the size of the image,
 * so a Pad whose amounts are computed from the shape goes before a convolution without padding.
 */
function explicitPadding(graph: Graph, constant: (t: Tensor) => string): void {
  const nodes = graph.nodes.splice(0);
  for (const node of nodes) {
    const mode = stringOf(node, 'auto_pad', 'NOTSET');
    if (mode === 'NOTSET' || !['Conv', 'MaxPool', 'AveragePool'].includes(node.op)) {
      graph.nodes.push(node);
      continue;
    }
    const plain = without(node, ['auto_pad', 'pads']);
    const kernel = intsOf(node, 'kernel_shape') ?? graph.initializers.get(node.inputs[1] ?? '')?.dims.slice(2) ?? [];
    const strides = intsOf(node, 'strides') ?? kernel.map(() => 1);
    const dilations = intsOf(node, 'dilations') ?? kernel.map(() => 1);
    const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
    if (mode === 'VALID') {
      graph.nodes.push({ ...node, attributes: plain });
    } else if (strides.every((s) => s === 1)) {
      const small = reach.map((r) => Math.floor((r - 1) / 2));
      const large = reach.map((r, i) => r - 1 - small[i]!);
      graph.nodes.push({
        ...node,
        attributes: { ...plain, pads: ints(mode === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small]) },
      });
    } else {
      const fill = constant(floatTensor([], [node.op === 'MaxPool' ? -3.4028234663852886e38 : 0]));
      const padded = `${node.outputs[0]}/padded`;
      graph.nodes.push(...samePadding(node.inputs[0]!, padded, strides, reach, mode === 'SAME_UPPER', fill, constant));
      graph.nodes.push({ ...node, inputs: [padded, ...node.inputs.slice(1)], attributes: plain });
    }
  }
}

function samePadding(
  x: string,
  padded: string,
  strides: readonly number[],
  reach: readonly number[],
  upper: boolean,
  fill: string,
  constant: (t: Tensor) => string,
): OnnxNode[] {
  const nodes: OnnxNode[] = [];
  const vector = (values: readonly number[]): string => constant(int64Tensor([values.length], values));
  const op = (name: string, inputs: string[], attributes: OnnxNode['attributes'] = {}): string => {
    const output = `${padded}/${nodes.length}_${name}`;
    nodes.push({ op: name, name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const size = op('Slice', [op('Shape', [x]), vector([2]), vector([4])]);
  const s = vector(strides);
  const out = op('Div', [op('Add', [size, vector(strides.map((v) => v - 1))]), s]);
  const spanned = op('Add', [op('Mul', [op('Sub', [out, vector([1, 1])]), s]), vector(reach)]);
  const total = op('Max', [op('Sub', [spanned, size]), vector([0, 0])]);
  const half = op('Div', [total, vector([2, 2])]);
  const rest = op('Sub', [total, half]);
  const zeros = vector([0, 0]);
  const pads = op('Concat', upper ? [zeros, half, zeros, rest] : [zeros, rest, zeros, half], { axis: int(0) });
  nodes.push({ op: 'Pad', name: padded, inputs: [x, pads, fill], outputs: [padded], attributes: {} });
  return nodes;
}

/** Keeps what `outputs` need: nodes, initializers and inputs. Nodes come out in topological order. */
export function prune(graph: Graph, outputs: readonly string[]): Graph {
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) if (o !== '') producer.set(o, n);
  const used = new Set<string>();
  const kept = new Set<OnnxNode>();
  const stack = [...outputs];
  while (stack.length > 0) {
    const value = stack.pop()!;
    if (value === '' || used.has(value)) continue;
    used.add(value);
    const node = producer.get(value);
    if (node === undefined || kept.has(node)) continue;
    kept.add(node);
    stack.push(...node.inputs);
  }
  return {
    name: graph.name,
    metadata: new Map(graph.metadata),
    ...(graph.opset === undefined ? {} : { opset: graph.opset }),
    inputs: graph.inputs.filter((i) => used.has(i.name)),
    outputs: outputs.map((name) => graph.outputs.find((o) => o.name === name) ?? { name, type: 'float', dims: [] }),
    nodes: graph.nodes.filter((n) => kept.has(n)),
    initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
  };
}

/** Renames a value everywhere in the graph. */
export function renameValue(graph: Graph, from: string, to: string): Graph {
  const swap = (name: string): string => (name === from ? to : name);
  return {
    ...graph,
    inputs: graph.inputs.map((i) => ({ ...i, name: swap(i.name) })),
    outputs: graph.outputs.map((o) => ({ ...o, name: swap(o.name) })),
    nodes: graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(swap), outputs: n.outputs.map(swap) })),
    initializers: new Map([...graph.initializers].map(([k, v]) => [swap(k), v])),
  };
}
