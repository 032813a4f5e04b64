/**
 * What computes wherever photos are described: a choice that holds for all that is done within, and what answered. Sessions of describing are
 * opened here and nowhere else, so that no work can leave the choice out.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  BACKENDS,
  PRECISIONS,
  type Backend,
  type ConcreteBackend,
  type Precision,
} from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { readSettings } from '../environment/settings.ts';
import { elsewhere } from './elsewhere.ts';
import { distanceFrom, fastest, inWords, keyOf, passed, trying, wrongOf, type Measured } from './fastest.ts';
import { webGpuAdapter } from './gpu.ts';
import { refuseWrongHalf } from './half-holds.ts';
import { IMAGE } from './head.ts';
import type { Graph } from './onnx/graph.ts';
import { openOne, SIDE, timedRun, type DescribingOrder, type Opened, type TimedRun } from './open-runner.ts';
import { candidates, deviceOf, identityOf, notStarted, PROVIDERS, refuseHalf } from './providers.ts';
import { Runner, type ShapedRunner, type RuntimeOptions } from './runtime.ts';

interface Computing {
  readonly backend: Backend;
  /** Undefined where nothing was said. */
  readonly precision: Precision | undefined;
  readonly devices: Set<string>;
}

const current = new AsyncLocalStorage<Computing>();

/** In processes and threads that this one starts it holds, too. */
const VARIABLE = 'COVIS_BACKEND';
const PRECISION_VARIABLE = 'COVIS_PRECISION';

/**
 * What was chosen: for this work, else for this process, else by the person for all.
 * @throws CovisError `INPUT_INVALID` where the process was told what is no back end.
 */
export function chosenBackend(): Backend {
  const here = current.getStore()?.backend;
  if (here !== undefined) return here;
  const said = process.env[VARIABLE];
  if (said === undefined || said === '') return readSettings().backend ?? 'auto';
  const found = BACKENDS.find((b) => b === said);
  if (found === undefined)
    throw new CovisError('INPUT_INVALID', `${VARIABLE} is ${said}, which is no back end`, {
      hint: `Give it one of ${BACKENDS.join(', ')}, or leave it out.`,
    });
  return found;
}

/**
 * The precision that was said of this work, or of this process; undefined where nothing was: then descriptors that are there say it, else the
 * person's setting.
 * @throws CovisError `INPUT_INVALID` where the process was told what is none.
 */
export function saidPrecision(): Precision | undefined {
  const here = current.getStore()?.precision;
  if (here !== undefined) return here;
  const said = process.env[PRECISION_VARIABLE];
  if (said === undefined || said === '') return undefined;
  const found = PRECISIONS.find((p) => p === said);
  if (found === undefined)
    throw new CovisError('INPUT_INVALID', `${PRECISION_VARIABLE} is ${said}, which is no precision`, {
      hint: `Give it one of ${PRECISIONS.join(', ')}, or leave it out.`,
    });
  return found;
}

/** What was said, else what the person chose for all. */
export function chosenPrecision(): Precision {
  return saidPrecision() ?? readSettings().precision ?? 'single';
}

/** Does work with a back end and a precision, undefined for what holds anyway. @returns what it gave, and what computed in it; null where nothing did. */
export async function computing<T>(
  backend: Backend | undefined,
  work: () => T | Promise<T>,
  precision?: Precision,
): Promise<{ readonly result: T; readonly device: string | null }> {
  const store: Computing = {
    backend: backend ?? chosenBackend(),
    precision: precision ?? saidPrecision(),
    devices: new Set(),
  };
  const result = await current.run(store, async () => await work());
  // What is around this work hears of it, too.
  for (const d of store.devices) current.getStore()?.devices.add(d);
  return { result, device: store.devices.size === 0 ? null : [...store.devices].join('; ') };
}

