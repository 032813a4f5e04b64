import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beyondCut } from '../../../src/main/engine/network/onnx/beyond-cut.ts';
import { floatTensor, type Graph, type OnnxNode } from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { CASES, describeWith } from '../../support/programs.ts';

/** A graph of a convolution to `map` and what stands behind it, each step `op: inputs -> output`. */
function graph(steps: readonly string[], constants: Record<string, readonly number[]> = {}): Graph {
  const nodes = ['Conv: image w -> map', ...steps].map((step): OnnxNode => {
    const [, op = '', inputs = '', output = ''] = /^(\w+): (.*) -> (\w+)$/.exec(step) ?? [];
    return { op, name: output, inputs: inputs.split(' '), outputs: [output], attributes: {} };
  });
  const dims = { w: [8, 3, 3, 3], ...constants };
  return {
    name: 'g',
    inputs: [{ name: 'image', type: 'float', dims: [1, 3, 'h', 'w'] }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, type: 'float', dims: [] }],
    nodes,
    initializers: new Map(
      Object.entries(dims).map(([k, d]) => [k, floatTensor(d, new Float32Array(d.reduce((a, b) => a * b, 1)))]),
    ),
    metadata: new Map(),
  };
}

describe('what lies behind a cut', () => {
  const head = { fc: [10, 8], fb: [10], one: [], conv1: [10, 8, 1, 1], conv3: [10, 8, 3, 3] };
  const plain: Record<string, readonly string[]> = {
    'one fully connected layer and probabilities': [
      'GlobalAveragePool: map -> p',
      'Flatten: p -> f',
      'Gemm: f fc fb -> g',
      'Softmax: g -> y',
    ],
    'layers with activations between them': [
      'Flatten: map -> f',
      'Gemm: f fc fb -> g',
      'Relu: g -> r',
      'MatMul: r fc -> m',
      'Add: m fb -> y',
    ],
    'a 1x1 convolution in a layer’s place': [
      'GlobalAveragePool: map -> p',
      'Conv: p conv1 fb -> c',
      'Reshape: c s -> r',
      'Softmax: r -> s2',
      'Identity: s2 -> y',
    ],
    'a swish written out': [
      'GlobalAveragePool: map -> p',
      'Add: p one -> a',
      'Clip: a -> c',
      'Mul: p c -> m',
      'Div: m one -> d',
      'Gemm: d fc fb -> y',
    ],
    'a normalised mean before its one layer': [
      'ReduceMean: map -> p',
      'Reshape: p one -> r',
      'LayerNormalization: r fb -> n',
      'Gemm: n fc fb -> y',
    ],
    'nothing at all': [],
  };
  it.each(Object.entries(plain))('is a classifier: %s', (_, steps) => {
    expect(beyondCut(graph(steps, head), 'map')).toEqual({ kept: 1, nodes: steps.length + 1, lost: [] });
  });

  const more: readonly [string, readonly string[], readonly string[]][] = [
    ['a generalised mean', ['Pow: map one -> a', 'GlobalAveragePool: a -> p', 'Pow: p one -> y'], ['Pow']],
    [
      'a norm',
      ['GlobalAveragePool: map -> p', 'Gemm: p fc fb -> g', 'ReduceL2: g -> n', 'Div: g n -> y'],
      ['Div', 'ReduceL2'],
    ],
    [
      'attention',
      ['Reshape: map s -> t', 'MatMul: t t -> q', 'Softmax: q -> a', 'MatMul: a t -> y'],
      ['MatMul', 'Softmax'],
    ],
    [
      'normalised tokens',
      ['Flatten: map -> t', 'LayerNormalization: t fb -> n', 'Gemm: n fc fb -> y'],
      ['LayerNormalization'],
    ],
    [
      'two layers behind normalised means',
      [
        'ReduceMean: map -> p',
        'LayerNormalization: p fb -> n',
        'Gemm: n fc fb -> g',
        'Relu: g -> r',
        'Gemm: r fc fb -> y',
      ],
      ['LayerNormalization', 'ReduceMean'],
    ],
    ['a residual', ['Flatten: map -> t', 'Gemm: t fc fb -> g', 'Add: g t -> y'], ['Add']],
    ['a position for each token', ['Flatten: map -> t', 'Add: t fc -> y'], ['Add']],
    ['another convolution of more than a point', ['MaxPool: map -> m', 'Conv: m conv3 -> y'], ['Conv']],
  ];
  it.each(more)('is part of the network: %s', (_, steps, lost) => {
    expect(beyondCut(graph(steps, head), 'map').lost).toEqual(lost);
  });

  const imagenet = { ...head, fc: [8, 8], out: [8, 1000], ob: [1000], half: [1] };
  it('is a classifier where classes are made of the pooled vector, whatever lies between', () => {
    const behind = (...steps: string[]): readonly string[] => beyondCut(graph(steps, imagenet), 'map').lost;
    const pooled = ['GlobalAveragePool: map -> p', 'Flatten: p -> f'];
    const normal = [...pooled, 'MatMul: f fc -> g', 'LayerNormalization: g fb -> n', 'HardSwish: n -> r'];
    expect(behind(...normal, 'Gemm: r out ob -> y')).toEqual([]);
    const scaled = [...pooled, 'Mul: f fb -> m', 'Add: m fb -> a', 'Gemm: a out ob -> y1', 'Gemm: f out ob -> y2'];
    expect(behind(...scaled, 'Add: y1 y2 -> s', 'Div: s half -> y')).toEqual([]);
    // Of other lengths it is a descriptor, and of the places of a map it is the network.
    expect(behind(...normal, 'Gemm: r fc fb -> y')).toEqual(['LayerNormalization']);
    expect(behind('Softmax: map -> s', 'Mul: s map -> m', 'GlobalAveragePool: m -> p', 'Gemm: p out ob -> y')).toEqual([
      'Mul',
      'Softmax',
    ]);
  });
});

