import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapsBeforePooling } from '../../../src/main/engine/network/head.ts';
import { prepareNetwork, type BackboneOptions } from '../../../src/main/engine/network/networks.ts';
import { beyondCut } from '../../../src/main/engine/network/onnx/beyond-cut.ts';
import { int, ints, type Dim, type Graph, type GraphBuilder } from '../../../src/main/engine/network/onnx/graph.ts';
import { layoutsOf } from '../../../src/main/engine/network/onnx/layouts.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { foreign, layer, onRuntime, unit, waves, weight, write } from '../../support/foreign-networks.ts';

const folder = temporaryFolder();
let count = 0;
const file = (graph: Graph): string => write(join(folder, `n${(count += 1)}.onnx`), graph);
const FIXED: readonly Dim[] = [1, 3, 32, 32];

async function described(path: string, options: BackboneOptions = {}): Promise<number[]> {
  const { graph } = await prepareNetwork(path, options);
  const runner = await Runner.create(graph);
  const out = (await runner.run({ image: waves(32, 32) }))['descriptor']!;
  await runner.release();
  return [...out];
}
const close = (got: readonly number[], expected: readonly number[]): void => {
  expect(got).toHaveLength(expected.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 4));
};
/** GeM of a map that the untouched file gives besides. */
async function pooled(path: string, map: string): Promise<number[]> {
  const { dims, data } = (await onRuntime(path, { x: waves(32, 32) }))[map]!;
  const places = dims[2]! * dims[3]!;
  return unit(
    Array.from({ length: dims[1]! }, (_, c) => {
      const channel = data.subarray(c * places, (c + 1) * places);
      return (channel.reduce((s, v) => s + Math.max(v, 1e-6) ** 3, 0) / places) ** (1 / 3);
    }),
  );
}

/** Heads of attention [1, T, 2, 4] over the places of a map [1, 8, h, w], one after another as [1, T, 8]. */
function heads(b: GraphBuilder, map: string): string {
  const tokens = b.op('Transpose', [b.reshape(map, [1, 8, -1])], { perm: ints([0, 2, 1]) });
  const [q, k, v] = [8, 9, 10].map((seed) =>
    b.op('Transpose', [b.reshape(b.op('MatMul', [tokens, weight(b, [8, 8], seed)]), [1, -1, 2, 4])], {
      perm: ints([0, 2, 1, 3]),
    }),
  );
  const share = b.op('Softmax', [b.op('MatMul', [q!, b.op('Transpose', [k!], { perm: ints([0, 1, 3, 2]) })])]);
  const each = b.op('Transpose', [b.op('MatMul', [share, v!])], { perm: ints([0, 2, 1, 3]) }, 'each');
  return b.reshape(each, [1, -1, 8]);
}

