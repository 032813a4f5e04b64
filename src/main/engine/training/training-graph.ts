import { IMAGE, trainableParameters } from '../network/head.ts';
import { cloneGraph, floatTensor, GraphBuilder, sizeOf, type Graph, type OnnxNode } from '../network/onnx/graph.ts';
import { prune } from '../network/onnx/normalise.ts';
import { differentiate } from './differentiate.ts';
import type { GradientRules } from './gradients/rule.ts';
import { GRADIENTS } from './gradients/index.ts';
import { DIFFERENCE_EPSILON, type LossOptions } from './losses.ts';

/** Name of the graph input that carries dL/d(output). */
export const SEED = 'seed';

/** How the graphs of training are written for what runs them. */
export interface Dialect {
  readonly rules: GradientRules;
  /** Rewrites the network before it is differentiated. */
  readonly before?: (network: Graph) => Graph;
  /** Rewrites what is run. */
  readonly after?: (graph: Graph) => Graph;
}

/** Standard operators only. */
export const STANDARD: Dialect = { rules: GRADIENTS };

/** A parameter of the network: its weights live here, in place, for the whole of training. */
export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A graph that gives the gradient of each parameter under the name in `gradientOf`. */
export interface GradientGraph {
  readonly graph: Graph;
  readonly gradientOf: ReadonlyMap<string, string>;
}

/** Copies of the parameters, so that the source stays as it was. */
export function parametersOf(network: Graph): Parameter[] {
  return trainableParameters(network).map((name) => {
    const t = network.initializers.get(name)!;
    return { name, dims: t.dims, data: (t.data as Float32Array).slice() };
  });
}

/** image -> output of the network (its first: the descriptor of a retrieval network), with the parameters as inputs. */
export function forwardGraph(network: Graph, dialect = STANDARD): Graph {
  return finished(dialect.before?.(network) ?? network, network, dialect);
}

/** (image, dL/d output in {@link SEED}) -> dL/d parameter, with the parameters as inputs. */
export function backwardGraph(network: Graph, dialect = STANDARD): GradientGraph {
  const source = dialect.before?.(network) ?? network;
  const { name: output, dims } = network.outputs[0]!;
  const names = trainableParameters(network);
  const withSeed: Graph = { ...source, inputs: [...source.inputs, { name: SEED, type: 'float', dims }] };
  const { graph, gradients } = differentiate(withSeed, output, SEED, names, dialect.rules);
  const backward = prune(
    graph,
    names.map((n) => gradients.get(n)!),
  );
  return { graph: finished(backward, network, dialect), gradientOf: gradients };
}

/** The parameters of the network as inputs, in the dialect. */
function finished(graph: Graph, network: Graph, dialect: Dialect): Graph {
  const names = trainableParameters(network);
  const made: Graph = {
    ...graph,
    inputs: [
      ...graph.inputs,
      ...names.map((name) => ({ name, type: 'float' as const, dims: [...network.initializers.get(name)!.dims] })),
    ],
    initializers: new Map([...graph.initializers].filter(([name]) => !names.includes(name))),
  };
  return leavesLastFirst(dialect.after?.(made) ?? made);
}

/**
 * The graph with what nothing else needs at its end, the last first. ONNX Runtime computes what the last of these needs before it turns to
 * the one in front of it; told in the order of differentiation it would go all the way back to the image before it made the gradient of any
 * weight, and keep everything until then.
 */
function leavesLastFirst(graph: Graph): Graph {
  const used = new Set(graph.nodes.flatMap((n) => n.inputs));
  const leaf = (n: OnnxNode): boolean => !n.outputs.some((o) => used.has(o));
  return { ...graph, nodes: [...graph.nodes.filter((n) => !leaf(n)), ...graph.nodes.filter(leaf).reverse()] };
}

/** The network for batches of exactly so many images. */
export function withBatch(network: Graph, images: number): Graph {
  return {
    ...network,
    inputs: network.inputs.map((i) => (i.name === IMAGE ? { ...i, dims: [images, ...i.dims.slice(1)] } : i)),
  };
}

/** Names of what a graph of tuples takes besides the images, and gives besides gradients. */
export const MARGIN = 'loss/margin';
export const WEIGHT = 'loss/weight';
export const LOSS = 'loss/value';
/** How far each negative is inside the margin; 0 outside. */
export const INSIDE = 'loss/inside';

/** Losses that are computed within the graph; of others the gradient of descriptors is. */
export type GraphLoss = Extract<LossOptions['kind'], 'contrastive' | 'triplet'>;

export function inGraph(kind: LossOptions['kind']): kind is GraphLoss {
  return kind === 'contrastive' || kind === 'triplet';
}

/**
 * Tuples of as many equally large images each as one graph, (images: query, positive, negatives of one tuple after the other; margin; a
 * weight a tuple) -> loss of each, inside, gradients of their sum (methods.md 1.4). Nothing is computed twice.
 * @param photos of a tuple.
 */
