import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { ints, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import type { OptimiserChoice } from '../../../src/main/engine/training/descent.ts';
import { DeviceExecutor } from '../../../src/main/engine/training/device/device-executor.ts';
import type { Executor } from '../../../src/main/engine/training/executor.ts';
import type { LossOptions } from '../../../src/main/engine/training/losses.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';
import { ARCHITECTURES, efficientNetLite, type Architecture } from '../../support/architectures.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { attention, foreign, write } from '../../support/foreign-networks.ts';
import { placements } from '../../support/placements.ts';
import { describeWithAdapter } from '../../support/programs.ts';

const folder = temporaryFolder();
const LOSS: LossOptions = { kind: 'contrastive', margin: 1.2, weight: 1 };
/** Relative difference that two back ends may have (single precision, other orders of summation). */
const AGREEMENT = 1e-3;

const headed = (a: Architecture): Graph => {
  const read = normalise(parseOnnx(encodeOnnx(a.graph), a.graph.name), a.graph.name);
  return addHead(read, lastFeatureMap(read)).graph;
};
const transformer = async (): Promise<Graph> => {
  const mean = foreign(
    (b) => b.op('ReduceMean', [attention(b, 'x')], { axes: ints([1]), keepdims: { kind: 'int', value: 0 } }),
    {
      dims: ['N', 3, 32, 32],
    },
  );
  return (await prepareNetwork(write(join(folder, 'vit.onnx'), mean))).graph;
};
/** Side of the photos, and kernels that a tuple and a step of Adam may launch: what was reached, which does not depend on speed. */
const NETWORKS: readonly (readonly [string, number, number, () => Graph | Promise<Graph>])[] = [
  ['MobileNetV1', 33, 750, () => headed(ARCHITECTURES['MobileNetV1']!())],
  ['MobileNetV2', 33, 615, () => headed(ARCHITECTURES['MobileNetV2']!())],
  ['ResNet50', 33, 1151, () => headed(ARCHITECTURES['ResNet50']!())],
  ['VGG16', 33, 559, () => headed(ARCHITECTURES['VGG16']!())],
  ['EfficientNet-Lite', 33, 797, () => headed(efficientNetLite(1 / 4))],
  ['a vision transformer', 32, 246, transformer],
];

function tuple(sides: readonly (readonly [number, number])[]): NetworkInput[] {
  const r = random(4);
  return sides.map(([h, w]) => ({
    dims: [1, 3, h, w],
    data: Float32Array.from({ length: 3 * h * w }, () => 2 * r.next() - 1),
  }));
}
const onDevice = (graph: Graph, profile?: string): Promise<DeviceExecutor> =>
  DeviceExecutor.create(graph, {
    backend: 'webgpu',
    provider: 'webgpu',
    ...(profile === undefined ? {} : { profile }),
  });

const length = (v: Float32Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0));
/** Largest difference of an array, relative to the longest of all where its own is next to nothing. */
function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const scale = Math.max(...a.map(length));
  return Math.max(...a.map((g, i) => length(g.map((v, k) => v - b[i]![k]!)) / Math.max(length(g), 1e-3 * scale)));
}

