import type { Backend } from '../../../shared/domain.ts';
import type { ConcreteBackend, Precision } from '../../../shared/facts/backends.ts';
import { keyOf, remember, remembered } from '../network/fastest.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { webGpuAdapter } from '../network/gpu.ts';
import { refuseWrongHalf } from '../network/half-holds.ts';
import {
  candidates,
  deviceOf,
  notStarted,
  PROVIDERS,
  refuseHalf,
  refuseUnknown,
  type OrtBackend,
} from '../network/providers.ts';
import type { Executor } from './executor.ts';
import { inWords, measure } from './auto.ts';
import { DeviceExecutor } from './device/device-executor.ts';
import { OrtExecutor } from './ort-executor.ts';

/**
 * Opens what computes loss and gradients.
 * @param size of the photos, which `auto` measures with; without it the first that starts is taken.
 * @param precision of convolutions and maps; half is computed by WebGPU, whatever else `auto` would take.
 * @param notice told once when `auto` had to pass over something that this machine seemed to have.
 * @throws CovisError `INPUT_UNSUPPORTED` when the back end asked for does not exist here or refuses the network, or has no half precision where that
 * is asked for.
 */
export async function openExecutor(
  network: Graph,
  backend: Backend,
  notice: (text: string) => void = () => undefined,
  size?: number,
  precision: Precision = 'single',
): Promise<Executor> {
  if (precision === 'half') return openHalf(network, backend);
  if (backend !== 'auto') return open(network, backend);
  const list = await candidates();
  if (list.length === 1) return open(network, 'cpu');
  if (size === undefined) return firstOf(network, list, notice);
  const devices = await Promise.all(list.map(deviceOf));
  const key = keyOf(network, size, devices);
  let found = remembered(key);
  if (found === undefined) {
    found = await measure(
      network,
      size,
      list.map((b) => ({ backend: b, open: () => open(network, b) })),
      notice,
    );
    remember(key, found);
  }
  return open(network, found.backend, inWords(found));
}

/** The one back end that has it. */
async function openHalf(network: Graph, backend: Backend): Promise<Executor> {
  refuseHalf(backend, await webGpuAdapter());
  await refuseWrongHalf(network);
  const device = `${await deviceOf('webgpu')}, half precision`;
  try {
    const where = { backend: 'webgpu', provider: PROVIDERS.webgpu, device, half: { weights: [] } } as const;
    return await DeviceExecutor.create(network, where);
  } catch (cause) {
    throw notStarted('webgpu', cause);
  }
}

async function firstOf(network: Graph, list: readonly OrtBackend[], notice: (text: string) => void): Promise<Executor> {
  for (const candidate of list) {
    if (candidate === 'cpu') break;
    try {
      return await open(network, candidate);
    } catch (error) {
      notice(`${candidate} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return open(network, 'cpu');
}

/** @param words said behind the device. */
async function open(network: Graph, backend: ConcreteBackend, words?: string): Promise<Executor> {
  switch (backend) {
    case 'tensorflow':
    case 'tfjs-webgpu':
    case 'tfjs-cpu': {
      const { TfExecutor } = await import('./tf/tf-executor.ts');
      return TfExecutor.create(network, backend);
    }
    default:
      return openOrt(network, backend, words);
  }
}

async function openOrt(network: Graph, backend: OrtBackend, words?: string): Promise<Executor> {
  refuseUnknown(backend);
  const device = `${await deviceOf(backend)}${words === undefined ? '' : `, ${words}`}`;
  if (backend === 'cpu') return OrtExecutor.create(network, { backend, device });
  try {
    const where = { backend, provider: PROVIDERS[backend], device };
    return await (backend === 'webgpu' ? DeviceExecutor.create(network, where) : OrtExecutor.create(network, where));
  } catch (cause) {
    throw notStarted(backend, cause);
  }
}
