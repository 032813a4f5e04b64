/** What a graph keeps at once while it runs, by what it says alone. */
import type { Graph, OnnxNode } from '../../network/onnx/graph.ts';
import { knownShapes } from '../../network/onnx/sizes.ts';

/** Operators whose output is their input seen otherwise. */
const VIEWS = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten', 'Dropout']);
/** Operators that write over an input which nothing else needs. */
const OVER = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Sum', 'Neg', 'Abs', 'Relu', 'Clip', 'Exp', 'Log', 'Sqrt', 'Tanh', 'Sigmoid'],
  'HardSigmoid',
]);
const FLOAT_BYTES = 4;
const INDEX_BYTES = 8;

/**
 * The nodes in the order in which ONNX Runtime computes them: what the last of those that nothing else needs depends on comes first, and of
 * the inputs of a node the one that stands last.
 */
export function orderOfRuntime(nodes: readonly OnnxNode[]): OnnxNode[] {
  const maker = new Map<string, number>();
  const used = new Set<string>();
  nodes.forEach((n, i) => {
    for (const o of n.outputs) maker.set(o, i);
    for (const v of n.inputs) used.add(v);
  });
  const order: OnnxNode[] = [];
  const seen = new Uint8Array(nodes.length);
  const stack = nodes.flatMap((n, i) => (n.outputs.some((o) => used.has(o)) ? [] : [{ i, left: false }]));
  while (stack.length > 0) {
    const { i, left } = stack.pop()!;
    if (left) {
      order.push(nodes[i]!);
      continue;
    }
    if (seen[i] === 1) continue;
    seen[i] = 1;
    stack.push({ i, left: true });
    const makers = new Set(nodes[i]!.inputs.map((v) => maker.get(v)).filter((k) => k !== undefined));
    for (const k of [...makers].sort((a, b) => a - b)) if (seen[k] === 0) stack.push({ i: k, left: false });
  }
  return order;
}

interface Buffer {
  readonly bytes: number;
  /** Values in it that are still needed. */
  holders: number;
}

/** Bytes of each output of a node; 0 where nobody knows. */
function sizes(graph: Graph): (node: OnnxNode, output: string, i: number) => number {
  const shapes = knownShapes(graph);
  return (node, output, i) => {
    const dims = shapes.get(output) ?? (i > 0 ? shapes.get(node.outputs[0]!) : undefined);
    if (dims === undefined || dims.some((d) => typeof d !== 'number')) return 0;
    const each = node.op === 'MaxPool' && i > 0 ? INDEX_BYTES : FLOAT_BYTES;
    return (dims as readonly number[]).reduce((a, b) => a * b, each);
  };
}

/** Bytes of the largest value that a node makes, of a graph as {@link mostAtOnce} takes it. */
export function largestValue(graph: Graph): number {
  const size = sizes(graph);
  return Math.max(0, ...graph.nodes.flatMap((n) => n.outputs.map((o, i) => size(n, o, i))));
}

/**
 * Bytes that values of the graph take at most while it runs, its inputs and weights not among them.
 * @param graph with whole numbers for the sizes of its inputs; what depends on more than those counts as nothing.
 */
export function mostAtOnce(graph: Graph): number {
  const size = sizes(graph);
  const uses = new Map<string, number>();
  const use = (v: string, by: number): number => {
    const n = (uses.get(v) ?? 0) + by;
    uses.set(v, n);
    return n;
  };
  for (const n of graph.nodes) for (const v of n.inputs) use(v, 1);
  for (const o of graph.outputs) use(o.name, 1);
  const buffers = new Map<string, Buffer>();
  let now = 0;
  let most = 0;
  const drop = (b: Buffer): void => {
    b.holders -= 1;
    if (b.holders === 0) now -= b.bytes;
  };
  /** The buffer of an input that the node may write into. */
  const taken = (node: OnnxNode, bytes: number): Buffer | undefined => {
    if (VIEWS.has(node.op)) return buffers.get(node.inputs[0] ?? '') ?? { bytes: 0, holders: 1 };
    if (!OVER.has(node.op)) return undefined;
    const last = node.inputs.find((v) => {
      const b = buffers.get(v);
      return b !== undefined && b.bytes === bytes && b.holders === 1 && uses.get(v) === 1;
    });
    return last === undefined ? undefined : buffers.get(last);
  };
  for (const node of orderOfRuntime(graph.nodes)) {
    node.outputs.forEach((o, i) => {
      const bytes = size(node, o, i);
      let buffer = i === 0 ? taken(node, bytes) : undefined;
      if (buffer === undefined) {
        buffer = { bytes, holders: 0 };
        now += bytes;
      }
      buffer.holders += 1;
      buffers.set(o, buffer);
    });
    most = Math.max(most, now);
    for (const o of node.outputs) if ((uses.get(o) ?? 0) === 0) drop(buffers.get(o)!);
    for (const v of node.inputs) {
      const b = buffers.get(v);
      if (use(v, -1) === 0 && b !== undefined) drop(b);
    }
  }
  return most;
}
