/** Which operators training has rules for, and which of a network's stand in the way. */
import { trainableParameters } from './head.ts';
import { intOf, type Graph, type OnnxNode } from './onnx/graph.ts';
import { BFLOAT16, DOUBLE, FLOAT, FLOAT16 } from './onnx/tensors.ts';

/** Operators with a rule of differentiation, by their ONNX names (`training/gradients` holds the rules, and the compiler holds it to this list). */
export const DIFFERENTIABLE = [
  'Abs',
  'Add',
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'CastLike',
  'Clip',
  'Concat',
  'Conv',
  'Cos',
  'DepthToSpace',
  'Div',
  'Einsum',
  'Elu',
  'Erf',
  'Exp',
  'Expand',
  'Flatten',
  'Gather',
  'GatherND',
  'Gelu',
  'Gemm',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'GroupNormalization',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'InstanceNormalization',
  'LayerNormalization',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'LpNormalization',
  'LRN',
  'MatMul',
  'Max',
  'MaxPool',
  'Mean',
  'Min',
  'Mish',
  'Mul',
  'Neg',
  'Pad',
  'Pow',
  'PRelu',
  'Reciprocal',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceSum',
  'ReduceSumSquare',
  'Relu',
  'Reshape',
  'Resize',
  'RMSNormalization',
  'Sigmoid',
  'Sin',
  'Slice',
  'Softmax',
  'Softplus',
  'SpaceToDepth',
  'Split',
  'Sqrt',
  'Squeeze',
  'Sub',
  'Sum',
  'Swish',
  'Tanh',
  'Tile',
  'Transpose',
  'Unsqueeze',
  'Where',
] as const;
export type Differentiable = (typeof DIFFERENTIABLE)[number];

/**
 * What the first version trained: networks of these alone keep no list of operators. It stays as it is, for the list is part of a
 * network's file, and the file's hash is its name.
 */
const ALWAYS: ReadonlySet<string> = new Set([
  ...['Add', 'AveragePool', 'Clip', 'Concat', 'Conv', 'DepthToSpace', 'Div', 'Exp'],
  ...['Flatten', 'Gemm', 'GlobalAveragePool', 'GlobalMaxPool', 'HardSigmoid', 'HardSwish', 'Identity', 'LeakyRelu'],
  ...['LRN', 'Log', 'MatMul', 'MaxPool', 'Mul', 'Neg', 'Pad', 'Pow'],
  ...['ReduceMax', 'ReduceMean', 'ReduceSum', 'Relu', 'Reshape', 'Sigmoid', 'Slice', 'Sqrt'],
  ...['Squeeze', 'Sub', 'Sum', 'Tanh', 'Transpose', 'Unsqueeze'],
]);
const RULES: ReadonlySet<string> = new Set(DIFFERENTIABLE);

/** What comes of these are sizes, places and conditions, which are not moved by small changes of what goes in: no gradient goes through. */
const STILL: ReadonlySet<string> = new Set([
  ...['Shape', 'Size', 'Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'Not', 'And', 'Or', 'Xor'],
  ...['ArgMax', 'ArgMin', 'NonZero', 'IsNaN', 'IsInf', 'ConstantOfShape', 'Range'],
]);
const FLOATS: ReadonlySet<number> = new Set([FLOAT, DOUBLE, FLOAT16, BFLOAT16]);

/** True where what comes of a node moves with the values in `active`. */
export function moves(node: OnnxNode, active: ReadonlySet<string>): boolean {
  if (STILL.has(node.op) || (node.op === 'Cast' && !FLOATS.has(intOf(node, 'to', FLOAT)))) return false;
  return (node.op === 'CastLike' ? node.inputs.slice(0, 1) : node.inputs).some((i) => active.has(i));
}

/** Operators that a gradient has to go through, from the weights to the output, besides those that every version trains; sorted. */
export function operatorsToTrain(graph: Graph): string[] {
  const active = new Set(trainableParameters(graph));
  const leading = new Set(graph.outputs.map((o) => o.name));
  const wanted = new Set<unknown>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((o) => leading.has(o))) continue;
    wanted.add(node);
    for (const i of node.inputs) leading.add(i);
  }
  const found = new Set<string>();
  for (const node of graph.nodes) {
    // Sizes do not change with values.
    if (!wanted.has(node) || node.op === 'Shape' || !node.inputs.some((i) => active.has(i))) continue;
    for (const o of node.outputs) active.add(o);
    if (!ALWAYS.has(node.op)) found.add(node.op);
  }
  return [...found].sort();
}

/** The operator that stands in the way of training a network; undefined where none does. */
export function obstacleOf(spec: { readonly operators?: readonly string[] | undefined }): string | undefined {
  return spec.operators?.find((op) => !RULES.has(op) && !STILL.has(op));
}

/** The operator that stands in the way of training what learns of a graph. */
export function obstacleIn(graph: Graph): string | undefined {
  return obstacleOf({ operators: operatorsToTrain(graph) });
}
