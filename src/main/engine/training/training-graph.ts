import { trainableParameters } from '../network/head.ts';
import { sizeOf, type Graph } from '../network/onnx/graph.ts';
import { prune } from '../network/onnx/normalise.ts';
import { differentiate } from './differentiate.ts';

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
export function trainingGraphs(network: Graph): TrainingGraphs {
  const names = trainableParameters(network);
  const parameters = names.map((name): Parameter => {
    const t = network.initializers.get(name)!;
    return { name, dims: t.dims, data: (t.data as Float32Array).slice() };
  });
  const { name: output, dims } = network.outputs[0]!;
  const withSeed: Graph = { ...network, inputs: [...network.inputs, { name: SEED, type: 'float', dims }] };
  const { graph, gradients } = differentiate(withSeed, output, SEED, names);
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

/** Puts trained values back into a network graph, which then gives the same descriptors as in training. */
export function withParameters(network: Graph, parameters: readonly Parameter[]): Graph {
  const initializers = new Map(network.initializers);
  for (const p of parameters) initializers.set(p.name, { dims: p.dims, data: p.data.slice() });
  return { ...network, initializers };
}

export function parameterCount(parameters: readonly Pick<Parameter, 'dims'>[]): number {
  return parameters.reduce((sum, p) => sum + sizeOf(p.dims), 0);
}
