import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainableParameters } from '../../../src/main/engine/network/head.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import {
  float,
  floatTensor,
  int,
  ints,
  type Graph,
  type GraphBuilder,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { SEED } from '../../../src/main/engine/training/training-graph.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { foreign, onRuntime, unit, waves, weight, write } from '../../support/foreign-networks.ts';
import { trainingGraphs } from '../../support/training-graphs.ts';

const folder = temporaryFolder();
let count = 0;
const file = (graph: Graph): string => write(join(folder, `n${(count += 1)}.onnx`), graph);
const close = (got: ArrayLike<number>, expected: readonly number[]): void => {
  expect(got).toHaveLength(expected.length);
  expected.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 5));
};

async function described(graph: Graph): Promise<Float32Array> {
  const runner = await Runner.create(graph);
  const out = (await runner.run({ image: waves(32, 32) }))['descriptor']!;
  await runner.release();
  return out;
}

/** The gradient of one number of one weight beside its finite difference. */
async function gradientOf(graph: Graph, name: string, at: number): Promise<readonly [number, number]> {
  const t = trainingGraphs(graph);
  const [forward, backward] = [await Runner.create(t.forward), await Runner.create(t.backward)];
  const image = waves(32, 32);
  const weights = Object.fromEntries(t.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
  const dim = (await forward.run({ image, ...weights }))['descriptor']!.length;
  const seed = { dims: [1, dim], data: Float32Array.from({ length: dim }, (_, i) => Math.sin(1.3 * i + 1)) };
  const gradient = (await backward.run({ image, [SEED]: seed, ...weights }))[t.gradientOf.get(name)!]![at]!;
  const value = async (): Promise<number> =>
    (await forward.run({ image, ...weights }))['descriptor']!.reduce((s, v, i) => s + v * seed.data[i]!, 0);
  const { data } = t.parameters.find((p) => p.name === name)!;
  const was = data[at]!;
  data[at] = was + 3e-3;
  const above = await value();
  data[at] = was - 3e-3;
  const below = await value();
  await forward.release();
  await backward.release();
  return [gradient, (above - below) / 6e-3];
}

describe('attention in one operator', () => {
  /** Tokens [1, 16, 8], two heads of four, by Attention in the form of 4 axes or of 3. */
  const net =
    (axes: 3 | 4, scaled: boolean) =>
    (b: GraphBuilder): string => {
      const patches = b.op('Conv', ['x', weight(b, [8, 3, 8, 8])], {
        strides: ints([8, 8]),
        kernel_shape: ints([8, 8]),
      });
      const tokens = b.op('Transpose', [b.reshape(patches, [0, 8, 16])], { perm: ints([0, 2, 1]) });
      const parts = [8, 9, 10].map((seed) => {
        const part = b.op('MatMul', [tokens, weight(b, [8, 8], seed)]);
        return axes === 3 ? part : b.op('Transpose', [b.reshape(part, [0, 16, 2, 4])], { perm: ints([0, 2, 1, 3]) });
      });
      const heads = axes === 3 ? { q_num_heads: int(2), kv_num_heads: int(2) } : {};
      const out = b.op('Attention', parts, { ...heads, ...(scaled ? { scale: float(0.9) } : {}) });
      const flat = axes === 3 ? out : b.reshape(b.op('Transpose', [out], { perm: ints([0, 2, 1, 3]) }), [0, 16, 8]);
      return b.op('ReduceMean', [b.op('Add', [flat, tokens])], { axes: ints([1]), keepdims: int(0) }, 'out');
    };
  for (const axes of [3, 4] as const)
    for (const scaled of [false, true])
      it(`over ${axes} axes${scaled ? ', scaled otherwise,' : ''} gives what it gave, and learns`, async () => {
        const path = file(foreign(net(axes, scaled), { dims: [1, 3, 32, 32], opset: 24 }));
        const { graph, spec } = await prepareNetwork(path);
        expect(graph.nodes.map((n) => n.op)).not.toContain('Attention');
        close(await described(graph), unit((await onRuntime(path, { x: waves(32, 32) }))['out']!.data));
        expect(spec.operators).not.toContain('Attention');
        const keys = trainableParameters(graph).filter((p) => graph.initializers.get(p)!.dims.join() === '8,8')[1]!;
        const [gradient, difference] = await gradientOf(graph, keys, 11);
        expect(Math.abs(difference)).toBeGreaterThan(1e-4);
        expect(Math.abs(gradient - difference)).toBeLessThan(0.03 * Math.abs(difference) + 2e-4);
      });

  it('stays where it looks at what came before alone, and describes all the same', async () => {
    const graph = foreign(net(4, false), { dims: [1, 3, 32, 32], opset: 24 });
    graph.nodes.forEach((n, i) => {
      if (n.op === 'Attention') graph.nodes[i] = { ...n, attributes: { is_causal: int(1) } };
    });
    const path = file(graph);
    const taken = await prepareNetwork(path);
    expect(taken.graph.nodes.map((n) => n.op)).toContain('Attention');
    close(await described(taken.graph), unit((await onRuntime(path, { x: waves(32, 32) }))['out']!.data));
  });
});

describe('weights that a network computes of constants', () => {
  it('are weights: a convolution that is standardised, a layer whose weight has a length and a direction', async () => {
    const path = file(
      foreign((b) => {
        const raw = weight(b, [6, 3, 3, 3]);
        const mean = b.op('ReduceMean', [raw], { axes: ints([1, 2, 3]), keepdims: int(1) });
        const centred = b.op('Sub', [raw, mean]);
        const spread = b.op('ReduceMean', [b.op('Mul', [centred, centred])], {
          axes: ints([1, 2, 3]),
          keepdims: int(1),
        });
        const standard = b.op('Div', [centred, b.op('Sqrt', [b.op('Add', [spread, b.scalar(1e-5)])])], {}, 'standard');
        const map = b.op('Relu', [
          b.op('Conv', ['x', standard], { strides: ints([2, 2]), kernel_shape: ints([3, 3]) }),
        ]);
        const vector = b.op('ReduceMean', [b.op('Mul', [map, map])], { axes: ints([2, 3]), keepdims: int(0) });
        const direction = weight(b, [5, 6], 4);
        const length = b.op('ReduceL2', [direction], { axes: ints([1]), keepdims: int(1) });
        const unitRows = b.op('Mul', [
          b.op('Div', [direction, length]),
          b.constant(floatTensor([5, 1], [1, 2, 3, 2, 1])),
        ]);
        const turned = b.op('Transpose', [unitRows], { perm: ints([1, 0]) }, 'turned');
        return b.op('MatMul', [vector, turned], {}, 'out');
      }),
    );
    const { graph } = await prepareNetwork(path, { output: 'own' });
    close(await described(graph), unit((await onRuntime(path, { x: waves(32, 32) }))['out']!.data));
    expect(trainableParameters(graph)).toEqual(expect.arrayContaining(['standard', 'turned']));
    for (const name of ['standard', 'turned']) {
      const [gradient, difference] = await gradientOf(graph, name, 7);
      expect(Math.abs(difference)).toBeGreaterThan(1e-4);
      expect(Math.abs(gradient - difference)).toBeLessThan(0.03 * Math.abs(difference) + 2e-4);
    }
  });
});
