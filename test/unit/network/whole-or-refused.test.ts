import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onImage } from '../../../src/main/engine/network/image-input.ts';
import { prepareNetwork, type BackboneOptions } from '../../../src/main/engine/network/networks.ts';
import { int, ints, type Dim, type Graph, type GraphBuilder } from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { ARCHITECTURES } from '../../support/architectures.ts';
import { attention, foreign, layer, onRuntime, unit, waves, weight, write } from '../../support/foreign-networks.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'covis-whole-'))));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
let count = 0;
const file = (graph: Graph): string => write(join(folder, `n${count++}.onnx`), graph);
const refusal = (path: string, options: BackboneOptions = {}): Promise<Error & { hint?: string; code?: string }> =>
  prepareNetwork(path, options).then(
    () => expect.unreachable('was taken'),
    (e: unknown) => e as Error,
  );

/** Descriptor of waves by Covis. */
async function described(path: string, options: BackboneOptions = {}, [h, w] = [32, 32]): Promise<number[]> {
  const { graph } = await prepareNetwork(path, options);
  const runner = await Runner.create(graph);
  const out = (await runner.run({ image: waves(h!, w!) }))['descriptor']!;
  await runner.release();
  return [...out];
}
async function expectOwn(path: string, output: string, options: BackboneOptions = {}): Promise<void> {
  const whole = unit((await onRuntime(path, { x: waves(32, 32) }))[output]!.data);
  (await described(path, options)).forEach((v, i) => expect(v).toBeCloseTo(whole[i]!, 5));
}
const mean = (b: GraphBuilder, x: string, axes: number[]): string =>
  b.op('ReduceMean', [x], { axes: ints(axes), keepdims: int(0) });
const fixed: readonly Dim[] = [1, 3, 32, 32];

describe('a network with more than a classifier behind its last map', () => {
  it('gives its own output: attention', async () => {
    const path = file(foreign((b) => mean(b, attention(b, 'x'), [1]), { dims: fixed }));
    await expectOwn(path, 'f/ReduceMean_21');
    const { spec } = await prepareNetwork(path);
    expect(spec).toMatchObject({
      dim: 8,
      taken: { kind: 'vector', dropped: [], droppedWeights: 0 },
      input: { height: 32, width: 32, fit: 'pad' },
    });
    expect(spec.pooling).toBeUndefined();
    expect(spec.taken!.why).toMatch(/behind the map .* lies more than a classifier: .*LayerNormalization/);
    expect(spec.operators).toContain('Softmax');
  });

  it('gives its own output: a generalised mean with a layer and norms, from operator set 18 on, too', async () => {
    const net = (b: GraphBuilder): string => {
      const map = b.op('Clip', [layer(b, layer(b, 'x', 3, 6), 6, 8), b.scalar(1e-6)]);
      const root = b.op('Pow', [mean(b, b.op('Pow', [map, b.scalar(3)]), [2, 3]), b.scalar(1 / 3)]);
      const norm = (v: string): string => b.op('Div', [v, b.op('ReduceL2', [v], { axes: ints([1]) })]);
      return norm(b.op('Gemm', [norm(root), weight(b, [8, 5])]));
    };
    for (const opset of [13, 18, 21]) {
      const graph = foreign(net, { opset });
      const path = file(graph);
      await expectOwn(path, graph.outputs[0]!.name);
      const { spec } = await prepareNetwork(path);
      expect(spec).toMatchObject({ dim: 5, taken: { kind: 'vector' } });
      expect(spec.input).toBeUndefined();
      // The map before it was raised, where a person wants that.
      const map = await prepareNetwork(path, { output: 'map' });
      expect(map.spec).toMatchObject({ dim: 8, pooling: 'gem', features: 'f/Relu_5' });
      expect(map.spec.taken!.dropped).toContain('Gemm');
      expect(map.spec.taken!.droppedWeights).toBeGreaterThanOrEqual(40);
    }
  });

  it('pools its own output where that is a map', async () => {
    const path = file(
      foreign((b) => b.reshape(b.op('Transpose', [attention(b, 'x')], { perm: ints([0, 2, 1]) }), [0, 8, 4, 4]), {
        dims: fixed,
      }),
    );
    const { spec } = await prepareNetwork(path, { pooling: 'mac' });
    expect(spec).toMatchObject({ dim: 8, pooling: 'mac', taken: { kind: 'map' } });
    const [map] = Object.values(await onRuntime(path, { x: waves(32, 32) }));
    const most = Array.from({ length: 8 }, (_, c) => Math.max(...map!.data.subarray(16 * c, 16 * (c + 1))));
    const expected = unit(most);
    (await described(path, { pooling: 'mac' })).forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 5));
  });

  it('is not cut where it begins, though a person asks for a map', async () => {
    const path = file(foreign((b) => mean(b, attention(b, 'x'), [1]), { dims: fixed }));
    expect((await refusal(path, { output: 'map' })).message).toMatch(/comes of 1 of its \d+ nodes/);
  });
});

