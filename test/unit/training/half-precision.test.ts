import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainingParameters } from '../../../src/shared/domain.ts';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { halfDifference, refuseWrongHalf } from '../../../src/main/engine/network/half-holds.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { floatTensor, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/main/engine/training/checkpoint.ts';
import type { Executor } from '../../../src/main/engine/training/executor.ts';
import type { LossOptions } from '../../../src/main/engine/training/losses.ts';
import { DOUBLED_AFTER, FIRST_SCALE, nextScale, scaleInWords } from '../../../src/main/engine/training/loss-scale.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { resume, train } from '../../../src/main/engine/training/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWithAdapter } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const { graph } = embeddedNetwork('photos');

describe('the scale of a loss', () => {
  it('is halved by gradients that are not finite, and the step is counted as left out', () => {
    expect(nextScale({ scale: 1024, good: 150, skipped: 2 }, false)).toEqual({ scale: 512, good: 0, skipped: 3 });
  });

  it('is doubled after as many good steps in a row, up to an end', () => {
    let scale = FIRST_SCALE;
    for (let k = 1; k < DOUBLED_AFTER; k += 1) scale = nextScale(scale, true);
    expect(scale).toEqual({ scale: 1024, good: DOUBLED_AFTER - 1, skipped: 0 });
    expect(nextScale(scale, true)).toEqual({ scale: 2048, good: 0, skipped: 0 });
    expect(nextScale({ scale: 2 ** 24, good: DOUBLED_AFTER - 1, skipped: 0 }, true).scale).toBe(2 ** 24);
  });

  it('is given up where even the least does not help', () => {
    let scale = FIRST_SCALE;
    const fall = (): void => {
      for (let k = 0; k < 30; k += 1) scale = nextScale(scale, false);
    };
    expect(fall).toThrow(/are not finite in half precision/);
    expect(scale).toMatchObject({ scale: 2 ** -10, skipped: 20 });
  });

  it('is said, with what was left out for it', () => {
    expect(scaleInWords({ scale: 512, skipped: 1 }, 96)).toBe(
      'Half precision: the loss times 512 in the end, 1 of 96 steps left out for gradients that were not finite',
    );
    expect(scaleInWords({ scale: 2048, skipped: 0 }, 96)).toContain('no step left out');
  });

  it('is kept in a checkpoint; one of single precision has none', () => {
    const position = { epoch: 1, round: 0, done: 0, tuples: null, sums: {}, steps: 3, trained: 6, seconds: 1 };
    const arrays = [Float32Array.of(1, 2)];
    for (const scaling of [{ scale: 256, good: 7, skipped: 2 }, undefined]) {
      const file = join(folder, `${scaling === undefined ? 'single' : 'half'}.checkpoint`);
      writeCheckpoint(file, { position, arrays, optimiserSteps: 3, scaling });
      expect(readCheckpoint(file, [2]).scaling).toEqual(scaling);
    }
  });
});

const adapter = await webGpuAdapter();
const [H, W] = [48, 64];

function photo(seed: number): NetworkInput {
  const r = random(seed);
  const data = Float32Array.from(
    { length: 3 * H * W },
    (_, i) => Math.sin(i * (0.01 + 0.004 * (seed % 17)) + seed) + 0.3 * r.next(),
  );
  return { dims: [1, 3, H, W], data };
}
const TUPLE = [photo(1), photo(2), photo(3)];
const LOSS: LossOptions = { kind: 'contrastive', margin: 1.2, weight: 1 };

/** Relative difference as one vector. */
function apart(right: readonly Float32Array[], other: readonly Float32Array[]): number {
  let [difference, length] = [0, 0];
  right.forEach((g, i) =>
    g.forEach((v, k) => {
      difference += (v - other[i]![k]!) ** 2;
      length += v * v;
    }),
  );
  return Math.sqrt(difference / length);
}

const read = async (e: Executor): Promise<Float32Array[]> => (await e.gradients.read()).map((g) => g.slice());