describe('a map', () => {
  it('is none of the heads of attention, which have four axes as well', async () => {
    const build =
      (all: boolean) =>
      (b: GraphBuilder): string[] => {
        const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
        const pool = b.op('MatMul', [b.slice(heads(b, map), [0], [1], [1]), weight(b, [8, 5], 3)]);
        const out = b.op('Reshape', [pool, b.int64s([1, 5])], {}, 'out');
        return all ? [out, map] : [out];
      };
    const path = file(foreign(build(false), { dims: FIXED }));
    const both = foreign(build(true), { dims: FIXED });
    const map = both.outputs[1]!.name;
    const whole = file(both);
    const { spec } = await prepareNetwork(path);
    expect(spec).toMatchObject({ dim: 5, taken: { kind: 'vector', dropped: [] } });
    close(await described(path), unit((await onRuntime(path, { x: waves(32, 32) }))['out']!.data));
    close(await described(path, { output: 'map' }), await pooled(whole, map));
    expect(mapsBeforePooling(foreign(build(false), { dims: FIXED }))).not.toContain('each');
  });

  it('lies before a classifier, though sizes are computed behind it', async () => {
    const build =
      (all: boolean) =>
      (b: GraphBuilder): string[] => {
        const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
        const mean = b.op('ReduceMean', [map], { axes: ints([2, 3]) });
        const count = b.slice(b.op('Shape', [mean]), [1], [2], [0]);
        const scalar = (x: string): string => b.op('Squeeze', [x, b.int64s([0])]);
        const order = b.op('Range', [scalar(b.int64s([0])), scalar(count), scalar(b.int64s([1]))]);
        const flat = b.op('Gather', [b.reshape(mean, [-1, 8]), b.op('Mul', [order, b.int64s([1])])], { axis: int(1) });
        const out = b.op('Gemm', [flat, weight(b, [8, 5])]);
        return all ? [out, map] : [out];
      };
    const graph = foreign(build(false));
    const both = foreign(build(true));
    const map = both.outputs[1]!.name;
    expect(beyondCut(graph, map).lost).toEqual([]);
    const path = file(graph);
    expect((await prepareNetwork(path)).spec).toMatchObject({ dim: 8, features: map, taken: { kind: 'map' } });
    close(await described(path), await pooled(file(both), map));
  });

  it('is found where its rank is told at work alone, beside sums of sizes', async () => {
    const build =
      (all: boolean) =>
      (b: GraphBuilder): string[] => {
        const first = layer(b, 'x', 3, 8);
        const shape = b.op('Shape', [first]);
        // No rule tells what a shape that is computed makes, and a sum of sizes is of whole numbers.
        const same = b.op('Sub', [b.op('Add', [shape, b.int64s([1])]), b.int64s([1])]);
        const map = layer(b, b.op('Reshape', [b.op('Flatten', [first], { axis: int(2) }), same]), 8, 8);
        const out = b.op('Gemm', [
          b.op('Flatten', [b.op('GlobalAveragePool', [map])], { axis: int(1) }),
          weight(b, [8, 5]),
        ]);
        return all ? [out, map] : [out];
      };
    const path = file(foreign(build(false)));
    const both = foreign(build(true));
    const map = both.outputs[1]!.name;
    expect((await prepareNetwork(path)).spec).toMatchObject({ dim: 8, features: map });
    close(await described(path), await pooled(file(both), map));
  });

  it('that a person asks for is the one of features: neither shares, nor what is pooled to one place', async () => {
    const shares = file(
      foreign(
        (b) => {
          const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
          const share = b.op('Softmax', [b.reshape(b.op('Conv', [map, weight(b, [4, 8, 1, 1])]), [1, 4, -1])]);
          const places = b.op('Transpose', [b.reshape(map, [1, 8, -1])], { perm: ints([0, 2, 1]) });
          return b.reshape(b.op('MatMul', [share, places]), [1, 32]);
        },
        { dims: FIXED },
      ),
    );
    expect((await prepareNetwork(shares)).spec).toMatchObject({ dim: 32, taken: { kind: 'vector' } });
    await expect(prepareNetwork(shares, { output: 'map' })).rejects.toThrow(/shares by which places count/);
    const build =
      (all: boolean) =>
      (b: GraphBuilder): string[] => {
        const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
        const raised = b.op('Pow', [b.op('Clip', [map, b.scalar(1e-6)]), b.scalar(2.5)]);
        const mean = b.op('AveragePool', [raised], { kernel_shape: ints([8, 8]) });
        const vector = b.op('Squeeze', [b.op('Pow', [mean, b.scalar(0.4)]), b.int64s([2, 3])]);
        const out = b.op('Gemm', [b.op('Div', [vector, b.op('ReduceL2', [vector])]), weight(b, [8, 5])]);
        return all ? [out, map] : [out];
      };
    const path = file(foreign(build(false), { dims: FIXED }));
    const both = foreign(build(true), { dims: FIXED });
    const map = both.outputs[1]!.name;
    const { spec } = await prepareNetwork(path, { output: 'map' });
    expect(spec.features).toBe(map);
    close(await described(path, { output: 'map' }), await pooled(file(both), map));
  });

  it('that a person asks for is the one of which scores and features are made, not the scores', async () => {
    const build =
      (all: boolean) =>
      (b: GraphBuilder): string[] => {
        const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
        const point = (x: string, from: number, to: number): string =>
          b.op('Conv', [x, weight(b, [to, from, 1, 1], from + to)]);
        const of = (to: number): string => b.reshape(point(b.op('Relu', [point(map, 8, 7)]), 7, to), [1, to, -1]);
        const features = of(4);
        // Optimal transport: each place is assigned in shares, by logarithms.
        let scores = of(5);
        for (const axis of [2, 1, 2])
          scores = b.op('Sub', [scores, b.op('ReduceLogSumExp', [scores], { axes: ints([axis]), keepdims: int(1) })]);
        const sums = b.op('MatMul', [b.op('Exp', [scores]), b.op('Transpose', [features], { perm: ints([0, 2, 1]) })]);
        const out = b.op('Reshape', [sums, b.int64s([1, 20])], {}, 'out');
        return all ? [out, map] : [out];
      };
    const path = file(foreign(build(false), { dims: FIXED }));
    const both = foreign(build(true), { dims: FIXED });
    const map = both.outputs[1]!.name;
    expect((await prepareNetwork(path)).spec).toMatchObject({ dim: 20, taken: { kind: 'vector' } });
    close(await described(path), unit((await onRuntime(path, { x: waves(32, 32) }))['out']!.data));
    expect((await prepareNetwork(path, { output: 'map' })).spec).toMatchObject({ dim: 8, features: map });
    close(await described(path, { output: 'map' }), await pooled(file(both), map));
  });

  it('is offered first before classes that a normalised layer, or the mean of two, gives', async () => {
    const classifiers: ((b: GraphBuilder, pooled: string) => string)[] = [
      (b, x) => {
        const scale = [weight(b, [6], 6), weight(b, [6], 7)];
        const first = b.op('LayerNormalization', [b.op('MatMul', [x, weight(b, [8, 6])]), ...scale], { axis: int(-1) });
        return b.op('Gemm', [b.op('Relu', [first]), weight(b, [6, 1000])]);
      },
      (b, x) => {
        const scaled = b.op('Add', [b.op('Mul', [x, weight(b, [1, 8], 6)]), weight(b, [1, 8], 7)]);
        const both = [scaled, x].map((v, k) => b.op('Gemm', [v, weight(b, [8, 1000], k)]));
        return b.op('Div', [b.op('Add', both), b.scalar(2)]);
      },
    ];
    for (const classes of classifiers) {
      const build =
        (all: boolean) =>
        (b: GraphBuilder): string[] => {
          const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
          const out = classes(b, b.op('ReduceMean', [map], { axes: ints([2, 3]), keepdims: int(0) }));
          return all ? [out, map] : [out];
        };
      const both = foreign(build(true));
      const map = both.outputs[1]!.name;
      const path = file(foreign(build(false)));
      expect((await prepareNetwork(path)).spec).toMatchObject({ dim: 8, features: map, taken: { kind: 'map' } });
      close(await described(path), await pooled(file(both), map));
    }
  });

  it('with channels last is not pooled as if they came first', async () => {
    const path = file(
      foreign((b) => {
        const map = layer(b, layer(b, 'x', 3, 6), 6, 8);
        const last = b.op('Transpose', [map], { perm: ints([0, 2, 3, 1]) });
        const normal = b.op('LayerNormalization', [last, weight(b, [8], 6), weight(b, [8], 7)], { axis: int(-1) });
        return b.op('ReduceMean', [normal], { axes: ints([1, 2]), keepdims: int(0) }, 'out');
      }),
    );
    expect((await prepareNetwork(path)).spec).toMatchObject({ dim: 8, taken: { kind: 'vector' } });
    close(await described(path), unit((await onRuntime(path, { x: waves(32, 32) }))['out']!.data));
  });

  it('has its places in front of its channels or behind them, and only what keeps them has any', () => {
    const graph = foreign((b) => {
      const map = layer(b, 'x', 3, 8);
      const last = b.op('Transpose', [map], { perm: ints([0, 2, 3, 1]) }, 'last');
      const dense = b.op('MatMul', [last, weight(b, [8, 8])], {}, 'dense');
      const first = b.op('Transpose', [dense], { perm: ints([0, 3, 1, 2]) }, 'first');
      const gate = b.op('Sigmoid', [b.op('GlobalAveragePool', [map])], {}, 'gate');
      b.op('Mul', [first, gate], {}, 'gated');
      b.op('Add', [first, last], {}, 'mixed');
      b.op('Transpose', [map], { perm: ints([0, 1, 3, 2]) }, 'sideways');
      return b.op('Reshape', [map, b.int64s([1, 2, 4, -1])], {}, 'cut');
    });
    const layouts = layoutsOf(graph);
    const of = (v: string): string | undefined => layouts.get(v);
    expect(['last', 'dense', 'first', 'gate', 'gated', 'mixed', 'sideways', 'cut'].map(of)).toEqual([
      'NHWC',
      'NHWC',
      'NCHW',
      undefined,
      'NCHW',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('tokens', () => {
  it('are neither keys and values of a pooling by attention, nor sums of sizes', async () => {
    const build =
      (all: boolean) =>
      (b: GraphBuilder): string[] => {
        const patches = b.op('Conv', ['x', weight(b, [8, 3, 8, 8])], {
          strides: ints([8, 8]),
          kernel_shape: ints([8, 8]),
        });
        const shape = b.op('Add', [b.op('Shape', [patches]), b.int64s([0])]);
        const list = b.op('Concat', [b.slice(shape, [0], [2], [0]), b.int64s([-1])], { axis: int(0) });
        const tokens = b.op('Transpose', [b.op('Reshape', [patches, list])], { perm: ints([0, 2, 1]) });
        const scale = [weight(b, [8], 6), weight(b, [8], 7)];
        const normal = b.op('LayerNormalization', [tokens, ...scale], { axis: int(-1) }, 'normal');
        const keys = b.op('Add', [b.op('MatMul', [normal, weight(b, [8, 12], 3)]), weight(b, [12], 4)]);
        const share = b.op('Softmax', [b.op('MatMul', [keys, weight(b, [12, 1], 5)])], { axis: int(1) });
        const out = b.op('ReduceSum', [b.op('Mul', [keys, share]), b.int64s([1])], { keepdims: int(0) });
        return all ? [out, normal] : [out];
      };
    const path = file(foreign(build(false), { dims: FIXED }));
    const whole = file(foreign(build(true), { dims: FIXED }));
    const { data } = (await onRuntime(whole, { x: waves(32, 32) }))['normal']!;
    const gem = Array.from({ length: 8 }, (_, c) => {
      const values = Array.from({ length: 16 }, (_, t) => Math.max(data[8 * t + c]!, 1e-6) ** 3);
      return (values.reduce((s, v) => s + v, 0) / 16) ** (1 / 3);
    });
    expect((await prepareNetwork(path, { tokens: 'patches' })).spec.dim).toBe(8);
    close(await described(path, { tokens: 'patches' }), unit(gem));
  });
});
