import { CovisError } from '../../../shared/errors.ts';
import { EMBEDDED_DETECTOR } from '../../../shared/jobs/edges.ts';
import { edgeNetwork } from '../edges/edge-network.ts';
import type { Library } from '../library/library.ts';
import { defaultOf, loadNetwork, readNetworkFile, resolveNetwork, type LoadedNetwork } from '../network/networks.ts';
import { embeddedNetwork } from '../network/embedded.ts';
import type { DomainNetworks } from './generalisation.ts';

/** Networks by what a person wrote: an ONNX file, or a content hash of the library. */
export interface DomainNames {
  readonly pretrained: string | undefined;
  readonly fineTuned: string | undefined;
  readonly edges: string | undefined;
}

type Ready = Pick<LoadedNetwork, 'graph' | 'spec'>;

/** The networks of an experiment without a library: files, or the embedded ones. @throws CovisError `INPUT_*` naming a file. */
export function domainNetworks(names: DomainNames): DomainNetworks {
  const file = (name: string | undefined, fallback: 'tiny' | 'fine-tuned' | 'edges'): Ready =>
    name === undefined ? embeddedNetwork(fallback) : readNetworkFile(name);
  return checked({
    pretrained: file(names.pretrained, 'tiny'),
    fineTuned: file(names.fineTuned, 'fine-tuned'),
    edges: file(names.edges, 'edges'),
  });
}

/** The same with a library: what is not named is the library's default where that was fine-tuned, or of edge maps, else the embedded ones, which were made of `tiny`. */
export async function libraryDomainNetworks(library: Library, names: DomainNames): Promise<DomainNetworks> {
  const named = async (name: string): Promise<Ready> =>
    loadNetwork(library, await resolveNetwork(library, name, 'embedded'));
  const photos = defaultOf(library, 'photos');
  const edges = defaultOf(library, 'edges');
  const tuned = photos !== undefined && photos.spec.origin.includes('fine-tuned') ? photos : undefined;
  return checked({
    pretrained:
      names.pretrained !== undefined || tuned !== undefined
        ? await named(names.pretrained ?? 'embedded')
        : embeddedNetwork('tiny'),
    fineTuned:
      names.fineTuned !== undefined
        ? await named(names.fineTuned)
        : tuned === undefined
          ? embeddedNetwork('fine-tuned')
          : loadNetwork(library, tuned),
    edges:
      names.edges !== undefined
        ? await named(names.edges)
        : edges === undefined
          ? embeddedNetwork('edges')
          : loadNetwork(library, edges),
  });
}

function checked(networks: DomainNetworks): DomainNetworks {
  for (const n of [networks.pretrained, networks.fineTuned])
    if (n.spec.edges !== undefined)
      throw new CovisError('INPUT_INVALID', `${n.spec.name} takes edge maps, and a network of photos was asked for`);
  return networks.edges.spec.edges === undefined
    ? { ...networks, edges: edgeNetwork(networks.edges, { detector: EMBEDDED_DETECTOR }) }
    : networks;
}
