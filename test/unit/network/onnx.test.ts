import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { toInput, type Pixels } from '../../../src/main/engine/library/pixels.ts';
import { importNetwork, loadNetwork, readNetworkFile } from '../../../src/main/engine/network/networks.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import {
  float,
  floatTensor,
  GraphBuilder,
  int,
  ints,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { gem, l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const EMBEDDED = join(ROOT, 'resources', 'networks', 'mobilenet-v1-025-gem.onnx');

function wave(n: number, step = 0.37): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => Math.sin(i * step) * 0.8 + 0.1);
}

function empty(): { graph: Graph; b: GraphBuilder } {
  const graph: Graph = {
    name: 'test',
    inputs: [{ name: 'x', type: 'float', dims: ['N', 3, 'H', 'W'] }],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  return { graph, b: new GraphBuilder(graph, 't') };
}

async function run(graph: Graph, name: string, h: number, w: number): Promise<Float32Array> {
  const runner = await Runner.create(graph);
  const out = Object.values(await runner.run({ [name]: { dims: [1, 3, h, w], data: wave(3 * h * w, 0.013) } }))[0]!;
  await runner.release();
  return out;
}

describe('ONNX files', () => {
  it('come back as they were written, bit for bit', () => {
    const { graph } = parseOnnx(readFileSync(EMBEDDED), EMBEDDED);
    const again = parseOnnx(encodeOnnx(graph), 'again').graph;
    expect(again.nodes).toEqual(graph.nodes);
    expect([...again.initializers]).toEqual([...graph.initializers]);
    expect(Buffer.from(encodeOnnx(again)).equals(Buffer.from(encodeOnnx(graph)))).toBe(true);
  });

  it('are refused when they are none, naming the file', () => {
    expect(() => parseOnnx(Buffer.from('hello'), 'x.onnx')).toThrow();
    const bytes = readFileSync(EMBEDDED);
    expect(() => parseOnnx(bytes.subarray(0, 5000), 'x.onnx')).toThrow();
  });

  it('carry what the network is', () => {
    const { spec, graph } = readNetworkFile(EMBEDDED);
    expect(spec).toMatchObject({ dim: 256, licence: 'Apache-2.0' });
    expect(graph.outputs[0]).toMatchObject({ name: 'descriptor', dims: ['N', 256] });
  });
});

describe('normalisation keeps what a graph computes', () => {
  it('folds BatchNorm into the convolution before it, and writes SAME padding out, for odd and even sizes', async () => {
    for (const [h, w] of [
      [16, 16],
      [17, 16],
      [19, 23],
    ] as const) {
      const { graph, b } = empty();
      const weight = b.constant(floatTensor([4, 3, 3, 3], wave(108)));
      const conv = b.op('Conv', ['x', weight], {
        kernel_shape: ints([3, 3]),
        strides: ints([2, 2]),
        auto_pad: { kind: 'string', value: 'SAME_UPPER' },
      });
      const stats = [wave(4, 1.1), wave(4, 0.9), wave(4, 0.5), wave(4, 0.7).map((v) => Math.abs(v) + 0.5)].map((v) =>
        b.constant(floatTensor([4], v)),
      );
      const bn = b.op('BatchNormalization', [conv, ...stats], { epsilon: float(1e-5) });
      const pool = b.op('MaxPool', [bn], {
        kernel_shape: ints([3, 3]),
        strides: ints([2, 2]),
        auto_pad: { kind: 'string', value: 'SAME_LOWER' },
      });
      graph.outputs.push({ name: pool, type: 'float', dims: [] });
      const flat = normalise({ graph, opset: 17 }, 'test');
      expect(flat.nodes.some((n) => n.op === 'BatchNormalization' || n.attributes['auto_pad'] !== undefined)).toBe(
        false,
      );
      const [before, after] = [await run(graph, 'x', h, w), await run(flat, 'x', h, w)];
      expect(after.length).toBe(before.length);
      after.forEach((v, i) => expect(v).toBeCloseTo(before[i]!, 4));
    }
  });
});

describe('the head', () => {
  /** conv - relu - maxpool - flatten - gemm, as classifiers end. */
  function classifier(): Graph {
    const { graph, b } = empty();
    const conv = b.op('Conv', ['x', b.constant(floatTensor([5, 3, 3, 3], wave(135)))], {
      kernel_shape: ints([3, 3]),
      pads: ints([1, 1, 1, 1]),
    });
    const relu = b.op('Relu', [conv], {}, 'features');
    const pooled = b.op('MaxPool', [relu], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
    const flat = b.op('Flatten', [pooled], { axis: int(1) });
    graph.outputs.push({
      name: b.op('Gemm', [flat, b.constant(floatTensor([5 * 16, 7], wave(560)))]),
      type: 'float',
      dims: [],
    });
    return graph;
  }

  it('finds the last feature map, without the pooling after it', () => {
    expect(lastFeatureMap(normalise({ graph: classifier(), opset: 17 }, 'test'))).toBe('features');
  });

  it('pools with GeM and normalises as the formula says', async () => {
    const backbone = normalise({ graph: classifier(), opset: 17 }, 'test');
    const { graph, dim } = addHead(backbone, 'features', { p: 2.5 });
    expect(dim).toBe(5);
    const map = await run({ ...backbone, outputs: [{ name: 'features', type: 'float', dims: [] }] }, 'x', 8, 8);
    const expected = l2Normalise(
      Float32Array.from({ length: 5 }, (_, k) => gem(map.subarray(64 * k, 64 * (k + 1)), 2.5)),
    );
    const got = await run(graph, 'image', 8, 8);
    got.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 5));
  });

  it('says when a named node is not there', () => {
    expect(() => addHead(normalise({ graph: classifier(), opset: 17 }, 'test'), 'nowhere')).toThrow(
      /no node or value named nowhere/,
    );
  });
});

