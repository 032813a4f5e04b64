import { int, int64Tensor, intsOf, OPSET, string, stringOf, type Graph, type OnnxNode, type Tensor } from './graph.ts';

/** Operators that came after set 17, and the set that has them as they are written now. */
const SINCE: Readonly<Record<string, number>> = {
  ...{ BitwiseAnd: 18, BitwiseNot: 18, BitwiseOr: 18, BitwiseXor: 18, CenterCropPad: 18, Col2Im: 18, Mish: 18 },
  ...{ GroupNormalization: 21, DeformConv: 19, AffineGrid: 20, Gelu: 20, Attention: 24, RMSNormalization: 23 },
  ...{ RotaryEmbedding: 23, Swish: 24, TensorScatter: 24, BitCast: 26, CumProd: 26 },
  ...{ CausalConvWithState: 27, LinearAttention: 27, SwiGLU: 28 },
};

/** Reductions whose axes are an input from operator set 18 on and an attribute before; ReduceSum changed at 13 already. */
export const REDUCTIONS: ReadonlySet<string> = new Set([
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceSumSquare',
]);

/** The operator set that a node in the forms of {@link OPSET} needs. @param opset of the file that it comes from. */
export function neededSet(node: OnnxNode, opset: number): number {
  if (node.op === 'GroupNormalization' && opset < 21) return 18;
  const since = SINCE[node.op] ?? OPSET;
  const at = (set: number, condition: boolean): number => (condition ? set : OPSET);
  switch (node.op) {
    case 'Pad':
      return Math.max(at(18, (node.inputs[3] ?? '') !== ''), at(19, stringOf(node, 'mode', '') === 'wrap'));
    case 'Resize':
      return Math.max(
        at(
          18,
          ['antialias', 'axes', 'keep_aspect_ratio_policy'].some((a) => node.attributes[a] !== undefined),
        ),
        at(19, stringOf(node, 'coordinate_transformation_mode', '') === 'half_pixel_symmetric'),
      );
    case 'Split':
      return at(18, node.attributes['num_outputs'] !== undefined);
    case 'AveragePool':
      return at(19, node.attributes['dilations'] !== undefined);
    case 'ScatterElements':
    case 'ScatterND':
      return at(18, ['min', 'max'].includes(stringOf(node, 'reduction', '')));
    default:
      return since;
  }
}

const OLDER_GRIDS: Readonly<Record<string, string>> = { linear: 'bilinear', cubic: 'bicubic' };
const NEWER_GRIDS: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

/** A node of GridSample in the words of {@link OPSET}, which set 20 changed. */
export function olderGrid(node: OnnxNode): OnnxNode {
  const mode = OLDER_GRIDS[stringOf(node, 'mode', 'linear')];
  return mode === undefined ? node : { ...node, attributes: { ...node.attributes, mode: string(mode) } };
}

/** The graph as its own operator set writes it; the same graph where that is {@link OPSET}. */
export function raised(graph: Graph): Graph {
  const opset = graph.opset ?? OPSET;
  if (opset <= OPSET) return graph;
  const initializers = new Map(graph.initializers);
  const constant = (name: string, t: Tensor): string => {
    initializers.set(name, t);
    return name;
  };
  const nodes = graph.nodes.map((node): OnnxNode => {
    const { axes: _, ...attributes } = node.attributes;
    if (REDUCTIONS.has(node.op)) {
      const axes = intsOf(node, 'axes');
      if (axes === undefined) return node;
      const name = constant(`${node.outputs[0]}/axes`, int64Tensor([axes.length], axes));
      return { ...node, inputs: [node.inputs[0]!, name], attributes };
    }
    if (node.op === 'Split' && (node.inputs[1] ?? '') === '')
      return { ...node, attributes: { ...node.attributes, num_outputs: int(node.outputs.length) } };
    const grid = opset >= 20 && node.op === 'GridSample' ? NEWER_GRIDS[stringOf(node, 'mode', 'bilinear')] : undefined;
    return grid === undefined ? node : { ...node, attributes: { ...node.attributes, mode: string(grid) } };
  });
  return { ...graph, nodes, initializers };
}