export function tuplesGraph(network: Graph, kind: GraphLoss, photos: number, dialect = STANDARD): GradientGraph {
  const names = trainableParameters(network);
  const source = cloneGraph(dialect.before?.(network) ?? network);
  const b = new GraphBuilder(source, 'loss');
  const { name: descriptors, dims } = network.outputs[0]!;
  const dim = dims[1] as number;
  const images = network.inputs.find((i) => i.name === IMAGE)?.dims[0];
  const tuples = typeof images === 'number' ? images / photos : 'tuples';
  source.inputs.push({ name: MARGIN, type: 'float', dims: [1] });
  source.inputs.push({ name: WEIGHT, type: 'float', dims: [tuples, 1] });
  const others = photos - 1;
  /** One for the positive, another value for negatives. */
  const row = (positive: number, negative: number): string =>
    b.constant(floatTensor([1, others], [positive, ...Array<number>(others - 1).fill(negative)]));
  // Row k takes photo k + 1 from the query.
  const apart = Array.from({ length: others }, (_, k) =>
    Array.from({ length: photos }, (__, i) => (i === 0 ? 1 : i === k + 1 ? -1 : 0)),
  );
  const difference = b.op('MatMul', [
    b.constant(floatTensor([others, photos], apart.flat())),
    b.reshape(descriptors, [-1, photos, dim]),
  ]);
  const moved = kind === 'contrastive' ? b.op('Add', [difference, b.scalar(DIFFERENCE_EPSILON)]) : difference;
  const squared = b.reduceSum(b.op('Mul', [moved, moved]), [2], false);
  // Of each pair: what it adds to the loss, and what the gradient of its difference is of itself.
  const { terms, factors } = kind === 'contrastive' ? contrastive(b, squared, row) : triplet(b, squared, row, others);
  b.op('Mul', [b.reduceSum(terms, [1], true), WEIGHT], {}, LOSS);
  const pull = b.op('Mul', [moved, b.op('Unsqueeze', [b.op('Mul', [factors, WEIGHT]), b.int64s([2])])]);
  const back = apart[0]!.flatMap((_, i) => apart.map((r) => r[i]!));
  const seed = b.reshape(b.op('MatMul', [b.constant(floatTensor([photos, others], back)), pull]), [-1, dim]);
  const { graph, gradients } = differentiate(source, descriptors, seed, names, dialect.rules);
  const wanted = prune(graph, [LOSS, INSIDE, ...names.map((n) => gradients.get(n)!)]);
  return { graph: finished(wanted, network, dialect), gradientOf: gradients };
}

interface PairTerms {
  readonly terms: string;
  readonly factors: string;
}

/** ½ D² of the positive, ½ max(0, margin - D)² of negatives, by squared distances. */
function contrastive(b: GraphBuilder, squared: string, row: (positive: number, negative: number) => string): PairTerms {
  const distance = b.op('Sqrt', [squared]);
  const inside = b.op('Mul', [b.op('Relu', [b.op('Sub', [MARGIN, distance])]), row(0, 1)], {}, INSIDE);
  const halves = b.op('Add', [
    b.op('Mul', [squared, row(0.5, 0)]),
    b.op('Mul', [b.op('Mul', [inside, inside]), b.scalar(0.5)]),
  ]);
  return { terms: halves, factors: b.op('Sub', [row(1, 0), b.op('Div', [inside, distance])]) };
}

/** max(0, D(q,p)² - D(q,n)² + margin) of each negative, by squared distances. */
function triplet(
  b: GraphBuilder,
  squared: string,
  row: (positive: number, negative: number) => string,
  others: number,
): PairTerms {
  // Column k takes the negative from the positive.
  const against = Array.from({ length: others }, (_, i) =>
    Array.from({ length: others }, (__, k) => (k === 0 ? 0 : i === 0 ? 1 : i === k ? -1 : 0)),
  );
  const nearer = b.op('MatMul', [squared, b.constant(floatTensor([others, others], against.flat()))]);
  const inside = b.op('Mul', [b.op('Relu', [b.op('Add', [nearer, MARGIN])]), row(0, 1)], {}, INSIDE);
  // Of a squared difference the gradient is twice itself.
  const twice = against[0]!.flatMap((_, k) => against.map((r) => 2 * r[k]!));
  const active = b.op('Sign', [inside]);
  return { terms: inside, factors: b.op('MatMul', [active, b.constant(floatTensor([others, others], twice))]) };
}

/** Puts trained values back into a network graph, which then gives the same descriptors as in training. */
export function withParameters(network: Graph, parameters: readonly Parameter[]): Graph {
  const initializers = new Map(network.initializers);
  for (const p of parameters) initializers.set(p.name, { dims: p.dims, data: p.data.slice() });
  return { ...network, initializers };
}

export function parameterCount(parameters: readonly Pick<Parameter, 'dims'>[]): number {
  return parameters.reduce((sum, p) => sum + sizeOf(p.dims), 0);
}
