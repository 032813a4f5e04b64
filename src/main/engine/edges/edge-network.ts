import type { EdgeSpec, NetworkSpec, Preprocess } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { EDGE_EXPONENT, EDGE_THRESHOLD, IMAGE, repooled } from '../network/head.ts';
import { floatTensor, GraphBuilder, type Graph, type OnnxNode } from '../network/onnx/graph.ts';
import type { LoadedNetwork } from '../network/networks.ts';
import { INITIAL_FILTER, type EdgeFilter } from './filter.ts';

/** The edge filter's initializers that are not trained (methods.md 2.2). */
const EDGE_GAIN = 'edge/gain';
const EDGE_SLOPE = 'edge/slope';

/** How a map is pooled: the maximum, as EdgeMAC does, or GeM. */
export type EdgePooling = 'mac' | 'gem';

export interface EdgeNetworkOptions {
  readonly pooling?: EdgePooling | undefined;
  readonly detector: string;
  readonly filter?: Partial<EdgeFilter> | undefined;
}

/** Five scales, each with its mirror image: ten descriptors, summed (methods.md 2.6). */
export const EDGE_SCALES = [1, Math.SQRT1_2, Math.SQRT2, 0.5, 2] as const;
/** Zero pixels around a map when it is described (methods.md 2.1). */
export const EDGE_PADDING = 30;
/** No side of a padded map is shorter (methods.md 2.1). */
export const LEAST_SIDE = 67;
/** Long side of edge maps at scale 1 (methods.md 2.4). */
export const EDGE_SIZE = 227;
/**
 * With MobileNetV1 0.25, GeM behind a gain of 60 beats MAC behind 10 on all that was measured (test/bench/RESULTS.md); MAC with the
 * authors' gain is EdgeMAC as published.
 */
export const DEFAULT_POOLING: EdgePooling = 'gem';
const GEM_GAIN = 60;
/** Values below it are no edge; keeps the logarithm in the exponent's gradient finite. */
const TINY = 1e-12;

/**
 * Makes an EdgeMAC network of a retrieval network (methods.md 2.2, 2.3): the edge filter in front, a first convolution of one channel
 * that sums those of the colours, and MAC instead of GeM. Weights are summed in the units of the filter, whose values compare with
 * pixels of 0..255; there is no mean, so that no edge is zero. A ViT's patch convolution is such a first convolution. What takes images of
 * one size is given smaller maps in a margin of zeros, at the scales that lie within it; what gives a vector by itself keeps it.
 * @throws CovisError `INPUT_UNSUPPORTED` when the image does not go straight into a convolution, where the one size is too small, and for MAC
 * of a network without a map; `INPUT_INVALID` for an edge network.
 */
export function edgeNetwork(
  network: Pick<LoadedNetwork, 'graph' | 'spec'>,
  options: EdgeNetworkOptions,
): { graph: Graph; spec: NetworkSpec } {
  const { spec } = network;
  if (spec.edges !== undefined) throw new CovisError('INPUT_INVALID', `${spec.name} is an edge network already`);
  const pooling = options.pooling ?? DEFAULT_POOLING;
  const own = spec.taken?.kind === 'vector';
  const scales = scalesWithin(spec);
  let graph = copy(network.graph);
  const [batch = 'N', , height = 'H', width = 'W'] = graph.inputs[0]?.dims ?? [];
  summed(graph, spec.preprocess);
  if (pooling === 'mac') graph = repooled(graph, spec, 'mac');
  filtered(graph, { ...INITIAL_FILTER, ...(pooling === 'gem' ? { gain: GEM_GAIN } : {}), ...options.filter });
  graph.inputs.splice(0, graph.inputs.length, { name: IMAGE, type: 'float', dims: [batch, 1, height, width] });
  const base = spec.name.replace(/ (GeM|MAC)\b.*$/, '');
  const edges: EdgeSpec = {
    detector: options.detector,
    scales,
    mirror: true,
    padding: EDGE_PADDING,
  };
  return {
    graph,
    spec: {
      ...spec,
      name: `${base} ${own ? 'edges' : pooling === 'mac' ? 'EdgeMAC' : 'edge GeM'}`,
      edges,
      ...(own ? {} : { pooling }),
      origin: `${spec.origin}; first layer summed to one channel of edge strength`,
    },
  };
}

/**
 * The long side in pixels of the edge maps that a network of one size is given: what is left within a margin, for drawings have one in any
 * case (methods.md 2.5). Undefined for networks that take other sizes.
 */
export function sideWithin({ input }: Pick<NetworkSpec, 'input'>): number | undefined {
  if (input?.height === undefined || input.width === undefined) return undefined;
  return Math.min(input.height, input.width) - 2 * EDGE_PADDING;
}

