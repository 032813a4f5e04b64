import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import { listImages } from '../../../src/main/engine/library/photos.ts';
import { decode, toInput } from '../../../src/main/engine/library/pixels.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import type { Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import type { Executor } from '../../../src/main/engine/training/executor.ts';
import { tupleLoss, type LossOptions } from '../../../src/main/engine/training/losses.ts';
import { PREPARED_AFTER } from '../../../src/main/engine/network/tf/prepared-after.ts';
import { loadTensorFlow, type TfBackend } from '../../../src/main/engine/network/tf/tf-runtime.ts';
import { TfExecutor } from '../../../src/main/engine/training/tf/tf-executor.ts';
import { ARCHITECTURES } from '../../support/architectures.ts';
import { ROOT } from '../../support/programs.ts';

/** Relative difference that two back ends may have (single precision, other orders of summation). */
const AGREEMENT = 1e-3;

function tuple(sizes: readonly [number, number][], seed = 1): NetworkInput[] {
  const r = random(seed);
  return sizes.map(([h, w]) => ({
    dims: [1, 3, h, w],
    data: Float32Array.from({ length: 3 * h * w }, () => 2 * r.next() - 1),
  }));
}

async function step(
  executor: Executor,
  inputs: readonly NetworkInput[],
  options: LossOptions,
): Promise<{ loss: number; gradients: Float32Array[] }> {
  executor.gradients.clear();
  const { loss } = await executor.accumulate(inputs, options);
  return { loss, gradients: (await executor.gradients.read()).map((g) => g.slice()) };
}

const length = (v: Float32Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0));

/** Largest difference of a parameter's gradient, relative to the largest gradient of all where its own is next to nothing. */
function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const scale = Math.max(...a.map(length));
  return Math.max(...a.map((g, i) => length(g.map((v, k) => v - b[i]![k]!)) / Math.max(length(g), 1e-3 * scale)));
}

async function agree(
  network: Graph,
  other: Executor,
  inputs: readonly NetworkInput[],
  options: LossOptions,
): Promise<void> {
  const cpu = await openExecutor(network, 'cpu');
  try {
    const a = await step(cpu, inputs, options);
    const b = await step(other, inputs, options);
    expect(a.loss).toBeGreaterThan(0);
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(AGREEMENT * a.loss);
    expect(difference(a.gradients, b.gradients)).toBeLessThan(AGREEMENT);
    const [da] = await cpu.describe(inputs);
    const [db] = await other.describe(inputs);
    expect(length(da!.map((v, k) => v - db![k]!))).toBeLessThan(AGREEMENT);
  } finally {
    await cpu.release();
  }
}

/** The network as it comes out of a file. */
function imported(name: string): { graph: Graph; dim: number } {
  const { graph } = ARCHITECTURES[name]!();
  const read = normalise(parseOnnx(encodeOnnx(graph), name), name);
  return addHead(read, lastFeatureMap(read));
}

const CONTRASTIVE: LossOptions = { kind: 'contrastive', margin: 1.2, weight: 1 };
const SMALL = tuple([
  [17, 17],
  [17, 17],
  [17, 17],
]);
const TRIPLET: LossOptions = { kind: 'triplet', margin: 1, weight: 0.7 };

/** The real TensorFlow in words, where it is installed; undefined elsewhere. */
const tensorFlow = await loadTensorFlow('tensorflow').then(
  (t) => t.device,
  (error: unknown) => {
    // Where it was installed for the tests, it has to be there.
    if (process.env['COVIS_REQUIRE_TENSORFLOW'] === '1') throw error;
    return undefined;
  },
);
/** What each says that it runs on. */
const DEVICES: Readonly<Record<TfBackend, RegExp>> = {
  'tfjs-cpu': /^TensorFlow\.js, plain JavaScript$/,
  tensorflow: /^TensorFlow \d/,
  'tfjs-webgpu': /^TensorFlow\.js, WebGPU/,
};
/** What is compared with ONNX Runtime on the processor. */
const OTHERS: readonly TfBackend[] = tensorFlow === undefined ? ['tfjs-cpu'] : ['tfjs-cpu', 'tensorflow'];
const both = <T>(cases: readonly T[]): [TfBackend, T][] =>
  OTHERS.flatMap((b) => cases.map((c): [TfBackend, T] => [b, c]));

