import { intOf, intsOf, type Graph, type OnnxNode } from './graph.ts';
import { inferShapes } from './shapes.ts';

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
const ENDS = new Set(['Softmax', 'LogSoftmax', 'Hardmax', 'ArgMax', 'TopK']);

/**
 * What a cut at `value` would leave out. A plain classifier, fully connected layers and their activations, may go, and of a network that
 * gives classes whatever is made of the pooled vector alone: the map before it is what the field pools. Attention, normalisation, powers and norms are the descriptor
 * itself, and a network without them is another network.
 */
export function beyondCut(graph: Graph, value: string): BeyondCut {
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) producer.set(o, n);
  const kept = ancestors([value], producer);
  const sizes = sizesOf(graph);
  const behind = graph.nodes.filter((n) => !kept.has(n) && !n.outputs.every((o) => sizes.has(o)));
  const used = new Set(behind.flatMap((n) => n.inputs));
  const pooled = givesClasses(graph) ? pooledFrom(behind, graph, sizes) : new Set<OnnxNode>();
  const lost = new Set<string>();
  for (const node of behind) if (!pooled.has(node) && !isPlain(node, graph, producer, used)) lost.add(node.op);
  return { kept: kept.size, nodes: graph.nodes.length, lost: [...lost].sort() };
}

/** ImageNet's, of 1,000, 21,841 and 21,843 classes, with and without one for nothing. */
export const CLASSES: ReadonlySet<number> = new Set([1000, 1001, 11_221, 21_841, 21_843]);
/** What changes no number. */
export const IDLE: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Cast']);

/** The operator that makes classes of numbers at the end of a network; undefined where there is none. */
export function endOfClasses(graph: Graph): string | undefined {
  const producer = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  let node = producer.get(graph.outputs[0]?.name ?? '');
  while (node !== undefined && IDLE.has(node.op)) node = producer.get(node.inputs[0] ?? '');
  return node !== undefined && ENDS.has(node.op) ? node.op : undefined;
}

/** True for one output of as many numbers as ImageNet has classes, or of probabilities. */
function givesClasses(graph: Graph): boolean {
  const [output, ...more] = graph.outputs;
  if (output === undefined || more.length > 0) return false;
  if (endOfClasses(graph) !== undefined) return true;
  const dims = inferShapes(graph).get(output.name) ?? output.dims;
  const count = dims.length === 2 ? dims[1] : undefined;
  return typeof count === 'number' && CLASSES.has(count);
}

/** Nodes behind a cut that take nothing but what was averaged, or the largest, over the places of a map, constants and sizes. */
function pooledFrom(behind: readonly OnnxNode[], graph: Graph, sizes: ReadonlySet<string>): ReadonlySet<OnnxNode> {
  const values = new Set<string>();
  const found = new Set<OnnxNode>();
  for (const node of behind) {
    const computed = node.inputs.filter((i) => i !== '' && !graph.initializers.has(i) && !sizes.has(i));
    if (!poolsPlaces(node, graph) && (computed.length === 0 || !computed.every((i) => values.has(i)))) continue;
    found.add(node);
    for (const o of node.outputs) values.add(o);
  }
  return found;
}

/** True where the last two of four axes are pooled. */
export function poolsPlaces(node: OnnxNode, graph: Graph): boolean {
  if (node.op !== 'ReduceMean') return node.op === 'GlobalAveragePool' || node.op === 'GlobalMaxPool';
  const given = graph.initializers.get(node.inputs[1] ?? '')?.data;
  const axes = intsOf(node, 'axes') ?? (given === undefined ? [] : Array.from(given, Number));
  const places = axes.map((a) => (a < 0 ? a + 4 : a)).sort();
  return places.join() === '2,3';
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
