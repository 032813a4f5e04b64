import { describe, expect, it } from 'vitest';
import { foldWholeNumbers, padsIntoConvolutions } from '../../../src/main/engine/network/onnx/fold.ts';
import {
  int,
  int64Tensor,
  ints,
  intsOf,
  string,
  type Graph,
  type GraphBuilder,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { foreign, waves, weight } from '../../support/foreign-networks.ts';

/** Margins [left, right, top, bottom] as torch.nn.functional.pad is exported: filled up, turned round in pairs, brought to a list. */
function torchMargins(b: GraphBuilder, margins: readonly number[]): string {
  const none = b.op('ConstantOfShape', [b.int64s([8 - margins.length])], {
    value: { kind: 'tensor', value: int64Tensor([1], [0]) },
  });
  const pairs = b.reshape(b.op('Concat', [b.int64s(margins), none], { axis: int(0) }), [-1, 2]);
  const back = b.slice(pairs, [-1], [-(2 ** 63)], [0], [-1]);
  const list = b.reshape(b.op('Transpose', [back], { perm: ints([1, 0]) }), [-1]);
  return b.op('Cast', [list], { to: int(7) });
}
const conv = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([0, 0, 0, 0]) };
function padded(margins: readonly number[], fill?: number, mode = 'constant'): Graph {
  return foreign((b) => {
    const value = fill === undefined ? [] : [b.scalar(fill)];
    const pad = b.op('Pad', ['x', torchMargins(b, margins), ...value], { mode: string(mode) });
    return b.op('Conv', [pad, weight(b, [4, 3, 3, 3])], conv);
  });
}
const ops = (g: Graph): string[] => g.nodes.map((n) => n.op);
async function values(graph: Graph): Promise<number[]> {
  const runner = await Runner.create(graph);
  const out = await runner.run({ x: waves(9, 12) });
  await runner.release();
  return [...Object.values(out)[0]!];
}

describe('margins that a file computes of constants', () => {
  it('are numbers once it is read, in the order of ONNX', async () => {
    const graph = padded([1, 2, 0, 3]);
    const read = normalise({ graph, opset: 17 }, 'net');
    expect(ops(read)).toEqual(['Pad', 'Conv']);
    const pads = read.initializers.get(read.nodes[0]!.inputs[1]!)!;
    // Before and after: photo, channel, row, column.
    expect([...pads.data].map(Number)).toEqual([0, 0, 0, 1, 0, 0, 3, 2]);
    expect(await values(read)).toEqual(await values(graph));
  });

  it('become the convolution’s own, and the same numbers come of it', async () => {
    const read = normalise({ graph: padded([0, 1, 0, 1], 0), opset: 17 }, 'net');
    const joined = padsIntoConvolutions(read);
    expect(ops(joined)).toEqual(['Conv']);
    expect(intsOf(joined.nodes[0]!, 'pads')).toEqual([0, 0, 1, 1]);
    const [a, b] = [await values(joined), await values(read)];
    expect(a).toHaveLength(b.length);
    a.forEach((v, i) => expect(v).toBeCloseTo(b[i]!, 5));
  });

  it('stay where they are not of nothing, or cut', () => {
    for (const graph of [padded([1, 1, 1, 1], 2), padded([1, 1, 1, 1], 0, 'reflect'), padded([-1, 1, 1, 1])]) {
      const read = normalise({ graph, opset: 17 }, 'net');
      expect(ops(padsIntoConvolutions(read))).toEqual(['Pad', 'Conv']);
    }
    const twice = foreign((b) => {
      const pad = b.op('Pad', ['x', b.int64s([0, 0, 1, 1, 0, 0, 1, 1])]);
      return [b.op('Conv', [pad, weight(b, [4, 3, 3, 3])], conv), b.op('Relu', [pad])];
    });
    expect(ops(padsIntoConvolutions(twice))).toEqual(['Pad', 'Conv', 'Relu']);
  });

  it('are left to the runtime where floats or the image count', () => {
    const graph = foreign((b) => {
      const floats = b.op('ConstantOfShape', [b.int64s([4])]);
      const of = b.op('Concat', [b.slice(b.op('Shape', ['x']), [0], [1], [0]), b.int64s([4])], { axis: int(0) });
      return b.op('Add', [b.reshape(b.op('GlobalAveragePool', ['x']), [1]), b.op('Expand', [floats, of])]);
    });
    const before = ops(graph);
    foldWholeNumbers(graph);
    expect(ops(graph)).toEqual(before);
  });
});