describeWithAdapter(adapter?.half === true ? adapter : undefined, 'training in half precision', () => {
  it(
    'has gradients near those of single, and the same whatever the loss is multiplied by',
    { timeout: 300_000 },
    async () => {
      const cpu = await openExecutor(graph, 'cpu');
      const half = await openExecutor(graph, 'auto', undefined, undefined, 'half');
      try {
        expect(half).toMatchObject({ backend: 'webgpu', device: expect.stringContaining('half precision') as string });
        const single = await cpu.accumulate(TUPLE, LOSS);
        const right = await read(cpu);
        const descent = await half.optimiser({ optimiser: 'adam', dampening: 0 });
        expect(descent.scaling).toEqual(FIRST_SCALE);
        const step = await half.accumulate(TUPLE, LOSS);
        const gradients = await read(half);
        expect(Math.abs(step.loss / single.loss - 1)).toBeLessThan(0.02);
        expect(step.active).toBe(single.active);
        // Of so few pixels little is evened out: rounding turns the gradient by a sixth of a right angle.
        expect(apart(right, gradients)).toBeLessThan(0.4);
        // It is not single precision under another name.
        expect(apart(right, gradients)).toBeGreaterThan(1e-3);
        // Of losses that are computed outside of the graph, too.
        half.gradients.clear();
        const { steps, arrays } = await descent.state();
        await descent.restore({ steps, arrays, scaling: { scale: 64, good: 0, skipped: 0 } });
        const again = await half.accumulate(TUPLE, LOSS);
        expect(again.loss).toBe(step.loss);
        expect(apart(gradients, await read(half))).toBeLessThan(0.05);
        // A scale that overflows is none: nothing moves, and the next one is half of it.
        const before = half.parameters.map((p) => p.data.slice());
        await descent.restore({ steps: 4, arrays, scaling: { scale: 2 ** 24, good: 9, skipped: 1 } });
        half.gradients.clear();
        await half.accumulate(TUPLE, LOSS);
        await descent.step({ learningRate: 1e-3, weightDecay: 1e-2 });
        await half.gather();
        expect(half.parameters.map((p) => p.data)).toEqual(before);
        expect(descent.scaling).toEqual({ scale: 2 ** 23, good: 0, skipped: 2 });
        expect(await descent.state()).toMatchObject({ steps: 4, scaling: { scale: 2 ** 23, good: 0, skipped: 2 } });
        expect((await read(half)).every((g) => g.every((v) => v === 0))).toBe(true);
        // One that does not moves them along the gradient as it is.
        await descent.restore({ steps: 0, arrays, scaling: FIRST_SCALE });
        await half.accumulate(TUPLE, LOSS);
        await descent.step({ learningRate: 1e-3, weightDecay: 0 });
        await half.gather();
        expect(descent.scaling).toEqual({ ...FIRST_SCALE, good: 1 });
        const way = half.parameters.map((p, i) => p.data.map((v, k) => v - before[i]![k]!));
        let [with_, against] = [0, 0];
        way.forEach((w, i) =>
          w.forEach((v, k) => {
            if (Math.abs(right[i]![k]!) < 1e-4) return;
            if (v * right[i]![k]! < 0) with_ += 1;
            else against += 1;
          }),
        );
        expect(with_).toBeGreaterThan(10 * against);
      } finally {
        await cpu.release();
        await half.release();
      }
    },
  );

  it('refuses a network whose maps go beyond it, and names single', { timeout: 120_000 }, async () => {
    expect(await halfDifference(graph)).toBeLessThan(0.05);
    const [name, first] = [...graph.initializers].find(([, t]) => t.dims.length === 4)!;
    const huge: Graph = {
      ...graph,
      initializers: new Map([
        ...graph.initializers,
        [
          name,
          floatTensor(
            first.dims,
            (first.data as Float32Array).map((v) => v * 1e6),
          ),
        ],
      ]),
    };
    await expect(refuseWrongHalf(huge)).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      hint: 'Choose --precision single.',
    });
    await expect(openExecutor(huge, 'webgpu', undefined, undefined, 'half')).rejects.toThrow(/its maps go beyond it/);
  });

  describe('a run', () => {
    const PARAMETERS: TrainingParameters = {
      ...DEFAULT_TRAINING,
      backend: 'webgpu',
      precision: 'half',
      epochs: 2,
      queriesPerEpoch: 2,
      batch: 1,
      size: 64,
      mining: { ...DEFAULT_TRAINING.mining, count: 1 },
    };
    let original: string;
    beforeAll(async () => {
      original = join(folder, 'library');
      (await smallLibrary(original)).close();
    });

    it('that was stopped goes on with the same numbers and the same scale', { timeout: 600_000 }, async () => {
      const path = join(folder, 'stopped');
      cpSync(original, path, { recursive: true });
      const whole = Library.open(original);
      const uninterrupted = await train(whole, ensureDefaultNetwork(whole), PARAMETERS, silentContext());
      whole.close();
      expect(uninterrupted.scaling).toEqual({ ...FIRST_SCALE, good: 4, steps: 4 });
      const library = Library.open(path);
      let [name, done] = ['', 0];
      const stopping = {
        ...silentContext(),
        step: (step: string) => (name = step),
        progress: (n: number) => (done = n),
        check: () => {
          if (name.startsWith('Training, epoch 2') && done >= 1) throw cancelled();
        },
      };
      const start = ensureDefaultNetwork(library);
      await expect(train(library, start, PARAMETERS, stopping, { checkpointEvery: 0 })).rejects.toThrow();
      const result = await resume(library, 1, silentContext());
      expect(result).toMatchObject({ scaling: uninterrupted.scaling, parameters: { precision: 'half' } });
      expect(result.epochs.map(({ seconds: _, ...e }) => e)).toEqual(
        uninterrupted.epochs.map(({ seconds: _, ...e }) => e),
      );
      expect(result.network.uid).toBe(uninterrupted.network.uid);
      library.close();
    });
  });
});
