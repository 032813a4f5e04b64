/** One step of a back end, timed: what `auto` compares. */
import { logFailure, logger } from '../environment/log.ts';
import type { NetworkInput } from '../inputs/inputs.ts';
import { random } from '../library/random.ts';
import { PREPARED_AFTER } from '../network/tf/prepared-after.ts';
import { shortest } from '../network/fastest.ts';
import { IMAGE } from '../network/head.ts';
import type { Graph } from '../network/onnx/graph.ts';
import type { Executor } from './executor.ts';
import type { LossOptions } from './losses.ts';

/** A query, a positive and a negative. */
export const PHOTOS = 3;
const LOSS: LossOptions = { kind: 'contrastive', margin: 1.2, weight: 1 };

/** Photos of noise, as large as the network takes them. */
function noise(network: Graph, size: number): NetworkInput[] {
  const dims = network.inputs.find((i) => i.name === IMAGE)?.dims ?? [];
  const of = (k: number, otherwise: number): number => (typeof dims[k] === 'number' ? dims[k] : otherwise);
  const [channels, height, width] = [of(1, 3), of(2, Math.round(0.75 * size)), of(3, size)];
  const r = random(1);
  return Array.from({ length: PHOTOS }, () => ({
    dims: [1, channels, height, width] as const,
    data: Float32Array.from({ length: channels * height * width }, () => 2 * r.next() - 1),
  }));
}

/** What a step took and gave. */
export interface Step {
  readonly ms: number;
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
}

/** A step when kernels are ready: the weights move, by nothing, and the loss that comes back has waited for that and for itself. */
async function stepOf(executor: Executor, inputs: readonly NetworkInput[]): Promise<Step> {
  const descent = await executor.optimiser({ optimiser: 'sgd', dampening: 0 });
  executor.gradients.clear();
  const { loss } = await executor.accumulate(inputs, LOSS);
  // Numbers are looked at before the weights move; reading them back is no part of a step.
  const gradients = (await executor.gradients.read()).map((g) => g.slice());
  const pass = async (): Promise<void> => {
    await descent.step({ learningRate: 0, weightDecay: 0 });
    await executor.accumulate(inputs, LOSS);
  };
  // The first makes the kernels ready.
  const before = executor.backend === 'tensorflow' ? PREPARED_AFTER : 1;
  for (let k = 0; k < before; k += 1) await pass();
  return { ms: await shortest(pass), loss, gradients };
}

/** A step of photos of noise, by a back end that is opened for it and given back. @param size long side of the photos, in pixels. */
export async function timedStep(network: Graph, size: number, open: () => Promise<Executor>): Promise<Step> {
  const executor = await open();
  try {
    return await stepOf(executor, noise(network, size));
  } finally {
    // A device that is gone takes nothing back, and what failed first is what a person must read.
    await executor
      .release()
      .catch((error: unknown) => logFailure(logger('back ends'), `${executor.backend} was not given back`, error));
  }
}
