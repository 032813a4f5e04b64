import { intOf, type Graph, type OnnxNode } from './graph.ts';

/** What lies behind a cut: how much of the network is kept, and operators that are more than pooling and a classifier. */
export interface BeyondCut {
  readonly kept: number;
  readonly nodes: number;
  /** Operators that would be lost although they make the network's descriptor, each once; empty behind a plain classifier. */
  readonly lost: readonly string[];
}

/** Poolings, shapes and activations: what stands between a last map and the classes. */
const PLAIN = new Set([
  ...['GlobalAveragePool', 'GlobalMaxPool', 'AveragePool', 'MaxPool', 'Pad'],
  ...[
    'Flatten',
    'Reshape',
    'Squeeze',
    'Unsqueeze',
    'Transpose',
    'Shape',
    'Gather',
    'Concat',
    'Slice',
    'Cast',
    'Constant',
  ],
  ...['Identity', 'Dropout', 'Relu', 'LeakyRelu', 'Clip', 'HardSwish', 'HardSigmoid', 'Sigmoid', 'Gemm'],
]);
const GATES = new Set(['Sigmoid', 'HardSigmoid', 'Clip', 'Div']);
/** Ends of a classifier: probabilities and the class itself. */
const ENDS = new Set(['Softmax', 'LogSoftmax', 'ArgMax', 'TopK']);

/**
 * What a cut at `value` would leave out. A plain classifier, fully connected layers and
 * their activations, may go: the map before it is what the field pools. Attention, normalisation, powers and norms are the descriptor
 * itself, and a network without them is another network.
 */
export function beyondCut(graph: Graph, value: string): BeyondCut {
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) producer.set(o, n);
  const kept = ancestors([value], producer);
  const sizes = sizesOf(graph);
  const behind = graph.nodes.filter((n) => !kept.has(n) && !n.outputs.every((o) => sizes.has(o)));
  const used = new Set(behind.flatMap((n) => n.inputs));
  const lost = new Set<string>();
  for (const node of behind) if (!isPlain(node, graph, producer, used)) lost.add(node.op);
  return { kept: kept.size, nodes: graph.nodes.length, lost: [...lost].sort() };
}

/** Values that come of sizes and constants alone: they describe nothing. */
function sizesOf(graph: Graph): ReadonlySet<string> {
  const sizes = new Set<string>();
  for (const node of graph.nodes) {
    const computed = node.inputs.filter((i) => i !== '' && !graph.initializers.has(i));
    if (node.op === 'Shape' || node.op === 'Size' || computed.every((i) => sizes.has(i)))
      for (const o of node.outputs) sizes.add(o);
  }
  return sizes;
}

function ancestors(values: readonly string[], producer: ReadonlyMap<string, OnnxNode>): Set<OnnxNode> {
  const out = new Set<OnnxNode>();
  const stack = [...values];
  while (stack.length > 0) {
    const node = producer.get(stack.pop()!);
    if (node === undefined || out.has(node)) continue;
    out.add(node);
    stack.push(...node.inputs);
  }
  return out;
}

function isPlain(
  node: OnnxNode,
  graph: Graph,
  producer: ReadonlyMap<string, OnnxNode>,
  used: ReadonlySet<string>,
): boolean {
  if (PLAIN.has(node.op)) return true;
  if (ENDS.has(node.op)) return endsHere(node, used, producer, graph);
  const constants = node.inputs.map((i) => graph.initializers.get(i));
  switch (node.op) {
    case 'ReduceMean':
    case 'ReduceMax':
    case 'ReduceSum':
      // Over places of a map, not over channels, which would be part of a norm.
      return intOf(node, 'keepdims', 1) === 0 || !used.has(node.outputs[0]!) || followedByPlain(node, graph);
    case 'MatMul':
      return constants.some((c) => c !== undefined);
    case 'Conv': {
      const weight = constants[1]?.dims ?? [];
      return weight.length === 4 && weight[2] === 1 && weight[3] === 1;
    }
    case 'Add':
    case 'Sub':
      return constants.some((c) => c !== undefined && c.dims.filter((d) => d > 1).length <= 1);
    case 'Mul':
    case 'Div':
      return (
        constants.some((c) => c?.data.length === 1) ||
        (node.op === 'Mul' && node.inputs.some((i) => GATES.has(producer.get(i)?.op ?? '')))
      );
    case 'LayerNormalization':
      // Of the pooled vector before the one matrix of a classifier, as in ConvNeXt.
      return ofPooled(node, producer) && products(graph, used) === 1;
    default:
      return false;
  }
}

const SHAPING = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Gather', 'Identity', 'Cast']);

/** True where what is normalised is a mean over places, whatever its shape was made. */
function ofPooled(node: OnnxNode, producer: ReadonlyMap<string, OnnxNode>): boolean {
  let before = producer.get(node.inputs[0] ?? '');
  while (before !== undefined && SHAPING.has(before.op)) before = producer.get(before.inputs[0] ?? '');
  return before !== undefined && ['GlobalAveragePool', 'ReduceMean'].includes(before.op);
}

/** Products with weights among the nodes that use these values. */
function products(graph: Graph, used: ReadonlySet<string>): number {
  return graph.nodes.filter(
    (n) =>
      ['Gemm', 'MatMul'].includes(n.op) && used.has(n.inputs[1] ?? '') && graph.initializers.has(n.inputs[1] ?? ''),
  ).length;
}

/** Nothing but names and shapes behind it. */
function endsHere(
  node: OnnxNode,
  used: ReadonlySet<string>,
  producer: ReadonlyMap<string, OnnxNode>,
  graph: Graph,
): boolean {
  if (!node.outputs.some((o) => used.has(o))) return true;
  return graph.nodes
    .filter((n) => n.inputs.some((i) => producer.get(i) === node))
    .every((n) => ['Identity', 'Reshape', 'Squeeze', 'Flatten', 'ArgMax', 'TopK'].includes(n.op));
}

function followedByPlain(node: OnnxNode, graph: Graph): boolean {
  return graph.nodes
    .filter((n) => n.inputs.includes(node.outputs[0]!))
    .every((n) => PLAIN.has(n.op) || n.op === 'Conv');
}
