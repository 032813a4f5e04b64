/** What `auto` takes: the fastest of the back ends that answer and are right, measured on the very network and size, once on a machine. */
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { elsewhere } from '../network/elsewhere.ts';
import { inWords as timesInWords, passed, passedOver, trying, type Measured, wrongOf } from '../network/fastest.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { difference } from './gradient-sum.ts';
import { openWithin } from './open-backend.ts';
import { PHOTOS, timedStep, type Step } from './timed-step.ts';

export interface Candidate {
  readonly backend: ConcreteBackend;
  step(): Promise<Step>;
}

/** What is measured: a network that learns, photos by their long side in pixels, and how many go together; undefined where a back end plans by itself. */
export interface StepOf {
  readonly network: Graph;
  readonly size: number;
  readonly photos: number | undefined;
}

/** What a process of its own is told. */
export interface StepOrder extends StepOf {
  readonly backend: ConcreteBackend;
}

/**
 * Steps of a back end: of the processor's own here, of every other in a process of its own, which its driver may end.
 * @param key under which endings are counted. @param check throws where nobody wants it any more.
 */
export function stepping(backend: ConcreteBackend, of: StepOf, key: string, check?: () => void): Candidate {
  const { network, size, photos } = of;
  if (backend === 'cpu')
    return { backend, step: () => timedStep(network, size, () => openWithin(network, backend, photos)) };
  const order: StepOrder = { ...of, backend };
  const script = new URL('./measure-step.ts', import.meta.url);
  return { backend, step: () => trying(key, backend, () => elsewhere<Step>(script, order, check)) };
}

/**
 * Takes steps with each, the CPU's being what is right.
 * @param candidates the CPU among them. Those that do not start or are wrong are passed over.
 * @param notice told of them. @throws what the CPU throws, and CovisError `CANCELLED`.
 */
export async function measure(candidates: readonly Candidate[], notice: (text: string) => void): Promise<Measured> {
  const steps = new Map<ConcreteBackend, Step>();
  const failed: Record<string, string> = {};
  for (const { backend, step } of candidates) {
    try {
      steps.set(backend, await step());
    } catch (error) {
      if (backend === 'cpu' || (error instanceof CovisError && error.code === 'CANCELLED')) throw error;
      failed[backend] = `${backend} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const right = steps.get('cpu')!;
  const off = (step: Step): number =>
    Math.max(
      Math.abs(step.loss - right.loss) / Math.max(Math.abs(right.loss), 1e-6),
      difference(right.gradients, step.gradients),
    );
  const wrong = wrongOf(
    [...steps].map(([b, step]) => [b, off(step)] as const),
    'gradients',
  );
  for (const backend of [...steps.keys()].filter((b) => wrong[b] !== undefined)) steps.delete(backend);
  const others = passed(wrong, failed);
  passedOver(others).forEach(notice);
  const [backend] = [...steps].reduce((a, b) => (b[1].ms < a[1].ms ? b : a));
  return { backend, milliseconds: Object.fromEntries([...steps].map(([name, s]) => [name, s.ms])), ...others };
}

/** In words, the fastest first. */
export function inWords(found: Measured): string {
  return timesInWords(found, `a step of ${PHOTOS} photos`);
}