describe('what is not plain', () => {
  it('tokens are refused with the choices', async () => {
    const path = file(foreign((b) => attention(b, 'x'), { dims: fixed }));
    const e = await refusal(path);
    expect(e).toMatchObject({ code: 'INPUT_UNSUPPORTED', file: path });
    expect(e.message).toMatch(/list of tokens \[1, 16, 8\]/);
  });

  it('classes are refused until a person says so, and what goes into them is offered', async () => {
    const graph = foreign(
      (b) => {
        const token = mean(b, attention(b, 'x'), [1]);
        return b.op('Softmax', [b.op('Gemm', [token, weight(b, [8, 10])])], { axis: int(-1) });
      },
      { dims: fixed },
    );
    const path = file(graph);
    const e = await refusal(path);
    expect(e.message).toMatch(/ends in Softmax.* for a person to say/);
    const [, before] = /--output (\S+) takes what goes into the classifier/.exec(e.hint!)!;
    expect(before).toBe('f/ReduceMean_21');
    expect((await prepareNetwork(path, { output: before })).spec.dim).toBe(8);
    await expectOwn(path, graph.outputs[0]!.name, { output: 'own' });
  });

  it('several outputs are refused by name, and one of them is taken when it is named', async () => {
    const path = file(
      foreign((b) => {
        const map = layer(b, 'x', 3, 6);
        return [b.op('ReduceL2', [map], { axes: ints([2, 3]), keepdims: int(0) }), b.op('Sigmoid', [map])];
      }),
    );
    const e = await refusal(path);
    expect(e.message).toMatch(/several outputs.*f\/ReduceL2_3.*f\/Sigmoid_4/);
    await expectOwn(path, 'f/ReduceL2_3', { output: 'f/ReduceL2_3' });
  });

  it('another input is refused by name, unless what is taken does not need it', async () => {
    const graph = foreign((b) => {
      const v = b.op('ReduceL2', [layer(b, 'x', 3, 6)], { axes: ints([2, 3]), keepdims: int(0) });
      return [v, b.op('MatMul', [v, 'text'])];
    });
    graph.inputs.push({ name: 'text', type: 'float', dims: [6, 2] });
    const path = file(graph);
    expect((await refusal(path, { output: 'f/MatMul_4' })).message).toMatch(/more than an image: x \[.*text \[6, 2\]/);
    expect((await prepareNetwork(path, { output: 'f/ReduceL2_3' })).spec.dim).toBe(6);
  });

  it('a vector whose length is the photo’s is refused', async () => {
    const path = file(foreign((b) => b.op('Tanh', [b.op('Flatten', [layer(b, 'x', 3, 6)])])));
    expect((await refusal(path, { output: 'own' })).message).toMatch(
      /numbers for one size of image and \d+ for another/,
    );
  });

  it('an unknown name says what there is', async () => {
    const path = file(foreign((b) => layer(b, 'x', 3, 6)));
    expect(await refusal(path, { output: 'nowhere' })).toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringMatching(/f\/Relu_2/),
    });
  });
});

describe('the families of MobileNetV2 and EfficientNet', () => {
  it.each(['MobileNetV2', 'MobileNetV3'])(
    '%s is cut before the 1x1 head, and says what takes the map behind',
    async (name) => {
      const { graph, dim } = ARCHITECTURES[name]!();
      const path = file(graph);
      const { spec } = await prepareNetwork(path);
      expect(spec.dim).toBeLessThan(dim);
      const [, behind] = /--output (\S+) takes the one behind that/.exec(spec.taken!.why)!;
      expect((await prepareNetwork(path, { output: behind })).spec.dim).toBe(dim);
    },
  );
  it.each(['ResNet50', 'MobileNetV1', 'VGG16', 'AlexNet', 'SqueezeNet'])('%s has no such head', async (name) => {
    const { graph, dim } = ARCHITECTURES[name]!();
    const { spec } = await prepareNetwork(file(graph));
    expect(spec.dim).toBe(dim);
    expect(spec.taken!.why).toMatch(/last feature map; behind it stands a plain classifier/);
  });
});

