import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDetector } from '../../../src/main/engine/edges/detector.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { floatTensor, ints, type Attribute, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { ModelProto } from '../../../src/main/engine/network/onnx/schema.ts';

const place = mkdtempSync(join(tmpdir(), 'covis-graphs-'));
afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});
const put = (name: string, bytes: Uint8Array): string => {
  const file = join(place, name);
  writeFileSync(file, bytes);
  return file;
};

/** A convolution with a sigmoid behind it, as an edge detector has them. */
function detector(
  weights: readonly number[],
  attributes: Record<string, Attribute> = { pads: ints([1, 1, 1, 1]) },
): Graph {
  return {
    name: 'edges',
    inputs: [{ name: 'image', type: 'float', dims: [1, 3, 'h', 'w'] }],
    outputs: [{ name: 'edges', type: 'float', dims: [1, 1, 'h', 'w'] }],
    nodes: [
      { op: 'Conv', name: 'c', inputs: ['image', 'w'], outputs: ['a'], attributes },
      { op: 'Sigmoid', name: 's', inputs: ['a'], outputs: ['edges'], attributes: {} },
    ],
    initializers: new Map([
      [
        'w',
        floatTensor(
          [1, 3, 3, 3],
          Array.from({ length: 27 }, (_, i) => weights[i % weights.length]!),
        ),
      ],
    ]),
    metadata: new Map(),
  };
}

/** The fields of a network's file, changed. */
function changed(
  change: (graph: { node: Record<string, unknown>[]; initializer: Record<string, unknown>[] }) => void,
): Uint8Array {
  const model = ModelProto.decode(encodeOnnx(detector([1])));
  change((model as unknown as { graph: Parameters<typeof change>[0] }).graph);
  return ModelProto.encode(model).finish();
}

const refused = { code: 'INPUT_CORRUPT', file: 'n.onnx' };

describe('damaged graphs', () => {
  it('have no node without an operator', () => {
    const bytes = changed(({ node }) => (node[0]!['op_type'] = ''));
    expect(() => parseOnnx(bytes, 'n.onnx')).toThrow(
      expect.objectContaining({ ...refused, message: 'Node c has no operator' }) as Error,
    );
  });

  it('may have texts and tensors that are not there', () => {
    const bytes = changed(({ node }) => {
      node[0]!['attribute'] = [
        { name: 'auto_pad', type: 3 },
        { name: 'value', type: 4 },
      ];
    });
    expect(parseOnnx(bytes, 'n.onnx').graph.nodes[0]!.attributes).toEqual({ auto_pad: { kind: 'string', value: '' } });
  });

  it('have no tensor of a shape that cannot be', () => {
    const bytes = changed(({ initializer }) => (initializer[0]!['dims'] = [-1, -3, 3, 3]));
    expect(() => parseOnnx(bytes, 'n.onnx')).toThrow(
      expect.objectContaining({ ...refused, message: 'Tensor w has the impossible shape [-1, -3, 3, 3]' }) as Error,
    );
  });
});

describe('edge detectors', () => {
  const pixels = { width: 4, height: 3, data: new Uint8Array(36).fill(9) };

  it('that the runtime refuses are refused with their file', async () => {
    const file = put('pads.onnx', encodeOnnx(detector([1], { pads: ints([1, 1, 1]) })));
    await expect(openDetector(file)).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED', file });
  });

  it('that answer with no numbers are refused', async () => {
    const file = put('nan.onnx', encodeOnnx(detector([Number.NaN])));
    const detectorOfNothing = await openDetector(file);
    await expect(detectorOfNothing.detect(pixels)).rejects.toMatchObject({
      file,
      message: 'The edge detector answers with values that are not numbers',
    });
    await detectorOfNothing.release();
  });
});

describe('networks', () => {
  it('that answer with no numbers are refused', async () => {
    const graph = detector([1]);
    // Zero by zero in every place, which no weight shows.
    const nodes = [
      ...graph.nodes.slice(0, 1),
      { op: 'Mul', name: 'm', inputs: ['a', 'zero'], outputs: ['z'], attributes: {} },
      { op: 'Div', name: 'd', inputs: ['z', 'z'], outputs: ['q'], attributes: {} },
      { op: 'Conv', name: 'last', inputs: ['q', 'v'], outputs: ['edges'], attributes: {} },
    ];
    graph.initializers.set('zero', floatTensor([1], [0]));
    graph.initializers.set('v', floatTensor([2, 1, 1, 1], [1, 2]));
    const file = put('zeros.onnx', encodeOnnx({ ...graph, nodes }));
    await expect(prepareNetwork(file)).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      file,
      message: 'The network answers with values that are not numbers',
    });
  });
});
