import { trainableParameters } from '../network/head.ts';
import { cloneGraph, floatTensor, GraphBuilder, sizeOf, type Graph } from '../network/onnx/graph.ts';
import { prune } from '../network/onnx/normalise.ts';
import { differentiate, type GradientRule } from './differentiate.ts';
import { DIFFERENCE_EPSILON, type LossOptions } from './losses.ts';

/** Name of the graph input that carries dL/d(output). */
export const SEED = 'seed';

/** A parameter of the network: its weights live here, in place, for the whole of training. */
export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Two graphs over the same parameters, which are inputs of both. */
export interface TrainingGraphs {
  readonly forward: Graph;
  /** Gives the gradient of each parameter under the name in `gradientOf`. */
  readonly backward: Graph;
  readonly parameters: readonly Parameter[];
  readonly gradientOf: ReadonlyMap<string, string>;
}

/**
 * Splits a network into a forward graph, image -> output (its first: the descriptor of a retrieval network), and a backward graph,
 * (image, dL/d output) -> dL/d parameter. Parameters are copied, so the source stays as it was.
 */
export function trainingGraphs(network: Graph, rules?: ReadonlyMap<string, GradientRule>): TrainingGraphs {
  const names = trainableParameters(network);
  const parameters = names.map((name): Parameter => {
    const t = network.initializers.get(name)!;
    return { name, dims: t.dims, data: (t.data as Float32Array).slice() };
  });
  const { name: output, dims } = network.outputs[0]!;
  const withSeed: Graph = { ...network, inputs: [...network.inputs, { name: SEED, type: 'float', dims }] };
  const { graph, gradients } = differentiate(withSeed, output, SEED, names, rules);
  const asInputs = (g: Graph): Graph => ({
    ...g,
    inputs: [...g.inputs, ...parameters.map((p) => ({ name: p.name, type: 'float' as const, dims: [...p.dims] }))],
    initializers: new Map([...g.initializers].filter(([name]) => !names.includes(name))),
  });
  const backward = prune(
    graph,
    names.map((n) => gradients.get(n)!),
  );
  return { forward: asInputs(network), backward: asInputs(backward), parameters, gradientOf: gradients };
}

/** Names of what a tuple's graph takes besides the images, and gives besides gradients. */
export const MARGIN = 'loss/margin';
export const WEIGHT = 'loss/weight';
export const LOSS = 'loss/value';
/** How far each negative is inside the margin; 0 outside. */
export const INSIDE = 'loss/inside';

/**
 * A whole tuple of equally large images as one graph, (images: query, positive, negatives; margin; weight) -> loss, inside, gradients
 * (methods.md 1.4). Nothing is computed twice.
 */
export function tupleGraph(
  network: Graph,
  kind: LossOptions['kind'],
  rules?: ReadonlyMap<string, GradientRule>,
): { graph: Graph; gradientOf: ReadonlyMap<string, string> } {
  const names = trainableParameters(network);
  const dims = names.map((n) => network.initializers.get(n)!.dims);
  const source = cloneGraph(network);
  const b = new GraphBuilder(source, 'loss');
  const { name: descriptors } = network.outputs[0]!;
  const end = Number.MAX_SAFE_INTEGER;
  const scalar = (name: string): void => {
    source.inputs.push({ name, type: 'float', dims: [1] });
  };
  scalar(MARGIN);
  scalar(WEIGHT);
  const difference = b.op('Sub', [b.slice(descriptors, [0], [1], [0]), b.slice(descriptors, [1], [end], [0])]);
  const moved = kind === 'contrastive' ? b.op('Add', [difference, b.scalar(DIFFERENCE_EPSILON)]) : difference;
  const squared = b.reduceSum(b.op('Mul', [moved, moved]), [1], false);
  const near = b.slice(squared, [0], [1], [0]);
  const far = b.slice(squared, [1], [end], [0]);
  let sum: string;
  if (kind === 'contrastive') {
    b.op('Relu', [b.op('Sub', [MARGIN, b.op('Sqrt', [far])])], {}, INSIDE);
    sum = b.op('Mul', [b.op('Add', [near, b.reduceSum(b.op('Mul', [INSIDE, INSIDE]), [0], true)]), b.scalar(0.5)]);
  } else {
    b.op('Relu', [b.op('Add', [b.op('Sub', [near, far]), MARGIN])], {}, INSIDE);
    sum = b.reduceSum(INSIDE, [0], true);
  }
  b.op('Mul', [sum, WEIGHT], {}, LOSS);
  const { graph, gradients } = differentiate(source, LOSS, b.constant(floatTensor([1], [1]), 'one'), names, rules);
  const wanted = prune(graph, [LOSS, INSIDE, ...names.map((n) => gradients.get(n)!)]);
  return {
    graph: {
      ...wanted,
      inputs: [...wanted.inputs, ...names.map((name, i) => ({ name, type: 'float' as const, dims: [...dims[i]!] }))],
      initializers: new Map([...wanted.initializers].filter(([name]) => !names.includes(name))),
    },
    gradientOf: gradients,
  };
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