/**
 * A graph made ready to run by what was chosen. @param options the precision, where descriptors that are there say it.
 * @throws CovisError `INPUT_UNSUPPORTED` where that does not start or refuses the graph, or has no half precision where that is chosen.
 */
export async function openRunner(
  graph: Graph,
  { precision = chosenPrecision(), ...options }: OpenOptions = {},
): Promise<ShapedRunner> {
  const made = precision === 'half' && graph.nodes.some((n) => n.op === 'Conv') ? openedInHalf : opened;
  const { runner, device } = await made(graph, chosenBackend(), options);
  current.getStore()?.devices.add(device);
  return runner;
}

/** Notes what computed where a runner is used that was opened for earlier work. */
export function computedBy(device: string | null): void {
  if (device !== null) current.getStore()?.devices.add(device);
}

interface OpenOptions extends Pick<RuntimeOptions, 'quiet'> {
  readonly precision?: Precision | undefined;
}

async function opened(graph: Graph, backend: Backend, options: Pick<RuntimeOptions, 'quiet'>): Promise<Opened> {
  return backend === 'auto' ? automatic(graph, options) : openOne(graph, backend, options);
}

/** WebGPU alone has it, whatever else `auto` would take. */
async function openedInHalf(graph: Graph, backend: Backend, options: Pick<RuntimeOptions, 'quiet'>): Promise<Opened> {
  refuseHalf(backend, await webGpuAdapter());
  await refuseWrongHalf(graph);
  try {
    const runner = await Runner.create(graph, { ...options, provider: PROVIDERS.webgpu, half: { weights: [] } });
    return { runner, device: `${await deviceOf('webgpu')}, half precision` };
  } catch (cause) {
    throw notStarted('webgpu', cause);
  }
}

async function automatic(graph: Graph, options: Pick<RuntimeOptions, 'quiet'>): Promise<Opened> {
  const list = await candidates();
  const input = graph.inputs.length === 1 ? graph.inputs[0] : undefined;
  // What takes anything else than an image is small.
  if (list.length === 1 || input?.name !== IMAGE) return openOne(graph, 'cpu', options);
  const key = keyOf(graph, `describing ${SIDE}`, await Promise.all(list.map(identityOf)));
  const found = await fastest(key, () => timesOf(graph, list, key));
  const made = await openOne(graph, found.backend, options);
  return { ...made, device: `${made.device}, ${inWords(found, 'a photo')}` };
}

/** Milliseconds of a run once kernels are ready, of those back ends that start and whose numbers are the CPU's. */
async function timesOf(graph: Graph, list: readonly ConcreteBackend[], key: string): Promise<Measured> {
  const script = new URL('./measure-describing.ts', import.meta.url);
  const seen = new Map<ConcreteBackend, TimedRun>();
  const failed: Record<string, string> = {};
  for (const backend of list) {
    const order: DescribingOrder = { graph, backend };
    try {
      // What its driver may end is measured in a process of its own.
      seen.set(
        backend,
        await (backend === 'cpu' ? timedRun(order) : trying(key, backend, () => elsewhere<TimedRun>(script, order))),
      );
    } catch (error) {
      if (backend === 'cpu') throw error;
      failed[backend] = `${backend} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
      logFailure(logger('back ends'), `${backend} failed while it was measured`, error);
    }
  }
  const right = seen.get('cpu')!.out;
  const wrong = wrongOf(
    [...seen].map(([b, { out }]) => [b, distanceFrom(right, out)] as const),
    'descriptors',
  );
  for (const backend of [...seen.keys()].filter((b) => wrong[b] !== undefined)) seen.delete(backend);
  for (const text of Object.values(wrong)) logger('back ends').warn(text);
  const milliseconds = Object.fromEntries([...seen].map(([b, { ms }]) => [b, ms]));
  const [backend] = [...seen].reduce((a, b) => (b[1].ms < a[1].ms ? b : a));
  return { backend, milliseconds, ...passed(wrong, failed) };
}
