/** Opens what describes on the back end that was named, and times it. */
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import { random } from '../library/random.ts';
import { shortest } from './fastest.ts';
import { IMAGE } from './head.ts';
import type { Graph } from './onnx/graph.ts';
import { deviceOf, isOrtBackend, notStarted, PROVIDERS, refuseUnknown } from './providers.ts';
import { Runner, type RuntimeOptions, type ShapedRunner } from './runtime.ts';
import { computesBeside } from './tf/beside.ts';
import { PREPARED_AFTER } from './tf/prepared-after.ts';
import { RunnerBeside } from './tf/runner-beside.ts';
import type { TfBackend } from './tf/tf-runtime.ts';

export interface Opened {
  readonly runner: ShapedRunner;
  /** What computes, in words. */
  readonly device: string;
}

/** @throws CovisError `INPUT_UNSUPPORTED` where it does not start or refuses the graph. */
export async function openOne(
  graph: Graph,
  backend: ConcreteBackend,
  options: Pick<RuntimeOptions, 'quiet'>,
): Promise<Opened> {
  if (!isOrtBackend(backend)) {
    const runner = await openTf(graph, backend);
    return { runner, device: runner.device };
  }
  refuseUnknown(backend);
  try {
    const runner = await Runner.create(graph, { ...options, provider: PROVIDERS[backend] });
    return { runner, device: await deviceOf(backend) };
  } catch (cause) {
    if (backend === 'cpu') throw cause;
    throw notStarted(backend, cause);
  }
}

async function openTf(graph: Graph, backend: TfBackend): Promise<ShapedRunner & { readonly device: string }> {
  if (computesBeside(backend)) return RunnerBeside.create(graph, backend);
  const { TfRunner } = await import('./tf/tf-runner.ts');
  return TfRunner.create(graph, backend);
}

/** Photos of the measurement, long side in pixels. */
export const SIDE = 320;

/** What is measured where: a graph that takes one image. */
export interface DescribingOrder {
  readonly graph: Graph;
  readonly backend: ConcreteBackend;
}

/** Milliseconds of a run once kernels are ready, and what it gave. */
export interface TimedRun {
  readonly ms: number;
  readonly out: Float32Array;
}

/** A run of a photo of noise, by a back end that is opened for it and given back. */
export async function timedRun({ graph, backend }: DescribingOrder): Promise<TimedRun> {
  const dims = graph.inputs[0]!.dims;
  const of = (k: number, otherwise: number): number => (typeof dims[k] === 'number' ? dims[k] : otherwise);
  const size = [1, of(1, 3), of(2, (3 * SIDE) / 4), of(3, SIDE)];
  const draw = random(1);
  const data = Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => 2 * draw.next() - 1);
  const { runner } = await openOne(graph, backend, { quiet: backend !== 'cpu' });
  try {
    const out = await runner.run({ [IMAGE]: { dims: size, data } });
    if (backend === 'tensorflow')
      for (let k = 0; k < PREPARED_AFTER; k += 1) await runner.run({ [IMAGE]: { dims: size, data } });
    const ms = await shortest(() => runner.run({ [IMAGE]: { dims: size, data } }));
    return { ms, out: out[graph.outputs[0]!.name]! };
  } finally {
    await runner.release();
  }
}
