import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  addHead,
  EDGE_EXPONENT,
  EDGE_THRESHOLD,
  lastFeatureMap,
  pooledMap,
  trainableParameters,
} from '../../../src/main/engine/network/head.ts';
import { floatTensor, int64Tensor, type Dim, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import type { Runner } from '../../../src/main/engine/network/runtime.ts';
import { readSpec, writeSpec } from '../../../src/main/engine/network/spec.ts';
import type { NetworkSpec } from '../../../src/shared/domain.ts';

/** A graph of lines `OP inputs -> output`; every node is called after its output. `w` weights: name and dimensions. */
function graph(
  lines: readonly string[],
  weights: Readonly<Record<string, readonly number[]>> = {},
  dims: readonly Dim[] = ['N', 3, 'H', 'W'],
): Graph {
  const nodes = lines.map((line) => {
    const [op, ...rest] = line.split(' ');
    const arrow = rest.indexOf('->');
    const output = rest[arrow + 1]!;
    return { op: op!, name: `${output}_node`, inputs: rest.slice(0, arrow), outputs: [output], attributes: {} };
  });
  return {
    name: 'g',
    inputs: [{ name: 'x', type: 'float', dims: [...dims] }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, type: 'float', dims: ['N', 1] }],
    nodes,
    initializers: new Map(
      Object.entries(weights).map(([name, d]) => [
        name,
        floatTensor(d, new Float32Array(d.reduce((a, b) => a * b, 1))),
      ]),
    ),
    metadata: new Map(),
  };
}
const W = { w: [8, 3, 3, 3], v: [16, 8, 3, 3], f: [16, 10] };

describe('the last feature map', () => {
  it.each(['GlobalAveragePool', 'GlobalMaxPool', 'ReduceMean', 'Flatten', 'Reshape', 'Squeeze', 'Gemm', 'MatMul'])(
    'is what goes into %s',
    (op) => {
      expect(lastFeatureMap(graph(['Conv x w -> a', 'Relu a -> b', `${op} b -> c`], W))).toBe('b');
    },
  );

  it.each(['MaxPool', 'AveragePool', 'Identity', 'Pad'])('lies before %s, however often it comes', (op) => {
    expect(
      lastFeatureMap(graph(['Conv x w -> a', `${op} a -> b`, `${op} b -> c`, 'GlobalAveragePool c -> d'], W)),
    ).toBe('a');
    expect(lastFeatureMap(graph(['Conv x w -> a', `${op} a -> b`, 'Relu b -> c', 'Flatten c -> d'], W))).toBe('c');
  });

  it('is not what squeeze-and-excitation pools: its map goes on; asking for its size is no use of it', () => {
    const lines = ['Conv x w -> a', 'GlobalAveragePool a -> s', 'Sigmoid s -> t', 'Mul a t -> b', 'Conv b v -> c'];
    expect(lastFeatureMap(graph([...lines, 'GlobalAveragePool c -> d'], W))).toBe('c');
    expect(lastFeatureMap(graph([...lines, 'Shape c -> n', 'GlobalAveragePool c -> d'], W))).toBe('c');
  });

  it('comes from the image: other ways in the graph have none', () => {
    expect(
      lastFeatureMap(graph(['Flatten q -> r', 'Conv x w -> a', 'Flatten a -> c'], { ...W, q: [2, 2, 2, 2] })),
    ).toBe('a');
  });

  it('has four dimensions; the output is one where nothing pools', () => {
    expect(lastFeatureMap(graph(['Conv x w -> a', 'Relu a -> b'], W))).toBe('b');
    // A list of vectors is none, and the map before it was not pooled.
    const flat = (dims: readonly Dim[]): Graph => graph(['Flatten x -> a', 'Relu a -> b'], {}, dims);
    expect(() => lastFeatureMap(flat(['N', 3, 'L']))).toThrow(
      expect.objectContaining({
        code: 'INPUT_UNSUPPORTED',
        message: 'No feature map was found before a global pooling or a flattening',
        hint: 'Name the node whose output is the feature map with --cut.',
      }),
    );
    expect(lastFeatureMap(flat(['N', 3, 2, 2]))).toBe('x');
  });

  it('lies before the map of classes: a thousand channels out of a window of one pixel', () => {
    const classes = (window: readonly number[], more: readonly string[] = [], channels = 1000): string =>
      lastFeatureMap(
        graph(
          [
            'Conv x w -> a',
            'Relu a -> b',
            'Identity b -> d',
            'Identity d -> e',
            'Conv e k -> f',
            ...more,
            'GlobalAveragePool z -> p',
          ],
          {
            ...W,
            k: [channels, 8, ...window],
          },
        ),
      );
    expect(classes([1, 1], ['Relu f -> z'])).toBe('b');
    expect(classes([1, 1], ['Relu f -> g', 'MaxPool g -> h', 'Relu h -> z'])).toBe('b');
    expect(classes([1, 1], ['Relu f -> z'], 999)).toBe('z');
    expect(classes([1, 1], ['Relu f -> z'], 1001)).toBe('z');
    expect(classes([3, 1], ['Relu f -> z'])).toBe('z');
    expect(classes([1, 3], ['Relu f -> z'])).toBe('z');
    expect(classes([1, 1], ['Sigmoid f -> z'])).toBe('z');
  });

  it('of a thousand channels that are no convolution of one pixel is itself, a photo of so many bands too', () => {
    const scaled = graph(['Conv x k -> a', 'Mul a s -> z', 'GlobalAveragePool z -> p'], {
      k: [1000, 3, 3, 3],
      s: [1, 1000, 1, 1],
    });
    expect(lastFeatureMap(scaled)).toBe('z');
    expect(lastFeatureMap(graph(['GlobalAveragePool x -> p'], {}, ['N', 1000, 'H', 'W']))).toBe('x');
  });
});

