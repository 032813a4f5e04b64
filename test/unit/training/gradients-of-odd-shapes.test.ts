import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { float, int, ints, string, type Attribute, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { differentiate } from '../../../src/main/engine/training/differentiate.ts';
import { GRADIENTS, WEBGPU_GRADIENTS } from '../../../src/main/engine/training/gradients/index.ts';
import { check, given, graphOf, op, type Build, type Given } from '../../support/differences.ts';

describe('convolutions of odd shapes have the gradients that differences show', () => {
  const window = (o: {
    strides?: number[];
    dilations?: number[];
    pads?: number[];
    group?: number;
  }): Record<string, Attribute> => ({
    ...(o.strides && { strides: ints(o.strides) }),
    ...(o.dilations && { dilations: ints(o.dilations) }),
    ...(o.pads && { pads: ints(o.pads) }),
    ...(o.group && { group: int(o.group) }),
  });
  for (const [name, x, w, o] of [
    ['3 x 2, pads on each side another', [2, 2, 5, 6], [3, 2, 3, 2], { pads: [2, 1, 0, 0] }],
    ['2 x 3, strides that differ', [2, 2, 6, 7], [3, 2, 2, 3], { strides: [1, 2], pads: [1, 0, 0, 2] }],
    ['3 x 1, strides that differ', [1, 2, 7, 4], [2, 2, 3, 1], { strides: [2, 1], pads: [0, 0, 1, 0] }],
    ['1 x 3, dilated', [1, 2, 4, 8], [2, 2, 1, 3], { dilations: [1, 2], pads: [0, 3, 0, 1] }],
    ['strides and dilations', [1, 2, 8, 9], [2, 2, 2, 3], { strides: [3, 2], dilations: [2, 3], pads: [1, 2, 0, 1] }],
    ['more padding than the kernel reaches', [1, 2, 3, 3], [2, 2, 2, 2], { pads: [2, 0, 0, 3] }],
    ['rows that no window reaches', [1, 2, 6, 8], [2, 2, 2, 2], { strides: [3, 3] }],
    ['1 x 1', [2, 3, 3, 4], [2, 3, 1, 1], {}],
    ['1 x 2', [1, 2, 3, 4], [2, 2, 1, 2], {}],
    ['2 x 1', [1, 2, 4, 3], [2, 2, 2, 1], { pads: [1, 0, 0, 0] }],
    ['depthwise 1 x 2', [1, 2, 3, 4], [2, 1, 1, 2], { group: 2 }],
    ['1 x 1, strides that differ', [2, 2, 5, 5], [2, 2, 1, 1], { strides: [1, 3] }],
    ['in groups', [1, 4, 4, 5], [2, 2, 2, 3], { group: 2, pads: [1, 0, 0, 1] }],
    ['in groups, dilated, with strides', [1, 4, 6, 6], [4, 2, 2, 2], { group: 2, dilations: [2, 1], strides: [1, 2] }],
    ['depthwise 1 x 3', [2, 3, 3, 5], [3, 1, 1, 3], { group: 3, pads: [0, 1, 0, 0] }],
    ['depthwise 3 x 1', [2, 3, 5, 3], [3, 1, 3, 1], { group: 3, pads: [1, 0, 0, 0] }],
    ['depthwise 2 x 2, pads on each side another', [1, 3, 4, 4], [3, 1, 2, 2], { group: 3, pads: [1, 0, 0, 1] }],
    ['depthwise dilated', [1, 3, 5, 6], [3, 1, 2, 3], { group: 3, dilations: [2, 1], pads: [1, 1, 1, 1] }],
    ['depthwise with strides', [1, 3, 5, 6], [3, 1, 3, 2], { group: 3, strides: [2, 3] }],
    ['depthwise 1 x 1', [1, 3, 3, 3], [3, 1, 1, 1], { group: 3 }],
    ['depthwise, more padding than it reaches', [1, 2, 3, 3], [2, 1, 1, 1], { group: 2, pads: [1, 0, 0, 1] }],
  ] as const)
    it(name, async () => {
      await check(
        { x: given(x, 1), w: given(w, 2), b: given([w[0]], 3) },
        op('Conv', ['x', 'w', 'b'], { kernel_shape: ints(w.slice(2)), ...window(o as never) }),
        0.25,
      );
    });
});

describe('poolings have the gradients that differences show', () => {
  const shuffled = (dims: readonly number[]): Given => {
    const n = dims.reduce((a, b) => a * b, 1);
    return { dims, data: Float32Array.from(random(5).shuffled(Array.from({ length: n }, (_, i) => i / 4))) };
  };
  it.each<[string, number[], Record<string, Attribute>]>([
    ['2 x 3', [1, 2, 4, 6], { kernel_shape: ints([2, 3]) }],
    [
      '3 x 2, strides and pads that differ',
      [1, 2, 6, 5],
      { kernel_shape: ints([3, 2]), strides: ints([2, 1]), pads: ints([1, 0, 0, 1]) },
    ],
    [
      'windows that end outside',
      [1, 2, 5, 6],
      { kernel_shape: ints([2, 3]), strides: ints([2, 2]), ceil_mode: int(1) },
    ],
    ['dilated', [1, 1, 6, 6], { kernel_shape: ints([2, 2]), dilations: ints([2, 3]) }],
  ])('the maximum, %s', async (_, dims, attributes) => {
    for (const rules of [GRADIENTS, WEBGPU_GRADIENTS])
      await check({ x: shuffled(dims) }, op('MaxPool', ['x'], attributes), 0.0625, 1e-3, rules);
  });

  it('the first of equal maxima has it all, by indices and by taps', async () => {
    for (const rules of [GRADIENTS, WEBGPU_GRADIENTS]) {
      const graph = graphOf(
        { x: [1, 1, 2, 4] },
        op('MaxPool', ['x'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
      );
      const y = graph.outputs[0]!.name;
      const seeded: Graph = {
        ...graph,
        inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [1, 1, 1, 2] }],
      };
      const d = differentiate(seeded, y, 'seed', ['x'], rules);
      d.graph.outputs.splice(0, 1, { name: d.gradients.get('x')!, type: 'float', dims: [] });
      const runner = await Runner.create(d.graph);
      const out = await runner.run({
        x: { dims: [1, 1, 2, 4], data: Float32Array.of(1, 7, 3, 3, 7, 7, 3, 3) },
        seed: { dims: [1, 1, 1, 2], data: Float32Array.of(5, 2) },
      });
      expect([...Object.values(out)[0]!]).toEqual([0, 5, 2, 0, 0, 0, 0, 0]);
      await runner.release();
    }
  });

  it('the maximum of all places is shared by those that reach it', async () => {
    for (const [build, dims] of [
      [op('GlobalMaxPool', ['x']), [1, 2, 1, 1]],
      [op('ReduceMax', ['x'], { axes: ints([2, 3]) }), [1, 2, 1, 1]],
      [op('ReduceMax', ['x'], { axes: ints([-1, -2]), keepdims: int(0) }), [1, 2]],
    ] as const) {
      const graph = graphOf({ x: [1, 2, 2, 2] }, build);
      const seeded: Graph = { ...graph, inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [...dims] }] };
      const d = differentiate(seeded, graph.outputs[0]!.name, 'seed', ['x']);
      d.graph.outputs.splice(0, 1, { name: d.gradients.get('x')!, type: 'float', dims: [] });
      const runner = await Runner.create(d.graph);
      const out = await runner.run({
        x: { dims: [1, 2, 2, 2], data: Float32Array.of(4, 1, 4, 2, 0, -1, 0, 0) },
        seed: { dims, data: Float32Array.of(8, 6) },
      });
      expect([...Object.values(out)[0]!]).toEqual([4, 0, 4, 0, 2, 0, 2, 2]);
      await runner.release();
    }
  });

  it('means, with padding that counts, and over all', async () => {
    const x = given([1, 2, 4, 5], 4);
    await check({ x }, op('AveragePool', ['x'], { kernel_shape: ints([2, 3]) }), 0.25);
    await check(
      { x },
      op('AveragePool', ['x'], {
        kernel_shape: ints([3, 2]),
        strides: ints([1, 2]),
        pads: ints([1, 0, 0, 1]),
        count_include_pad: int(1),
      }),
      0.25,
    );
    await check({ x }, op('GlobalAveragePool', ['x']), 0.25);
    const refused = (attributes: Record<string, Attribute>, dims: (number | string)[] = [1, 2, 4, 5]): void => {
      const graph = graphOf({ x: dims }, op('AveragePool', ['x'], attributes));
      const seeded: Graph = { ...graph, inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [] }] };
      expect(() => differentiate(seeded, graph.outputs[0]!.name, 'seed', ['x'])).toThrow(
        expect.objectContaining({ code: 'INPUT_UNSUPPORTED' }),
      );
    };
    const square = { kernel_shape: ints([2, 2]) };
    refused(square, [1, 'C', 4, 5]);
    refused({ kernel_shape: ints([2]) });
  });

  it.each<[string, number[], Record<string, Attribute>]>([
    ['with padding that does not count', [1, 2, 4, 5], { kernel_shape: ints([2, 2]), pads: ints([0, 1, 1, 0]) }],
    [
      'the last windows beyond the edge',
      [2, 1, 5, 6],
      { kernel_shape: ints([2, 3]), strides: ints([2, 2]), ceil_mode: int(1) },
    ],
    [
      'beyond the edge, with padding that does not count',
      [1, 2, 6, 5],
      { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]), ceil_mode: int(1) },
    ],
    [
      'beyond the edge, with padding that counts',
      [1, 1, 6, 6],
      {
        kernel_shape: ints([3, 3]),
        strides: ints([2, 2]),
        pads: ints([1, 1, 1, 1]),
        ceil_mode: int(1),
        count_include_pad: int(1),
      },
    ],
    ['more stride than kernel', [1, 2, 5, 7], { kernel_shape: ints([1, 2]), strides: ints([2, 3]), ceil_mode: int(1) }],
  ])('means, %s', async (_, dims, attributes) => {
    await check({ x: given(dims, 4) }, op('AveragePool', ['x'], attributes), 0.25);
  });

  it('normalisation across channels, of all sizes, and of its defaults', async () => {
    const x = given([1, 5, 1, 2], 6, 0.5, 2);
    for (const size of [1, 3, 5, 7])
      await check(
        { x },
        op('LRN', ['x'], { size: int(size), alpha: float(0.6), beta: float(0.5), bias: float(2) }),
        1e-2,
        2e-3,
      );
    // α = 1e-4, β = 0.75, bias = 1: felt where values are large.
    await check({ x: given([1, 5, 1, 2], 6, 60, 120) }, op('LRN', ['x'], { size: int(3) }), 0.5, 4e-3);
  });
});

