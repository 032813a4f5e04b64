import { describe, expect, it } from 'vitest';
import {
  GraphBuilder,
  floatTensor,
  int,
  ints,
  type Attribute,
  type Dim,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { broadcast, dimsOf, inferShapes } from '../../../src/main/engine/network/onnx/shapes.ts';

/** Shape of what `build` gives, names of unknown sizes as `?`. */
function shapeOf(
  build: (b: GraphBuilder) => string,
  dims: readonly Dim[] = ['N', 8, 'H', 'W'],
  other: readonly Dim[] = [],
): unknown {
  const graph: Graph = {
    name: 'g',
    inputs: [
      { name: 'x', type: 'float', dims: [...dims] },
      { name: 'z', type: 'float', dims: [...other] },
    ],
    outputs: [],
    nodes: [],
    initializers: new Map([
      ['w', floatTensor([5, 8, 3, 3], new Float32Array(360))],
      ['w1', floatTensor([5, 8, 1, 1], new Float32Array(40))],
      ['m', floatTensor([8, 4], new Float32Array(32))],
    ]),
    metadata: new Map(),
  };
  const y = build(new GraphBuilder(graph, 'f'));
  const shape = inferShapes(graph).get(y);
  return shape?.map((d) => (typeof d === 'string' && d.includes(':') ? '?' : d));
}
const op =
  (name: string, inputs: string[], attributes: Record<string, Attribute> = {}) =>
  (b: GraphBuilder): string =>
    b.op(name, inputs, attributes);

describe('broadcasting', () => {
  it.each<[Dim[], Dim[], Dim[]]>([
    [[2, 3], [3], [2, 3]],
    [[3], [2, 1], [2, 3]],
    [
      ['N', 1, 4],
      [7, 1],
      ['N', 7, 4],
    ],
    [[1], ['N'], ['N']],
    [['N'], [1], ['N']],
    [[], [2], [2]],
  ])('of %j and %j is %j', (a, b, c) => expect(broadcast(a, b)).toEqual(c));
});

describe('shapes', () => {
  it('of a convolution keep what padding keeps: same size where the window reaches as far as the padding', () => {
    const conv = (attributes: Record<string, Attribute>, w = 'w'): unknown => shapeOf(op('Conv', ['x', w], attributes));
    expect(conv({ pads: ints([1, 1, 1, 1]) })).toEqual(['N', 5, 'H', 'W']);
    expect(conv({ pads: ints([0, 0, 2, 2]) })).toEqual(['N', 5, 'H', 'W']);
    expect(conv({})).toEqual(['N', 5, '?', '?']);
    expect(conv({ pads: ints([1, 0, 1, 0]) })).toEqual(['N', 5, 'H', '?']);
    expect(conv({ pads: ints([0, 1, 0, 1]) })).toEqual(['N', 5, '?', 'W']);
    expect(conv({ pads: ints([1, 1, 1, 1]), strides: ints([2, 1]) })).toEqual(['N', 5, '?', 'W']);
    expect(conv({ pads: ints([2, 2, 2, 2]), dilations: ints([2, 2]) })).toEqual(['N', 5, 'H', 'W']);
    expect(conv({ pads: ints([1, 1, 1, 1]), dilations: ints([1, 2]) })).toEqual(['N', 5, 'H', '?']);
    expect(conv({}, 'w1')).toEqual(['N', 5, 'H', 'W']);
    expect(conv({}, 'unknown')).toBeUndefined();
  });

  it('of pooling, padding and activations', () => {
    for (const name of ['MaxPool', 'AveragePool', 'Pad']) expect(shapeOf(op(name, ['x']))).toEqual(['N', 8, '?', '?']);
    expect(shapeOf(op('MaxPool', ['x']), ['N', 8, 'L'])).toBeUndefined();
    expect(shapeOf(op('GlobalAveragePool', ['x']))).toEqual(['N', 8, 1, 1]);
    expect(shapeOf(op('GlobalMaxPool', ['x']))).toEqual(['N', 8, 1, 1]);
    for (const name of ['Relu', 'Clip', 'HardSwish', 'LRN', 'Identity'])
      expect(shapeOf(op(name, ['x']))).toEqual(['N', 8, 'H', 'W']);
    expect(shapeOf(op('DepthToSpace', ['x'], { blocksize: int(2) }))).toEqual(['N', 2, '?', '?']);
    expect(shapeOf(op('DepthToSpace', ['x'], { blocksize: int(2) }), ['N', 'C', 'H', 'W'])).toEqual([
      'N',
      '?',
      '?',
      '?',
    ]);
  });

  it('of sums, products and matrices', () => {
    expect(shapeOf(op('Add', ['x', 'z']), ['N', 1, 4], [7, 1])).toEqual(['N', 7, 4]);
    expect(shapeOf(op('Sum', ['x', 'z', 'x']), [1, 4], [3, 1])).toEqual([3, 4]);
    expect(shapeOf(op('Mul', ['x', 'nothing']))).toBeUndefined();
    expect(shapeOf(op('MatMul', ['x', 'm']), ['N', 2, 8])).toEqual(['N', 2, 4]);
    expect(shapeOf(op('MatMul', ['x', 'z']), ['N', 8], [8])).toBeUndefined();
    expect(shapeOf(op('Gemm', ['x', 'm']), ['N', 8])).toEqual(['N', 4]);
    expect(shapeOf(op('Gemm', ['x', 'm'], { transA: int(1), transB: int(1) }), [3, 'N'])).toEqual(['N', 8]);
    expect(shapeOf(op('Gemm', ['x', 'nothing']), ['N', 8])).toBeUndefined();
  });

  it('of reductions', () => {
    expect(shapeOf(op('ReduceMean', ['x'], { axes: ints([2, -1]), keepdims: int(0) }))).toEqual(['N', 8]);
    expect(shapeOf(op('ReduceMax', ['x'], { axes: ints([1]) }))).toEqual(['N', 1, 'H', 'W']);
    expect(shapeOf((b) => b.reduceSum('x', [-3], false))).toEqual(['N', 'H', 'W']);
    expect(shapeOf((b) => b.reduceSum('x', [0, 1], true))).toEqual([1, 1, 'H', 'W']);
    expect(shapeOf(op('ReduceMean', ['x'], { keepdims: int(0) }))).toEqual([]);
  });

  it('of what is cut and joined', () => {
    expect(shapeOf((b) => b.slice('x', [2], [3], [1]))).toEqual(['N', 1, 'H', 'W']);
    expect(shapeOf((b) => b.slice('x', [2], [4], [1]))).toEqual(['N', '?', 'H', 'W']);
    expect(shapeOf((b) => b.slice('x', [-1], [0], [-1]))).toEqual(['N', 8, 'H', '?']);
    expect(shapeOf((b) => b.slice('x', [0, 0], [1, 2], [0, -2]))).toEqual([1, 8, '?', 'W']);
    expect(shapeOf(op('Concat', ['x', 'x'], { axis: int(1) }))).toEqual(['N', 16, 'H', 'W']);
    expect(shapeOf(op('Concat', ['x', 'x'], { axis: int(-1) }))).toEqual(['N', 8, 'H', '?']);
    expect(shapeOf(op('Concat', ['x', 'z'], { axis: int(0) }), [2, 3], [5, 3])).toEqual([7, 3]);
    expect(shapeOf(op('Concat', ['x', 'nothing'], { axis: int(0) }))).toBeUndefined();
  });

  it('of what is turned and flattened', () => {
    expect(shapeOf(op('Transpose', ['x'], { perm: ints([0, 2, 3, 1]) }))).toEqual(['N', 'H', 'W', 8]);
    expect(shapeOf(op('Transpose', ['x']))).toEqual(['W', 'H', 8, 'N']);
    expect(shapeOf(op('Flatten', ['x'], { axis: int(1) }), ['N', 8, 2, 3])).toEqual(['N', 48]);
    expect(shapeOf(op('Flatten', ['x']), ['N', 8, 'H', 3])).toEqual(['N', '?']);
    expect(shapeOf(op('Flatten', ['x'], { axis: int(2) }), [2, 4, 3])).toEqual([8, 3]);
    expect(shapeOf((b) => b.op('Squeeze', ['x', b.int64s([1, -1])]), ['N', 1, 5, 1])).toEqual(['N', 5]);
    expect(shapeOf(op('Squeeze', ['x']))).toBeUndefined();
    expect(shapeOf((b) => b.op('Unsqueeze', ['x', b.int64s([0, -1])]), ['N', 5])).toEqual([1, 'N', 5, 1]);
    expect(shapeOf((b) => b.reshape('x', [0, -1, 4]), ['N', 8])).toEqual(['N', '?', 4]);
    expect(shapeOf((b) => b.reshape(b.op('Shape', ['x']), [2, 2]))).toEqual([2, 2]);
    expect(shapeOf((b) => b.reshape(b.op('Shape', ['x']), [0, 2]))).toBeUndefined();
  });

  it('of one, of nothing and of defaults', () => {
    expect(shapeOf((b) => b.reshape('x', [1, -1]), [2, 3])).toEqual([1, '?']);
    expect(shapeOf((b) => b.reshape('x', [0, 1, 0]), [2, 1, 3])).toEqual([2, 1, 3]);
    expect(shapeOf((b) => b.reshape(b.op('Shape', ['x']), [-1, 1]))).toEqual(['?', 1]);
    expect(shapeOf(op('Reshape', ['x', 'z']))).toBeUndefined();
    expect(shapeOf(op('Flatten', ['x'], { axis: int(0) }), [2, 3])).toEqual([1, 6]);
    expect(shapeOf(op('Flatten', ['x']), ['N', 'C'])).toEqual(['N', 'C']);
    expect(shapeOf(op('Flatten', ['x'], { axis: int(2) }), ['N', 2, 3])).toEqual(['?', 3]);
    expect(shapeOf(op('ReduceMax', ['x']))).toEqual([1, 1, 1, 1]);
    expect(shapeOf(op('ReduceMean', ['x'], { axes: ints([0]) }))).toEqual([1, 8, 'H', 'W']);
    expect(shapeOf(op('DepthToSpace', ['x']))).toEqual(['N', 8, '?', '?']);
    expect(shapeOf(op('Concat', ['x', 'z']), [2, 3], [5, 3])).toEqual([7, 3]);
    expect(shapeOf(op('Concat', ['x', 'z'], { axis: int(-2) }), [2, 3], [5, 3])).toEqual([7, 3]);
    expect(shapeOf(op('Gemm', ['x', 'm'], { transA: int(1) }), [8, 'N'])).toEqual(['N', 4]);
    expect(shapeOf(op('Gemm', ['x', 'm'], { transB: int(1) }), ['N', 4])).toEqual(['N', 8]);
    expect(shapeOf(op('MatMul', ['x', 'm']), [8])).toEqual([4]);
    expect(shapeOf((b) => b.slice('x', [0], [1], [0]))).toEqual([1, 8, 'H', 'W']);
    expect(shapeOf((b) => b.slice('x', [-2], [-1], [3]))).toEqual(['N', 8, 'H', '?']);
    expect(shapeOf((b) => b.slice('x', [1], [1], [1]))).toEqual(['N', '?', 'H', 'W']);
    expect(shapeOf(op('Slice', ['x', 'z', 'z']))).toBeUndefined();
    expect(shapeOf((b) => b.op('Unsqueeze', ['x', b.int64s([1])]), ['N', 5])).toEqual(['N', 1, 5]);
    expect(shapeOf((b) => b.op('Unsqueeze', ['x', b.int64s([-2])]), ['N', 5])).toEqual(['N', 1, 5]);
    expect(shapeOf((b) => b.op('Squeeze', ['x', b.int64s([0])]), [1, 5])).toEqual([5]);
    expect(shapeOf(op('Unsqueeze', ['x']))).toBeUndefined();
    expect(shapeOf(op('GlobalMaxPool', ['x']), ['N', 8, 'L'])).toEqual(['N', 8, 1]);
    // The same window the other way: strides, and pads that reach too far.
    expect(shapeOf(op('Conv', ['x', 'w'], { pads: ints([1, 1, 1, 1]), strides: ints([1, 2]) }))).toEqual([
      'N',
      5,
      'H',
      '?',
    ]);
    expect(shapeOf(op('Conv', ['x', 'w'], { pads: ints([2, 2, 1, 0]) }))).toEqual(['N', 5, '?', 'W']);
    expect(shapeOf(op('Conv', ['x', 'w1'], { pads: ints([0, 1, 0, 0]) }))).toEqual(['N', 5, 'H', '?']);
  });

  it('are left out where they are of sizes, or of operators that are not known, and then named', () => {
    for (const name of ['Shape', 'Cast', 'Gather', 'Strange']) expect(shapeOf(op(name, ['x']))).toBeUndefined();
    const node = { op: 'Conv', name: 'c1', inputs: [], outputs: [], attributes: {} };
    expect(() => dimsOf(new Map(), 'y', node)).toThrow(/rank of y, which node c1 \(Conv\) uses/);
    expect(dimsOf(new Map([['y', [1, 2]]]), 'y', node)).toEqual([1, 2]);
  });
});
