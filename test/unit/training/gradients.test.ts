import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  float,
  floatTensor,
  GraphBuilder,
  int,
  int64Tensor,
  ints,
  type Attribute,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { normalise, prune } from '../../../src/main/engine/network/onnx/normalise.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { differentiate } from '../../../src/main/engine/training/differentiate.ts';
import { GRADIENTS, WEBGPU_GRADIENTS } from '../../../src/main/engine/training/gradients/index.ts';
import { ROOT } from '../../support/programs.ts';
import { NEWER } from '../../support/gradient-cases.ts';
import { trainingGraphs } from '../../support/training-graphs.ts';

interface Given {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

interface Case {
  readonly name: string;
  readonly inputs: Record<string, Given>;
  readonly build: (b: GraphBuilder) => string;
  readonly outDims: number[];
  /** How far a value moves for the difference. */
  readonly step?: number;
}

/** Values without ties and away from kinks. */
function given(dims: number[], seed = 1, low = -1, high = 1): Given {
  const n = dims.reduce((a, b) => a * b, 1);
  return {
    dims,
    data: Float32Array.from(
      { length: n },
      (_, i) => low + ((high - low) * (((Math.sin((i + 1) * 12.9898 * seed) * 43758.5453) % 1) + 1)) / 2,
    ),
  };
}
const x4 = (seed = 1, low = -1, high = 1): Given => given([2, 4, 7, 6], seed, low, high);
const conv = (
  weight: number[],
  attributes: Record<string, Attribute>,
  bias = true,
  from = x4(),
): Pick<Case, 'inputs' | 'build'> => ({
  inputs: { x: from, w: given(weight, 2), ...(bias ? { b: given([weight[0]!], 3) } : {}) },
  build: (b) =>
    b.op('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], { kernel_shape: ints(weight.slice(2)), ...attributes }),
});
const unary = (op: string, low = -1, high = 1, attributes: Record<string, Attribute> = {}): Case => ({
  name: op,
  inputs: { x: given([3, 5], 1, low, high) },
  build: (b) => b.op(op, ['x'], attributes),
  outDims: [3, 5],
  // A short step, so that no difference is taken across a kink.
  step: 1e-4,
});
const binary = (op: string, a: number[], c: number[], out: number[], low = 0.4, high = 1.6): Case => ({
  name: `${op} [${a}] with [${c}]`,
  inputs: { a: given(a, 1, low, high), c: given(c, 2, low, high) },
  build: (b) => b.op(op, ['a', 'c']),
  outDims: out,
});

const CASES: Case[] = [
  { name: 'Conv 3x3, padded, bias', ...conv([5, 4, 3, 3], { pads: ints([1, 1, 1, 1]) }), outDims: [2, 5, 7, 6] },
  { name: 'Conv 1x1', ...conv([5, 4, 1, 1], {}, false), outDims: [2, 5, 7, 6] },
  { name: 'Conv 1x1, stride 2', ...conv([5, 4, 1, 1], { strides: ints([2, 2]) }), outDims: [2, 5, 4, 3] },
  {
    name: 'Conv 3x3, stride 2, uneven padding',
    ...conv([5, 4, 3, 3], { strides: ints([2, 2]), pads: ints([0, 0, 1, 1]) }),
    outDims: [2, 5, 3, 3],
  },
  {
    name: 'Conv 3x2, stride 2 with a remainder',
    ...conv([5, 4, 3, 2], { strides: ints([2, 3]) }),
    outDims: [2, 5, 3, 2],
  },
  {
    name: 'Conv 3x3, dilated',
    ...conv([5, 4, 3, 3], { dilations: ints([2, 2]), pads: ints([2, 2, 2, 2]) }),
    outDims: [2, 5, 7, 6],
  },
  {
    name: 'Conv 3x3, padding wider than the kernel',
    ...conv([3, 4, 1, 1], { pads: ints([1, 1, 1, 1]) }),
    outDims: [2, 3, 9, 8],
  },
  { name: 'Conv grouped', ...conv([6, 2, 3, 3], { group: int(2), pads: ints([1, 1, 1, 1]) }), outDims: [2, 6, 7, 6] },
  {
    name: 'Conv grouped, stride 2',
    ...conv([6, 2, 3, 3], { group: int(2), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }),
    outDims: [2, 6, 4, 3],
  },
  { name: 'Conv depthwise', ...conv([4, 1, 3, 3], { group: int(4), pads: ints([1, 1, 1, 1]) }), outDims: [2, 4, 7, 6] },
  {
    name: 'Conv depthwise, stride 2',
    ...conv([4, 1, 3, 3], { group: int(4), strides: ints([2, 2]), pads: ints([0, 0, 1, 1]) }),
    outDims: [2, 4, 3, 3],
  },
  {
    name: 'Conv depthwise with multiplier',
    ...conv([8, 1, 3, 3], { group: int(4), pads: ints([1, 1, 1, 1]) }),
    outDims: [2, 8, 7, 6],
  },
  {
    name: 'MaxPool 3x3, stride 2',
    inputs: { x: x4() },
    build: (b) =>
      b.op('MaxPool', ['x'], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }),
    outDims: [2, 4, 4, 3],
    step: 1e-4,
  },
  {
    name: 'AveragePool 2x2',
    inputs: { x: x4() },
    build: (b) => b.op('AveragePool', ['x'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
    outDims: [2, 4, 3, 3],
  },
  {
    name: 'AveragePool padded, counting padding',
    inputs: { x: x4() },
    build: (b) =>
      b.op('AveragePool', ['x'], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), count_include_pad: int(1) }),
    outDims: [2, 4, 7, 6],
  },
  {
    name: 'GlobalAveragePool',
    inputs: { x: x4() },
    build: (b) => b.op('GlobalAveragePool', ['x']),
    outDims: [2, 4, 1, 1],
  },
  {
    name: 'GlobalMaxPool',
    inputs: { x: x4() },
    build: (b) => b.op('GlobalMaxPool', ['x']),
    outDims: [2, 4, 1, 1],
  },
  {
    name: 'DepthToSpace',
    inputs: { x: x4() },
    build: (b) => b.op('DepthToSpace', ['x'], { blocksize: int(2) }),
    outDims: [2, 1, 14, 12],
  },
  {
    name: 'Pad',
    inputs: { x: x4() },
    build: (b) => b.op('Pad', ['x', b.int64s([0, 0, 1, 2, 0, 0, 3, 0])]),
    outDims: [2, 4, 11, 8],
  },
  unary('Relu'),
  unary('LeakyRelu', -1, 1, { alpha: float(0.2) }),
  unary('Sigmoid'),
  unary('Tanh'),
  unary('Exp'),
  unary('Log', 0.4, 1.6),
  unary('Sqrt', 0.4, 1.6),
  unary('Neg'),
  unary('Identity'),
  unary('HardSigmoid', -4, 4),
  unary('HardSwish', -5, 5),
  {
    name: 'Clip',
    inputs: { x: given([3, 5]) },
    build: (b) => b.op('Clip', ['x', b.scalar(-0.5), b.scalar(0.6)]),
    outDims: [3, 5],
    step: 1e-4,
  },
  {
    name: 'Clip without a lower limit',
    inputs: { x: given([3, 5]) },
    build: (b) => b.op('Clip', ['x', '', b.scalar(0.6)]),
    outDims: [3, 5],
    step: 1e-4,
  },
  binary('Add', [2, 3, 4], [3, 1], [2, 3, 4]),
  binary('Sub', [3, 4], [2, 3, 4], [2, 3, 4]),
  binary('Mul', [2, 3, 4], [2, 3, 1], [2, 3, 4]),
  binary('Mul', [1], [3, 4], [3, 4]),
  binary('Div', [2, 3, 4], [3, 4], [2, 3, 4]),
  binary('Div', [1], [2, 3], [2, 3]),
  binary('Pow', [2, 3], [1], [2, 3]),
  binary('Pow', [2, 3], [2, 3], [2, 3]),
  {
    name: 'Sum of three',
    inputs: { a: given([2, 3], 1), b: given([3], 2), c: given([2, 1], 3) },
    build: (b) => b.op('Sum', ['a', 'b', 'c']),
    outDims: [2, 3],
  },
  {
    name: 'Concat',
    inputs: { a: given([2, 3], 1), b: given([2, 2], 2) },
    build: (b) => b.op('Concat', ['a', 'b'], { axis: int(1) }),
    outDims: [2, 5],
  },
  {
    name: 'ReduceMean',
    inputs: { x: x4() },
    build: (b) => b.op('ReduceMean', ['x'], { axes: ints([2, 3]), keepdims: int(0) }),
    outDims: [2, 4],
  },
  {
    name: 'ReduceMax',
    inputs: { x: x4() },
    build: (b) => b.op('ReduceMax', ['x'], { axes: ints([2, 3]), keepdims: int(0) }),
    outDims: [2, 4],
  },
  {
    name: 'Slice',
    inputs: { x: x4() },
    build: (b) => b.slice('x', [1, -4], [6, Number.MAX_SAFE_INTEGER], [2, 3]),
    outDims: [2, 4, 5, 4],
  },
  {
    name: 'Slice of one axis in the middle',
    inputs: { x: x4() },
    build: (b) => b.slice('x', [1], [3], [1]),
    outDims: [2, 2, 7, 6],
  },
  {
    name: 'LRN',
    inputs: { x: given([2, 7, 3, 2], 1, -2, 2) },
    build: (b) => b.op('LRN', ['x'], { size: int(5), alpha: float(0.9), beta: float(0.75), bias: float(1) }),
    outDims: [2, 7, 3, 2],
  },
  { name: 'ReduceSum', inputs: { x: x4() }, build: (b) => b.reduceSum('x', [-1, 1], true), outDims: [2, 1, 7, 1] },
  {
    name: 'Transpose',
    inputs: { x: given([2, 3, 4]) },
    build: (b) => b.op('Transpose', ['x'], { perm: ints([2, 0, 1]) }),
    outDims: [4, 2, 3],
  },
  { name: 'Reshape', inputs: { x: given([2, 3, 4]) }, build: (b) => b.reshape('x', [0, 12]), outDims: [2, 12] },
  {
    name: 'Flatten',
    inputs: { x: given([2, 3, 4]) },
    build: (b) => b.op('Flatten', ['x'], { axis: int(1) }),
    outDims: [2, 12],
  },
  {
    name: 'Squeeze',
    inputs: { x: given([2, 1, 4]) },
    build: (b) => b.op('Squeeze', ['x', b.int64s([1])]),
    outDims: [2, 4],
  },
  {
    name: 'Unsqueeze',
    inputs: { x: given([2, 4]) },
    build: (b) => b.op('Unsqueeze', ['x', b.int64s([0, 3])]),
    outDims: [1, 2, 4, 1],
  },
  {
    name: 'MatMul',
    inputs: { a: given([3, 4], 1), c: given([4, 2], 2) },
    build: (b) => b.op('MatMul', ['a', 'c']),
    outDims: [3, 2],
  },
  {
    name: 'MatMul of a batch with one matrix',
    inputs: { a: given([2, 3, 4], 1), c: given([4, 2], 2) },
    build: (b) => b.op('MatMul', ['a', 'c']),
    outDims: [2, 3, 2],
  },
  ...[0, 1].flatMap((tA) =>
    [0, 1].map((tB): Case => ({
      name: `Gemm transA ${tA} transB ${tB}`,
      inputs: { a: given(tA ? [4, 3] : [3, 4], 1), c: given(tB ? [2, 4] : [4, 2], 2), d: given([2], 3) },
      build: (b) =>
        b.op('Gemm', ['a', 'c', 'd'], { transA: int(tA), transB: int(tB), alpha: float(0.7), beta: float(1.3) }),
      outDims: [3, 2],
    })),
  ),
];

async function check(c: Case, rules = GRADIENTS): Promise<void> {
  const names = Object.keys(c.inputs);
  const graph: Graph = {
    name: c.name,
    inputs: names.map((name) => ({ name, type: 'float', dims: [...c.inputs[name]!.dims] })),
    outputs: [],
    nodes: [],
    initializers: new Map([
      ['unused', int64Tensor([1], [0])],
      ['also', floatTensor([1], [0])],
    ]),
    metadata: new Map(),
  };
  const y = c.build(new GraphBuilder(graph, 'f'));
  graph.outputs.push({ name: y, type: 'float', dims: [] });
  const seed = given(c.outDims, 5);
  const withSeed: Graph = {
    ...graph,
    inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: [...c.outDims] }],
  };
  const { graph: extended, gradients } = differentiate(withSeed, y, 'seed', names, rules);
  const forward = await Runner.create(prune(graph, [y]));
  const backward = await Runner.create(
    prune(
      extended,
      names.map((n) => gradients.get(n)!),
    ),
  );
  const needed = (r: Graph, feeds: Record<string, Given>): Record<string, Given> =>
    Object.fromEntries(r.inputs.map((i) => [i.name, feeds[i.name]!]));
  const grads = await backward.run(needed(prune(extended, [...gradients.values()]), { ...c.inputs, seed }));
  const h = c.step ?? 1e-2;
  for (const name of names) {
    const g = grads[gradients.get(name)!]!;
    const { dims, data } = c.inputs[name]!;
    expect(g.length, `${c.name}: size of the gradient of ${name}`).toBe(data.length);
    const at = async (moved: Float32Array): Promise<number> => {
      const out = (await forward.run({ ...c.inputs, [name]: { dims, data: moved } }))[y]!;
      return out.reduce((s, v, i) => s + v * seed.data[i]!, 0);
    };
    for (let i = 0; i < data.length; i += Math.max(1, Math.floor(data.length / 17))) {
      const step = (by: number): Float32Array => data.map((v, k) => (k === i ? v + by : v));
      const numeric = ((await at(step(h))) - (await at(step(-h)))) / (2 * h);
      expect(
        Math.abs(g[i]! - numeric),
        `${c.name}: d/d${name}[${i}] is ${g[i]}, by differences ${numeric}`,
      ).toBeLessThan(2e-2 * Math.max(1, Math.abs(numeric)));
    }
  }
  await forward.release();
  await backward.release();
}

