import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { hostMemory } from '../../../src/main/engine/network/device-memory.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import type { Graph, OnnxNode } from '../../../src/main/engine/network/onnx/graph.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { difference } from '../../../src/main/engine/training/gradient-sum.ts';
import type { LossOptions } from '../../../src/main/engine/training/losses.ts';
import { mostAtOnce, orderOfRuntime } from '../../../src/main/engine/training/memory/lifetimes.ts';
import { MemoryEstimate } from '../../../src/main/engine/training/memory/need.ts';
import { memoryInWords, planMemory } from '../../../src/main/engine/training/memory/plan.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { backwardGraph } from '../../../src/main/engine/training/training-graph.ts';
import { describeWithAdapter, ROOT } from '../../support/programs.ts';

const GIB = 2 ** 30;
const { graph } = embeddedNetwork('photos');
const SHAPE = { height: 272, width: 362 };
const LOSS: LossOptions = { kind: 'contrastive', margin: 1.2, weight: 1 };

const node = (op: string, inputs: string[], output: string): OnnxNode => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attributes: {},
});
const plain = (nodes: OnnxNode[], outputs: string[]): Graph => ({
  name: 'g',
  inputs: [{ name: 'x', type: 'float', dims: [256] }],
  outputs: outputs.map((name) => ({ name, type: 'float', dims: [256] })),
  nodes,
  initializers: new Map(),
  metadata: new Map(),
});

describe('what a graph keeps at once', () => {
  it('is counted in the order of the runtime, with values dropped after their last use and written over where nothing else needs them', () => {
    // a = |x| b = x²: two vectors of 1024 bytes; c takes the place of one.
    const two = plain(
      [node('Softplus', ['x'], 'a'), node('Softplus', ['x'], 'b'), node('Add', ['a', 'b'], 'c')],
      ['c'],
    );
    expect(mostAtOnce(two)).toBe(2048);
    // A chain of operators that write over their input needs one, others two.
    const chain = (op: string): Graph =>
      plain([node(op, ['x'], 'a'), node(op, ['a'], 'b'), node(op, ['b'], 'c')], ['c']);
    expect(mostAtOnce(chain('Relu'))).toBe(1024);
    expect(mostAtOnce(chain('Softplus'))).toBe(2048);
    // What nothing else needs and stands last comes first.
    const leaves = [node('Abs', ['x'], 'a'), node('Neg', ['x'], 'b'), node('Relu', ['a'], 'c')];
    expect(orderOfRuntime(leaves).map((n) => n.name)).toEqual(['a', 'c', 'b']);
  });

  it('is less by a third in training where gradients of weights come as soon as they can', () => {
    const inputs = graph.inputs.map((i) => ({ ...i, dims: [7, 3, SHAPE.height, SHAPE.width] }));
    const backward = backwardGraph({ ...graph, inputs }).graph;
    const used = new Set(backward.nodes.flatMap((n) => n.inputs));
    const leaf = (n: OnnxNode): boolean => !n.outputs.some((o) => used.has(o));
    const asDifferentiated = {
      ...backward,
      nodes: [...backward.nodes.filter((n) => !leaf(n)), ...backward.nodes.filter(leaf).reverse()],
    };
    expect(mostAtOnce(backward)).toBeLessThan(0.67 * mostAtOnce(asDifferentiated));
  });
});

