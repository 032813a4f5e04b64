import { describe, expect, it } from 'vitest';
import {
  addHead,
  DESCRIPTOR,
  IMAGE,
  lastFeatureMap,
  trainableParameters,
  hasLinearLayer,
} from '../../../src/main/engine/network/head.ts';
import { addLinearLayer } from '../../../src/main/engine/network/linear-head.ts';
import { LINEAR_SCALES, multiScale, SCALES } from '../../../src/main/engine/network/multi-scale.ts';
import {
  floatTensor,
  GraphBuilder,
  int,
  ints,
  int64Tensor,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { gem, l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { EPSILON, GEM_P, INITIAL_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { readSpec, writeSpec } from '../../../src/main/engine/network/spec.ts';
import type { NetworkSpec } from '../../../src/shared/domain.ts';

const bare = (): Graph => ({
  name: 'g',
  inputs: [{ name: IMAGE, type: 'float', dims: ['N', 3, 'H', 'W'] }],
  outputs: [],
  nodes: [],
  initializers: new Map(),
  metadata: new Map(),
});
const SPEC: NetworkSpec = {
  name: 'n',
  dim: 4,
  features: 'map',
  origin: 'o',
  licence: 'l',
  preprocess: { order: 'BGR', scale: 2, mean: [1, 2, 3], std: [4, 5, 6] },
};
const WHITENING = { method: 'pca', pairs: 0, descriptors: 0, from: 1, shrinkage: 0, size: 1, seed: -1 } as const;
const EDGES = { detector: 'd-1.x_', scales: [0.1, 4], mirror: true, padding: 256 };

describe('a description inside a network', () => {
  const round = (spec: object): NetworkSpec | undefined => {
    const graph = bare();
    writeSpec(graph, spec as NetworkSpec);
    return readSpec(graph, 'f.onnx');
  };

  it('comes back as it was, and foreign networks have none', () => {
    expect(readSpec(bare(), 'f.onnx')).toBeUndefined();
    const whole = {
      ...SPEC,
      pooling: 'gem',
      experiment: true,
      scales: [1, 0.5],
      whitening: WHITENING,
      edges: EDGES,
    } as const;
    expect(round(whole)).toEqual(whole);
    expect(round(SPEC)).toEqual(SPEC);
    expect(round({ ...SPEC, scales: Array.from({ length: 16 }, () => 0.1) })!.scales).toHaveLength(16);
  });

  it('is damaged where a number is beyond its bound', () => {
    const many = (n: number): number[] => Array.from({ length: n }, () => 1);
    for (const wrong of [
      { dim: 0 },
      { dim: 1.5 },
      { scales: [] },
      { scales: many(17) },
      { scales: [0.09] },
      { scales: [4.01] },
      { pooling: 'none' },
      { preprocess: { ...SPEC.preprocess, mean: [1, 2] } },
      { preprocess: { ...SPEC.preprocess, order: 'GRB' } },
      { whitening: { ...WHITENING, pairs: -1 } },
      { whitening: { ...WHITENING, descriptors: -1 } },
      { whitening: { ...WHITENING, from: 0 } },
      { whitening: { ...WHITENING, shrinkage: -0.1 } },
      { whitening: { ...WHITENING, size: 0 } },
      { whitening: { ...WHITENING, seed: 0.5 } },
      { whitening: { ...WHITENING, method: 'x' } },
      { edges: { ...EDGES, detector: '' } },
      { edges: { ...EDGES, detector: 'a'.repeat(65) } },
      { edges: { ...EDGES, detector: 'a/b' } },
      { edges: { ...EDGES, scales: [] } },
      { edges: { ...EDGES, scales: many(17) } },
      { edges: { ...EDGES, scales: [0.09] } },
      { edges: { ...EDGES, scales: [4.1] } },
      { edges: { ...EDGES, padding: -1 } },
      { edges: { ...EDGES, padding: 257 } },
    ]) {
      const spec = { ...SPEC, ...wrong };
      expect(() => round(spec), JSON.stringify(wrong)).toThrow();
      const graph = bare();
      graph.metadata.set('covis', JSON.stringify(spec));
      expect(() => readSpec(graph, 'f.onnx')).toThrow(
        expect.objectContaining({ code: 'INPUT_CORRUPT', file: 'f.onnx' }),
      );
    }
    for (const right of [
      { dim: 1 },
      { scales: [0.1] },
      { scales: [4] },
      { edges: { ...EDGES, detector: 'a'.repeat(64), padding: 0, scales: many(16) } },
      { whitening: { ...WHITENING, pairs: 1, from: 2, size: 2 } },
    ])
      expect(round({ ...SPEC, ...right })).toMatchObject(right);
    const graph = bare();
    graph.metadata.set('covis', 'no JSON');
    expect(() => readSpec(graph, 'f.onnx')).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT' }));
  });
});

/** A convolution with random-like weights and what follows; gives its last value. */
function built(then: (b: GraphBuilder, map: string) => string): Graph {
  const graph = bare();
  graph.initializers.set(
    'w',
    floatTensor(
      [4, 3, 1, 1],
      Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)),
    ),
  );
  const b = new GraphBuilder(graph, 'b');
  const out = then(b, b.op('Relu', [b.op('Conv', [IMAGE, 'w'])], {}, 'map'));
  graph.outputs.push({ name: out, type: 'float', dims: [] });
  return graph;
}

describe('the last feature map', () => {
  it('is what any ending takes, and is before any layer that only makes it smaller', () => {
    for (const end of [
      'GlobalAveragePool',
      'GlobalMaxPool',
      'ReduceMean',
      'Flatten',
      'Reshape',
      'Squeeze',
      'MatMul',
      'Gemm',
    ])
      expect(lastFeatureMap(built((b, map) => b.op(end, [map, b.int64s([0, -1])]))), end).toBe('map');
    for (const skipped of ['MaxPool', 'AveragePool', 'Identity', 'Pad']) {
      const twice = built((b, map) => b.op('Flatten', [b.op(skipped, [b.op(skipped, [map])])]));
      expect(lastFeatureMap(twice), skipped).toBe('map');
    }
    // An activation is kept.
    const activated = built((b, map) => b.op('Flatten', [b.op('Sigmoid', [map], {}, 'on')]));
    expect(lastFeatureMap(activated)).toBe('on');
  });

  it('of a thousand classes from one tap is the map before them', () => {
    const ending = (channels: number, kernel: [number, number], before: string[], behind: string[]): string => {
      const graph = built((b, map) => {
        let v = map;
        for (const o of before) v = b.op(o, [v]);
        v = b.op('Conv', [v, 'c'], {}, 'classes');
        for (const o of behind) v = b.op(o, [v], {}, `after ${o}`);
        return b.op('GlobalAveragePool', [v]);
      });
      graph.initializers.set(
        'c',
        floatTensor([channels, 4, ...kernel], new Float32Array(channels * 4 * kernel[0] * kernel[1])),
      );
      return lastFeatureMap(graph);
    };
    expect(ending(1000, [1, 1], [], [])).toBe('map');
    expect(ending(1000, [1, 1], ['Identity', 'Identity'], ['Relu', 'Identity'])).toBe('map');
    expect(ending(999, [1, 1], [], [])).toBe('classes');
    expect(ending(1001, [1, 1], [], ['Relu'])).toBe('after Relu');
    expect(ending(1000, [1, 3], [], [])).toBe('classes');
    expect(ending(1000, [3, 1], [], [])).toBe('classes');
    // Other layers between are part of the features.
    expect(ending(1000, [1, 1], [], ['Sigmoid'])).toBe('after Sigmoid');
  });

  it('of four dimensions alone is one, and not what is used elsewhere too', () => {
    const used = built((b, map) => {
      const gate = b.op('Sigmoid', [b.op('GlobalAveragePool', [map])]);
      return b.op('Mul', [map, gate], {}, 'gated');
    });
    expect(lastFeatureMap(used)).toBe('gated');
    const flat = built((b, map) => b.op('ReduceMax', [map], { axes: ints([2, 3]), keepdims: int(0) }));
    expect(() => lastFeatureMap(flat)).toThrow(expect.objectContaining({ code: 'INPUT_UNSUPPORTED' }));
  });
});

describe('what is trained', () => {
  it('are float weights and biases of convolutions and products, and the exponents', () => {
    const graph = built((b, map) => b.op('Gemm', [b.op('Conv', [map, 'k', 'kb']), 'm', 'mb']));
    for (const n of ['k', 'kb', 'm', 'mb', 'other', 'edge/p', 'edge/threshold'])
      graph.initializers.set(n, floatTensor([1], new Float32Array(1)));
    graph.nodes.push({ op: 'MatMul', name: 'mm', inputs: ['other', 'k2'], outputs: ['o'], attributes: {} });
    graph.initializers.set('k2', floatTensor([1], new Float32Array(1)));
    graph.nodes.push({ op: 'MatMul', name: 'mi', inputs: ['o', 'i'], outputs: ['p'], attributes: {} });
    graph.initializers.set('i', int64Tensor([1], [1]));
    graph.nodes.push({ op: 'Add', name: 'add', inputs: ['o', 'other'], outputs: ['q'], attributes: {} });
    // A product has weights on either side.
    expect(trainableParameters(graph).sort()).toEqual([
      ...['edge/p', 'edge/threshold', 'k', 'k2', 'kb', 'm', 'mb', 'other', 'w'],
    ]);
    graph.initializers.set(GEM_P, floatTensor([1], new Float32Array(1)));
    expect(trainableParameters(graph)).toContain(GEM_P);
  });
});

describe('several scales', () => {
  const network = addHead(
    built((b, map) => b.op('GlobalAveragePool', [map])),
    'map',
    { pooling: 'gem', p: 2 },
  ).graph;
  const resizes = (g: Graph): number => g.nodes.filter((n) => n.op === 'Resize').length;
  const image = { dims: [1, 3, 6, 8], data: Float32Array.from({ length: 144 }, (_, i) => Math.abs(Math.sin(i))) };
  const run = async (g: Graph): Promise<number[]> => {
    const runner = await Runner.create(g);
    const out = (await runner.run({ [IMAGE]: image }))[DESCRIPTOR]!;
    await runner.release();
    return [...out];
  };

  it('resize all but the image at scale one, which is taken as it is', async () => {
    expect([SCALES.length, LINEAR_SCALES.length]).toEqual([3, 3]);
    expect(SCALES.map((s) => s ** 2)).toEqual([1, expect.closeTo(0.5, 12), 0.25]);
    expect(LINEAR_SCALES.map((s) => s ** 2)).toEqual([1, expect.closeTo(2, 12), expect.closeTo(0.5, 12)]);
    for (const [scales, count] of [
      [[1], 0],
      [[1, 1], 0],
      [[2], 1],
      [[2, 1, 0.5], 2],
    ] as const)
      expect(resizes(multiScale(network, scales))).toBe(count);
    // At one scale, or the same twice, it is the network itself.
    const alone = await run(network);
    for (const scales of [[1], [1, 1]])
      (await run(multiScale(network, scales))).forEach((v, i) => expect(v).toBeCloseTo(alone[i]!, 5));
    // Twice as large is another image.
    const two = await run(multiScale(network, [2]));
    expect(two.some((v, i) => Math.abs(v - alone[i]!) > 1e-4)).toBe(true);
    const names = multiScale(network, [2, 1]).nodes.map((n) => n.name);
    expect(new Set(names).size).toBe(names.length);
    expect(network.outputs[0]!.name).toBe(DESCRIPTOR);
  });

  it('of exponents for each channel, or behind a layer, are added without any', async () => {
    const perChannel = addHead(
      built((b, map) => b.op('GlobalAveragePool', [map])),
      'map',
      { pooling: 'gemmp' },
    ).graph;
    const layer = {
      from: 4,
      to: 2,
      weight: Float32Array.of(1, -1, 0.5, 2, 0, 1, 1, 1),
      bias: Float32Array.of(0.1, -0.2),
    };
    for (const name of ['projection', 'whitening'] as const) {
      const linear = addLinearLayer(network, name, layer);
      expect([hasLinearLayer(network), hasLinearLayer(linear)]).toEqual([false, true]);
      // As it may be negative, a root of its power would be no number.
      expect((await run(multiScale(linear, [1, 0.5]))).every(Number.isFinite)).toBe(true);
      expect(linear.outputs).toEqual([{ name: DESCRIPTOR, type: 'float', dims: ['N', 2] }]);
      const names = linear.nodes.map((n) => n.name);
      expect(new Set(names).size).toBe(names.length);
      // Written out: W x + b, then unit length.
      const x = await run(network);
      const y = [0, 1].map((k) => layer.bias[k]! + x.reduce((s, v, i) => s + v * layer.weight[2 * i + k]!, 0));
      (await run(linear)).forEach((v, k) => expect(v).toBeCloseTo(y[k]! / Math.hypot(...y), 5));
    }
    const powers = (g: Graph): number => g.nodes.filter((n) => n.op === 'Pow').length;
    // Each scale has the two of its pooling; the shared exponent adds one a scale and the root.
    expect(powers(multiScale(network, [1, 0.5]))).toBe(2 * 2 + 3);
    expect(powers(multiScale(perChannel, [1, 0.5]))).toBe(2 * 2);
  });
});

describe('pooling in plain numbers', () => {
  it('has its constants and floor', () => {
    expect([EPSILON, INITIAL_P]).toEqual([1e-6, 3]);
    expect(gem([1, 2, 3, 4], 1)).toBeCloseTo(2.5, 12);
    expect(gem([3, 4], 2)).toBeCloseTo(Math.sqrt(12.5), 12);
    expect(gem([-5, 0], 1)).toBeCloseTo(1e-6, 15);
    expect(gem([2], 7)).toBeCloseTo(2, 12);
    const v = l2Normalise(Float64Array.of(3, 4));
    expect([...v]).toEqual([3 / (5 + 1e-6), 4 / (5 + 1e-6)]);
    expect([...l2Normalise(new Float32Array(3))]).toEqual([0, 0, 0]);
  });
});
