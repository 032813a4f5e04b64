import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { int, ints, string, type Attribute, type GraphBuilder } from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { foreign, layer, onRuntime, unit, waves, weight, write } from '../../support/foreign-networks.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'covis-older-'))));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const floats = (...value: number[]): Attribute => ({ kind: 'floats', value });

/** Networks that only an operator set writes so: the set, and the map that is described, through a norm that no classifier has. */
const KINDS: Readonly<Record<string, readonly [number, (b: GraphBuilder, map: string) => string]>> = {
  'probabilities over all behind an axis': [11, (b, x) => b.op('Softmax', [x], { axis: int(1) })],
  'logarithms of probabilities from the first axis on': [9, (b, x) => b.op('LogSoftmax', [x], { axis: int(2) })],
  'a slice by attributes': [
    9,
    (b, x) => b.op('Slice', [x], { starts: ints([1, 0]), ends: ints([5, 3]), axes: ints([1, 2]) }),
  ],
  'a slice of the first axes': [9, (b, x) => b.op('Slice', [x], { starts: ints([0, 2]), ends: ints([9, 6]) })],
  'a split by attributes': [
    11,
    (b, x) => {
      b.graph.nodes.push({
        op: 'Split',
        name: 's',
        inputs: [x],
        outputs: ['a', 'c'],
        attributes: { axis: int(1), split: ints([2, 4]) },
      });
      return 'c';
    },
  ],
  'enlarging by factors': [
    9,
    (b, x) => b.op('Upsample', [x, b.constant({ dims: [4], data: Float32Array.of(1, 1, 2, 3) })]),
  ],
  'enlarging smoothly': [
    9,
    (b, x) =>
      b.op('Upsample', [x, b.constant({ dims: [4], data: Float32Array.of(1, 1, 2, 2) })], { mode: string('linear') }),
  ],
  'resizing before it had regions': [
    10,
    (b, x) => b.op('Resize', [x, b.constant({ dims: [4], data: Float32Array.of(1, 1, 2, 2) })]),
  ],
  'enlarging by factors that are attributes': [7, (b, x) => b.op('Upsample', [x], { scales: floats(1, 1, 2, 2) })],
  'an even split that says its parts': [
    18,
    (b, x) => {
      b.graph.nodes.push({
        op: 'Split',
        name: 's',
        inputs: [x],
        outputs: ['a', 'c'],
        attributes: { axis: int(1), num_outputs: int(2) },
      });
      return b.op('Sub', ['a', 'c']);
    },
  ],
  'the Gaussian unit in one': [20, (b, x) => b.op('Gelu', [x], { approximate: string('tanh') })],
  'a group norm as it was at first': [
    18,
    (b, x) => b.op('GroupNormalization', [x, weight(b, [2], 3), weight(b, [2], 4)], { num_groups: int(2) }),
  ],
};

describe('operator sets from 7 on', () => {
  it.each(Object.entries(KINDS))(
    '%s gives what ONNX Runtime gives on the file itself',
    async (name, [opset, build]) => {
      const graph = foreign(
        (b) => {
          const x = build(b, layer(b, layer(b, 'x', 3, 4), 4, 6));
          const squared = b.op('Mul', [x, x]);
          const flat = b.op('GlobalAveragePool', [squared]);
          return b.op('Sqrt', [b.op('Flatten', [flat])]);
        },
        { opset },
      );
      const path = write(join(folder, `${Object.keys(KINDS).indexOf(name)}.onnx`), graph);
      const expected = unit(Object.values(await onRuntime(path, { x: waves(40, 24) }))[0]!.data);
      const { graph: net } = await prepareNetwork(path, { output: 'own' });
      const runner = await Runner.create(net);
      const got = (await runner.run({ image: waves(40, 24) }))['descriptor']!;
      await runner.release();
      expect(got.length).toBe(expected.length);
      got.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 5));
    },
  );
});
