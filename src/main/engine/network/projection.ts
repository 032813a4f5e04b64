import type { Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import { CovisError } from '../../../shared/errors.ts';
import { DESCRIPTOR, EPSILON } from './head.ts';
import { loadNetwork, storeNetwork, type NetworkRow } from './networks.ts';
import { floatTensor, GraphBuilder, int, type Graph } from './onnx/graph.ts';
import { renameValue } from './onnx/normalise.ts';

/** Names of the projection's parameters in the graph. */
const WEIGHT = 'projection/weight';
const BIAS = 'projection/bias';

/**
 * Appends a linear layer with bias and L2 normalisation behind the descriptor, as the CUB recipe of mining on manifolds has it
 * (methods.md 5.5: 64 dimensions). Weights start as random normal of variance 1/inputs, the bias as zero; both are trained.
 */
export function addProjection(network: Graph, from: number, to: number, seed: number): Graph {
  const graph = renameValue(
    {
      ...network,
      nodes: [...network.nodes],
      initializers: new Map(network.initializers),
      outputs: [...network.outputs],
    },
    DESCRIPTOR,
    'projection/input',
  );
  // Names of nodes are unique, too.
  graph.nodes.forEach((n, i) => {
    if (n.outputs.includes('projection/input')) graph.nodes[i] = { ...n, name: 'projection/input:node' };
  });
  const r = random(seed);
  // Box and Muller: two uniform numbers give a normal one.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - r.next())) * Math.cos(2 * Math.PI * r.next());
  const scale = 1 / Math.sqrt(from);
  graph.initializers.set(
    WEIGHT,
    floatTensor(
      [from, to],
      Array.from({ length: from * to }, () => scale * normal()),
    ),
  );
  graph.initializers.set(BIAS, floatTensor([to], new Array<number>(to).fill(0)));
  const b = new GraphBuilder(graph, 'projection');
  const linear = b.op('Gemm', ['projection/input', WEIGHT, BIAS], { transB: int(0) });
  const norm = b.op('Sqrt', [b.reduceSum(b.op('Mul', [linear, linear]), [1], true)]);
  b.op('Div', [linear, b.op('Add', [norm, b.scalar(EPSILON)])], {}, DESCRIPTOR);
  graph.outputs.splice(0, graph.outputs.length, { name: DESCRIPTOR, type: 'float', dims: ['N', to] });
  return graph;
}

/** Stores a network with a projection as a new one. @throws CovisError `INPUT_INVALID` for a size that is no projection. */
export function projectNetwork(library: Library, network: NetworkRow, dim: number, seed: number): NetworkRow {
  if (!Number.isInteger(dim) || dim < 1 || dim > network.spec.dim)
    throw new CovisError('INPUT_INVALID', `A projection goes to 1 to ${network.spec.dim} dimensions, not ${dim}`);
  const { graph } = loadNetwork(library, network);
  if (graph.initializers.has(WEIGHT))
    throw new CovisError('INPUT_INVALID', `${network.spec.name} already ends in a projection`);
  const spec = {
    ...network.spec,
    name: `${network.spec.name} → ${dim}`,
    dim,
    origin: `${network.spec.origin}; projected to ${dim} dimensions, seed ${seed}`,
  };
  return storeNetwork(library, addProjection(graph, network.spec.dim, dim, seed), spec, network.uid);
}