describe('every gradient equals finite differences', () => {
  it.each(CASES.map((c) => [c.name, c] as const))('%s', async (_, c) => check(c));

  it.each([
    ['3x3, stride 2, padded', { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }, [4, 3]],
    ['2x2, stride 2', { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }, [3, 3]],
    [
      '3x3, stride 2, the last window beyond the edge',
      { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ceil_mode: int(1) },
      [3, 3],
    ],
    ['3x2, stride 1', { kernel_shape: ints([3, 2]) }, [5, 5]],
  ])('MaxPool %s, both ways', async (name, attributes, size) => {
    const c: Case = {
      name,
      inputs: { x: x4() },
      build: (b) => b.op('MaxPool', ['x'], attributes),
      outDims: [2, 4, ...size],
      step: 1e-4,
    };
    await check(c);
    await check(c, WEBGPU_GRADIENTS);
  });

  it.each([
    ['Relu', (b: GraphBuilder) => b.op('Relu', ['x'])],
    ['Clip', (b: GraphBuilder) => b.op('Clip', ['x', b.scalar(-0.3), b.scalar(0.4)])],
    ['Clip above', (b: GraphBuilder) => b.op('Clip', ['x', b.scalar(-0.3)])],
    ['Clip of no limits', (b: GraphBuilder) => b.op('Clip', ['x'])],
  ])('%s, as WebGPU has it', async (name, build) => {
    await check({ name, inputs: { x: x4() }, build, outDims: [...x4().dims], step: 1e-4 }, WEBGPU_GRADIENTS);
  });

  it('covers every operator that has a rule', () => {
    const names = [...CASES, ...NEWER].map((c) => c.name.split(/[ ,]/)[0]!);
    expect([...GRADIENTS.keys()].filter((op) => !names.includes(op))).toEqual([]);
  });

  it('names the operator and the node that has no rule', () => {
    const graph: Graph = {
      name: 'g',
      inputs: [{ name: 'x', type: 'float', dims: [2] }],
      outputs: [],
      nodes: [],
      initializers: new Map(),
      metadata: new Map(),
    };
    graph.nodes.push({ op: 'Det', name: 'block3/det', inputs: ['x'], outputs: ['y'], attributes: {} });
    expect(() => differentiate(graph, 'y', 'seed', ['x'])).toThrow(/Det of node block3\/det/);
  });
});