describe('what is cut, joined, turned and summed has the gradients that differences show', () => {
  const x = given([2, 3, 4], 1);
  it.each<[string, Record<string, Given>, Build]>([
    [
      'Concat along the first axis',
      { a: given([2, 3], 1), b: given([1, 3], 2), c: given([3, 3], 3) },
      op('Concat', ['a', 'b', 'c'], { axis: int(0) }),
    ],
    [
      'Concat along the last',
      { a: given([2, 3], 1), b: given([2, 1], 2) },
      op('Concat', ['b', 'a'], { axis: int(-1) }),
    ],
    ['Slice from the end', { x }, (b) => b.slice('x', [-3], [-1], [2])],
    ['Slice of two axes', { x }, (b) => b.slice('x', [1, 0], [9, 2], [-1, 1])],
    ['Slice of all axes', { x }, (b) => b.op('Slice', ['x', b.int64s([0, 1, 1]), b.int64s([1, 3, 3])])],
    ['Transpose by default', { x }, op('Transpose', ['x'])],
    ['Transpose', { x }, op('Transpose', ['x'], { perm: ints([1, 2, 0]) })],
    ['ReduceMean of all', { x }, op('ReduceMean', ['x'], { keepdims: int(0) })],
    ['ReduceMean of the last two', { x }, op('ReduceMean', ['x'], { axes: ints([-1, 1]) })],
    ['ReduceMean of the first, gone', { x }, op('ReduceMean', ['x'], { axes: ints([0]), keepdims: int(0) })],
    ['ReduceSum of some, gone', { x }, (b) => b.reduceSum('x', [-1, 0], false)],
    ['ReduceSum of one, kept', { x }, (b) => b.reduceSum('x', [1], true)],
    [
      'Add of another rank',
      { x, s: given([4], 2), t: given([3, 1], 3) },
      (b) => b.op('Add', [b.op('Add', ['s', 'x']), 't']),
    ],
    ['Sub of another rank', { x, s: given([1, 1], 2) }, op('Sub', ['s', 'x'])],
    ['Sub the other way', { x, s: given([2, 1, 1], 2) }, op('Sub', ['x', 's'])],
    ['Mul', { x, s: given([3, 1], 2) }, op('Mul', ['x', 's'])],
    ['Sum of three', { x, s: given([4], 2), t: given([1, 3, 1], 3) }, op('Sum', ['x', 's', 't'])],
    ['Neg', { x }, op('Neg', ['x'])],
    ['MatMul by batch', { a: given([2, 2, 3], 1), b: given([2, 3, 2], 2) }, op('MatMul', ['a', 'b'])],
    ['MatMul shared by a batch', { a: given([2, 2, 3], 1), b: given([3, 2], 2) }, op('MatMul', ['a', 'b'])],
    ['MatMul', { a: given([2, 3], 1), b: given([3, 4], 2) }, op('MatMul', ['a', 'b'])],
    ['Gemm by default', { a: given([2, 3], 1), b: given([3, 4], 2), c: given([4], 3) }, op('Gemm', ['a', 'b', 'c'])],
    [
      'Gemm with a row',
      { a: given([2, 3], 1), b: given([3, 4], 2), c: given([1, 4], 3) },
      op('Gemm', ['a', 'b', 'c'], { beta: float(0.5) }),
    ],
    [
      'Gemm with a matrix',
      { a: given([2, 3], 1), b: given([4, 3], 2), c: given([2, 4], 3) },
      op('Gemm', ['a', 'b', 'c'], { transB: int(1), alpha: float(2) }),
    ],
    ['Gemm without', { a: given([3, 2], 1), b: given([3, 4], 2) }, op('Gemm', ['a', 'b'], { transA: int(1) })],
    ['DepthToSpace', { x: given([1, 8, 2, 3], 1) }, op('DepthToSpace', ['x'], { blocksize: int(2) })],
    ['Pad', { x: given([1, 2, 3], 1) }, (b) => b.op('Pad', ['x', b.int64s([0, 1, 2, 1, 0, 3])])],
    ['twice the same', { x }, op('Mul', ['x', 'x'])],
  ])('%s', async (_, inputs, build) => {
    await check(inputs, build, 0.125);
  });

  it('Div and Pow of other ranks', async () => {
    const positive = (dims: number[], seed: number): Given => given(dims, seed, 0.5, 1.5);
    await check({ a: positive([2, 3], 1), b: positive([3], 2) }, op('Div', ['a', 'b']));
    await check({ a: positive([3], 1), b: positive([2, 1], 2) }, op('Div', ['a', 'b']));
    await check({ a: positive([2, 3], 1), p: given([1], 2, 1.5, 3) }, op('Pow', ['a', 'p']));
    await check({ a: positive([3], 1), p: given([2, 1], 2, -1, 3) }, op('Pow', ['a', 'p']));
  });

  it('is refused where it cannot be told, naming the node', () => {
    const learned: Build = (b) => b.op('Pad', ['x', b.int64s([0, 0, 1, 1, 0, 0, 1, 1]), 'v']);
    const refused = (dims: Record<string, readonly (number | string)[]>, build: Build, text: RegExp): void => {
      const graph = graphOf(dims, build);
      const seeded: Graph = { ...graph, inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [] }] };
      expect(() => differentiate(seeded, graph.outputs[0]!.name, 'seed', Object.keys(dims))).toThrow(
        expect.objectContaining({ code: 'INPUT_UNSUPPORTED', message: expect.stringMatching(text) as string }),
      );
    };
    refused({ x: [1, 2, 4, 4], v: [] }, learned, /\(Pad\) pads with what it computes/);
    refused({ x: [3, 3] }, op('Einsum', ['x'], { equation: string('ii->i') }), /\(Einsum\) has an equation/);
    refused(
      { x: [3, 4] },
      (b) => b.op('ReduceSum', ['x', b.op('Sub', [b.int64s([2]), b.int64s([1])])]),
      /\(ReduceSum\) computes its axes/,
    );
    refused({ x: [1, 'C', 2, 2] }, op('LRN', ['x'], { size: int(3) }), /\(LRN\) has an unknown number of channels/);
    refused({ x: [1, 2, 5, 2, 2], w: [2, 2, 3, 1, 1] }, op('Conv', ['x', 'w'], {}), /\(Conv\) is not two-dimensional/);
  });
});

