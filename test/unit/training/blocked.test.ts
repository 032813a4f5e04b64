import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { blockSize } from '../../../src/main/engine/network/block-size.ts';
import { DESCRIPTOR, IMAGE } from '../../../src/main/engine/network/head.ts';
import { NCHWC } from '../../../src/main/engine/network/onnx/blocked.ts';
import {
  floatTensor,
  GraphBuilder,
  int,
  ints,
  sizeOf,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { dialectFor } from '../../../src/main/engine/training/ort-executor.ts';
import { SEED, withBatch, type Dialect } from '../../../src/main/engine/training/training-graph.ts';
import { trainingGraphs } from '../../support/training-graphs.ts';

interface Layer {
  readonly out: number;
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly depthwise?: boolean;
  readonly then?: 'Relu' | 'Clip' | 'Sigmoid';
  /** Adds the layer's input to its output. */
  readonly residual?: boolean;
}

/** Convolutions behind one another, then the sum over places. */
function network(channels: number, layers: readonly Layer[]): Graph {
  const r = random(11);
  const graph: Graph = {
    name: 'test',
    inputs: [{ name: IMAGE, type: 'float', dims: ['n', channels, 'h', 'w'] }],
    outputs: [{ name: DESCRIPTOR, type: 'float', dims: ['n', layers.at(-1)!.out] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'net');
  const noise = (dims: number[], scale: number): string =>
    b.constant(
      floatTensor(
        dims,
        Float32Array.from({ length: sizeOf(dims) }, () => scale * (2 * r.next() - 1)),
      ),
    );
  let x = IMAGE;
  let width = channels;
  for (const l of layers) {
    const inputs = l.depthwise === true ? 1 : width;
    const weight = noise([l.out, inputs, ...l.kernel], 1 / Math.sqrt(inputs * l.kernel[0] * l.kernel[1]));
    let y = b.op('Conv', [x, weight, noise([l.out], 0.1)], {
      kernel_shape: ints(l.kernel),
      strides: ints(l.strides ?? [1, 1]),
      dilations: ints(l.dilations ?? [1, 1]),
      pads: ints(l.pads ?? [0, 0, 0, 0]),
      group: int(l.depthwise === true ? width : 1),
    });
    if (l.residual === true) y = b.op('Add', [y, x]);
    if (l.then === 'Clip') y = b.op('Clip', [y, b.scalar(0), b.scalar(0.5)]);
    else if (l.then !== undefined) y = b.op(l.then, [y]);
    [x, width] = [y, l.out];
  }
  b.op('ReduceMean', [b.op('Mul', [x, x])], { axes: ints([2, 3]), keepdims: int(0) }, DESCRIPTOR);
  return graph;
}

async function compute(graph: Graph, images: Float32Array, dims: number[], dialect?: Dialect): Promise<Float32Array[]> {
  const { forward, backward, parameters, gradientOf } = trainingGraphs(withBatch(graph, dims[0]!), dialect);
  const weights = Object.fromEntries(parameters.map((p) => [p.name, p]));
  const image = { dims, data: images };
  const width = graph.outputs[0]!.dims[1] as number;
  const seed = Float32Array.from({ length: dims[0]! * width }, (_, i) => Math.cos(i));
  const [f, g] = [await Runner.create(forward), await Runner.create(backward)];
  const y = (await f.run({ [IMAGE]: image, ...weights }))[DESCRIPTOR]!;
  const d = await g.run({ [IMAGE]: image, [SEED]: { dims: [dims[0]!, width], data: seed }, ...weights });
  await Promise.all([f.release(), g.release()]);
  return [y, ...parameters.map((p) => d[gradientOf.get(p.name)!]!)];
}

const same = [1, 1, 1, 1] as const;
const CASES: Record<string, readonly [channels: number, layers: readonly Layer[]]> = {
  'a photo, 7 x 7 with stride 2, then 3 x 3': [
    3,
    [
      { out: 16, kernel: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3], then: 'Relu' },
      { out: 32, kernel: [3, 3], pads: same, then: 'Relu' },
    ],
  ],
  'one channel': [
    1,
    [
      { out: 16, kernel: [3, 3], pads: same, then: 'Relu' },
      { out: 16, kernel: [1, 1] },
    ],
  ],
  '3 x 3 with stride 2, 1 x 1 with stride 2': [
    16,
    [
      { out: 32, kernel: [1, 1], then: 'Relu' },
      { out: 16, kernel: [3, 3], strides: [2, 2], pads: same, then: 'Relu' },
      { out: 32, kernel: [1, 1], strides: [2, 2] },
    ],
  ],
  'strides that differ, kernels that are not square, pads on one side': [
    16,
    [
      { out: 16, kernel: [1, 1] },
      { out: 32, kernel: [5, 3], strides: [2, 1], pads: [2, 0, 1, 2], then: 'Sigmoid' },
      { out: 16, kernel: [2, 3], pads: [0, 1, 1, 1] },
    ],
  ],
  'a stride longer than the kernel, more padding than the kernel reaches': [
    16,
    [
      { out: 16, kernel: [1, 1] },
      { out: 16, kernel: [2, 2], strides: [3, 3] },
      { out: 16, kernel: [1, 1], pads: same },
    ],
  ],
  'strides longer than the kernel on one side alone': [
    16,
    [
      { out: 16, kernel: [1, 1] },
      { out: 16, kernel: [2, 3], strides: [3, 2], pads: [0, 1, 1, 1], then: 'Sigmoid' },
      { out: 16, kernel: [3, 1], strides: [2, 2], pads: [1, 0, 1, 0], then: 'Sigmoid' },
      { out: 16, kernel: [3, 2], strides: [1, 2] },
    ],
  ],
  dilations: [
    16,
    [
      { out: 16, kernel: [1, 1] },
      { out: 16, kernel: [3, 3], dilations: [2, 2], pads: [2, 2, 2, 2], then: 'Relu' },
      { out: 16, kernel: [3, 3], dilations: [2, 1], strides: [1, 2], pads: [2, 1, 2, 1] },
    ],
  ],
  'depthwise: plain, with stride, dilated': [
    16,
    [
      { out: 32, kernel: [1, 1], then: 'Clip' },
      { out: 32, kernel: [3, 3], pads: same, depthwise: true, then: 'Clip' },
      { out: 32, kernel: [3, 3], strides: [2, 2], pads: same, depthwise: true, then: 'Clip' },
      { out: 32, kernel: [5, 3], dilations: [1, 2], pads: [2, 2, 2, 2], depthwise: true, then: 'Relu' },
      { out: 16, kernel: [1, 1] },
    ],
  ],
  'residuals, activations behind them': [
    16,
    [
      { out: 16, kernel: [3, 3], pads: same, then: 'Relu' },
      { out: 16, kernel: [3, 3], pads: same, residual: true, then: 'Relu' },
      { out: 16, kernel: [1, 1], residual: true, then: 'Clip' },
      { out: 16, kernel: [3, 3], pads: same, depthwise: true, residual: true },
    ],
  ],
  'by tiles, where there are channels enough': [
    16,
    [
      { out: 256, kernel: [1, 1], then: 'Relu' },
      { out: 272, kernel: [3, 3], pads: same, then: 'Sigmoid' },
      { out: 272, kernel: [3, 3], pads: [0, 1, 2, 0], then: 'Sigmoid' },
      { out: 256, kernel: [3, 3], pads: same, then: 'Sigmoid' },
      { out: 256, kernel: [3, 3], pads: same, residual: true },
    ],
  ],
  'widths that make no blocks between such that do': [
    16,
    [
      { out: 24, kernel: [3, 3], pads: same, then: 'Relu' },
      { out: 20, kernel: [1, 1], then: 'Relu' },
      { out: 32, kernel: [3, 3], pads: same, then: 'Relu' },
      { out: 16, kernel: [1, 1] },
    ],
  ],
};

describe('a network in blocks of channels', () => {
  for (const [name, [channels, layers]] of Object.entries(CASES)) {
    it(`gives the values and gradients of the plain one: ${name}`, async () => {
      const graph = network(channels, layers);
      const dialect = await dialectFor({});
      // Odd sizes, so that strides leave rows over.
      for (const dims of [
        [2, channels, 17, 22],
        [3, channels, 20, 13],
      ]) {
        const r = random(3);
        const images = Float32Array.from({ length: sizeOf(dims) }, () => 2 * r.next() - 1);
        const expected = await compute(graph, images, dims);
        const got = await compute(graph, images, dims, dialect);
        expected.forEach((e, k) => {
          const scale = e.reduce((max, v) => Math.max(max, Math.abs(v)), 1e-6);
          const most = e.reduce((max, v, i) => Math.max(max, Math.abs(v - got[k]![i]!)), 0);
          expect(most / scale).toBeLessThan(1e-4);
        });
      }
    });
  }

  it('is laid out so where the processor has blocks', async () => {
    const block = await blockSize();
    const graph = network(16, CASES['residuals, activations behind them']![1]);
    const { backward } = trainingGraphs(graph, await dialectFor({}));
    expect(backward.nodes.some((n) => n.domain === NCHWC && n.op === 'Conv')).toBe(block !== null);
    if (process.arch === 'x64') expect([8, 16]).toContain(block);
  });
});
