import { join } from 'node:path';
import { openDetector } from '../../../src/main/engine/edges/detector.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import {
  float,
  floatTensor,
  int64Tensor,
  ints,
  string,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { PREPROCESSING } from '../../../src/main/engine/network/preprocessing.ts';
import { writeSpec } from '../../../src/main/engine/network/spec.ts';
import { notFinite, seed, type FuzzTarget } from '../target.ts';
import { fixture } from './models.ts';

/** A small convolutional network with what exporters leave around: constants, reshapes, a classifier. */
function backbone(padding = 'NOTSET'): Graph {
  const weights = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  return {
    name: 'small',
    inputs: [{ name: 'x', type: 'float', dims: ['n', 3, 'h', 'w'] }],
    outputs: [{ name: 'y', type: 'float', dims: ['n', 5] }],
    nodes: [
      {
        op: 'Conv',
        name: 'c1',
        inputs: ['x', 'w1', 'b1'],
        outputs: ['a'],
        attributes: { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]), kernel_shape: ints([3, 3]) },
      },
      {
        op: 'BatchNormalization',
        name: 'bn',
        inputs: ['a', 'g', 'b', 'm', 'v'],
        outputs: ['n'],
        attributes: { epsilon: float(1e-5) },
      },
      { op: 'Relu', name: 'r', inputs: ['n'], outputs: ['r'], attributes: {} },
      {
        op: 'MaxPool',
        name: 'p',
        inputs: ['r'],
        outputs: ['p'],
        attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]), auto_pad: string(padding) },
      },
      { op: 'GlobalAveragePool', name: 'gap', inputs: ['p'], outputs: ['q'], attributes: {} },
      { op: 'Reshape', name: 'rs', inputs: ['q', 'shape'], outputs: ['f'], attributes: {} },
      { op: 'Gemm', name: 'fc', inputs: ['f', 'w2', 'b2'], outputs: ['y'], attributes: { alpha: float(1) } },
    ],
    initializers: new Map([
      ['w1', floatTensor([4, 3, 3, 3], weights(108))],
      ['b1', floatTensor([4], weights(4))],
      ...(['g', 'b', 'm'] as const).map((n) => [n, floatTensor([4], weights(4))] as const),
      ['v', floatTensor([4], [1, 2, 1, 2])],
      ['shape', int64Tensor([2], [-1, 4])],
      ['w2', floatTensor([4, 5], weights(20))],
      ['b2', floatTensor([5], weights(5))],
    ]),
    metadata: new Map(),
  };
}

/** A network as Covis writes it. */
function own(): Buffer {
  const graph = normalise(parseOnnx(encodeOnnx(backbone()), 'small.onnx'), 'small.onnx');
  const features = lastFeatureMap(graph);
  const headed = addHead(graph, features, { pooling: 'gem' });
  writeSpec(headed.graph, {
    name: 'small',
    dim: headed.dim,
    features,
    pooling: 'gem',
    preprocess: PREPROCESSING.torchvision,
    origin: 'made for tests',
    licence: 'none',
  });
  return Buffer.from(encodeOnnx(headed.graph));
}

function detector(): Buffer {
  const graph: Graph = {
    name: 'edges',
    inputs: [{ name: 'image', type: 'float', dims: [1, 3, 'h', 'w'] }],
    outputs: [{ name: 'edges', type: 'float', dims: [1, 1, 'h', 'w'] }],
    nodes: [
      { op: 'Conv', name: 'c', inputs: ['image', 'w'], outputs: ['a'], attributes: { pads: ints([1, 1, 1, 1]) } },
      { op: 'Sigmoid', name: 's', inputs: ['a'], outputs: ['edges'], attributes: {} },
    ],
    initializers: new Map([
      [
        'w',
        floatTensor(
          [1, 3, 3, 3],
          Float32Array.from({ length: 27 }, (_, i) => (i % 5) - 2),
        ),
      ],
    ]),
    metadata: new Map(),
  };
  return Buffer.from(encodeOnnx(graph));
}

export const NETWORK_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'networks/graph',
    seeds: () => [
      seed('small', { 'n.onnx': encodeOnnx(backbone()) }),
      seed('padded', { 'n.onnx': encodeOnnx(backbone('SAME_UPPER')) }),
      seed('mobilenet', { 'n.onnx': fixture('mobilenet.onnx') }),
      seed('resnet', { 'n.onnx': fixture('resnet.onnx') }),
      seed('own', { 'n.onnx': own() }),
    ],
    takes: (file) => file.endsWith('.onnx'),
    async read({ input }) {
      const file = join(input, 'n.onnx');
      const { readFile } = await import('node:fs/promises');
      const graph = normalise(parseOnnx(await readFile(file), file), file);
      lastFeatureMap(graph);
      return graph.nodes.some((n) => n.op === '') ? 'a node has no operator' : undefined;
    },
    nameless: true,
  },
  {
    name: 'networks/backbone',
    seeds: () => [seed('small', { 'n.onnx': encodeOnnx(backbone()) }), seed('own', { 'n.onnx': own() })],
    async read({ input }) {
      const { spec } = await prepareNetwork(join(input, 'n.onnx'));
      return Number.isSafeInteger(spec.dim) && spec.dim > 0 ? undefined : `a descriptor has ${spec.dim} numbers`;
    },
  },
  {
    name: 'networks/detector',
    seeds: () => [seed('edges', { 'e.onnx': detector() })],
    async read({ input }) {
      const opened = await openDetector(join(input, 'e.onnx'));
      try {
        const pixels = { width: 9, height: 7, data: Uint8Array.from({ length: 3 * 63 }, (_, i) => (i * 37) % 256) };
        const map = await opened.detect(pixels);
        if (map.width !== 9 || map.height !== 7 || map.data.length !== 63)
          return `a map of ${map.width} x ${map.height}`;
        return notFinite({ map: map.data });
      } finally {
        await opened.release();
      }
    },
  },
];

/** A small sound network. */
export function networkSeed(): Buffer {
  return Buffer.from(encodeOnnx(backbone()));
}
