import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LossKind } from '../../../src/shared/domain.ts';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { freeze } from '../../../src/main/engine/network/freeze.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { addHead } from '../../../src/main/engine/network/head.ts';
import type { Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { DeviceExecutor } from '../../../src/main/engine/training/device/device-executor.ts';
import type { Executor, StepTuple, TupleStep } from '../../../src/main/engine/training/executor.ts';
import { TUPLES_TOGETHER } from '../../../src/main/engine/training/executor.ts';
import { difference } from '../../../src/main/engine/training/gradient-sum.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { placements } from '../../support/placements.ts';
import { describeWithAdapter } from '../../support/programs.ts';

const folder = temporaryFolder();
const { graph, spec } = embeddedNetwork('photos');
const WIDE = [48, 64] as const;
const HIGH = [64, 48] as const;
const SQUARE = [56, 56] as const;
type Shape = readonly [number, number];

const MARGINS: Readonly<Record<LossKind, number>> = {
  contrastive: 1.2,
  triplet: 0.4,
  'batch-hard': 0.6,
  'multi-similarity': 0.5,
};

/** Waves and noise: photos of noise alone are described nearly the same. */
function photo([h, w]: Shape, seed: number): NetworkInput {
  const r = random(seed);
  const data = Float32Array.from(
    { length: 3 * h * w },
    (_, i) => Math.sin(i * (0.01 + 0.004 * (seed % 17)) + seed) + 0.3 * r.next(),
  );
  return { dims: [1, 3, h, w], data };
}

/** Tuples of photos of these shapes, each weighing something else. */
function tuples(shapes: readonly (readonly Shape[])[], kind: LossKind, seed: number): StepTuple[] {
  return shapes.map((own, t) => ({
    inputs: own.map((shape, k) => photo(shape, 100 * seed + 10 * t + k)),
    options: { kind, margin: MARGINS[kind], weight: 1 + t / 2 },
  }));
}

const STEPS: Readonly<Record<string, readonly (readonly Shape[])[]>> = {
  'of one shape': Array.from({ length: 3 }, () => [WIDE, WIDE, WIDE, WIDE]),
  'of one shape in each tuple': [Array(4).fill(WIDE), Array(4).fill(HIGH), Array(4).fill(WIDE)] as Shape[][],
  'of several shapes': [
    [WIDE, HIGH, WIDE, WIDE],
    [HIGH, HIGH, SQUARE, WIDE],
    [WIDE, WIDE, HIGH, HIGH],
  ],
  'with more negatives here than there': [
    [WIDE, WIDE, WIDE, WIDE],
    [WIDE, WIDE, WIDE],
    [WIDE, WIDE, WIDE, WIDE, WIDE],
  ],
};

interface Gone {
  readonly steps: TupleStep[];
  readonly gradients: readonly Float32Array[];
}

async function gone(executor: Executor, go: () => Promise<TupleStep[]>): Promise<Gone> {
  executor.gradients.clear();
  const steps = await go();
  return { steps, gradients: (await executor.gradients.read()).map((g) => g.slice()) };
}

/** The slow way: one tuple after the other. */
const oneByOne = (executor: Executor, all: readonly StepTuple[]): Promise<Gone> =>
  gone(executor, async () => {
    const steps: TupleStep[] = [];
    for (const { inputs, options } of all) steps.push(await executor.accumulate(inputs, options));
    return steps;
  });
const together = (executor: Executor, all: readonly StepTuple[]): Promise<Gone> =>
  gone(executor, () => executor.accumulateAll(all));

/** As one vector; that of each weight alone to what single precision leaves of sums in another order. */
function expectSame(slow: Gone, fast: Gone): void {
  expect(fast.steps).toHaveLength(slow.steps.length);
  slow.steps.forEach(({ loss, active }, i) => {
    expect(Math.abs(fast.steps[i]!.loss - loss)).toBeLessThan(2e-6 * Math.max(1, loss));
    expect(fast.steps[i]!.active).toBe(active);
  });
  expect(slow.steps.some(({ loss }) => loss > 0.01)).toBe(true);
  const [a, b] = [slow.gradients, fast.gradients].map((g) => Float32Array.from(g.flatMap((v) => [...v])));
  expect(difference([a!], [b!])).toBeLessThan(2e-6);
  expect(difference(slow.gradients, fast.gradients)).toBeLessThan(2e-5);
}

const KINDS = Object.keys(MARGINS) as LossKind[];
/** Losses within the graph are those of tuples that are alike; of others every one is the same way. */
const CASES = Object.keys(STEPS).flatMap((name) =>
  KINDS.filter((kind) => name === 'of several shapes' || kind === 'contrastive' || kind === 'triplet').map(
    (kind) => [name, kind] as const,
  ),
);
const adapter = await webGpuAdapter();

describeWithAdapter(adapter, 'on WebGPU a step whose tuples go together', () => {
  const opened = new Map<Graph, Promise<Executor>>();
  const executorOf = (network: Graph): Promise<Executor> => {
    const made = opened.get(network) ?? openExecutor(network, 'webgpu');
    opened.set(network, made);
    return made;
  };

  it.each(CASES)('%s has the gradients of one after the other: %s', { timeout: 300_000 }, async (name, kind) => {
    const executor = await executorOf(graph);
    expect(executor.tuplesAtOnce).toBe(TUPLES_TOGETHER);
    const all = tuples(STEPS[name]!, kind, 1 + KINDS.indexOf(kind));
    expectSame(await oneByOne(executor, all), await together(executor, all));
  });

  it.each([
    [3, 'of one shape', 'contrastive'],
    [9, 'of one shape', 'triplet'],
    [5, 'of several shapes', 'multi-similarity'],
    [2, 'with more negatives here than there', 'contrastive'],
  ] as const)('%i photos at a time, %s, has them, too: %s', { timeout: 300_000 }, async (most, name, kind) => {
    const executor = await executorOf(graph);
    const all = tuples(STEPS[name]!, kind, 7);
    const slow = await oneByOne(executor, all);
    executor.limit(most);
    try {
      expectSame(slow, await together(executor, all));
    } finally {
      executor.limit(Infinity);
    }
  });

  it.each([
    ['with its first blocks frozen', () => freeze(graph, spec, '4').graph],
    ['with regions pooled', () => addHead(embeddedNetwork('photos').graph, spec.features, { pooling: 'rgem' }).graph],
    [
      'with an exponent for every map',
      () => addHead(embeddedNetwork('photos').graph, spec.features, { pooling: 'gemmp' }).graph,
    ],
  ] as const)('%s has the same gradients as on the processor', { timeout: 300_000 }, async (_, make) => {
    const network = make();
    const [cpu, gpu] = [await openExecutor(network, 'cpu'), await openExecutor(network, 'webgpu')];
    try {
      for (const name of ['of one shape', 'of several shapes']) {
        const all = tuples(STEPS[name]!, 'contrastive', 5);
        const [right, fast] = [await oneByOne(cpu, all), await together(gpu, all)];
        right.steps.forEach((s, i) => expect(Math.abs(fast.steps[i]!.loss - s.loss)).toBeLessThan(1e-4));
        expect(difference(right.gradients, fast.gradients)).toBeLessThan(1e-3);
        expectSame(await oneByOne(gpu, all), fast);
      }
    } finally {
      await cpu.release();
      await gpu.release();
    }
  });

  /** Kernels of a step, without the optimiser's. */
  async function launches(all: readonly StepTuple[], go: typeof together): Promise<number> {
    const profile = join(folder, `step ${Math.random()}`);
    const executor = await DeviceExecutor.create(graph, { backend: 'webgpu', provider: 'webgpu', profile });
    try {
      await go(executor, all);
    } finally {
      await executor.release();
    }
    const { onProcessor, copies, launched } = placements(profile);
    expect(onProcessor).toEqual([]);
    expect(copies).toBe(0);
    return launched;
  }

  it(
    'launches as many kernels as one tuple of each shape does, however many tuples',
    { timeout: 300_000 },
    async () => {
      const of = (name: string, count: number): StepTuple[] =>
        tuples(
          Array.from({ length: count }, (_, t) => STEPS[name]![t % 3]!),
          'contrastive',
          3,
        );
      const one = await launches(of('of one shape', 1), together);
      expect(await launches(of('of one shape', 5), together)).toBe(one);
      const apart = await launches(of('of one shape', 5), oneByOne);
      expect(apart).toBeGreaterThan(4 * one);
      // Three shapes: forward for all, then back for all.
      const mixed = await launches(of('of several shapes', 6), together);
      expect(mixed).toBeLessThan(4 * one);
      expect(await launches(of('of several shapes', 6), oneByOne)).toBeGreaterThan(3.5 * mixed);
    },
  );
});

it('on the processor tuples go one after the other, with the same gradients', { timeout: 120_000 }, async () => {
  const executor = await OrtExecutor.create(graph);
  try {
    expect(executor.tuplesAtOnce).toBe(1);
    for (const name of Object.keys(STEPS))
      for (const kind of KINDS) {
        const all = tuples(STEPS[name]!, kind, 2);
        expectSame(await oneByOne(executor, all), await together(executor, all));
      }
  } finally {
    await executor.release();
  }
});

it.each(['tfjs-cpu'] as const)('%s gives the losses and gradients of each', { timeout: 300_000 }, async (backend) => {
  const executor = await openExecutor(graph, backend);
  try {
    const small = (all: readonly StepTuple[]): StepTuple[] =>
      all.slice(0, 2).map((t) => ({ ...t, inputs: t.inputs.slice(0, 3) }));
    const all = small(tuples(STEPS['of several shapes']!, 'contrastive', 4));
    expectSame(await oneByOne(executor, all), await together(executor, all));
  } finally {
    await executor.release();
  }
});
