/** Opens the back end that was named. */
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { deviceOf, notStarted, PROVIDERS, refuseUnknown, type OrtBackend } from '../network/providers.ts';
import { computesBeside } from '../network/tf/beside.ts';
import { DeviceExecutor } from './device/device-executor.ts';
import type { Executor } from './executor.ts';
import { OrtExecutor } from './ort-executor.ts';
import { ExecutorBeside } from './tf/executor-beside.ts';

/**
 * Opens one back end. @param words said behind the device.
 * @throws CovisError `INPUT_UNSUPPORTED` when it does not exist here or refuses the network.
 */
export async function open(network: Graph, backend: ConcreteBackend, words?: string): Promise<Executor> {
  switch (backend) {
    case 'tensorflow':
    case 'tfjs-webgpu':
    case 'tfjs-cpu': {
      if (computesBeside(backend)) return ExecutorBeside.create(network, backend, words);
      const { TfExecutor } = await import('./tf/tf-executor.ts');
      return TfExecutor.create(network, backend, words);
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

/** The same, with so many photos at once at most; undefined for a back end that plans by itself. */
export async function openWithin(
  network: Graph,
  backend: ConcreteBackend,
  photos: number | undefined,
): Promise<Executor> {
  const made = await open(network, backend);
  if (photos !== undefined) made.limit(photos);
  return made;
}