describe('activations at their kinks', () => {
  /** dL/dx of a unary operator for dL/dy = 1. */
  async function slopes(build: Build, x: number[]): Promise<number[]> {
    const graph = graphOf({ x: [x.length] }, build);
    const seeded: Graph = { ...graph, inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [x.length] }] };
    const d = differentiate(seeded, graph.outputs[0]!.name, 'seed', ['x']);
    d.graph.outputs.splice(0, 1, { name: d.gradients.get('x')!, type: 'float', dims: [] });
    const runner = await Runner.create(d.graph);
    const out = await runner.run({
      x: { dims: [x.length], data: Float32Array.from(x) },
      seed: { dims: [x.length], data: new Float32Array(x.length).fill(1) },
    });
    await runner.release();
    return [...Object.values(out)[0]!];
  }
  const close = (a: number[], b: number[]): void => b.forEach((v, i) => expect(a[i]).toBeCloseTo(v, 5));

  it('pass what is strictly inside, by their own numbers or the standard ones', async () => {
    const x = [-4, -3, -1, -0.5, 0, 0.25, 0.5, 3, 4];
    close(await slopes(op('Relu', ['x']), x), [0, 0, 0, 0, 0, 1, 1, 1, 1]);
    close(await slopes(op('LeakyRelu', ['x']), [-2, -1e-3, 3]), [0.01, 0.01, 1]);
    close(await slopes(op('LeakyRelu', ['x'], { alpha: float(0.25) }), [-2, 0, 3]), [0.25, 0.25, 1]);
    close(await slopes((b) => b.op('Clip', ['x', b.scalar(-1), b.scalar(0.5)]), x), [0, 0, 0, 1, 1, 1, 0, 0, 0]);
    close(await slopes((b) => b.op('Clip', ['x', b.scalar(-1)]), x), [0, 0, 0, 1, 1, 1, 1, 1, 1]);
    close(await slopes((b) => b.op('Clip', ['x', '', b.scalar(0.5)]), x), [1, 1, 1, 1, 1, 1, 0, 0, 0]);
    close(await slopes(op('Clip', ['x']), x), [1, 1, 1, 1, 1, 1, 1, 1, 1]);
    // max(0, min(1, αx + ½)): α is 0.2 when nobody says.
    close(await slopes(op('HardSigmoid', ['x']), [-2.6, -2.4, 0, 2.4, 2.6]), [0, 0.2, 0.2, 0.2, 0]);
    close(await slopes(op('HardSigmoid', ['x'], { alpha: float(0.5) }), [-1.1, 0, 0.9, 1.1]), [0, 0.5, 0.5, 0]);
    // x · relu6(x + 3) / 6: x / 3 + ½ between −3 and 3.
    close(await slopes(op('HardSwish', ['x']), [-3.5, -2.9, -1, 0, 1, 2.9, 3.5]), [
      0,
      -2.9 / 3 + 0.5,
      1 / 6,
      0.5,
      5 / 6,
      2.9 / 3 + 0.5,
      1,
    ]);
    close(await slopes(op('Sigmoid', ['x']), [0, 1]), [0.25, Math.exp(-1) / (1 + Math.exp(-1)) ** 2]);
    close(await slopes(op('Tanh', ['x']), [0, 1]), [1, 1 - Math.tanh(1) ** 2]);
    close(await slopes(op('Sqrt', ['x']), [0.25, 4]), [1, 0.25]);
    close(await slopes(op('Log', ['x']), [0.5, 4]), [2, 0.25]);
    close(await slopes(op('Exp', ['x']), [0, 1]), [1, Math.E]);
    close(await slopes(op('Identity', ['x']), [0, 1]), [1, 1]);
  });
});

