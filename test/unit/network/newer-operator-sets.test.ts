import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { int, int64Tensor, type Graph, type OnnxNode } from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** A graph of one node on x, with initializers by name. */
function one(node: Partial<OnnxNode> & { op: string }, constants: Readonly<Record<string, number[]>> = {}): Graph {
  return {
    name: 'g',
    inputs: [{ name: 'x', type: 'float', dims: [1, 3, 'h', 'w'] }],
    outputs: [{ name: 'y', type: 'float', dims: [] }],
    nodes: [{ name: 'n', inputs: ['x', ...Object.keys(constants)], outputs: ['y'], attributes: {}, ...node }],
    initializers: new Map(Object.entries(constants).map(([k, v]) => [k, int64Tensor([v.length], v)])),
    metadata: new Map(),
  };
}
const read = (graph: Graph, opset = 18): OnnxNode => normalise({ graph, opset }, 'f.onnx').nodes[0]!;

describe('operator set 18 and newer', () => {
  it('may compute axes of constants, and end slices at the largest number that there is', () => {
    const shape = { op: 'Reshape', name: 'r', inputs: ['axis', 'one'], outputs: ['axes'], attributes: {} };
    const graph = one({ op: 'ReduceL2', inputs: ['x', 'axes'] }, { axis: [1], one: [-1] });
    graph.nodes.unshift(shape);
    expect(read(graph, 20)).toMatchObject({ op: 'ReduceL2', inputs: ['x'], attributes: { axes: { value: [1] } } });
    expect(int64Tensor([3], [2 ** 63, -(2 ** 63), 7]).data).toEqual(
      BigInt64Array.of(9223372036854775807n, -9223372036854775808n, 7n),
    );
  });

  it.each(['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceLogSumExp'])(
    'axes of %s that are an input become the attribute of the set that is run',
    (op) => {
      const node = read(one({ op, attributes: { keepdims: int(0) } }, { axes: [2, -1] }), 20);
      expect(node).toMatchObject({
        op,
        inputs: ['x'],
        attributes: { axes: { kind: 'ints', value: [2, -1] }, keepdims: { value: 0 } },
      });
      // Before 18 an attribute already; none means all.
      expect(read(one({ op, attributes: { axes: { kind: 'ints', value: [1] } } }), 17).attributes['axes']).toEqual({
        kind: 'ints',
        value: [1],
      });
      expect(read(one({ op })).attributes['axes']).toBeUndefined();
    },
  );

  it('no axes mean nothing where the file says so, and axes that are computed are refused', () => {
    expect(read(one({ op: 'ReduceMean', attributes: { noop_with_empty_axes: int(1) } })).op).toBe('Identity');
    expect(() => read(one({ op: 'ReduceL2', attributes: { noop_with_empty_axes: int(1) } }))).toThrow(/no axis/);
    expect(() => read(one({ op: 'ReduceMean', inputs: ['x', 'elsewhere'] }))).toThrow(/computes its axes/);
  });

  it('what set 17 does not know is taken off where it says nothing; elsewhere the graph says which set it needs', () => {
    const set = (node: Partial<OnnxNode> & { op: string }): number | undefined =>
      normalise({ graph: one(node), opset: 23 }, 'f.onnx').opset;
    expect(read(one({ op: 'Resize', attributes: { antialias: int(0) } })).attributes).toEqual({});
    expect(set({ op: 'Resize', attributes: { antialias: int(0) } })).toBeUndefined();
    expect(set({ op: 'Resize', attributes: { antialias: int(1) } })).toBe(18);
    expect(set({ op: 'Split', attributes: { num_outputs: int(2), axis: int(1) } })).toBe(18);
    expect(set({ op: 'Gelu' })).toBe(20);
    expect(set({ op: 'RMSNormalization' })).toBe(23);
    expect(set({ op: 'Relu' })).toBeUndefined();
  });

  it('an empty file is said to be empty', () => {
    expect(() => parseOnnx(new Uint8Array(0), 'zero.onnx')).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', file: 'zero.onnx', message: expect.stringMatching(/empty/) }),
    );
  });
});

describe('a pickle that is packed', () => {
  it('by gzip is read, cut or by bzip2 refused', () => {
    const file = join(folder, 'p.pkl.gz');
    // The list [1, 2] in protocol 0.
    const packed = gzipSync(Buffer.from('(lp0\nI1\naI2\na.'));
    writeFileSync(file, packed);
    expect(readPickle(file)).toEqual([1, 2]);
    writeFileSync(file, packed.subarray(0, 20));
    expect(() => readPickle(file)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT', file }));
    writeFileSync(file, 'BZh91AY&SY');
    expect(() => readPickle(file)).toThrow(/bzip2/);
  });
});
