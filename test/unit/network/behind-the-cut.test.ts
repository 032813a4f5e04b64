import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beyondCut } from '../../../src/main/engine/network/onnx/beyond-cut.ts';
import { floatTensor, type Graph, type OnnxNode } from '../../../src/main/engine/network/onnx/graph.ts';
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
    ['a residual', ['Flatten: map -> t', 'Gemm: t fc fb -> g', 'Add: g t -> y'], ['Add']],
    ['a position for each token', ['Flatten: map -> t', 'Add: t fc -> y'], ['Add']],
    ['another convolution of more than a point', ['MaxPool: map -> m', 'Conv: m conv3 -> y'], ['Conv']],
  ];
  it.each(more)('is part of the network: %s', (_, steps, lost) => {
    expect(beyondCut(graph(steps, head), 'map').lost).toEqual(lost);
  });
});

describeWith(['shared data'], 'networks that other tools export', () => {
  it.each([
    'networks/vit_cls_dynamo_fixed.onnx',
    'networks/vit_cls_legacy_dynamic.onnx',
    'networks/vit_map_dynamo.onnx',
    'networks/gem_l2_fc_l2_dynamo.onnx',
    'vit_onnx/vit.onnx',
  ])('%s is not taken for a part of itself, unless a person says where to cut', async (name) => {
    const file = join(CASES, name);
    const refused = await prepareNetwork(file).catch((e: unknown) => e as Error & { hint?: string });
    expect(refused).toMatchObject({ code: 'INPUT_UNSUPPORTED', file });
    expect((refused as Error).message).toMatch(/behind its last feature map \S+, \d+ of \d+ nodes, lie /);
  });
});