describe('the image of a network', () => {
  it('with channels last is turned, and values that bear the names of Covis get others', async () => {
    const graph = foreign(
      (b) => {
        const image = b.op('Transpose', ['x'], { perm: ints([0, 3, 1, 2]) }, 'image');
        return b.op('ReduceL2', [layer(b, image, 3, 6)], { axes: ints([2, 3]), keepdims: int(0) }, 'descriptor');
      },
      { dims: ['N', 'H', 'W', 3] },
    );
    const path = file(graph);
    const { data } = waves(32, 32);
    const last = Float32Array.from(data, (_, i) => data[(i % 3) * 1024 + Math.floor(i / 3)]!);
    const whole = unit((await onRuntime(path, { x: { dims: [1, 32, 32, 3], data: last } }))['descriptor']!.data);
    (await described(path)).forEach((v, i) => expect(v).toBeCloseTo(whole[i]!, 5));
  });

  it('of sides that are multiples is told from one of any size and from one of one size', async () => {
    const parts = (b: GraphBuilder, n: number): string => b.op('SpaceToDepth', ['x'], { blocksize: int(n) });
    const eights = file(foreign((b) => b.op('Relu', [b.op('Conv', [parts(b, 8), weight(b, [4, 192, 1, 1])])])));
    expect((await prepareNetwork(eights)).spec.input).toEqual({ multiple: 8 });
    const any = file(foreign((b) => layer(b, 'x', 3, 4), { dims: [1, 3, 32, 32] }));
    expect((await prepareNetwork(any)).spec.input).toBeUndefined();
    const one = file(foreign((b) => b.op('Add', [layer(b, 'x', 3, 4), weight(b, [1, 4, 112, 112])])));
    expect((await prepareNetwork(one)).spec.input).toEqual({ height: 224, width: 224, fit: 'pad' });
    const single = file(foreign((b) => mean(b, b.reshape(layer(b, 'x', 3, 4), [1, 4, 256]), [2]), { dims: fixed }));
    expect((await prepareNetwork(single, { output: 'own' })).spec.input).toEqual({
      height: 32,
      width: 32,
      fit: 'pad',
      alone: true,
    });
  });
});

describe('a network that takes no small image', () => {
  it('is asked with a larger one, as Inception is', async () => {
    const build = (b: GraphBuilder): string[] => {
      let map = 'x';
      for (const [from, to] of [3, 6, 6, 6, 6, 8, 8].map((c, i, all) => [c, all[i + 1]] as const))
        if (to !== undefined)
          map = b.op('Relu', [b.op('Conv', [map, weight(b, [to, from, 3, 3])], { strides: ints([2, 2]) })]);
      return [b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [map])]), weight(b, [8, 5])])];
    };
    const { spec } = await prepareNetwork(file(foreign(build)));
    expect(spec).toMatchObject({ dim: 8, taken: { kind: 'map' } });
    expect(spec.input).toBeUndefined();
    // No size that is tried is large enough for two layers more.
    const deeper = foreign((b) => {
      const [classes] = build(b);
      const map = b.graph.nodes.findLast((n) => n.op === 'Relu')!.outputs[0]!;
      const small = [0, 1, 2].reduce((x) => b.op('Conv', [x, weight(b, [8, 8, 3, 3])], { strides: ints([2, 2]) }), map);
      return b.op('Add', [
        classes!,
        b.op('Gemm', [b.op('Flatten', [b.op('GlobalMaxPool', [small])]), weight(b, [8, 5])]),
      ]);
    });
    expect(await refusal(file(deeper))).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
  });
});

describe('the image that a network says it takes', () => {
  const of = (dims: readonly Dim[]): Graph => ({
    name: 'any',
    inputs: [{ name: 'x', type: 'float', dims: [...dims] }],
    outputs: [{ name: 'y', type: 'float', dims: [] }],
    nodes: [{ op: 'Relu', name: 'r', inputs: ['x'], outputs: ['y'], attributes: {} }],
    initializers: new Map(),
    metadata: new Map(),
  });

  it.each([
    [[1, 16, 8, 8], true],
    [[1, 17, 8, 8], false],
    [[1, 0, 8, 8], false],
    [[1, 1e9, 'h', 'w'], false],
    [[1, 3, 8192, 1], true],
    [[1, 3, 8193, 1], false],
    [[1, 3, 8, 8193], false],
    [[1, 3, 0, 8], false],
    [['n', 3, 'h', 'w'], true],
    // Channels last.
    [[1, 8192, 8192, 3], true],
    [[1, 8193, 8, 3], false],
  ] as const)('of shape %j is one that there could be: %s', (dims, could) => {
    const asked = (): unknown => onImage(of(dims), ['y']);
    if (could) expect(asked).not.toThrow();
    else expect(asked).toThrow(expect.objectContaining({ code: 'INPUT_UNSUPPORTED' }));
  });
});