describe('the embedded network', () => {
  it('has the gradients of every parameter right, along their own direction', async () => {
    const file = join(ROOT, 'resources', 'networks', 'mobilenet-v1-025-gem.onnx');
    const t = trainingGraphs(normalise(parseOnnx(readFileSync(file), file), file));
    const [forward, backward] = [await Runner.create(t.forward), await Runner.create(t.backward)];
    const [h, w] = [75, 58];
    const image = {
      dims: [1, 3, h, w],
      data: Float32Array.from({ length: 3 * h * w }, (_, i) => Math.sin(i * 0.0137) + 0.3 * Math.sin(i * 1.7)),
    };
    const seed = { dims: [1, 256], data: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * 1.3)) };
    const weights = Object.fromEntries(t.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
    const grads = await backward.run({ image, seed, ...weights });
    const value = async (): Promise<number> =>
      (await forward.run({ image, ...weights }))['descriptor']!.reduce((s, v, i) => s + v * seed.data[i]!, 0);
    let checked = 0;
    for (const p of t.parameters) {
      const g = grads[t.gradientOf.get(p.name)!]!;
      const norm = Math.hypot(...g);
      // Activations clipped at 0 and 6 have kinks; a step this short crosses few of them.
      const step = Math.min(3e-3, 2e-3 / norm) * (norm > 1 ? 1 : 2);
      const saved = p.data.slice();
      const moved = async (by: number): Promise<number> => {
        p.data.set(saved.map((v, i) => v + (by * g[i]!) / norm));
        return value();
      };
      const numeric = ((await moved(step)) - (await moved(-step))) / (2 * step);
      p.data.set(saved);
      expect(Math.abs(numeric - norm), `${p.name}: ${norm}, by differences ${numeric}`).toBeLessThan(
        0.12 * norm + 5e-3,
      );
      checked += 1;
    }
    expect(checked).toBe(55);
    await forward.release();
    await backward.release();
  });
});