describe.runIf(process.platform === 'linux')('what training takes', () => {
  it.each([
    ['photos', 7, 7, 362],
    ['photos', 7, 1, 362],
    ['ResNet50', 7, 7, 362],
    ['VGG16', 5, 5, 362],
  ])(
    '%s, %i photos, %i at once, of %i px: within 0.75 and 1.4 of what is measured',
    { timeout: 120_000 },
    (...told) => {
      const script = join(ROOT, 'test/support/memory-of-step.ts');
      const { stdout, stderr } = spawnSync(process.execPath, [script, ...told.map(String)], { encoding: 'utf8' });
      expect(stderr.replaceAll(/^.*Warning.*$\n?|^\(Use `node.*\n?/gm, '')).toBe('');
      const { bytes, peak } = JSON.parse(stdout) as { bytes: number; peak: number };
      expect(bytes / peak).toBeGreaterThan(0.75);
      expect(bytes / peak).toBeLessThan(1.4);
    },
  );
});

describe('a plan', () => {
  const plan = (given?: number): ReturnType<typeof planMemory> =>
    planMemory(graph, 'cpu', DEFAULT_TRAINING, SHAPE, given);

  it('keeps the tuple whole where it fits, and says what is taken', async () => {
    const all = (await plan(8 * GIB))!;
    expect(all).toMatchObject({ photos: 7, photosAtOnce: 7, budgetBytes: 8 * GIB });
    expect(memoryInWords(all)).toMatch(/^Takes about \d+ MiB of the 8\.0 GiB of memory$/);
    expect(all.bytes).toBeGreaterThan(all.weightBytes + all.activationBytes);
    expect(await planMemory(graph, 'tensorflow', DEFAULT_TRAINING, SHAPE)).toBeUndefined();
  });

  it('cuts it where it does not fit', async () => {
    const all = (await plan(8 * GIB))!;
    const cut = (await plan(all.bytes - 1))!;
    expect(cut.photosAtOnce).toBe(1);
    expect(cut.bytes).toBeLessThan(all.bytes);
    expect(memoryInWords(cut)).toMatch(/, 1 of the 7 photos of a tuple at a time$/);
    // On devices as many as fit.
    const device = (await MemoryEstimate.of(graph, 'webgpu', 'adam'))!;
    const four = device.need(7, 4, SHAPE).bytes;
    expect(device.fitting(7, 7, SHAPE, { budget: four, ofWhat: 'it' }).photosAtOnce).toBe(4);
  });

  it('leaves a quarter of a machine to all else, whose system would end the program without a word', async () => {
    const estimate = (await MemoryEstimate.of(graph, 'cpu', 'adam'))!;
    const one = estimate.need(7, 1, SHAPE).bytes;
    const of = (budget: number, spared = 0) => estimate.fitting(7, 7, SHAPE, { budget, ofWhat: 'it', spared });
    expect(of(one).photosAtOnce).toBe(1);
    expect(of(one / 0.75, 0.25).photosAtOnce).toBe(1);
    expect(() => of(1.3 * one, 0.25)).toThrow(/it has \d+ MiB, of which 25 % is left to all else$/);
    // A size that fits into the machine's own memory, and not into three quarters of it.
    const machine = hostMemory();
    const side = (share: number): { height: number; width: number } => {
      let s = 256;
      while (estimate.need(7, 1, { height: s, width: s }).bytes < share * machine) s = Math.round(1.05 * s);
      return { height: s, width: s };
    };
    await expect(planMemory(graph, 'cpu', DEFAULT_TRAINING, side(0.8))).rejects.toThrow(/this machine has/);
    expect((await planMemory(graph, 'cpu', DEFAULT_TRAINING, side(0.5)))!.budgetBytes).toBe(machine);
  });

  it('refuses what does not fit one by one, with the largest size that does', async () => {
    const small = 0.43 * GIB;
    const error = await planMemory(graph, 'cpu', DEFAULT_TRAINING, { height: 1536, width: 2048 }, small).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('2048 pixels') as string });
    const [, said] = /--size (\d+)/.exec((error as { hint: string }).hint)!;
    const taken = (side: number): ReturnType<typeof planMemory> =>
      planMemory(graph, 'cpu', DEFAULT_TRAINING, { height: Math.round(0.75 * side), width: side }, small);
    expect((await taken(Number(said)))!.bytes).toBeLessThanOrEqual(small);
    await expect(taken(Number(said) + 1)).rejects.toThrow(/even one by one/);
    await expect(plan(GIB / 64)).rejects.toMatchObject({ hint: expect.stringMatching(/smaller network/) as string });
  });
});

const adapter = await webGpuAdapter();
const cases = [['cpu', 1] as const, ['webgpu', 2] as const, ['webgpu', 1] as const];
const each = (backend: 'cpu' | 'webgpu'): void => {
  it.each(cases.filter(([b]) => b === backend))(
    '%s, %i at a time, gives the gradients of the whole',
    { timeout: 300_000 },
    async (_, atOnce) => {
      const r = random(2);
      const inputs = Array.from({ length: 5 }, (_, k): NetworkInput => ({
        dims: [1, 3, 64, 80],
        data: Float32Array.from({ length: 3 * 64 * 80 }, (_, i) => Math.sin(i * (0.01 + 0.004 * k)) + 0.3 * r.next()),
      }));
      const executor = await openExecutor(graph, backend);
      try {
        const step = async (): Promise<{ loss: number; active: number; gradients: Float32Array[] }> => {
          executor.gradients.clear();
          const { loss, active } = await executor.accumulate(inputs, LOSS);
          return { loss, active, gradients: (await executor.gradients.read()).map((g) => g.slice()) };
        };
        const whole = await step();
        executor.limit(atOnce);
        const cut = await step();
        expect(whole.loss).toBeGreaterThan(0.01);
        expect(Math.abs(cut.loss - whole.loss)).toBeLessThan(1e-6 * whole.loss);
        expect(cut.active).toBe(whole.active);
        // As one vector; that of each weight alone to what single precision leaves of sums in another order.
        const [a, b] = [whole.gradients, cut.gradients].map((g) => Float32Array.from(g.flatMap((v) => [...v])));
        expect(difference([a!], [b!])).toBeLessThan(1e-6);
        expect(difference(whole.gradients, cut.gradients)).toBeLessThan(1e-5);
      } finally {
        await executor.release();
      }
    },
  );
};
describe('a tuple that is cut', () => each('cpu'));
describeWithAdapter(adapter, 'a tuple that is cut on WebGPU', () => each('webgpu'));