describe('backbones that PyTorch exported', () => {
  const image = {
    dims: [1, 3, 45, 38],
    data: Float32Array.from({ length: 3 * 45 * 38 }, (_, i) => Math.sin(i * 0.013)),
  };

  it.each(['resnet', 'mobilenet'])(
    '%s: cut by itself, gives the descriptor that PyTorch gives, and trains',
    async (name) => {
      const library = Library.create(join(folder, name));
      const file = join(ROOT, 'test', 'fixtures', `${name}.onnx`);
      // PyTorch's descriptor of the MobileNetV2 is of the map behind its 1x1 head; by itself it is cut before that.
      const behind = lastFeatureMap(normalise(parseOnnx(readFileSync(file), file), file));
      const row = await importNetwork(library, file, name === 'mobilenet' ? { output: behind } : {});
      const { graph } = loadNetwork(library, row);
      library.close();
      expect(graph.nodes.some((n) => n.op === 'BatchNormalization' || n.op === 'Gemm')).toBe(false);
      const expected = readFileSync(join(ROOT, 'test', 'fixtures', `${name}.txt`), 'utf8')
        .trim()
        .split('\n')
        .map(Number);
      const runner = await Runner.create(graph);
      const got = (await runner.run({ image }))['descriptor']!;
      await runner.release();
      expect(got.length).toBe(expected.length);
      got.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 4));
      const trainer = await OrtExecutor.create(graph);
      const photo = (seed: number): Pixels => ({
        width: 38,
        height: 45,
        data: Uint8Array.from({ length: 3 * 45 * 38 }, (_, i) => (i * seed) % 251),
      });
      const step = await trainer.accumulate(
        [3, 5, 7].map((s) => toInput(photo(s), row.spec.preprocess)),
        {
          kind: 'contrastive',
          margin: 0.7,
          weight: 1,
        },
      );
      await trainer.release();
      expect(Number.isFinite(step.loss)).toBe(true);
      expect(trainer.gradients.arrays.every((g) => g.every(Number.isFinite))).toBe(true);
      expect(trainer.gradients.arrays.filter((g) => g.some((v) => v !== 0)).length).toBeGreaterThan(
        trainer.gradients.arrays.length / 2,
      );
    },
  );

  it('is cut where a person says', async () => {
    const library = Library.create(join(folder, 'cut'));
    const file = join(ROOT, 'test', 'fixtures', 'resnet.onnx');
    const inner = normalise(parseOnnx(readFileSync(file), file), file).nodes.find((n) => n.op === 'MaxPool')!.name;
    expect((await importNetwork(library, file, { cut: inner })).spec.dim).toBe(8);
    library.close();
  });
});
