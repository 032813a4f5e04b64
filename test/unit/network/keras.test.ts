import { describe, expect, it } from 'vitest';
import { readKeras, shardsOf } from '../../../src/main/engine/network/keras.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { kerasNetwork } from '../../support/keras-network.ts';

const { json, shards, evaluate } = kerasNetwork();
const FILE = 'model.json';
const changed = (from: string, to: string): string => json.replaceAll(from, to);

describe('a Keras network of TensorFlow.js', () => {
  it('computes up to a layer what its definition says, of photos of even and odd sides', async () => {
    const graph = readKeras(json, shards, 'out', FILE);
    expect(graph.nodes.some((n) => n.op === 'BatchNormalization')).toBe(false);
    const runner = await Runner.create(graph);
    for (const [h, w] of [
      [6, 8],
      [5, 7],
    ] as const) {
      const image = Array.from({ length: h }, (_, i) =>
        Array.from({ length: w }, (_, j) => [0, 1, 2].map((c) => Math.sin(i * 3.1 + j * 1.7 + c) * 2)),
      );
      const data = Float32Array.from([0, 1, 2].flatMap((c) => image.flatMap((row) => row.map((p) => p[c]!))));
      const got = (await runner.run({ image: { dims: [1, 3, h, w], data } }))['out']!;
      const expected = evaluate(image);
      const flat = [0, 1, 2, 3].flatMap((k) => expected.flatMap((row) => row.map((cell) => cell[k]!)));
      expect(got).toHaveLength(flat.length);
      flat.forEach((v, i) => expect(got[i]!).toBeCloseTo(v, 4));
      expect(Math.max(...flat)).toBeGreaterThan(0.5);
    }
    await runner.release();
  });

  it('names its files, and keeps only the layers before the one that is taken', () => {
    expect(shardsOf(json, FILE)).toEqual(['part1.bin', 'part2.bin']);
    const graph = readKeras(json, shards, 'conv', FILE);
    expect(graph.outputs.map((o) => o.name)).toEqual(['conv']);
    expect(graph.nodes.filter((n) => n.op === 'Conv')).toHaveLength(1);
  });

  it('is refused where a layer is not known, by its name', () => {
    for (const [text, layer, said] of [
      [json, 'behind', /Dense behind/],
      [changed('"relu"}', '"swish"}'), 'out', /activation of relu/],
      [changed('"same"', '"causal"'), 'out', /padding of depth/],
      [changed('"max_value":6', '"max_value":5'), 'out', /activation of six/],
    ] as const)
      expect(() => readKeras(text, shards, layer, FILE)).toThrow(
        expect.objectContaining({ code: 'INPUT_UNSUPPORTED', message: expect.stringMatching(said) as string }),
      );
  });

  it('is refused where it is damaged', () => {
    for (const [text, parts, said] of [
      ['{', shards, /no Keras network/],
      ['{"modelTopology":{}}', shards, /no Keras network/],
      [json, [shards[0]!], /end before/],
      [changed('bn/gamma', 'bn/other'), shards, /no weights bn\/gamma/],
      [changed('["relu",0,0,{}]', '["gone",0,0,{}]'), shards, /no layer gone/],
    ] as const)
      expect(() => readKeras(text, parts, 'out', FILE)).toThrow(
        expect.objectContaining({ code: 'INPUT_CORRUPT', message: expect.stringMatching(said) as string }),
      );
    expect(() => readKeras(changed('float32', 'uint8'), shards, 'out', FILE)).toThrow(/uint8, not float32/);
  });
});
