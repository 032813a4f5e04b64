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
      ['w1', floatTensor([2, 3, 3], new Float32Array(18))],
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
      'a convolution along one axis',
      ['N', 3, 'L'],
      (b) => b.op('Conv', ['x', 'w1']),
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
      /\(AveragePool\) averages over a different number/,
    ],
    [
      'a mean that leaves padding out',
      image,
      (b) => b.op('AveragePool', ['x'], { ...window, pads: ints([1, 1, 1, 1]) }),
      /\(AveragePool\) averages/,
    ],
    [
      'a mean whose last window is cut',
      image,
      (b) => b.op('AveragePool', ['x'], { ...window, ceil_mode: int(1) }),
      /\(AveragePool\) averages/,
    ],
    [
      'a normalisation of unknown channels',
      unknown,
      (b) => b.op('LRN', ['x'], { size: int(5) }),
      /\(LRN\) has an unknown number of channels/,
    ],
    ['a product of a vector', ['N', 3], (b) => b.op('MatMul', ['x', 'v']), /./],
    [
      'channels in columns',
      ['N', 4, 2, 2],
      (b) => b.op('DepthToSpace', ['x'], { blocksize: int(2), mode: string('CRD') }),
      /mode CRD/,
    ],
    [
      'parts of unknown size',
      ['N', 'C', 2, 2],
      (b) => b.op('Concat', ['x', 'x'], { axis: int(1) }),
      /\(Concat\) joins along an axis whose size is not fixed/,
    ],
    ['every second row', image, (b) => b.slice('x', [0], [9], [2], [2]), /\(Slice\) has steps or axes/],
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
  });
});