const adapter = await webGpuAdapter();
describeWithAdapter(adapter, 'training on WebGPU', () => {
  it.each(NETWORKS)(
    '%s never leaves the device, and learns as on the processor',
    { timeout: 300_000 },
    async (name, side, most, make) => {
      const graph = await make();
      const inputs = tuple([
        [side, side],
        [side, side],
        [side, side],
      ]);
      const profile = join(folder, `profile ${name}`);
      const [cpu, gpu] = [await OrtExecutor.create(graph), await onDevice(graph, profile)];
      try {
        const [a, b] = [await cpu.accumulate(inputs, LOSS), await gpu.accumulate(inputs, LOSS)];
        expect(a.loss).toBeGreaterThan(0);
        expect(Math.abs(a.loss - b.loss)).toBeLessThan(AGREEMENT * a.loss);
        expect(b.active).toBe(a.active);
        expect(difference(await cpu.gradients.read(), await gpu.gradients.read())).toBeLessThan(AGREEMENT);
        await (
          await gpu.optimiser({ optimiser: 'adam', dampening: 0 })
        ).step({ learningRate: 1e-6, weightDecay: 1e-6 });
      } finally {
        await cpu.release();
        await gpu.release();
      }
      const { onProcessor, copies, launched, copied } = placements(profile);
      expect(onProcessor).toEqual([]);
      expect(copies).toBe(0);
      expect(launched).toBeGreaterThan(20);
      expect(launched).toBeLessThanOrEqual(most);
      // The area that a mean divides by.
      expect(copied).toBeLessThanOrEqual(4);
    },
  );

  let graph: Graph;
  const inputs = tuple([
    [33, 41],
    [41, 33],
    [33, 41],
    [33, 33],
  ]);
  beforeAll(() => {
    graph = headed(ARCHITECTURES['MobileNetV1']!());
  });

  /** Weights and moments after two steps of two tuples each, photos of several sizes. */
  async function trained(
    executor: Executor,
    choice: OptimiserChoice,
  ): Promise<{ weights: Float32Array[]; moments: Float32Array[]; steps: number }> {
    const descent = await executor.optimiser(choice);
    for (let step = 0; step < 2; step += 1) {
      for (const tuple of [inputs, inputs.slice(0, 3)]) await executor.accumulate(tuple, { ...LOSS, weight: 1 + step });
      executor.gradients.scale(0.5);
      await descent.step({ learningRate: 1e-3, weightDecay: 1e-2 });
    }
    await executor.gather();
    const { arrays, steps } = await descent.state();
    return { weights: executor.parameters.map((p) => p.data.slice()), moments: arrays.map((m) => m.slice()), steps };
  }

  it.each<OptimiserChoice>([
    { optimiser: 'sgd', dampening: 0.9 },
    { optimiser: 'adam', dampening: 0 },
  ])('$optimiser moves weights as on the processor', { timeout: 300_000 }, async (choice) => {
    const [cpu, gpu] = [await OrtExecutor.create(graph), await onDevice(graph)];
    try {
      const before = cpu.parameters.map((p) => p.data.slice());
      const [a, b] = [await trained(cpu, choice), await trained(gpu, choice)];
      expect(b.steps).toBe(2);
      // Adam divides by gradients, so that those next to nothing are not the same any more.
      const allowed = choice.optimiser === 'adam' ? 0.1 : AGREEMENT;
      const way = (after: Float32Array[]): Float32Array[] => after.map((w, i) => w.map((v, k) => v - before[i]![k]!));
      expect(difference(way(a.weights), way(b.weights))).toBeLessThan(allowed);
      expect(difference(a.moments, b.moments)).toBeLessThan(choice.optimiser === 'adam' ? 0.05 : AGREEMENT);
    } finally {
      await cpu.release();
      await gpu.release();
    }
  });

  it('what one back end has kept the other goes on from', { timeout: 300_000 }, async () => {
    const [cpu, gpu] = [await OrtExecutor.create(graph), await onDevice(graph)];
    try {
      const descent = await gpu.optimiser({ optimiser: 'adam', dampening: 0 });
      const arrays = [...gpu.parameters, ...gpu.parameters].map((p, i) =>
        p.data.map((_, k) => (i + 1) * 0.001 + k * 1e-7),
      );
      await descent.restore({ steps: 7, arrays });
      const { steps, arrays: back } = await descent.state();
      expect(steps).toBe(7);
      expect(back.map((a) => [...a])).toEqual(arrays.map((a) => [...a]));
      // Weights that were set are the device's, and the same come back.
      gpu.parameters.forEach((p, i) => p.data.set(cpu.parameters[i]!.data.map((v) => v * 1.25)));
      cpu.parameters.forEach((p) => p.data.set(p.data.map((v) => v * 1.25)));
      await gpu.updated();
      expect(difference(await cpu.describe(inputs), await gpu.describe(inputs))).toBeLessThan(AGREEMENT);
      expect((await gpu.gradients.read()).every((g) => g.every((v) => v === 0))).toBe(true);
    } finally {
      await cpu.release();
      await gpu.release();
    }
  });
});
