import { describe, expect, it } from 'vitest';
import { refuseHalf } from '../../../src/main/engine/network/providers.ts';
import { floatTensor, int, type Graph, type OnnxNode } from '../../../src/main/engine/network/onnx/graph.ts';
import { inHalf, LARGEST_HALF } from '../../../src/main/engine/network/onnx/half.ts';
import { FLOAT16, halfToFloat } from '../../../src/main/engine/network/onnx/tensors.ts';

const node = (op: string, inputs: string[], output: string, attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  op,
  name: `${output}:node`,
  inputs,
  outputs: [output],
  attributes,
});

const graphOf = (nodes: OnnxNode[], outputs: string[], inputs: string[] = ['image']): Graph => ({
  name: 'g',
  inputs: inputs.map((name) => ({ name, type: 'float', dims: [1, 3, 8, 8] })),
  outputs: outputs.map((name) => ({ name, type: 'float', dims: ['n'] })),
  nodes,
  initializers: new Map([
    ['w', floatTensor([3, 3, 1, 1], [0.1, 1e6, -1e6, 0, 1, 2, 3, 4, 5])],
    ['b', floatTensor([3], [0, 1, 2])],
    ['three', floatTensor([], [3])],
  ]),
  metadata: new Map(),
});

/** What computes a value, behind casts. */
function makerOf(g: Graph, value: string): OnnxNode {
  const made = g.nodes.find((n) => n.outputs.includes(value))!;
  return made.op === 'Cast' ? makerOf(g, made.inputs[0]!) : made;
}
/** The type that a cast makes, null where a node takes what another made as it is. */
const castOf = (g: Graph, value: string): number | null => {
  const made = g.nodes.find((n) => n.outputs.includes(value));
  const to = made?.op === 'Cast' ? made.attributes['to'] : undefined;
  return to?.kind === 'int' ? to.value : null;
};

describe('a graph in half precision', () => {
  it('has convolutions and what follows them in it, and powers, means and what comes of them not', () => {
    const g = inHalf(
      graphOf(
        [
          node('Conv', ['image', 'w', 'b'], 'a'),
          node('Relu', ['a'], 'r'),
          node('Pow', ['r', 'three'], 'p'),
          node('ReduceMean', ['p'], 'm', { keepdims: int(0) }),
          node('Add', ['m', 'b'], 'out'),
        ],
        ['out'],
      ),
    );
    expect(g.nodes.map((n) => n.op)).toEqual(['Cast', 'Conv', 'Relu', 'Cast', 'Pow', 'ReduceMean', 'Add']);
    expect(castOf(g, makerOf(g, 'a').inputs[0]!)).toBe(FLOAT16);
    expect(castOf(g, makerOf(g, 'p').inputs[0]!)).toBe(1);
    expect(g.inputs[0]).toMatchObject({ name: 'image', type: 'float' });
    // Weights are halved once and not kept besides; the bias is added to what is single, too.
    expect([...g.initializers.keys()].sort()).toEqual(['b', 'b/half', 'three', 'w/half']);
    const halves = new Uint16Array((g.initializers.get('w/half')!.data as Uint8Array).slice().buffer);
    expect(Array.from(halves, halfToFloat).slice(0, 5)).toEqual([
      expect.closeTo(0.1, 3),
      LARGEST_HALF,
      -LARGEST_HALF,
      0,
      1,
    ]);
  });

  it('gives what it gave, under the same names and in single precision', () => {
    const g = inHalf(graphOf([node('Conv', ['image', 'w'], 'a'), node('Relu', ['a'], 'out')], ['out', 'a']));
    for (const name of ['out', 'a']) expect(castOf(g, name)).toBe(1);
    expect(makerOf(g, 'out').op).toBe('Relu');
    expect(makerOf(g, 'a').op).toBe('Conv');
    // The activation takes the map as the convolution made it.
    expect(castOf(g, makerOf(g, 'out').inputs[0]!)).toBe(null);
  });

  it('has gradients of weights, squares and sums over maps in single precision', () => {
    const g = inHalf(
      graphOf(
        [
          node('Conv', ['image', 'w'], 'a'),
          node('Conv', ['seed', 'kernel'], 'da'),
          node('Conv', ['a', 'da'], 'dw'),
          node('Mul', ['a', 'a'], 'square'),
          node('Mul', ['a', 'da'], 'product'),
          node('ReduceSum', ['product'], 'sum'),
        ],
        ['dw', 'square', 'sum'],
        ['image', 'seed', 'kernel'],
      ),
      ['kernel'],
    );
    expect(makerOf(g, 'dw').inputs.map((i) => castOf(g, i))).toEqual([1, 1]);
    expect(makerOf(g, 'square').inputs.map((i) => castOf(g, i))).toEqual([1, 1]);
    expect(makerOf(g, 'product').inputs).toEqual(['a', 'da']);
    expect(castOf(g, makerOf(g, 'sum').inputs[0]!)).toBe(1);
    // Weights that are inputs are cast in the graph, and stay what they are outside.
    expect(castOf(g, makerOf(g, 'da').inputs[1]!)).toBe(FLOAT16);
  });

  it('keeps places of maxima, choices and sizes as they are', () => {
    const pool: OnnxNode = { ...node('MaxPool', ['a'], 'y'), outputs: ['y', 'places'] };
    const g = inHalf(
      graphOf(
        [
          node('Conv', ['image', 'w'], 'a'),
          pool,
          node('Greater', ['y', 'three'], 'over'),
          node('Where', ['over', 'y', 'three'], 'chosen'),
          node('Shape', ['chosen'], 'size'),
          node('Reshape', ['chosen', 'size'], 'out'),
        ],
        ['out', 'places'],
      ),
    );
    expect(makerOf(g, 'places').op).toBe('MaxPool');
    expect(castOf(g, 'places')).toBe(null);
    expect(makerOf(g, 'chosen').inputs).toEqual(['over', 'y', 'three/half']);
    expect(makerOf(g, 'over').inputs).toEqual(['y', 'three/half']);
    expect(makerOf(g, 'out').inputs).toEqual(['chosen', 'size']);
  });

  it('is the same graph where nothing is convolved', () => {
    const given = graphOf([node('Relu', ['image'], 'r'), node('Mul', ['r', 'three'], 'out')], ['out']);
    expect(inHalf(given)).toMatchObject({ nodes: given.nodes });
  });
});

describe('half precision is refused', () => {
  const card = { description: 'a card', half: true };
  it.each([
    ['on other back ends', 'cpu', card, 'cpu computes in single precision alone'],
    ['without a card', 'auto', undefined, 'Half precision is computed by WebGPU, which finds no card here'],
    ['on a card without it', 'webgpu', { ...card, half: false }, 'a card has no shader-f16'],
  ] as const)('%s', (_, backend, adapter, sentence) => {
    expect(() => refuseHalf(backend, adapter)).toThrow(
      expect.objectContaining({
        code: 'INPUT_UNSUPPORTED',
        message: expect.stringContaining(sentence) as string,
        hint: expect.stringContaining('--precision single') as string,
      }) as Error,
    );
  });

  it('nowhere else', () => {
    for (const backend of ['auto', 'webgpu'] as const) expect(refuseHalf(backend, card)).toBeUndefined();
  });
});
