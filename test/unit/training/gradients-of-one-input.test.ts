import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { BLOCKED, toBlocked } from '../../../src/main/engine/network/onnx/blocked.ts';
import { GraphBuilder, int, ints, type Attribute, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { differentiate } from '../../../src/main/engine/training/differentiate.ts';
import { blockedGradients } from '../../../src/main/engine/training/gradients/blocked.ts';
import { GRADIENTS } from '../../../src/main/engine/training/gradients/index.ts';

function graphOf(inputs: Record<string, readonly number[]>, build: (b: GraphBuilder) => string): Graph {
  const graph: Graph = {
    name: 'g',
    inputs: Object.entries(inputs).map(([name, dims]) => ({ name, type: 'float' as const, dims: [...dims] })),
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const y = build(new GraphBuilder(graph, 'f'));
  graph.outputs.push({ name: y, type: 'float', dims: [] });
  return graph;
}
/** Nodes of the backward pass whose result goes into none of these values, though one of theirs does not go anywhere. */
function unused(before: Graph, after: Graph, gradients: ReadonlyMap<string, string>): string[] {
  const forward = new Set(before.nodes.flatMap((n) => n.outputs));
  const needed = new Set(gradients.values());
  for (const node of [...after.nodes].reverse())
    if (node.outputs.some((o) => needed.has(o))) for (const i of node.inputs) needed.add(i);
  return after.nodes
    .filter((n) => !n.outputs.some((o) => needed.has(o) || forward.has(o)))
    .map((n) => `${n.op} ${n.name}`);
}
/** The gradient of every input alone: nothing is computed besides it, and it is what it is when all are asked for. */
async function alone(inputs: Record<string, readonly number[]>, forward: Graph): Promise<void> {
  const names = Object.keys(inputs);
  const output = forward.outputs[0]!.name;
  const r = random(9);
  const tensor = (dims: readonly number[]): { dims: number[]; data: Float32Array } => ({
    dims: [...dims],
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => r.between(0.5, 1.5)),
  });
  const given = Object.fromEntries(names.map((n) => [n, tensor(inputs[n]!)]));
  const plain = await Runner.create(forward);
  const y = (await plain.runShaped(given as never))[output]! as unknown as { dims: number[] };
  await plain.release();
  const seed = tensor(y.dims);
  const graph: Graph = { ...forward, inputs: [...forward.inputs, { name: 'seed', type: 'float', dims: seed.dims }] };
  const run = async (wanted: readonly string[]): Promise<Map<string, Float32Array>> => {
    const made = differentiate(graph, output, 'seed', wanted);
    expect(unused(graph, made.graph, made.gradients)).toEqual([]);
    made.graph.outputs.splice(
      0,
      made.graph.outputs.length,
      ...wanted.map((n) => ({ name: made.gradients.get(n)!, type: 'float' as const, dims: [] })),
    );
    const runner = await Runner.create(made.graph);
    const got = await runner.run({ ...given, seed } as never);
    await runner.release();
    return new Map(wanted.map((n) => [n, got[made.gradients.get(n)!]!]));
  };
  const all = await run(names);
  for (const name of names) {
    const one = (await run([name])).get(name)!;
    expect([name, one.length]).toEqual([name, all.get(name)!.length]);
    one.forEach((v, i) => expect(v).toBeCloseTo(all.get(name)![i]!, 5));
  }
}
const op =
  (name: string, inputs: string[], attributes: Record<string, Attribute> = {}) =>
  (b: GraphBuilder): string =>
    b.op(name, inputs, attributes);
const A = { a: [2, 3], b: [2, 3] };

describe('the gradient of one input of several', () => {
  it.each<[string, Record<string, readonly number[]>, (b: GraphBuilder) => string]>([
    ['Add', A, op('Add', ['a', 'b'])],
    ['Sub', A, op('Sub', ['a', 'b'])],
    ['Mul', A, op('Mul', ['a', 'b'])],
    ['Div', A, op('Div', ['a', 'b'])],
    ['Pow', A, op('Pow', ['a', 'b'])],
    ['Mul of another rank', { a: [2, 3], b: [3] }, op('Mul', ['b', 'a'])],
    ['Sum', { ...A, c: [2, 3] }, op('Sum', ['a', 'b', 'c'])],
    ['Concat', { ...A, c: [2, 1] }, op('Concat', ['a', 'b', 'c'], { axis: int(1) })],
    ['MatMul', { a: [2, 3], b: [3, 4] }, op('MatMul', ['a', 'b'])],
    ['Gemm', { a: [2, 3], b: [3, 4], c: [4] }, op('Gemm', ['a', 'b', 'c'])],
    ['Gemm, turned', { a: [3, 2], b: [4, 3], c: [4] }, op('Gemm', ['a', 'b', 'c'], { transA: int(1), transB: int(1) })],
    ['Conv', { x: [1, 2, 4, 5], w: [3, 2, 2, 2], b: [3] }, op('Conv', ['x', 'w', 'b'], { kernel_shape: ints([2, 2]) })],
    ['Conv without bias', { x: [1, 2, 4, 5], w: [3, 2, 1, 1] }, op('Conv', ['x', 'w'], { kernel_shape: ints([1, 1]) })],
    [
      'Conv with strides',
      { x: [1, 2, 5, 5], w: [3, 2, 2, 2], b: [3] },
      op('Conv', ['x', 'w', 'b'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
    ],
    [
      'Conv, depthwise',
      { x: [1, 2, 4, 5], w: [2, 1, 2, 2], b: [2] },
      op('Conv', ['x', 'w', 'b'], { kernel_shape: ints([2, 2]), group: int(2) }),
    ],
  ])('of %s is computed alone, and the same', async (_, inputs, build) => {
    await alone(inputs, graphOf(inputs, build));
  });

  /** A convolution in blocks of 8 channels, as it is differentiated where the processor has such. */
  function inBlocks(
    kernel: readonly [number, number],
    o: { strides?: number[]; dilations?: number[] },
    wanted: readonly string[],
  ): { before: Graph; graph: Graph; gradients: ReadonlyMap<string, string> } {
    const { strides = [1, 1], dilations = [1, 1] } = o;
    const graph = graphOf({ x: [1, 16, 9, 9], w: [16, 16, ...kernel], b: [16], v: [16, 16, 1, 1] }, (b) => {
      const attributes = { kernel_shape: ints(kernel), strides: ints(strides), dilations: ints(dilations) };
      const y = b.op('Conv', ['x', 'v'], { kernel_shape: ints([1, 1]) });
      return b.op('Conv', [y, 'w', 'b'], attributes);
    });
    const before = toBlocked(
      { ...graph, inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: ['n', 16, 'h', 'w'] }] },
      8,
    );
    expect(before.nodes.filter((n) => n.domain === BLOCKED)).toHaveLength(2);
    return {
      before,
      ...differentiate(before, graph.outputs[0]!.name, 'seed', wanted, new Map([...GRADIENTS, ...blockedGradients(8)])),
    };
  }

  it('in blocks of channels, is computed alone', () => {
    for (const [kernel, o] of [
      [[3, 3], {}],
      [[1, 1], {}],
      [[3, 3], { strides: [2, 2] }],
      [[2, 3], { dilations: [2, 1] }],
      [[2, 2], { dilations: [2, 2], strides: [2, 1] }],
      [[2, 2], { strides: [3, 3] }],
    ] as const)
      for (const wanted of [['w'], ['b'], ['v'], ['x'], ['x', 'b']]) {
        const { before, graph, gradients } = inBlocks(kernel, o as never, wanted);
        // Where the plain gradient serves, the one in blocks that was made of it is left over.
        const left = unused(before, graph, gradients).filter((n) => !n.startsWith('ReorderInput'));
        expect(left, `${JSON.stringify({ kernel, o, wanted })}`).toEqual([]);
      }
  });

  it('with strides stays in blocks where the kernel reaches from place to place and is not dilated', () => {
    const transposed = (kernel: [number, number], o: { strides?: number[]; dilations?: number[] }): number =>
      inBlocks(kernel, o, ['x']).graph.nodes.filter((n) => n.op === 'ConvTranspose').length;
    expect(transposed([3, 3], {})).toBe(0);
    expect(transposed([3, 3], { strides: [2, 2] })).toBe(0);
    expect(transposed([2, 3], { strides: [2, 3] })).toBe(0);
    expect(transposed([3, 3], { strides: [2, 2], dilations: [2, 1] })).toBe(1);
    expect(transposed([2, 3], { strides: [3, 2] })).toBe(1);
    expect(transposed([3, 2], { strides: [2, 3] })).toBe(1);
  });
});
