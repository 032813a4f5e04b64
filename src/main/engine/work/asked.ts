import type { Library } from '../library/library.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { loadSet, networkSet, type LoadedSet } from '../retrieval/vector-sets.ts';

/** Long side in pixels: what was asked for, else what the network takes. */
export function askedSize(size: number | undefined, network: NetworkRow): number {
  return size ?? defaultSize(network.spec);
}

/** The descriptor set that was asked for, extracting the network's own where it lacks photos. */
export async function askedSet(
  library: Library,
  p: { readonly set?: string | undefined; readonly network?: string | undefined; readonly size?: number | undefined },
  task: TaskContext,
): Promise<LoadedSet> {
  if (p.set !== undefined) return loadSet(library, p.set);
  const network = await resolveNetwork(library, p.network, 'default');
  const size = askedSize(p.size, network);
  await extract(library, network, size, task);
  return networkSet(library, network, size);
}

/** GiB as people say them. */
export function bytesOf(gib: number | undefined): number | undefined {
  return gib === undefined ? undefined : gib * 2 ** 30;
}
