/** What `auto` takes: the fastest of the back ends that answer and are right, measured on the very network and size, once on a machine. */
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import type { NetworkInput } from '../inputs/inputs.ts';
import { random } from '../library/random.ts';
import { inWords as timesInWords, type Measured } from '../network/fastest.ts';
import { IMAGE } from '../network/head.ts';
import type { Graph } from '../network/onnx/graph.ts';
import type { Executor } from './executor.ts';
import { difference } from './gradient-sum.ts';
import type { LossOptions } from './losses.ts';

export interface Candidate {
  readonly backend: ConcreteBackend;
  open(): Promise<Executor>;
}

/** A query, a positive and a negative. */
const PHOTOS = 3;
const LOSS: LossOptions = { kind: 'contrastive', margin: 1.2, weight: 1 };
/** Relative difference from the CPU up to which gradients are right: single precision keeps to 2e-3 even in deep networks, TF32 does not. */
const RIGHT = 1e-2;

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

interface Step {
  readonly ms: number;
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
}

/** The second step: the first makes kernels ready. */
async function stepOf(executor: Executor, inputs: readonly NetworkInput[]): Promise<Step> {
  await executor.accumulate(inputs, LOSS);
  executor.gradients.clear();
  const descent = await executor.optimiser({ optimiser: 'sgd', dampening: 0 });
  const began = performance.now();
  const { loss } = await executor.accumulate(inputs, LOSS);
  // Numbers of the gradients are looked at before the weights move; reading them back is no part of a step.
  const computed = performance.now();
  const gradients = (await executor.gradients.read()).map((g) => g.slice());
  const read = performance.now();
  await descent.step({ learningRate: 0, weightDecay: 0 });
  return { ms: performance.now() - read + computed - began, loss, gradients };
}

/**
 * Takes a step with each, the CPU's being what is right.
 * @param candidates the CPU among them. Those that do not start or are wrong are told to `notice` and passed over.
 */
export async function measure(
  network: Graph,
  size: number,
  candidates: readonly Candidate[],
  notice: (text: string) => void,
): Promise<Measured> {
  const inputs = noise(network, size);
  const steps = new Map<ConcreteBackend, Step>();
  for (const { backend, open } of candidates) {
    let executor: Executor | undefined;
    try {
      executor = await open();
      steps.set(backend, await stepOf(executor, inputs));
    } catch (error) {
      if (backend === 'cpu') throw error;
      notice(`${backend} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await executor?.release();
    }
  }
  const right = steps.get('cpu')!;
  for (const [backend, step] of steps) {
    const off = Math.max(
      Math.abs(step.loss - right.loss) / Math.max(Math.abs(right.loss), 1e-6),
      difference(right.gradients, step.gradients),
    );
    if (off <= RIGHT) continue;
    steps.delete(backend);
    notice(`${backend} is passed over: its gradients are ${(100 * off).toPrecision(2)} % off those of the CPU`);
  }
  const [backend] = [...steps].reduce((a, b) => (b[1].ms < a[1].ms ? b : a));
  return { backend, milliseconds: Object.fromEntries([...steps].map(([name, s]) => [name, s.ms])) };
}

/** In words, the fastest first. */
export function inWords(found: Measured): string {
  return timesInWords(found, `a step of ${PHOTOS} photos`);
}
