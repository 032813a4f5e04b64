/** Which operators training has rules for, and which of a network's stand in the way. */
import { trainableParameters } from './head.ts';
import type { Graph } from './onnx/graph.ts';

/** Operators with a rule of differentiation, by their ONNX names (`training/gradients` holds the rules, and the compiler holds it to this list). */
export const DIFFERENTIABLE = [
  'Add',
  'AveragePool',
  'Clip',
  'Concat',
  'Conv',
  'DepthToSpace',
  'Div',
  'Exp',
  'Flatten',
  'Gemm',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'LeakyRelu',
  'LRN',
  'Log',
  'MatMul',
  'MaxPool',
  'Mul',
  'Neg',
  'Pad',
  'Pow',
  'ReduceMax',
  'ReduceMean',
  'ReduceSum',
  'Relu',
  'Reshape',
  'Sigmoid',
  'Slice',
  'Sqrt',
  'Squeeze',
  'Sub',
  'Sum',
  'Tanh',
  'Transpose',
  'Unsqueeze',
] as const;
export type Differentiable = (typeof DIFFERENTIABLE)[number];

/** What every version trained: networks of these alone need no list of operators. */
const ALWAYS: ReadonlySet<string> = new Set(DIFFERENTIABLE);
const RULES: ReadonlySet<string> = new Set(DIFFERENTIABLE);

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
  return spec.operators?.find((op) => !RULES.has(op));
}
