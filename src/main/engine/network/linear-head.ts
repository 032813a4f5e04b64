import type { Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import { CovisError } from '../../../shared/errors.ts';
import { DESCRIPTOR, hasLinearLayer } from './head.ts';
import { loadNetwork, storeComputed, type NetworkRow } from './networks.ts';
import { floatTensor, GraphBuilder, int, type Graph } from './onnx/graph.ts';
import { renameValue } from './onnx/normalise.ts';
import { appendL2 } from './pooling-heads.ts';

/** What the layer is; also the prefix of its names in the graph. */
type LayerName = 'projection' | 'whitening';

/** y = W x + b: `weight` [from, to] row-major, `bias` [to]. */
export interface LinearLayer {
  readonly from: number;
  readonly to: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Appends a linear layer with bias and L2 normalisation behind the descriptor (methods.md 1.5); both are trained with the rest. */
export function addLinearLayer(network: Graph, name: LayerName, layer: LinearLayer): Graph {
  const input = `${name}/input`;
  const copied: Graph = {
    ...network,
    nodes: [...network.nodes],
    initializers: new Map(network.initializers),
    outputs: [...network.outputs],
  };
  const graph = renameValue(copied, DESCRIPTOR, input);
  // Names of nodes are unique, too.
  graph.nodes.forEach((n, i) => {
    if (n.outputs.includes(input)) graph.nodes[i] = { ...n, name: `${input}:node` };
  });
  graph.initializers.set(`${name}/weight`, floatTensor([layer.from, layer.to], layer.weight));
  graph.initializers.set(`${name}/bias`, floatTensor([layer.to], layer.bias));
  const b = new GraphBuilder(graph, name);
  appendL2(b, b.op('Gemm', [input, `${name}/weight`, `${name}/bias`], { transB: int(0) }), DESCRIPTOR);
  graph.outputs.splice(0, graph.outputs.length, { name: DESCRIPTOR, type: 'float', dims: ['N', layer.to] });
  return graph;
}

/** Normal weights of variance 1/inputs, no bias, as the CUB recipe of mining on manifolds starts (methods.md 5.5: 64 dimensions). */
function randomProjection(from: number, to: number, seed: number): LinearLayer {
  const r = random(seed);
  // Box and Muller: two uniform numbers give a normal one.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - r.next())) * Math.cos(2 * Math.PI * r.next());
  const scale = 1 / Math.sqrt(from);
  const weight = Float32Array.from({ length: from * to }, () => scale * normal());
  return { from, to, weight, bias: new Float32Array(to) };
}

/** Stores a network with a projection as a new one. @throws CovisError `INPUT_INVALID` for a size that is no projection. */
export function projectNetwork(library: Library, network: NetworkRow, dim: number, seed: number): NetworkRow {
  if (!Number.isInteger(dim) || dim < 1 || dim > network.spec.dim)
    throw new CovisError('INPUT_INVALID', `A projection goes to 1 to ${network.spec.dim} dimensions, not ${dim}`);
  const { graph } = loadNetwork(library, network);
  if (hasLinearLayer(graph)) throw new CovisError('INPUT_INVALID', `${network.spec.name} already ends in a projection`);
  const spec = {
    ...network.spec,
    name: `${network.spec.name} → ${dim}`,
    dim,
    origin: `${network.spec.origin}; projected to ${dim} dimensions, seed ${seed}`,
  };
  const projected = addLinearLayer(graph, 'projection', randomProjection(network.spec.dim, dim, seed));
  return storeComputed(library, projected, spec, network.uid);
}
