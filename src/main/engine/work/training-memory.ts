/** What a training would take of memory, before anybody starts it. */
import type { JobParams } from '../../../shared/jobs/index.ts';
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import type { TrainingMemoryReport } from '../../../shared/facts/training.ts';
import type { Library } from '../library/library.ts';
import { embeddedNetwork } from '../network/embedded.ts';
import { keyOf, remembered } from '../network/fastest.ts';
import { loadNetwork, networkRow, type LoadedNetwork } from '../network/networks.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { candidates, deviceOf } from '../network/providers.ts';
import { largestPhoto, memoryInWords, planMemory } from '../training/memory/plan.ts';
import { learning } from '../training/train.ts';
import { bytesOf } from './asked.ts';
import { trainingParameters } from './recipe.ts';

type Asked = Pick<
  JobParams<'train'>,
  'network' | 'domain' | 'preset' | 'size' | 'backend' | 'optimiser' | 'mining' | 'freeze' | 'memory'
>;

/**
 * Estimated by the graph; nothing is computed or stored.
 * @returns null of networks that are yet to be made, and for back ends that plan by themselves.
 * @throws CovisError `INPUT_INVALID` with the largest size that fits, `INPUT_UNSUPPORTED` for a network that cannot be trained.
 */
export async function trainingMemory(library: Library, p: Asked): Promise<TrainingMemoryReport | null> {
  const network: Pick<LoadedNetwork, 'graph' | 'spec'> =
    p.network === undefined ? embeddedNetwork('photos') : loadNetwork(library, networkRow(library, p.network));
  const edges = network.spec.edges !== undefined;
  if (p.domain === 'edges' && !edges) return null;
  const parameters = trainingParameters(p, edges);
  const { graph } = learning(network, parameters);
  const backend = parameters.backend === 'auto' ? await automatic(graph, parameters.size) : parameters.backend;
  const photo = largestPhoto(library, network.spec, parameters.size);
  const memory = await planMemory(graph, backend, parameters, photo, bytesOf(p.memory));
  return memory === undefined ? null : { backend, memory, text: memoryInWords(memory) };
}

/** What was the fastest before, else what would be tried first. */
async function automatic(graph: Graph, size: number): Promise<ConcreteBackend> {
  const list = await candidates();
  if (list.length === 1) return 'cpu';
  const devices = await Promise.all(list.map(deviceOf));
  return remembered(keyOf(graph, size, devices))?.backend ?? list[0]!;
}
