/** Where the places of an image lie in the values of a graph: what is a map, and what only has as many axes as one. */
import { intsOf, type Graph, type OnnxNode } from './graph.ts';

/** Channels in front of the places, or behind them. */
export type Layout = 'NCHW' | 'NHWC';

/** What gives maps, channels in front, whatever goes in. */
const MAPPING: ReadonlySet<string> = new Set([
  ...['Conv', 'ConvTranspose', 'ConvInteger', 'QLinearConv', 'DeformConv', 'MaxPool', 'AveragePool', 'LpPool'],
  ...['DepthToSpace', 'SpaceToDepth', 'Upsample'],
]);
/** What arranges values anew, or leaves no places. */
const ARRANGING: ReadonlySet<string> = new Set([
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Expand', 'Tile', 'Gather', 'GatherElements', 'GatherND'],
  ...['ScatterND', 'ScatterElements', 'Shape', 'Size', 'Gemm', 'Einsum', 'Attention', 'MultiHeadAttention', 'Softmax'],
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool', 'TopK', 'ArgMax', 'ArgMin', 'RoiAlign', 'GridSample'],
]);

/**
 * The layout of every value of which it can be told: maps of convolutions and poolings, and what is computed of these place by place.
 * Tokens, heads of attention and vectors have none, also where they have four axes.
 */
export function layoutsOf(graph: Graph): ReadonlyMap<string, Layout> {
  const layouts = new Map<string, Layout>(graph.inputs.filter((i) => i.dims.length === 4).map((i) => [i.name, 'NCHW']));
  for (const node of graph.nodes) {
    const layout = layoutOf(node, layouts, graph);
    if (layout !== undefined) for (const o of node.outputs) layouts.set(o, layout);
  }
  return layouts;
}

function layoutOf(node: OnnxNode, layouts: ReadonlyMap<string, Layout>, graph: Graph): Layout | undefined {
  if (MAPPING.has(node.op)) return 'NCHW';
  if (ARRANGING.has(node.op) || node.op.startsWith('Reduce')) return undefined;
  const first = layouts.get(node.inputs[0] ?? '');
  if (node.op === 'Transpose') {
    const perm = intsOf(node, 'perm')?.join();
    if (perm === '0,2,3,1' && first === 'NCHW') return 'NHWC';
    return perm === '0,3,1,2' && first === 'NHWC' ? 'NCHW' : undefined;
  }
  // A layer on the channels of every place.
  if (node.op === 'MatMul') return first === 'NHWC' && graph.initializers.has(node.inputs[1] ?? '') ? first : undefined;
  const known = new Set(node.inputs.flatMap((i) => layouts.get(i) ?? []));
  return known.size === 1 ? [...known][0] : undefined;
}
