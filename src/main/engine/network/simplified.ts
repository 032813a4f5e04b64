/** A network that was read, in forms that can be trained: what ONNX Runtime tells of it at work decides. */
import { seenShapes } from './image-input.ts';
import { floatOf, floatTensor, GraphBuilder, int, intOf, ints, type Graph, type OnnxNode } from './onnx/graph.ts';
import { prune } from './onnx/normalise.ts';
import { Runner } from './runtime.ts';

/** Operators that have weights behind their first input. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LayerNormalization']);

/**
 * The network with its weights as constants, also those that it computes of constants, as standardised convolutions and weight
 * normalisation are written; and with attention in one operator (operator set 23 on) written out.
 */
export async function simplified(network: Graph): Promise<Graph> {
  return attentionWrittenOut(await weightsComputed(network));
}

async function weightsComputed(network: Graph): Promise<Graph> {
  const fixed = new Set(network.initializers.keys());
  for (const node of network.nodes)
    if (node.inputs.some((i) => i !== '') && node.inputs.every((i) => i === '' || fixed.has(i)))
      for (const o of node.outputs) fixed.add(o);
  const computed = new Set(
    network.nodes
      .filter((n) => WEIGHTED.has(n.op) && !n.outputs.every((o) => fixed.has(o)))
      .flatMap((n) => n.inputs.slice(1))
      .filter((i) => fixed.has(i) && !network.initializers.has(i)),
  );
  if (computed.size === 0) return network;
  const graph = prune(network, [...computed]);
  const outputs = [...computed].map((name) => ({ name, type: 'float' as const, dims: [] }));
  const runner = await Runner.create({ ...graph, outputs }, { quiet: true });
  try {
    const initializers = new Map(network.initializers);
    for (const [name, { dims, data }] of Object.entries(await runner.runShaped({})))
      initializers.set(name, floatTensor(dims, data));
    const nodes = network.nodes.filter((n) => !n.outputs.some((o) => computed.has(o)));
    return prune(
      { ...network, nodes, initializers },
      network.outputs.map((o) => o.name),
    );
  } finally {
    await runner.release();
  }
}

/** Left as it is where it masks by truth values, looks ahead only, keeps keys, or shares them among heads. */
async function attentionWrittenOut(network: Graph): Promise<Graph> {
  const found = network.nodes.filter((n) => n.op === 'Attention' && isPlain(n));
  if (found.length === 0) return network;
  const shapes = await seenShapes(network, [...new Set(found.flatMap((n) => n.inputs.slice(0, 3)))]);
  const graph: Graph = { ...network, nodes: [], initializers: new Map(network.initializers) };
  const b = new GraphBuilder(graph, 'attention');
  for (const node of network.nodes) {
    const [q, k, v] = node.inputs.slice(0, 3).map((i) => shapes.get(i));
    const heads = [intOf(node, 'q_num_heads', q?.[1] ?? 0), intOf(node, 'kv_num_heads', k?.[1] ?? 0)] as const;
    const sameHeads = heads[0] === heads[1] && heads[0] > 0 && q?.length === k?.length && k?.length === v?.length;
    if (!found.includes(node) || !sameHeads || (q?.length !== 4 && q?.length !== 3)) graph.nodes.push(node);
    else writeOut(b, node, heads[0], [q, k!, v!]);
  }
  return graph;
}

function isPlain(node: OnnxNode): boolean {
  const given = (i: number): boolean => (node.inputs[i] ?? '') !== '';
  return (
    node.outputs.filter((o) => o !== '').length === 1 &&
    [3, 4, 5, 6].every((i) => !given(i)) &&
    intOf(node, 'is_causal', 0) === 0 &&
    floatOf(node, 'softcap', 0) === 0
  );
}

/** softmax(scale q kᵀ) v for each head. */
function writeOut(b: GraphBuilder, node: OnnxNode, heads: number, shapes: readonly (readonly number[])[]): void {
  const [q, k, v] = node.inputs as [string, string, string];
  const flat = shapes[0]!.length === 3;
  const size = flat ? shapes[0]!.at(-1)! / heads : shapes[0]!.at(-1)!;
  const split = (x: string, at: number): string =>
    flat
      ? b.op('Transpose', [b.reshape(x, [0, -1, heads, shapes[at]!.at(-1)! / heads])], { perm: ints([0, 2, 1, 3]) })
      : x;
  const scale = floatOf(node, 'scale', 1 / Math.sqrt(size));
  const keys = b.op('Transpose', [split(k, 1)], { perm: ints([0, 1, 3, 2]) });
  const scores = b.op('MatMul', [b.op('Mul', [split(q, 0), b.scalar(scale)]), keys]);
  const share = b.op('Softmax', [scores], { axis: int(-1) });
  const [output] = node.outputs as [string];
  if (!flat) {
    b.op('MatMul', [share, split(v, 2)], {}, output);
    return;
  }
  const turned = b.op('Transpose', [b.op('MatMul', [share, split(v, 2)])], { perm: ints([0, 2, 1, 3]) });
  b.op('Reshape', [turned, b.int64s([0, -1, shapes[2]!.at(-1)!])], {}, output);
}
