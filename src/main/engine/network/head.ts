import { CovisError } from '../../../shared/errors.ts';
import { floatTensor, GraphBuilder, int, ints, type Graph, type OnnxNode } from './onnx/graph.ts';
import { prune, renameValue } from './onnx/normalise.ts';
import { inferShapes } from './onnx/shapes.ts';

/** Names that every Covis network has: its input, its output, and GeM's exponent. */
export const IMAGE = 'image';
export const DESCRIPTOR = 'descriptor';
export const GEM_P = 'gem/p';

/** Floor below which activations are raised before the power, and the term that keeps the norm from zero (methods.md 1.5). */
export const EPSILON = 1e-6;

/** GeM's exponent before training (methods.md 1.5). */
export const INITIAL_P = 3;

const AFTER_FEATURES = new Set([
  'GlobalAveragePool',
  'GlobalMaxPool',
  'ReduceMean',
  'Flatten',
  'Reshape',
  'Squeeze',
  'Gemm',
  'MatMul',
]);
const SKIPPED = new Set(['MaxPool', 'AveragePool', 'Identity', 'Dropout', 'Pad']);

/**
 * Finds the last feature map: what goes into the first global pooling or flattening on the way from the image,
 * without pooling layers before it (no pool5).
 * @throws CovisError `INPUT_UNSUPPORTED` when there is none.
 */
export function lastFeatureMap(graph: Graph): string {
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) producer.set(o, n);
  const shapes = inferShapes(graph);
  const onPath = reachable(graph);
  for (const node of graph.nodes) {
    const x = node.inputs[0] ?? '';
    if (!onPath.has(node) || !AFTER_FEATURES.has(node.op) || shapes.get(x)?.length !== 4) continue;
    if (usedBesides(graph, x, node)) continue;
    let value = x;
    for (let p = producer.get(value); p !== undefined && SKIPPED.has(p.op); p = producer.get(value))
      value = p.inputs[0]!;
    return value;
  }
  const last = graph.outputs[0]?.name ?? '';
  if (shapes.get(last)?.length === 4) return last;
  throw new CovisError('INPUT_UNSUPPORTED', 'No feature map was found before a global pooling or a flattening', {
    hint: 'Name the node whose output is the feature map with --cut.',
  });
}

/** Squeeze-and-excitation also pools globally, but its feature map goes on. */
function usedBesides(graph: Graph, value: string, node: OnnxNode): boolean {
  return graph.nodes.some((n) => n !== node && n.op !== 'Shape' && n.inputs.includes(value));
}

function reachable(graph: Graph): Set<OnnxNode> {
  const values = new Set(graph.inputs.map((i) => i.name));
  const nodes = new Set<OnnxNode>();
  for (const n of graph.nodes) {
    if (!n.inputs.some((i) => values.has(i))) continue;
    nodes.add(n);
    for (const o of n.outputs) values.add(o);
  }
  return nodes;
}

/**
 * Cuts a normalised backbone at `features` (a value, or a node's name) and appends GeM and L2 normalisation (methods.md 1.5).
 * The result takes `image` [N, C, H, W], normalised floats, and gives `descriptor` [N, K].
 * @throws CovisError when the value does not exist or is no feature map.
 */
export function addGemHead(backbone: Graph, features: string, p = INITIAL_P): { graph: Graph; dim: number } {
  const cut = backbone.nodes.find((n) => n.name === features)?.outputs[0] ?? features;
  if (!backbone.nodes.some((n) => n.outputs.includes(cut))) {
    const maps = backbone.nodes.filter((n) => ['Relu', 'Clip', 'Add', 'HardSwish'].includes(n.op)).slice(-6);
    throw new CovisError('NOT_FOUND', `The network has no node or value named ${features}`, {
      hint: `Its last activations are ${maps.map((n) => n.name).join(', ')}.`,
    });
  }
  const input = backbone.inputs.find((i) => i.dims.length === 4);
  if (input === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'The network has no image input of four dimensions');
  const channels = inferShapes(backbone).get(cut);
  const dim = channels?.[1];
  if (channels?.length !== 4 || typeof dim !== 'number') {
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `${features} is not a feature map of four dimensions with a fixed number of channels`,
    );
  }
  let graph = prune(backbone, [cut]);
  graph = renameValue(graph, input.name, IMAGE);
  const b = new GraphBuilder(graph, 'head');
  graph.initializers.set(GEM_P, floatTensor([1], [p]));
  const floor = b.constant(floatTensor([], [EPSILON]));
  const clamped = b.op('Clip', [cut, floor]);
  const powered = b.op('Pow', [clamped, GEM_P]);
  const mean = b.op('ReduceMean', [powered], { axes: ints([2, 3]), keepdims: int(0) });
  const pooled = b.op('Pow', [mean, b.op('Div', [b.scalar(1), GEM_P])]);
  const norm = b.op('Sqrt', [b.reduceSum(b.op('Mul', [pooled, pooled]), [1], true)]);
  b.op('Div', [pooled, b.op('Add', [norm, b.scalar(EPSILON)])], {}, DESCRIPTOR);
  graph.inputs.splice(0, graph.inputs.length, {
    name: IMAGE,
    type: 'float',
    dims: ['N', input.dims[1] ?? 3, 'H', 'W'],
  });
  graph.outputs.splice(0, graph.outputs.length, { name: DESCRIPTOR, type: 'float', dims: ['N', dim] });
  return { graph, dim };
}

/** Exponent and threshold of the edge filter (methods.md 2.2). */
export const EDGE_EXPONENT = 'edge/p';
export const EDGE_THRESHOLD = 'edge/threshold';

/** The float initializers that training moves: weights and biases of convolutions and matrix products, GeM's p, the edge filter's two. */
export function trainableParameters(graph: Graph): string[] {
  const names = new Set<string>();
  for (const n of graph.nodes) {
    if (!['Conv', 'Gemm', 'MatMul'].includes(n.op)) continue;
    for (const i of n.inputs.slice(1)) {
      if (graph.initializers.get(i)?.data instanceof Float32Array) names.add(i);
    }
  }
  for (const name of [GEM_P, EDGE_EXPONENT, EDGE_THRESHOLD]) if (graph.initializers.has(name)) names.add(name);
  return [...names];
}
