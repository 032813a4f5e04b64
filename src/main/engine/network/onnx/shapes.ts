import { CovisError } from '../../../../shared/errors.ts';
import { intOf, intsOf, type Dim, type Graph, type OnnxNode } from './graph.ts';

/** Dimensions per value: a number where the size is fixed, a name where it depends on the image. */
export type Shapes = Map<string, readonly Dim[]>;

function int64s(graph: Graph, name: string | undefined): number[] | undefined {
  const data = name === undefined ? undefined : graph.initializers.get(name)?.data;
  return data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
}

/** Sizes after broadcasting; a name against 1 stays the name. */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    return x === 1 ? y : x;
  });
}

const ELEMENTWISE = new Set([
  'Relu',
  'Clip',
  'LeakyRelu',
  'Sigmoid',
  'HardSigmoid',
  'HardSwish',
  'Tanh',
  'Exp',
  'Log',
  'Sqrt',
  'Neg',
  'Identity',
  'Dropout',
  'Abs',
  'Sign',
  'Softplus',
  'LRN',
  'ReorderInput',
  'ReorderOutput',
  ...['Gelu', 'Erf', 'Reciprocal', 'Mish', 'Swish', 'Elu', 'Selu', 'Celu', 'Softsign', 'ThresholdedRelu', 'PRelu'],
  ...['Floor', 'Ceil', 'Round', 'Sin', 'Cos', 'Softmax', 'LogSoftmax', 'LpNormalization', 'MeanVarianceNormalization'],
  ...['LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'RMSNormalization', 'BatchNormalization'],
]);
const BROADCASTING = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum']);
/** Operators on shapes and sizes, which never carry a gradient and need no inference. */
const SHAPE_OPS = new Set(['Shape', 'Gather', 'Cast', 'ConstantOfShape', 'Range']);

/**
 * Infers ranks and fixed sizes for the values of a normalised graph, as far as differentiation needs them.
 * Values that only compute shapes, and outputs of unknown operators, are left out.
 */
export function inferShapes(graph: Graph): Shapes {
  const shapes: Shapes = new Map(graph.inputs.map((i) => [i.name, i.dims]));
  for (const [name, t] of graph.initializers) shapes.set(name, t.dims);
  for (const node of graph.nodes) {
    const ins = node.inputs.map((n) => shapes.get(n));
    const out = node.outputs[0] ?? '';
    const dims = inferNode(node, ins, graph, out);
    if (dims !== undefined) shapes.set(out, dims);
  }
  return shapes;
}

/** Dimensions of the first output of a node; undefined where no rule tells them. */
export function inferNode(
  node: OnnxNode,
  ins: (readonly Dim[] | undefined)[],
  graph: Graph,
  out: string,
): readonly Dim[] | undefined {
  const x = ins[0];
  if (node.op === 'Reshape') {
    const shape = int64s(graph, node.inputs[1]);
    // A shape without zeros says all, also where its input only computes sizes.
    if (x === undefined && shape?.includes(0) !== false) return undefined;
    return shape?.map((s, i) => (s > 0 ? s : s === 0 ? x![i]! : `${out}:${i}`));
  }
  if (x === undefined) return undefined;
  if (ELEMENTWISE.has(node.op)) return x;
  if (BROADCASTING.has(node.op)) {
    return ins.every((d) => d !== undefined) ? ins.reduce<readonly Dim[]>((a, b) => broadcast(a, b!), []) : undefined;
  }
  if (SHAPE_OPS.has(node.op)) return undefined;
  const spatial = (channels: Dim): Dim[] => [x[0]!, channels, ...x.slice(2).map((_, i) => `${out}:${i}`)];
  const keep = intOf(node, 'keepdims', 1) === 1;
  switch (node.op) {
    case 'Conv': {
      if (ins[1] === undefined) return undefined;
      const out = spatial(ins[1][0]!);
      return out.map((d, i) => (i >= 2 && keepsSize(node, ins[1]![i]!, i - 2, x.length - 2) ? x[i]! : d));
    }
    case 'MaxPool':
    case 'AveragePool':
    case 'Pad':
      return x.length === 4 ? spatial(x[1]!) : undefined;
    case 'Slice': {
      const axes = int64s(graph, node.inputs[3]);
      if (axes === undefined) return undefined;
      const starts = int64s(graph, node.inputs[1]);
      const ends = int64s(graph, node.inputs[2]);
      return x.map((d, i) => {
        const k = axes.findIndex((a) => (a < 0 ? a + x.length : a) === i);
        if (k < 0) return d;
        const [from, to] = [starts?.[k] ?? -1, ends?.[k] ?? -1];
        // One element is one whatever the size; longer cuts may end before.
        return from >= 0 && to === from + 1 ? 1 : `${out}:${i}`;
      });
    }
    case 'DepthToSpace': {
      const channels = x[1]!;
      return spatial(typeof channels === 'number' ? channels / intOf(node, 'blocksize', 1) ** 2 : `${out}:c`);
    }
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return [x[0]!, x[1]!, ...x.slice(2).map(() => 1)];
    case 'ReduceMean':
    case 'ReduceSum':
    case 'ReduceMax':
    case 'ReduceMin':
    case 'ReduceProd':
    case 'ReduceL1':
    case 'ReduceL2':
    case 'ReduceSumSquare':
    case 'ReduceLogSum':
    case 'ReduceLogSumExp': {
      const axes = (intsOf(node, 'axes') ?? int64s(graph, node.inputs[1]) ?? x.map((_, i) => i)).map((a) =>
        a < 0 ? a + x.length : a,
      );
      return x.flatMap((d, i) => (axes.includes(i) ? (keep ? [1] : []) : [d]));
    }
    case 'Concat': {
      if (ins.some((d) => d === undefined)) return undefined;
      const axis = (intOf(node, 'axis', 0) + x.length) % x.length;
      const sizes = ins.map((d) => d![axis]!);
      const total = sizes.every((s) => typeof s === 'number')
        ? (sizes as number[]).reduce((a, b) => a + b, 0)
        : `${out}:${axis}`;
      return x.map((d, i) => (i === axis ? total : d));
    }
    case 'Transpose': {
      const perm = intsOf(node, 'perm') ?? x.map((_, i) => x.length - 1 - i);
      return perm.map((p) => x[p]!);
    }
    case 'Flatten': {
      const axis = intOf(node, 'axis', 1);
      const product = (dims: readonly Dim[], name: string): Dim =>
        dims.every((d) => typeof d === 'number')
          ? (dims as number[]).reduce((a, b) => a * b, 1)
          : dims.length === 1
            ? dims[0]!
            : name;
      return [product(x.slice(0, axis), `${out}:0`), product(x.slice(axis), `${out}:1`)];
    }
    case 'Squeeze': {
      const axes = int64s(graph, node.inputs[1])?.map((a) => (a < 0 ? a + x.length : a));
      return axes === undefined ? undefined : x.filter((_, i) => !axes.includes(i));
    }
    case 'Unsqueeze': {
      const axes = int64s(graph, node.inputs[1]);
      if (axes === undefined) return undefined;
      const rank = x.length + axes.length;
      const at = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
      let k = 0;
      return Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : x[k++]!));
    }
    case 'MatMul':
      return ins[1] === undefined || ins[1].length < 2 ? undefined : [...x.slice(0, -1), ins[1].at(-1)!];
    case 'Gemm':
      return ins[1] === undefined
        ? undefined
        : [intOf(node, 'transA', 0) === 1 ? x[1]! : x[0]!, intOf(node, 'transB', 0) === 1 ? ins[1][0]! : ins[1][1]!];
    default:
      return undefined;
  }
}

/** True where a convolution's output is as long as its input along an axis. */
function keepsSize(node: OnnxNode, kernel: Dim, axis: number, axes: number): boolean {
  const pads = intsOf(node, 'pads');
  const reach = (Number(kernel) - 1) * (intsOf(node, 'dilations')?.[axis] ?? 1);
  return (intsOf(node, 'strides')?.[axis] ?? 1) === 1 && (pads?.[axis] ?? 0) + (pads?.[axis + axes] ?? 0) === reach;
}

/** The dimensions of a value, or an error naming the node that needed them. */
export function dimsOf(shapes: Shapes, value: string, node: OnnxNode): readonly Dim[] {
  const dims = shapes.get(value);
  if (dims === undefined) {
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The rank of ${value}, which node ${node.name} (${node.op}) uses, cannot be told`,
    );
  }
  return dims;
}