const L2 = (values: readonly number[]): number => Math.hypot(...values);

describeWith(['shared data'], 'networks that other tools export', () => {
  // The first values that PyTorch gives, as the files' own description has them.
  it.each<[string, [number, number], number, readonly number[]]>([
    ['cnn_external_data', [64, 64], 48, [0.11691, 0.19609, 0.02829, 0.19915, 0.16681, 0.13491, 0.19313, 0.11534]],
    ['vit_cls_dynamo_fixed', [64, 64], 32, [0.20986, -0.17783, 0.08266, -0.26597, 0.09485, 0.20537, -0.25023, 0.22705]],
    [
      'vit_cls_legacy_dynamic',
      [96, 64],
      32,
      [0.06136, 0.20579, -0.15553, 0.17414, -0.38174, 0.02949, -0.11809, -0.12345],
    ],
    ['vit_map_dynamo', [64, 64], 32, [0.02624, 0.1334, 0.2926, 0.0511, 0.04566, 0.13241, 0.14097, 0.21539]],
    ['gem_l2_fc_l2_dynamo', [64, 64], 24, [-0.17314, 0.22935, -0.10271, -0.09744, 0.4379, 0.05683, -0.10349, 0.20568]],
    ['gem_l2_fc_l2_legacy', [64, 64], 24, [-0.12692, 0.19325, -0.09467, 0.42734, -0.0137, 0.06143, -0.09843, -0.19092]],
    ['convnext_dynamo', [64, 64], 40, [0.20521, 0.13043, 0.18201, 0.04953, 0.12982, 0.24189, 0.12303, 0.15214]],
  ])('%s is described with as PyTorch does', async (name, [height, width], dim, expected) => {
    const { graph, spec } = await prepareNetwork(join(CASES, 'networks', `${name}.onnx`));
    expect(spec.dim).toBe(dim);
    const data = new Float32Array(3 * height * width);
    for (let i = 0; i < data.length; i += 1) {
      const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      data[i] = Math.sin(0.1 * (c + 1) * x + 0.07 * y);
    }
    const runner = await Runner.create(graph);
    const got = (await runner.run({ image: { dims: [1, 3, height, width], data } }))['descriptor']!;
    await runner.release();
    expect(L2([...got])).toBeCloseTo(1, 4);
    expected.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 4));
  });
});