describe('a head', () => {
  const net = (): Graph => graph(['Conv x w -> a', 'Relu a -> b', 'Conv b v -> c', 'Relu c -> d', 'Flatten d -> e'], W);
  it('stands behind a value or the node that gives it, on the image alone', () => {
    for (const at of ['b', 'b_node']) {
      const { graph: cut, dim } = addHead(net(), at, { pooling: 'mac' });
      expect(dim).toBe(8);
      expect(cut.inputs).toEqual([{ name: 'image', type: 'float', dims: ['N', 3, 'H', 'W'] }]);
      expect(cut.outputs).toEqual([{ name: 'descriptor', type: 'float', dims: ['N', 8] }]);
      expect(cut.nodes.slice(0, 2).map((n) => n.op)).toEqual(['Conv', 'Relu']);
      expect(cut.nodes[0]!.inputs[0]).toBe('image');
      expect([...cut.initializers.keys()]).not.toContain('v');
    }
    const { graph: gem } = addHead(net(), 'd');
    expect([...gem.initializers.get(GEM_P)!.data]).toEqual([3]);
    expect([...addHead(net(), 'd', { p: 2.5 }).graph.initializers.get(GEM_P)!.data]).toEqual([2.5]);
    expect([...addHead(net(), 'b', { pooling: 'gemmp' }).graph.initializers.get(GEM_P)!.data]).toEqual(
      Array(8).fill(3),
    );
  });

  it('says what there is where a name is not, and what is no map', () => {
    expect(() => addHead(net(), 'q')).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', hint: 'Its last activations are b_node, d_node.' }),
    );
    const many = graph(
      ['Conv x w -> a', ...Array.from({ length: 9 }, (_, i) => `Relu ${i === 0 ? 'a' : `r${i - 1}`} -> r${i}`)],
      W,
    );
    expect(() => addHead(many, 'q')).toThrow(
      expect.objectContaining({
        hint: 'Its last activations are r3_node, r4_node, r5_node, r6_node, r7_node, r8_node.',
      }),
    );
    expect(() => addHead(net(), 'e')).toThrow(
      expect.objectContaining({
        code: 'INPUT_UNSUPPORTED',
        message: 'e is not a feature map of four dimensions with a fixed number of channels',
      }),
    );
    expect(() => addHead(graph(['Relu x -> a'], {}, ['N', 'C', 'H', 'W']), 'a')).toThrow(/fixed number of channels/);
    expect(() => addHead(graph(['Relu x -> a'], {}, ['N', 3, 'L']), 'a')).toThrow(/no image input of four dimensions/);
  });

  it('tells which map it pools: by its exponent, or by its description', () => {
    const spec = { name: 'S', features: 'd' };
    const made = addHead(net(), 'b').graph;
    expect(pooledMap(made, { name: 'S', features: 'nothing' })).toBe('b');
    expect(pooledMap(net(), spec)).toBe('d');
    expect(pooledMap(net(), { name: 'S', features: 'd_node' })).toBe('d');
    expect(() => pooledMap(net(), { name: 'S', features: 'z' })).toThrow(
      expect.objectContaining({ code: 'INPUT_UNSUPPORTED', message: 'The network S does not say which map it pools' }),
    );
  });

  it('is trained with the weights of convolutions and products, and the few numbers beside them', () => {
    const g = graph(['Conv x w b -> a', 'Mul a m -> c', 'Gemm c f -> d', 'MatMul d h -> e', 'MatMul z e -> y'], {
      ...W,
      b: [8],
      m: [1],
      h: [2, 2],
      z: [2, 2],
    });
    g.initializers.set('h', int64Tensor([1], [3]));
    // A product has weights on either side.
    expect(trainableParameters(g)).toEqual(['w', 'b', 'f', 'z']);
    for (const name of [GEM_P, EDGE_EXPONENT, EDGE_THRESHOLD]) g.initializers.set(name, floatTensor([1], [1]));
    expect(trainableParameters(g)).toEqual(['w', 'b', 'f', 'z', GEM_P, EDGE_EXPONENT, EDGE_THRESHOLD]);
  });
});

