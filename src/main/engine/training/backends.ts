import type { Backend } from '../../../shared/domain.ts';
import type { ConcreteBackend, Precision } from '../../../shared/facts/backends.ts';
import { fastest, passedOver } from '../network/fastest.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { webGpuAdapter } from '../network/gpu.ts';
import { refuseWrongHalf } from '../network/half-holds.ts';
import { candidates, deviceOf, notStarted, PROVIDERS, refuseHalf } from '../network/providers.ts';
import { inWords, measure, stepping } from './auto.ts';
import { tried, type MeasureWith } from './auto-list.ts';
import { DeviceExecutor } from './device/device-executor.ts';
import type { Executor } from './executor.ts';
import { open } from './open-backend.ts';

/**
 * Opens what computes loss and gradients.
 * @param how what `auto` measures with; without it the first that starts is taken.
 * @param precision of convolutions and maps; half is computed by WebGPU, whatever else `auto` would take.
 * @param notice told when `auto` had to pass over something that this machine seemed to have.
 * @throws CovisError `INPUT_UNSUPPORTED` when the back end asked for does not exist here or refuses the network, or has no half precision where that
 * is asked for; `INPUT_INVALID` where `auto` has none that the photos fit into.
 */
export async function openExecutor(
  network: Graph,
  backend: Backend,
  notice: (text: string) => void = () => undefined,
  how?: MeasureWith,
  precision: Precision = 'single',
): Promise<Executor> {
  if (precision === 'half') return openHalf(network, backend);
  if (backend !== 'auto') return open(network, backend);
  const all = await candidates();
  if (all.length === 1) return open(network, 'cpu');
  if (how === undefined) return firstOf(network, all, notice);
  const { list, limits, refused, key } = await tried(network, all, how);
  refused.forEach(notice);
  if (key === undefined) return firstOf(network, list, notice);
  let told = false;
  const found = await fastest(key, () => {
    told = true;
    return measure(
      list.map((b) => stepping(b, { network, size: how.size, photos: limits.get(b) }, key, how.check)),
      notice,
    );
  });
  if (!told) passedOver(found).forEach(notice);
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

/** The first that starts. */
async function firstOf(
  network: Graph,
  list: readonly ConcreteBackend[],
  notice: (text: string) => void,
): Promise<Executor> {
  for (const [k, candidate] of list.entries()) {
    if (candidate === 'cpu' || k === list.length - 1) return open(network, candidate);
    try {
      return await open(network, candidate);
    } catch (error) {
      notice(`${candidate} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return open(network, 'cpu');
}
