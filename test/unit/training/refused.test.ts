import { describe, expect, it } from 'vitest';
import {
  GraphBuilder,
  floatTensor,
  int,
  ints,
  string,
  type Dim,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { differentiate } from '../../../src/main/engine/training/differentiate.ts';
import { GRADIENTS, WEBGPU_GRADIENTS } from '../../../src/main/engine/training/gradients/index.ts';

/** What differentiating a graph of one operator says. */
function said(dims: Dim[], build: (b: GraphBuilder) => string, rules = GRADIENTS): { code?: string; message: string } {
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: 'x', type: 'float', dims }],
    outputs: [],
    nodes: [],
    initializers: new Map([
      ['w3', floatTensor([2, 3, 1, 1, 1], new Float32Array(6))],
      ['w', floatTensor([2, 3, 3, 3], new Float32Array(54))],
      ['v', floatTensor([3], new Float32Array(3))],
    ]),
    metadata: new Map(),
  };
  const y = build(new GraphBuilder(graph, 'f'));
  graph.inputs.push({ name: 'seed', type: 'float', dims: [] });
  try {
    differentiate(graph, y, 'seed', ['x'], rules);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return { message: 'differentiated' };
}
const image: Dim[] = ['N', 3, 'H', 'W'];
const unknown: Dim[] = ['N', 'C', 'H', 'W'];
const window = { kernel_shape: ints([2, 2]) };

describe('what cannot be differentiated is named', () => {
  it.each<[string, Dim[], (b: GraphBuilder) => string, RegExp]>([
    [
      'a convolution of volumes',
      ['N', 3, 'D', 'H', 'W'],
      (b) => b.op('Conv', ['x', 'w3']),
      /\(Conv\) is not two-dimensional/,
    ],
    [
      'a mean over three axes',
      image,
      (b) => b.op('AveragePool', ['x'], { kernel_shape: ints([2, 2, 2]) }),
      /\(AveragePool\) is not two-dimensional/,
    ],
    [
      'a mean of unknown channels',
      unknown,
      (b) => b.op('AveragePool', ['x'], window),
      /\(AveragePool\) has an unknown number of channels/,
    ],
    [
      'a normalisation of unknown channels',
      unknown,
      (b) => b.op('LRN', ['x'], { size: int(5) }),
      /\(LRN\) has an unknown number of channels/,
    ],
    [
      'what is padded with a number that is computed of it',
      image,
      (b) => b.op('Pad', ['x', b.int64s([0, 0, 1, 1, 0, 0, 1, 1]), b.op('ReduceMax', ['x'], { keepdims: int(0) })]),
      /\(Pad\) pads with what it computes/,
    ],
    [
      'what is cut out and resized',
      image,
      (b) =>
        b.op('Resize', ['x', b.constant(floatTensor([8], [0, 0, 0, 0, 1, 1, 0.5, 0.5])), '', b.int64s([1, 2, 4, 4])], {
          mode: string('linear'),
          coordinate_transformation_mode: string('tf_crop_and_resize'),
        }),
      /\(Resize\) crops to a region/,
    ],
    [
      'what is resized by its aspect ratio',
      image,
      (b) => b.op('Resize', ['x', '', '', b.int64s([1, 2, 4, 4])], { keep_aspect_ratio_policy: string('not_larger') }),
      /\(Resize\) keeps an aspect ratio/,
    ],
    ['a diagonal', [3, 3], (b) => b.op('Einsum', ['x'], { equation: string('ii->i') }), /\(Einsum\) has an equation/],
    [
      'steps that are computed',
      image,
      (b) => {
        const one = b.op('Sub', [b.int64s([3]), b.int64s([2])]);
        return b.op('Slice', ['x', b.int64s([0]), b.int64s([9]), b.int64s([2]), one]);
      },
      /\(Slice\) has steps or axes/,
    ],
    ['rounding', image, (b) => b.op('Round', ['x']), /Operator Round/],
  ])('%s', (_, dims, build, message) => {
    const error = said(dims, build);
    expect(error).toMatchObject({ code: 'INPUT_UNSUPPORTED', message: expect.stringMatching(message) });
  });

  it('a maximum of unknown channels, where it is found without indices', () => {
    const pool = (b: GraphBuilder): string => b.op('MaxPool', ['x'], window);
    expect(said(unknown, pool).message).toBe('differentiated');
    expect(said(unknown, pool, WEBGPU_GRADIENTS).message).toMatch(/\(MaxPool\) has an unknown number of channels/);
    expect(said(image, pool, WEBGPU_GRADIENTS).message).toBe('differentiated');
  });

  it('and what can is not refused', () => {
    expect(said(image, (b) => b.op('Conv', ['x', 'w'])).message).toBe('differentiated');
    expect(said(image, (b) => b.op('AveragePool', ['x'], window)).message).toBe('differentiated');
    expect(
      said(image, (b) => b.op('AveragePool', ['x'], { ...window, pads: ints([1, 1, 1, 1]), count_include_pad: int(1) }))
        .message,
    ).toBe('differentiated');
    expect(said(image, (b) => b.op('LRN', ['x'], { size: int(5) })).message).toBe('differentiated');
    expect(said(['N', 4, 2, 2], (b) => b.op('Concat', ['x', 'x'], { axis: int(-3) })).message).toBe('differentiated');
    expect(said(image, (b) => b.slice('x', [1], [9], [2])).message).toBe('differentiated');
    expect(said(image, (b) => b.slice('x', [1], [9], [2], [2])).message).toBe('differentiated');
    expect(said(image, (b) => b.op('AveragePool', ['x'], { ...window, ceil_mode: int(1) })).message).toBe(
      'differentiated',
    );
    expect(said(unknown, (b) => b.op('Concat', ['x', 'x'], { axis: int(1) })).message).toBe('differentiated');
    expect(said(['N', 3], (b) => b.op('MatMul', ['x', 'v'])).message).toBe('differentiated');
  });
});