describe('differentiation', () => {
  it('adds what reaches a value by several ways, and says when nothing does', async () => {
    const build: Build = (b) => b.op('Add', [b.op('Mul', ['x', 'x']), b.op('Mul', ['x', b.op('Add', ['x', 'z'])])]);
    await check({ x: given([3], 1), z: given([3], 2) }, build, 0.125);
    const graph = graphOf({ x: [2], z: [2] }, op('Neg', ['x']));
    graph.inputs.push({ name: 'seed', type: 'float', dims: [2] });
    expect(() => differentiate(graph, graph.outputs[0]!.name, 'seed', ['x', 'z'])).toThrow(
      expect.objectContaining({ code: 'INTERNAL', message: 'No gradient reaches parameter z' }),
    );
  });

  it('asks for no rule beside the way from the parameters to the output, and names the operator that has none on it', () => {
    const aside = graphOf({ x: [2], z: [2] }, (b) => {
      b.op('Det', ['x'], {}, 'unused');
      return b.op('Neg', ['x']);
    });
    aside.inputs.push({ name: 'seed', type: 'float', dims: [2] });
    expect(differentiate(aside, aside.outputs[0]!.name, 'seed', ['x']).gradients.get('x')).toBeDefined();
    // Behind it no shapes are known, but it is the operator that a person can do something about.
    const on = graphOf({ z: [2] }, (b) => b.op('Add', ['z', b.op('Neg', [b.op('Det', ['z'])])]));
    on.inputs.push({ name: 'seed', type: 'float', dims: [2] });
    expect(() => differentiate(on, on.outputs[0]!.name, 'seed', ['z'])).toThrow(
      expect.objectContaining({
        code: 'INPUT_UNSUPPORTED',
        message: expect.stringContaining('Operator Det') as string,
      }),
    );
    // The shape of a value does not change with it.
    const shaped = graphOf({ x: [4], z: [2, 2] }, (b) =>
      b.op('Reshape', ['x', b.op('Shape', [b.op('Mul', ['z', 'z'])])]),
    );
    shaped.inputs.push({ name: 'seed', type: 'float', dims: [2, 2] });
    expect(differentiate(shaped, shaped.outputs[0]!.name, 'seed', ['x']).gradients.size).toBe(1);
    // Nothing is written into the graph that is given.
    const before = shaped.nodes.length;
    differentiate(shaped, shaped.outputs[0]!.name, 'seed', ['x']);
    expect(shaped.nodes.length).toBe(before);
  });

  it('computes nothing that leads to no gradient', () => {
    const cases: [string, Record<string, number[]>, Build][] = [
      ['Add', { a: [2, 3], b: [3] }, op('Add', ['a', 'b'])],
      ['Sub', { a: [2, 3], b: [3] }, op('Sub', ['a', 'b'])],
      ['Mul', { a: [2, 3], b: [3] }, op('Mul', ['a', 'b'])],
      ['Sum', { a: [2, 3], b: [3], c: [1, 3] }, op('Sum', ['a', 'b', 'c'])],
      ['Concat', { a: [2, 3], b: [2, 3], c: [2, 3] }, op('Concat', ['a', 'b', 'c'], { axis: int(0) })],
      ['MatMul', { a: [2, 2, 3], b: [3, 4] }, op('MatMul', ['a', 'b'])],
      ['Gemm', { a: [2, 3], b: [3, 4], c: [4] }, op('Gemm', ['a', 'b', 'c'])],
      [
        'Gemm, turned',
        { a: [3, 2], b: [4, 3], c: [4] },
        op('Gemm', ['a', 'b', 'c'], { transA: int(1), transB: int(1) }),
      ],
      [
        'Conv',
        { x: [1, 2, 5, 5], w: [3, 2, 3, 3], b: [3] },
        op('Conv', ['x', 'w', 'b'], { kernel_shape: ints([3, 3]) }),
      ],
      [
        'Conv with strides',
        { x: [1, 2, 5, 5], w: [3, 2, 3, 3], b: [3] },
        op('Conv', ['x', 'w', 'b'], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }),
      ],
    ];
    for (const [name, dims, build] of cases)
      for (const wanted of Object.keys(dims)) {
        const graph = graphOf(dims, build);
        const seeded: Graph = { ...graph, inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [] }] };
        const { graph: made, gradients } = differentiate(seeded, graph.outputs[0]!.name, 'seed', [wanted]);
        const used = new Set([graph.outputs[0]!.name, gradients.get(wanted)!]);
        for (const n of [...made.nodes].reverse()) {
          expect(
            n.outputs.some((o) => used.has(o)),
            `${name}, ${wanted}: ${n.name}`,
          ).toBe(true);
          n.inputs.forEach((i) => used.add(i));
        }
      }
  });
});
