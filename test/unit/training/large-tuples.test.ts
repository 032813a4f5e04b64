import { expect, it } from 'vitest';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';

const { graph } = embeddedNetwork('tiny');
const SIDE = 64;
const inputs = [0, 1, 2, 3].map((k) => ({
  dims: [1, 3, SIDE, SIDE] as [number, number, number, number],
  data: Float32Array.from(
    { length: 3 * SIDE * SIDE },
    (_, i) => Math.sin(i * (0.01 + 0.004 * k)) + 0.3 * Math.cos(i * k),
  ),
}));
const OPTIONS = { kind: 'contrastive', margin: 1.2, weight: 1 } as const;

/** A step's loss and gradients, and how many images went into a graph at once. */
async function step(mostPixels: number): Promise<{ loss: number; gradients: Float32Array[]; together: Set<number> }> {
  const together = new Set<number>();
  const run = Runner.prototype.runOnDevice;
  Runner.prototype.runOnDevice = function (this: Runner, feeds) {
    if (feeds['image'] !== undefined) together.add(feeds['image'].dims[0]!);
    return run.call(this, feeds);
  };
  try {
    const executor = await OrtExecutor.create(graph, { mostPixels });
    executor.gradients.clear();
    const { loss } = await executor.accumulate(inputs, OPTIONS);
    const gradients = executor.gradients.arrays.map((g) => Float32Array.from(g));
    await executor.release();
    return { loss, gradients, together };
  } finally {
    Runner.prototype.runOnDevice = run;
  }
}

it(
  'a tuple of more pixels than memory is good for goes image by image, and the same comes of it',
  { timeout: 300_000 },
  async () => {
    const whole = await step(4 * SIDE * SIDE);
    const apart = await step(4 * SIDE * SIDE - 1);
    expect([...whole.together]).toEqual([4]);
    expect([...apart.together]).toEqual([1]);
    expect(whole.loss).toBeGreaterThan(0.01);
    expect(apart.loss).toBeCloseTo(whole.loss, 4);
    whole.gradients.forEach((g, k) => {
      const largest = Math.max(...g.map(Math.abs), 1e-3);
      apart.gradients[k]!.forEach((v, i) => expect(Math.abs(v - g[i]!) / largest).toBeLessThan(5e-3));
    });
  },
);
