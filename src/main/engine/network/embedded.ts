import { resourcePath } from '../environment/resources.ts';
import { existsSync } from 'node:fs';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { prepareNetwork, readNetworkFile, type BackboneOptions, type LoadedNetwork } from './networks.ts';
import { storedNetwork, ZOO } from './zoo.ts';

/** Networks that come with Covis: before any training, fine-tuned on photos, and fine-tuned on edge maps (resources/networks/NOTICE). */
export const EMBEDDED = {
  photos: 'mobilenet-v1-025-gem.onnx',
  'fine-tuned': 'mobilenet-v1-025-gem-tuned.onnx',
  edges: 'mobilenet-v1-025-edges.onnx',
} as const;

/** Reads an embedded network. */
export function embeddedNetwork(which: keyof typeof EMBEDDED): Pick<LoadedNetwork, 'graph' | 'spec'> {
  return readNetworkFile(resourcePath('networks', EMBEDDED[which]));
}

/**
 * A network that belongs to no library: embedded (`embedded`, which is the default where there is no library, `fine-tuned`, `edges`), of the store, or an ONNX file.
 * @throws CovisError `NOT_FOUND` for one that does not exist.
 */
export async function standaloneNetwork(
  which = 'embedded',
  options: BackboneOptions = {},
): Promise<Pick<LoadedNetwork, 'graph' | 'spec'>> {
  const name = which === 'default' || which === 'embedded' ? 'photos' : which;
  if (Object.hasOwn(EMBEDDED, name)) return embeddedNetwork(name as keyof typeof EMBEDDED);
  const stored = storedNetwork(which);
  if (stored !== undefined)
    return prepareNetwork(stored.file, {
      ...stored,
      ...(options.output === undefined ? {} : { cut: undefined }),
      ...defined(options),
    });
  if (existsSync(which)) return prepareNetwork(which, options);
  const downloadable = ZOO.some((z) => z.id === which);
  throw new CovisError('NOT_FOUND', `There is no network ${which} on this machine`, {
    hint: downloadable ? `covis networks add ${which} downloads it.` : 'covis networks lists what there is.',
  });
}