/** Those of the five scales at which a map lies within what the network takes: all where any size does. */
function scalesWithin(spec: NetworkSpec): number[] {
  const only = sideWithin(spec);
  if (only === undefined) return [...EDGE_SCALES];
  if (only >= LEAST_SIDE) return EDGE_SCALES.filter((s) => s <= 1);
  const { height, width } = spec.input ?? {};
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    `${spec.name} takes images of ${width}x${height} alone, which leaves an edge map and its margin of ${EDGE_PADDING} pixels too little: it takes ${LEAST_SIDE + 2 * EDGE_PADDING} at least`,
    { hint: 'Export it for larger images, or for any size.' },
  );
}

function copy(graph: Graph): Graph {
  return {
    ...graph,
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    nodes: [...graph.nodes],
    initializers: new Map(graph.initializers),
    metadata: new Map(graph.metadata),
  };
}

/** Replaces the weights of the convolutions that take the image by their sum over colours. */
function summed(graph: Graph, preprocess: Preprocess): void {
  const image = new Set([IMAGE]);
  let found = false;
  for (const [at, node] of graph.nodes.entries()) {
    if (!node.inputs.some((i) => image.has(i))) continue;
    if (node.op === 'Pad' || node.op === 'Identity') {
      for (const o of node.outputs) image.add(o);
      continue;
    }
    if (node.op === 'Shape') continue;
    const name = node.inputs[1] ?? '';
    const weight = graph.initializers.get(name);
    if (node.op !== 'Conv' || weight === undefined || weight.dims[1] !== 3)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `The image goes into ${node.op} (${node.name}), but only a convolution of three channels can be summed to one`,
      );
    const [outputs, , height, width] = weight.dims as [number, number, number, number];
    const area = height * width;
    const data = new Float32Array(outputs * area);
    for (let o = 0; o < outputs; o += 1)
      for (let c = 0; c < 3; c += 1) {
        const unit = preprocess.scale / preprocess.std[c]!;
        for (let k = 0; k < area; k += 1) data[o * area + k]! += unit * (weight.data[(3 * o + c) * area + k] as number);
      }
    const own = `${name}/summed`;
    graph.initializers.set(own, floatTensor([outputs, 1, height, width], data));
    graph.nodes[at] = { ...node, inputs: [node.inputs[0]!, own, ...node.inputs.slice(2)] };
    found = true;
  }
  if (!found) throw new CovisError('INPUT_UNSUPPORTED', 'No convolution takes the image');
}

/** Puts the filter between the image and what takes it. */
function filtered(graph: Graph, filter: EdgeFilter): void {
  graph.initializers.set(EDGE_GAIN, floatTensor([1], [filter.gain]));
  graph.initializers.set(EDGE_EXPONENT, floatTensor([1], [filter.exponent]));
  graph.initializers.set(EDGE_SLOPE, floatTensor([1], [filter.slope]));
  graph.initializers.set(EDGE_THRESHOLD, floatTensor([1], [filter.threshold]));
  const front: OnnxNode[] = [];
  const b = new GraphBuilder({ ...graph, nodes: front }, 'edge');
  const powered = b.op('Pow', [b.op('Clip', [IMAGE, b.scalar(TINY)]), EDGE_EXPONENT]);
  const pass = b.op('Sigmoid', [b.op('Mul', [EDGE_SLOPE, b.op('Sub', [IMAGE, EDGE_THRESHOLD])])]);
  // Derivatives are zero where there is no edge (methods.md 2.2).
  const present = b.op('Sign', [IMAGE]);
  const out = b.op('Mul', [b.op('Mul', [EDGE_GAIN, b.op('Mul', [powered, pass])]), present], {}, 'edge/filtered');
  graph.nodes.forEach((n, i) => {
    if (n.inputs.includes(IMAGE)) graph.nodes[i] = { ...n, inputs: n.inputs.map((x) => (x === IMAGE ? out : x)) };
  });
  graph.nodes.unshift(...front);
}

/** The filter of an edge network as it stands, trained or not. @throws CovisError `INPUT_INVALID` for other networks. */
export function filterOf(graph: Graph): EdgeFilter {
  const value = (name: string): number => {
    const v = graph.initializers.get(name)?.data[0];
    if (v === undefined) throw new CovisError('INPUT_INVALID', 'This network has no edge filter');
    return Number(v);
  };
  return {
    gain: value(EDGE_GAIN),
    exponent: value(EDGE_EXPONENT),
    slope: value(EDGE_SLOPE),
    threshold: value(EDGE_THRESHOLD),
  };
}