describe('what a network says of itself', () => {
  const spec: NetworkSpec = {
    name: 'n',
    dim: 1,
    features: 'f',
    origin: 'o',
    licence: 'l',
    preprocess: { order: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
    scales: [0.1, 4],
    whitening: { method: 'pca', pairs: 0, descriptors: 0, from: 1, shrinkage: 0, size: 1, seed: -1 },
    edges: { detector: 'd', scales: [0.1, 4], mirror: true, padding: 0 },
  };
  const read = (change: (s: Record<string, Record<string, unknown>>) => void): NetworkSpec | undefined => {
    const g = graph(['Relu x -> a']);
    writeSpec(g, spec);
    const text = JSON.parse(g.metadata.get('covis')!) as Record<string, Record<string, unknown>>;
    change(text);
    g.metadata.set('covis', JSON.stringify(text));
    return readSpec(g, 'here.onnx');
  };

  it('comes back as it was at the least of everything', () => {
    expect(read(() => undefined)).toEqual(spec);
    expect(readSpec(graph(['Relu x -> a']), 'here.onnx')).toBeUndefined();
  });

  it.each<[string, string, readonly unknown[], readonly unknown[]]>([
    ['', 'dim', [1, 99_999], [0, 1.5, '1']],
    ['', 'scales', [[0.1], Array(16).fill(1)], [[], [0.09], [4.01], Array(17).fill(1)]],
    ['whitening', 'pairs', [0, 7], [-1, 0.5]],
    ['whitening', 'descriptors', [0, 7], [-1, 0.5]],
    ['whitening', 'from', [1, 7], [0, 0.5]],
    ['whitening', 'shrinkage', [0, 0.5], [-0.1]],
    ['whitening', 'size', [1, 7], [0, 0.5]],
    ['whitening', 'seed', [-3, 7], [0.5]],
    ['edges', 'detector', ['a', 'x'.repeat(64), 'a.b-c_9'], ['', 'x'.repeat(65), 'a/b']],
    ['edges', 'scales', [[0.1], Array(16).fill(1)], [[], [0.09], [4.01], Array(17).fill(1)]],
    ['edges', 'padding', [0, 256], [-1, 257, 0.5]],
  ])('takes of %s %s %j and refuses %j', (group, key, good, bad) => {
    const set =
      (value: unknown) =>
      (s: Record<string, Record<string, unknown>>): void => {
        (group === '' ? (s as Record<string, unknown>) : s[group]!)[key] = value;
      };
    for (const value of good) expect(read(set(value))).toBeDefined();
    for (const value of bad)
      expect(() => read(set(value)), JSON.stringify(value)).toThrow(
        expect.objectContaining({ code: 'INPUT_CORRUPT', file: 'here.onnx' }),
      );
  });
});

describe('blocks of channels on this processor', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.resetModules();
  });
  /** What is told of a runtime that lays 16 channels of two places out like this. */
  async function told(
    layout: (channel: number, place: number) => number,
  ): Promise<{ block: number | null; released: number }> {
    const module = await import('../../../src/main/engine/network/block-size.ts');
    const runtime = await import('../../../src/main/engine/network/runtime.ts');
    let released = 0;
    vi.spyOn(runtime.Runner, 'create').mockResolvedValue({
      run: ({ x }: { x: { dims: number[]; data: Float32Array } }) => {
        expect(x.dims).toEqual([1, 16, 1, 2]);
        const y = new Float32Array(32);
        x.data.forEach((v, i) => (y[layout(i >> 1, i & 1)] = v));
        return Promise.resolve({ y });
      },
      release: () => Promise.resolve((released += 1)),
    } as unknown as Runner);
    return { block: await module.blockSize(), released };
  }
  const blocks =
    (size: number) =>
    (channel: number, place: number): number =>
      2 * (channel - (channel % size)) + place * size + (channel % size);

  it.each([2, 4, 8, 16])('are %i where values lie so', async (size) => {
    expect(await told(blocks(size))).toEqual({ block: size, released: 1 });
  });

  it('are none where planes lie one after the other, or in no order that is known', async () => {
    expect(await told((c, p) => 2 * c + p)).toEqual({ block: null, released: 1 });
    vi.resetModules();
    // Blocks of eight, the last two values exchanged.
    const last = (c: number, p: number): number => {
      const at = blocks(8)(c, p);
      return at === 30 ? 31 : at === 31 ? 30 : at;
    };
    expect((await told(last)).block).toBeNull();
    vi.resetModules();
    expect((await told((c, p) => (blocks(8)(c, p) + 3) % 32)).block).toBeNull();
  });

  it('are none where the runtime has no such layout', async () => {
    const module = await import('../../../src/main/engine/network/block-size.ts');
    const runtime = await import('../../../src/main/engine/network/runtime.ts');
    vi.spyOn(runtime.Runner, 'create').mockRejectedValue(new Error('no operator'));
    expect(await module.blockSize()).toBeNull();
  });
});
