import { CovisError } from '../../../../shared/errors.ts';
import type { ParsedModel } from './file.ts';
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
  type OnnxNode,
  type Tensor,
} from './graph.ts';

/**
 * Brings a graph of any operator set from 7 on to {@link OPSET} and to the few forms that the rest of Covis knows:
 * limits and axes as inputs, no dropout, explicit padding, BatchNorm folded into the convolution before it (frozen, as the reference trainers do).
 */
export function normalise({ graph: source, opset }: ParsedModel, file: string): Graph {
  if (opset < 7) {
    throw new CovisError('INPUT_UNSUPPORTED', `Operator set ${opset} is too old, 7 or newer can be read`, { file });
  }
  const graph = cloneGraph(source);
  const nodes = graph.nodes.splice(0);
  let counter = 0;
  const constant = (t: Tensor): string => {
    const name = `normalise/const_${counter++}`;
    graph.initializers.set(name, t);
    return name;
  };
  for (const node of nodes) {
    for (const n of upgrade(node, opset, constant, (name) => graph.initializers.get(name), file)) graph.nodes.push(n);
  }
  foldBatchNorm(graph, constant);
  explicitPadding(graph, constant);
  return prune(
    graph,
    graph.outputs.map((o) => o.name),
  );
}

function without(node: OnnxNode, keys: readonly string[]): OnnxNode['attributes'] {
  return Object.fromEntries(Object.entries(node.attributes).filter(([k]) => !keys.includes(k)));
}

/** Reductions whose axes are an input from operator set 18 on and an attribute before; ReduceSum changed at 13 already. */
const REDUCTIONS = new Set([
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceSumSquare',
]);

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
    case 'Split':
      // Parts of one size are what is meant without sizes, before operator set 18 as well.
      return [{ ...node, attributes: without(node, ['num_outputs']) }];
    case 'Cast':
      return [{ ...node, attributes: without(node, ['saturate', 'round_mode']) }];
    case 'Resize': {
      const policy = stringOf(node, 'keep_aspect_ratio_policy', 'stretch');
      if (intOf(node, 'antialias', 0) !== 0 || axes !== undefined || policy !== 'stretch')
        throw new CovisError(
          'INPUT_UNSUPPORTED',
          `Node ${node.name} (Resize) uses antialias, axes or an aspect policy of operator set 18, which Covis does not know`,
          { file },
        );
      return [{ ...node, attributes: without(node, ['antialias', 'keep_aspect_ratio_policy']) }];
    }
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

/** Replaces BatchNormalization by a convolution's own weights, or by a multiplication and an addition where none precedes it. */
function foldBatchNorm(graph: Graph, constant: (t: Tensor) => string): void {
  const uses = new Map<string, number>();
  for (const n of graph.nodes) for (const i of n.inputs) uses.set(i, (uses.get(i) ?? 0) + 1);
  for (const o of graph.outputs) uses.set(o.name, (uses.get(o.name) ?? 0) + 1);
  const producer = new Map<string, number>();
  const nodes = graph.nodes.splice(0);
  const out: OnnxNode[] = [];
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
    const dims = [1, scale.length, 1, 1];
    const product = `${node.outputs[0]}/scaled`;
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
    inputs: graph.inputs.filter((i) => used.has(i.name)),
    outputs: outputs.map((name) => graph.outputs.find((o) => o.name === name) ?? { name, type: 'float', dims: [] }),
    nodes: graph.nodes.filter((n) => kept.has(n)),
    initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
  };
}

/** Replaces a^b by exp(b log a), or by a product where b is the constant 2; bases are positive wherever Covis takes powers. */
export function withoutPow(graph: Graph): Graph {
  const nodes = graph.nodes.flatMap((n): OnnxNode[] => {
    if (n.op !== 'Pow') return [n];
    const [a, b] = n.inputs as [string, string];
    const exponent = graph.initializers.get(b);
    if (exponent?.data.length === 1 && Number(exponent.data[0]) === 2) return [{ ...n, op: 'Mul', inputs: [a, a] }];
    const log = `${n.outputs[0]}/log`;
    const scaled = `${n.outputs[0]}/scaled`;
    return [
      { op: 'Log', name: `${n.name}/log`, inputs: [a], outputs: [log], attributes: {} },
      { op: 'Mul', name: `${n.name}/scaled`, inputs: [log, b], outputs: [scaled], attributes: {} },
      { ...n, op: 'Exp', inputs: [scaled] },
    ];
  });
  return { ...graph, nodes };
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
