/** One network on one back end in a process of its own: `gpu-one.ts NETWORK FOLDER BACKEND STEPS TUPLES` prints one JSON object. */
import { join } from 'node:path';
import type { Backend } from '../../src/shared/domain.ts';
import { embeddedNetwork } from '../../src/main/engine/network/embedded.ts';
import { IMAGE } from '../../src/main/engine/network/head.ts';
import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { isOrtBackend, PROVIDERS } from '../../src/main/engine/network/providers.ts';
import { openExecutor } from '../../src/main/engine/training/backends.ts';
import { DeviceExecutor } from '../../src/main/engine/training/device/device-executor.ts';
import type { Executor, StepTuple } from '../../src/main/engine/training/executor.ts';
import { OrtExecutor } from '../../src/main/engine/training/ort-executor.ts';
import { placements, type Placements } from '../support/placements.ts';
import { median } from './report.ts';
import { imagesIn } from './images.ts';
import { full } from './step.ts';

export type ConcreteBackend = Exclude<Backend, 'auto'>;

export interface DeviceTimes {
  /** What computed, in its own words. */
  readonly device: string;
  /** Seconds: of a photo that is described, of a step of one tuple, and of a tuple in a step of several. */
  readonly extract: number;
  readonly step: number;
  readonly tuple: number;
  readonly loss: number;
  /** What a step of one tuple launched and copied, and that of several; null of back ends that do not tell. */
  readonly one: Placements | null;
  readonly several: Placements | null;
}

export const MARGIN = 1.2;

export function networkOf(name: string): Graph {
  return name === 'default' ? embeddedNetwork('photos').graph : full(name);
}

async function main(
  name: string,
  folder: string,
  backend: ConcreteBackend,
  steps: number,
  tuples: number,
): Promise<void> {
  const graph = networkOf(name);
  const { batch, inputs } = imagesIn(folder);
  const of = (n: number): StepTuple[] =>
    Array.from({ length: n }, () => ({ inputs, options: { kind: 'contrastive', margin: MARGIN, weight: 1 } }));
  const executor = await openExecutor(graph, backend);
  const { device } = executor;
  const describer = await executor.describer();
  const extract = (await median(() => describer.run({ [IMAGE]: batch }), steps)) / inputs.length;
  await describer.release();
  const descent = await executor.optimiser({ optimiser: 'adam', dampening: 0 });
  let loss = 0;
  const step = async (n: number): Promise<void> => {
    executor.gradients.clear();
    loss = (await executor.accumulateAll(of(n)))[0]!.loss;
    await descent.step({ learningRate: 1e-9, weightDecay: 0 });
  };
  const one = await median(() => step(1), steps);
  const tuple = (await median(() => step(tuples), steps)) / tuples;
  await executor.release();
  const counted = async (n: number): Promise<Placements | null> =>
    backend === 'cpu' || !isOrtBackend(backend) ? null : profiled(graph, backend, join(folder, `profile ${n}`), of(n));
  const times: DeviceTimes = {
    device,
    extract,
    step: one,
    tuple,
    loss,
    one: await counted(1),
    several: await counted(tuples),
  };
  process.stdout.write(JSON.stringify(times));
}

/** One step once more, by the runtime's own profile. */
async function profiled(
  graph: Graph,
  backend: keyof typeof PROVIDERS,
  profile: string,
  tuples: readonly StepTuple[],
): Promise<Placements> {
  const options = { backend, provider: PROVIDERS[backend], profile };
  const executor: Executor = await (backend === 'webgpu'
    ? DeviceExecutor.create(graph, options)
    : OrtExecutor.create(graph, options));
  try {
    await executor.accumulateAll(tuples);
    await (await executor.optimiser({ optimiser: 'adam', dampening: 0 })).step({ learningRate: 1e-9, weightDecay: 0 });
  } finally {
    await executor.release();
  }
  return placements(profile);
}

if (process.argv[1]?.endsWith('gpu-one.ts') === true) {
  const [name, folder, backend, steps, tuples] = process.argv.slice(2) as [string, string, string, string, string];
  await main(name, folder, backend as ConcreteBackend, Number(steps), Number(tuples));
}
