/**
 * What computes wherever photos are described: a choice that holds for all that is done within, and what answered. Sessions of describing are
 * opened here and nowhere else, so that no work can leave the choice out.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { BACKENDS, PRECISIONS, type Backend, type Precision } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { readSettings } from '../environment/settings.ts';
import { random } from '../library/random.ts';
import { inWords, keyOf, remember, remembered } from './fastest.ts';
import { webGpuAdapter } from './gpu.ts';
import { refuseWrongHalf } from './half-holds.ts';
import { IMAGE } from './head.ts';
import type { Graph } from './onnx/graph.ts';
import {
  candidates,
  deviceOf,
  isOrtBackend,
  notStarted,
  PROVIDERS,
  refuseHalf,
  refuseUnknown,
  type OrtBackend,
} from './providers.ts';
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

interface Opened {
  readonly runner: ShapedRunner;
  readonly device: string;
}

async function opened(graph: Graph, backend: Backend, options: Pick<RuntimeOptions, 'quiet'>): Promise<Opened> {
  if (backend === 'auto') return automatic(graph, options);
  if (!isOrtBackend(backend)) {
    const { TfRunner } = await import('./tf/tf-runner.ts');
    const runner = await TfRunner.create(graph, backend);
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

/** Photos of the measurement, long side. */
const SIDE = 320;
/** Relative difference from the CPU up to which numbers are right. */
const RIGHT = 1e-2;

async function automatic(graph: Graph, options: Pick<RuntimeOptions, 'quiet'>): Promise<Opened> {
  const list = await candidates();
  const input = graph.inputs.length === 1 ? graph.inputs[0] : undefined;
  // What takes anything else than an image is small.
  if (list.length === 1 || input?.name !== IMAGE) return opened(graph, 'cpu', options);
  const devices = await Promise.all(list.map(deviceOf));
  const key = keyOf(graph, `describing ${SIDE}`, devices);
  let found = remembered(key);
  if (found === undefined) {
    const times = await timesOf(graph, list, options);
    const [backend] = [...times].reduce((a, b) => (b[1] < a[1] ? b : a));
    found = { backend, milliseconds: Object.fromEntries(times) };
    remember(key, found);
  }
  const made = await opened(graph, found.backend, options);
  return { ...made, device: `${made.device}, ${inWords(found, 'a photo')}` };
}

/** Milliseconds of the second of two runs, of those back ends that start and whose numbers are the CPU's. */
async function timesOf(
  graph: Graph,
  list: readonly OrtBackend[],
  options: Pick<RuntimeOptions, 'quiet'>,
): Promise<Map<OrtBackend, number>> {
  const dims = graph.inputs[0]!.dims;
  const of = (k: number, otherwise: number): number => (typeof dims[k] === 'number' ? dims[k] : otherwise);
  const size = [1, of(1, 3), of(2, (3 * SIDE) / 4), of(3, SIDE)];
  const draw = random(1);
  const data = Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => 2 * draw.next() - 1);
  const seen = new Map<OrtBackend, { ms: number; out: Float32Array }>();
  for (const backend of list) {
    try {
      const { runner } = await opened(graph, backend, { ...options, quiet: backend !== 'cpu' });
      try {
        await runner.run({ [IMAGE]: { dims: size, data } });
        const began = performance.now();
        const out = await runner.run({ [IMAGE]: { dims: size, data } });
        seen.set(backend, { ms: performance.now() - began, out: out[graph.outputs[0]!.name]! });
      } finally {
        await runner.release();
      }
    } catch (error) {
      if (backend === 'cpu') throw error;
    }
  }
  const right = seen.get('cpu')!.out;
  const length = Math.hypot(...right.subarray(0, 1 << 14));
  const wrong = (out: Float32Array): boolean =>
    Math.hypot(...right.subarray(0, 1 << 14).map((v, i) => v - out[i]!)) > RIGHT * length;
  return new Map([...seen].filter(([b, { out }]) => b === 'cpu' || !wrong(out)).map(([b, { ms }]) => [b, ms]));
}