describe.each(both(Object.keys(ARCHITECTURES)))('on %s, %s', (backend, name) => {
  it(
    'imports, is cut at its last feature map, and both executors agree on loss and gradients',
    { timeout: 120_000 },
    async () => {
      const { graph, dim } = imported(name);
      expect(dim).toBe(ARCHITECTURES[name]!().dim);
      const deep = name.startsWith('ResNet1') && name !== 'ResNet18';
      const side = deep ? 33 : 64;
      const inputs = tuple([
        [side, side + 8],
        [side, side],
        [side, side + 8],
        [side, side],
      ]);
      const tf = await openExecutor(graph, backend);
      try {
        expect(tf.device).toMatch(DEVICES[backend]);
        await agree(graph, tf, deep ? inputs.slice(0, 3) : inputs, CONTRASTIVE);
      } finally {
        await tf.release();
      }
    },
  );
});

describe.each(Object.keys(ARCHITECTURES))('photos of a shape that comes again, through %s', (name) => {
  it.skipIf(tensorFlow === undefined)(
    'are computed with one call by tensorflow, and loss, gradients and descriptors are those of cpu',
    { timeout: 120_000 },
    async () => {
      const { graph } = imported(name);
      const deep = name.startsWith('ResNet1') && name !== 'ResNet18';
      const side = deep ? 33 : 64;
      const inputs = tuple([
        [side, side + 8],
        [side, side],
        [side, side + 8],
      ]);
      const tf = await TfExecutor.create(graph, 'tensorflow');
      try {
        for (let k = 0; k <= PREPARED_AFTER; k += 1) {
          await tf.accumulate(inputs, CONTRASTIVE);
          await tf.describe(inputs.slice(1, 2));
        }
        // Two photos of one shape and one of another, and one to be described.
        expect(tf.prepared).toBe(3);
        const before = tf.tensors;
        await agree(graph, tf, inputs, CONTRASTIVE);
        expect(tf.tensors).toBe(before);
      } finally {
        await tf.release();
      }
    },
  );
});

