import { CovisError } from '../../../shared/errors.ts';
import type { NetworkSpec, Pooling } from '../../../shared/domain.ts';
import { poolsPlaces } from './onnx/beyond-cut.ts';
import { GraphBuilder, intOf, intsOf, type Dim, type Graph, type OnnxNode } from './onnx/graph.ts';
import { layoutsOf } from './onnx/layouts.ts';
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
const ACTIVATIONS = new Set([
  ...['Relu', 'Clip', 'HardSwish', 'Sigmoid', 'HardSigmoid', 'Mul', 'Div', 'Swish', 'Add', 'Identity'],
]);
const SKIPPED = new Set(['MaxPool', 'AveragePool', 'Identity', 'Dropout', 'Pad']);

/**
 * Finds the last feature map: what goes into the first global pooling or flattening on the way from the image,
 * without pooling layers before it (no pool5).
 * @throws CovisError `INPUT_UNSUPPORTED` when there is none.
 */
export function lastFeatureMap(graph: Graph): string {
  const shapes = inferShapes(graph);
  const [first] = pooledMaps(graph, shapes);
  if (first !== undefined) return first;
  const last = graph.outputs[0]?.name ?? '';
  if (shapes.get(last)?.length === 4) return last;
  throw new CovisError('INPUT_UNSUPPORTED', 'No feature map was found before a global pooling or a flattening', {
    hint: 'Name the node whose output is the feature map with --cut.',
  });
}

/** All maps that go into a global pooling or a flattening and nowhere else, first to last; an output that is a map is one as well. */
export function mapsBeforePooling(graph: Graph, seen: ReadonlyMap<string, readonly Dim[]> = new Map()): string[] {
  const shapes = inferShapes(graph);
  for (const [value, dims] of seen) if (!shapes.has(value)) shapes.set(value, dims);
  const maps = [...pooledMaps(graph, shapes)];
  const [output, ...more] = graph.outputs;
  const isMap = output !== undefined && more.length === 0 && shapes.get(output.name)?.length === 4;
  const has = (d: unknown): boolean => d !== 1;
  if (isMap && shapes.get(output.name)!.slice(2).some(has)) maps.push(output.name);
  return [...new Set(maps)];
}

/** Values that may be maps before a pooling and whose rank the rules of shapes do not tell. */
export function unknownMaps(graph: Graph): string[] {
  const shapes = inferShapes(graph);
  const onPath = reachable(graph);
  const asked = graph.nodes.flatMap((n) => {
    const x = n.inputs[0] ?? '';
    return onPath.has(n) && AFTER_FEATURES.has(n.op) && !shapes.has(x) && !usedBesides(graph, x, n) ? [x] : [];
  });
  const outputs = graph.outputs.length === 1 ? graph.outputs.map((o) => o.name).filter((o) => !shapes.has(o)) : [];
  const made = new Set(graph.nodes.flatMap((n) => n.outputs));
  return [...new Set([...asked, ...outputs])].filter((v) => made.has(v));
}

function* pooledMaps(graph: Graph, shapes: Shapes): Generator<string> {
  const layouts = layoutsOf(graph);
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) producer.set(o, n);
  const onPath = reachable(graph);
  for (const node of graph.nodes) {
    const x = node.inputs[0] ?? '';
    if (!onPath.has(node) || !AFTER_FEATURES.has(node.op) || shapes.get(x)?.length !== 4) continue;
    if (usedBesides(graph, x, node)) continue;
    let value = x;
    for (let p = producer.get(value); p !== undefined && isSkipped(p); p = producer.get(value)) value = p.inputs[0]!;
    // Heads of attention have four axes as well, and tokens may: what is pooled over the places of a map is one all the same.
    const layout = layouts.get(value);
    if (layout === 'NHWC' || (layout === undefined && !poolsPlaces(node, graph))) continue;
    yield beforeClasses(value, producer, shapes);
  }
}

/** Poolings, and turning channels to the end, before what is a vector then. */
function isSkipped(node: OnnxNode): boolean {
  return SKIPPED.has(node.op) || (node.op === 'Transpose' && intsOf(node, 'perm')?.join() === '0,2,3,1');
}

/**
 * Where the last map comes of a 1x1 convolution that widens a linear bottleneck for the classifier, as in MobileNetV2, V3 and the
 * EfficientNets: the map before that convolution, which describes better. Undefined for other networks.
 */
