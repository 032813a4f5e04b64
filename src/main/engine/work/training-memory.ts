/** What a training would take of memory, before anybody starts it. */
import type { JobParams } from '../../../shared/jobs/index.ts';
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import type { TrainingMemory, TrainingMemoryReport } from '../../../shared/facts/training.ts';
import type { Library } from '../library/library.ts';
import { embeddedNetwork } from '../network/embedded.ts';
import { loadNetwork, networkRow, type LoadedNetwork } from '../network/networks.ts';
import { candidates } from '../network/providers.ts';
import { expected, tried } from '../training/auto-list.ts';
import { largestPhoto, memoryInWords, photosAtOnce, planMemory } from '../training/memory/plan.ts';
import { learning } from '../training/learning.ts';
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
  const { size } = parameters;
  const photo = largestPhoto(library, network.spec, size);
  const given = bytesOf(p.memory);
  const planned = (on: ConcreteBackend): Promise<TrainingMemory | undefined> =>
    planMemory(graph, on, parameters, photo, given);
  const how = { size, atOnce: (on: ConcreteBackend) => photosAtOnce(planned, on) };
  const backend =
    parameters.backend === 'auto' ? expected(await tried(graph, await candidates(), how)) : parameters.backend;
  const memory = await planned(backend);
  return memory === undefined ? null : { backend, memory, text: memoryInWords(memory) };
}