describe('executors', () => {
  const { graph, spec } = embeddedNetwork('photos');
  // Noise is described nearly the same whatever the noise, so that differences of descriptors would be rounding; photos are not.
  const inputs: NetworkInput[] = [];
  beforeAll(async () => {
    const photos = listImages(join(ROOT, 'resources/sample'));
    const r = random(3);
    for (const k of [0, 30, 60, 90]) {
      const input = toInput(await decode(join(ROOT, 'resources/sample', photos[k]!), 72), spec.preprocess);
      // Large areas of one colour may lie at the kink of a rectifier, on either side of it after rounding.
      inputs.push({ ...input, data: input.data.map((v) => v + 0.05 * (r.next() - 0.5)) });
    }
  });

  it.each(both(['mac', 'spoc', 'gem', 'gemmp', 'rmac', 'rgem'] as const))(
    'of %s agree on %s with the triplet loss',
    async (backend, pooling) => {
      const cut = embeddedNetwork('photos');
      const headed = addHead(cut.graph, cut.spec.features, { pooling }).graph;
      const tf = await openExecutor(headed, backend);
      try {
        await agree(headed, tf, inputs, TRIPLET);
      } finally {
        await tf.release();
      }
    },
    60_000,
  );

  it.each(
    both([
      CONTRASTIVE,
      TRIPLET,
      { kind: 'batch-hard', margin: 0.6, weight: 0.7 },
      { kind: 'multi-similarity', margin: 0.5, weight: 0.7 },
    ] as const),
  )(
    'give the same for a tuple as one graph as image by image and as %s does',
    async (backend, options) => {
      const [q, p, n] = inputs.map((x) => ({
        ...x,
        dims: inputs[0]!.dims,
        data: x.data.subarray(0, inputs[0]!.data.length),
      }));
      const same = [q!, p!, n!, inputs[0]!].filter((x) => x.data.length === inputs[0]!.data.length);
      expect(same.length).toBeGreaterThan(2);
      const executor = await openExecutor(graph, 'cpu');
      const whole = await step(executor, same, options);
      const rows = await executor.describe(same);
      const apart = tupleLoss(rows[0]!, rows[1]!, rows.slice(2), options);
      expect(whole.loss).toBeCloseTo(apart.loss, 5);
      const tf = await openExecutor(graph, backend);
      const other = await step(tf, same, options);
      expect(difference(whole.gradients, other.gradients)).toBeLessThan(AGREEMENT);
      await Promise.all([executor.release(), tf.release()]);
    },
    60_000,
  );

  it.each(OTHERS)('agree after a step of the optimiser: %s', { timeout: 60_000 }, async (backend) => {
    const [a, b] = [await openExecutor(graph, 'cpu'), await openExecutor(graph, backend)];
    for (const e of [a, b]) {
      const descent = await e.optimiser({ optimiser: 'adam', dampening: 0 });
      await step(e, inputs, CONTRASTIVE);
      await descent.step({ learningRate: 1e-3, weightDecay: 1e-4 });
    }
    const [x, y] = [await step(a, inputs, CONTRASTIVE), await step(b, inputs, CONTRASTIVE)];
    // Adam divides by gradients, so that those next to nothing are not the same any more.
    expect(Math.abs(x.loss - y.loss)).toBeLessThan(5e-3 * x.loss);
    await Promise.all([a.release(), b.release()]);
  });

  it.each(OTHERS)('keep no tensor over 200 steps: %s', { timeout: 120_000 }, async (backend) => {
    const tf = await TfExecutor.create(imported('MobileNetV2').graph, backend);
    await step(tf, SMALL, CONTRASTIVE);
    await tf.updated();
    const before = tf.tensors;
    for (let i = 0; i < 200; i += 1) {
      await tf.accumulate(SMALL, CONTRASTIVE);
      await tf.updated();
    }
    expect(tf.tensors).toBe(before);
    await tf.release();
  });

  it('keep no memory over 200 steps: cpu', { timeout: 120_000 }, async () => {
    const ort = await openExecutor(imported('MobileNetV2').graph, 'cpu');
    for (let i = 0; i < 50; i += 1) await ort.accumulate(SMALL, CONTRASTIVE);
    globalThis.gc?.();
    const resident = process.memoryUsage.rss();
    for (let i = 0; i < 200; i += 1) await ort.accumulate(SMALL, CONTRASTIVE);
    globalThis.gc?.();
    expect(process.memoryUsage.rss() - resident).toBeLessThan(64 << 20);
    await ort.release();
  });

  it('name the operator that neither can differentiate', async () => {
    const { graph: unknown } = imported('VGG16');
    unknown.nodes.forEach((n, i) => {
      if (n.op === 'Relu' && i < 4) unknown.nodes[i] = { ...n, op: 'Selu' };
    });
    await expect(openExecutor(unknown, 'cpu')).rejects.toThrow(/Selu of node/);
    const tf = await openExecutor(unknown, 'tfjs-cpu');
    await expect(tf.describe(tuple([[64, 64]]))).rejects.toThrow(/Selu of node/);
    await tf.release();
  });

  it('say what is missing on machines that lack a back end', async () => {
    if (process.platform !== 'win32')
      await expect(openExecutor(graph, 'directml')).rejects.toThrow(/has no directml on this platform/);
    if (tensorFlow === undefined)
      await expect(openExecutor(graph, 'tensorflow')).rejects.toThrow(/TensorFlow is not there/);
    const auto = await openExecutor(graph, 'auto');
    expect(auto.device).not.toBe('');
    await auto.release();
  });
});

const adapter = await webGpuAdapter();
describe.skipIf(adapter === undefined)(`on WebGPU (${adapter?.description ?? 'no adapter on this machine'})`, () => {
  it.each([
    ['webgpu', 'MobileNetV2'],
    ['webgpu', 'ResNet18'],
    ['webgpu', 'SqueezeNet'],
    ['webgpu', 'AlexNet'],
    ['tfjs-webgpu', 'MobileNetV2'],
    ['tfjs-webgpu', 'ResNet18'],
  ] as const)('%s gives the loss and gradients of the CPU for %s', { timeout: 300_000 }, async (backend, name) => {
    const { graph } = imported(name);
    const inputs = tuple([
      [65, 73],
      [73, 65],
      [65, 73],
    ]);
    const executor = await openExecutor(graph, backend);
    try {
      expect(executor.device).toContain('WebGPU');
      await agree(graph, executor, inputs, CONTRASTIVE);
    } finally {
      await executor.release();
    }
  });
});
