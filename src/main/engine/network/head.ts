import { CovisError } from '../../../shared/errors.ts';
import type { NetworkSpec, Pooling } from '../../../shared/domain.ts';
import { GraphBuilder, type Graph, type OnnxNode } from './onnx/graph.ts';
import { prune, renameValue } from './onnx/normalise.ts';
import { inferShapes, type Shapes } from './onnx/shapes.ts';
import { appendL2, appendPooling, GEM_P } from './pooling-heads.ts';

/** Names that every Covis network has: its input and its output. */
export const IMAGE = 'image';
export const DESCRIPTOR = 'descriptor';

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
/** ImageNet's. */
const CLASSES = 1000;
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
    return beforeClasses(value, producer, shapes);
  }
  const last = graph.outputs[0]?.name ?? '';
  if (shapes.get(last)?.length === 4) return last;
  throw new CovisError('INPUT_UNSUPPORTED', 'No feature map was found before a global pooling or a flattening', {
    hint: 'Name the node whose output is the feature map with --cut.',
  });
}

/** As many channels as ImageNet has classes, out of a 1x1 convolution, are no features but classes (SqueezeNet): the map before is meant. */
function beforeClasses(map: string, producer: ReadonlyMap<string, OnnxNode>, shapes: Shapes): string {
  if (shapes.get(map)?.[1] !== CLASSES) return map;
  let node = producer.get(map);
  while (node !== undefined && (node.op === 'Relu' || SKIPPED.has(node.op))) node = producer.get(node.inputs[0]!);
  const weight = node?.op === 'Conv' ? shapes.get(node.inputs[1]!) : undefined;
  if (weight?.[2] !== 1 || weight[3] !== 1) return map;
  let value = node!.inputs[0]!;
  for (let p = producer.get(value); p?.op === 'Identity' || p?.op === 'Dropout'; p = producer.get(value))
    value = p.inputs[0]!;
  return value;
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

/** How a feature map becomes a descriptor. */
export interface HeadOptions {
  /** GeM if not given. */
  readonly pooling?: Pooling | undefined;
  /** GeM's exponent before training. */
  readonly p?: number | undefined;
}

/**
 * Cuts a normalised backbone at `features` (a value, or a node's name) and appends pooling and L2 normalisation (methods.md 1.5).
 * The result takes `image` [N, C, H, W], normalised floats, and gives `descriptor` [N, K].
 * @throws CovisError when the value does not exist or is no feature map.
 */
export function addHead(backbone: Graph, features: string, options: HeadOptions = {}): { graph: Graph; dim: number } {
  const cut = valueNamed(backbone, features);
  if (cut === undefined) {
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
  const graph = renameValue(prune(backbone, [cut]), input.name, IMAGE);
  const b = new GraphBuilder(graph, 'head');
  appendL2(b, appendPooling(b, cut, dim, options.pooling ?? 'gem', options.p), DESCRIPTOR);
  graph.inputs.splice(0, graph.inputs.length, {
    name: IMAGE,
    type: 'float',
    dims: ['N', input.dims[1] ?? 3, 'H', 'W'],
  });
  graph.outputs.splice(0, graph.outputs.length, { name: DESCRIPTOR, type: 'float', dims: ['N', dim] });
  return { graph, dim };
}

/** The value of that name, or the first output of the node of that name. */
function valueNamed(graph: Graph, name: string): string | undefined {
  if (graph.nodes.some((n) => n.outputs.includes(name))) return name;
  return graph.nodes.find((n) => n.name === name)?.outputs[0];
}

/** The value that a network pools. @throws CovisError `INPUT_UNSUPPORTED` when its graph does not have it. */
export function pooledMap(graph: Graph, spec: Pick<NetworkSpec, 'name' | 'features'>): string {
  const raised = graph.nodes.find((n) => n.op === 'Pow' && n.inputs[1] === GEM_P);
  const clamp = graph.nodes.find((n) => n.outputs[0] === raised?.inputs[0]);
  const map = clamp?.inputs[0] ?? valueNamed(graph, spec.features);
  if (map === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `The network ${spec.name} does not say which map it pools`, {
      hint: 'Import the backbone and start from that.',
    });
  return map;
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