export function headConvolution(graph: Graph, map: string): string | undefined {
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) producer.set(o, n);
  const weightOf = (n: OnnxNode | undefined): readonly number[] | undefined =>
    n?.op === 'Conv' ? graph.initializers.get(n.inputs[1] ?? '')?.dims : undefined;
  const isPoint = (n: OnnxNode | undefined): boolean => {
    const w = weightOf(n);
    return w !== undefined && w[2] === 1 && w[3] === 1 && intOf(n!, 'group', 1) === 1;
  };
  let node = producer.get(map);
  let activated = false;
  // Swish is x sigmoid(x), hard or not, written out or in one.
  for (let steps = 0; node !== undefined && node.op !== 'Conv' && steps < 6; steps += 1) {
    if (!ACTIVATIONS.has(node.op)) return undefined;
    activated = true;
    const from: readonly string[] = node.inputs.filter((i) => i !== '' && !graph.initializers.has(i));
    // Of a product with its own gate, the convolution is the input of both.
    const conv = from.map((i) => producer.get(i)).find((n) => n?.op === 'Conv');
    node = conv ?? producer.get(from[0] ?? '');
  }
  const weight = weightOf(node);
  if (!activated || node === undefined || weight === undefined || !isPoint(node)) return undefined;
  if (weight[0]! < 2 * weight[1]!) return undefined;
  const before = node.inputs[0]!;
  let source = producer.get(before);
  while (source?.op === 'Identity') source = producer.get(source.inputs[0]!);
  // A bottleneck is a point convolution without activation, or the sum of one and what went in.
  const projections = source?.op === 'Add' ? source.inputs.map((i) => producer.get(i)) : [source];
  return projections.some((p) => isPoint(p) && weightOf(p)![0]! < weightOf(p)![1]!) ? before : undefined;
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
  /** Channels of the map, where they were seen at work. */
  readonly dim?: number;
  /** Dimensions of the input; any number of images of any size if not given. */
  readonly input?: readonly Dim[];
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
  const channels = options.dim === undefined ? inferShapes(backbone).get(cut) : [0, options.dim, 0, 0];
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
    dims: options.input ?? ['N', input.dims[1] ?? 3, 'H', 'W'],
  });
  graph.outputs.splice(0, graph.outputs.length, { name: DESCRIPTOR, type: 'float', dims: ['N', dim] });
  return { graph, dim };
}

/** Appends L2 normalisation to a network that gives a vector by itself, one row an image. */
export function addUnitHead(backbone: Graph, vector: string, dim: number, input: readonly Dim[]): Graph {
  const graph = prune(backbone, [vector]);
  const b = new GraphBuilder(graph, 'head');
  const rows = input[0] === 1 ? b.reshape(vector, [1, dim]) : b.reshape(vector, [-1, dim]);
  appendL2(b, rows, DESCRIPTOR);
  graph.inputs.splice(0, graph.inputs.length, { name: IMAGE, type: 'float', dims: input });
  graph.outputs.splice(0, graph.outputs.length, { name: DESCRIPTOR, type: 'float', dims: ['N', dim] });
  return graph;
}

/** The value of that name, or the first output of the node of that name. */
export function valueNamed(graph: Graph, name: string): string | undefined {
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

/** True where a linear layer of Covis stands behind the pooling. */
export function hasLinearLayer(graph: Graph): boolean {
  return graph.initializers.has('projection/weight') || graph.initializers.has('whitening/weight');
}

/**
 * The network with another pooling of its map.
 * @throws CovisError `INPUT_UNSUPPORTED` where its map is not known, or where what stands behind the pooling belongs to it.
 */
export function repooled(
  graph: Graph,
  spec: Pick<NetworkSpec, 'name' | 'features' | 'dim' | 'scales' | 'taken'>,
  pooling: Pooling,
): Graph {
  if (spec.taken?.kind === 'vector')
    throw new CovisError('INPUT_UNSUPPORTED', `${spec.name} gives a vector by itself, and has no map to be pooled`, {
      hint: 'Add its file with --output map, or that of a ViT with --tokens patches.',
    });
  const map = pooledMap(graph, spec);
  if (hasLinearLayer(graph) || spec.scales !== undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `${spec.name} has layers behind its pooling, which belong to that`, {
      hint: 'Start from the network it was made of.',
    });
  const [input] = graph.inputs;
  // A pooling gives as many numbers as its map has channels, also where no rule tells how many these are.
  return addHead(graph, map, { pooling, dim: spec.dim, ...(input === undefined ? {} : { input: input.dims }) }).graph;
}

/** Exponent and threshold of the edge filter (methods.md 2.2). */
export const EDGE_EXPONENT = 'edge/p';
export const EDGE_THRESHOLD = 'edge/threshold';

/**
 * The float initializers that training moves: weights and biases of convolutions and matrix products, scales and shifts of layer
 * normalisation, GeM's p, the edge filter's two. Those that a graph says are frozen stay.
 */
export function trainableParameters(graph: Graph): string[] {
  const names = new Set<string>();
  const isFloat = (name: string): boolean => graph.initializers.get(name)?.data instanceof Float32Array;
  /** What comes of a product with a weight: a vector that is added to it is the layer's bias. */
  const products = new Map<string, number>();
  for (const n of graph.nodes) {
    if (n.op === 'Add') {
      const [bias, sum] = isFloat(n.inputs[1] ?? '') ? [n.inputs[1], n.inputs[0]] : [n.inputs[0], n.inputs[1]];
      const width = products.get(sum ?? '');
      const dims = graph.initializers.get(bias ?? '')?.dims;
      if (dims?.length === 1 && dims[0] === width && isFloat(bias!)) names.add(bias!);
      continue;
    }
    if (!WEIGHTED.has(n.op)) continue;
    for (const i of n.inputs.slice(1)) if (isFloat(i)) names.add(i);
    if (n.op !== 'MatMul') continue;
    const weight = n.inputs[1] ?? '';
    // Exporters write a layer's weight in front of tokens where these are turned.
    if (isFloat(n.inputs[0] ?? '')) names.add(n.inputs[0]!);
    if (isFloat(weight)) products.set(n.outputs[0]!, graph.initializers.get(weight)!.dims.at(-1)!);
  }
  for (const name of [GEM_P, EDGE_EXPONENT, EDGE_THRESHOLD]) if (graph.initializers.has(name)) names.add(name);
  return [...names].filter((name) => graph.frozen?.has(name) !== true);
}

/** Operators whose constants behind the first input are weights. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul', 'LayerNormalization', 'RMSNormalization']);
