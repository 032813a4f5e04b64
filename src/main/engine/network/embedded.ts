import { resourcePath } from '../environment/resources.ts';
import { existsSync } from 'node:fs';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { EMBEDDED, embeddedDefault, type EmbeddedName } from './embedded-files.ts';
import { prepareNetwork, readNetworkFile, type BackboneOptions, type LoadedNetwork } from './networks.ts';
import { storedNetwork, ZOO } from './zoo.ts';

/** Reads an embedded network. @param which its name, or `photos` for the one that a new library begins with. */
export function embeddedNetwork(which: EmbeddedName | 'photos'): Pick<LoadedNetwork, 'graph' | 'spec'> {
  return readNetworkFile(resourcePath('networks', EMBEDDED[which === 'photos' ? embeddedDefault() : which]));
}

/**
 * A network that belongs to no library: embedded (`embedded`, which is the default where there is no library, or one by its name), of the store, or an ONNX file.
 * @throws CovisError `NOT_FOUND` for one that does not exist.
 */
export async function standaloneNetwork(
  which = 'embedded',
  options: BackboneOptions = {},
): Promise<Pick<LoadedNetwork, 'graph' | 'spec'>> {
  if (which === 'default' || which === 'embedded') return embeddedNetwork('photos');
  const stored = storedNetwork(which);
  if (stored === undefined && Object.hasOwn(EMBEDDED, which)) return embeddedNetwork(which as EmbeddedName);
  if (stored !== undefined)
    return prepareNetwork(stored.file, {
      ...stored,
      ...(options.output === undefined && options.tokens === undefined ? {} : { cut: undefined }),
      ...defined(options),
    });
  if (existsSync(which)) return prepareNetwork(which, options);
  const downloadable = ZOO.some((z) => z.id === which);
  throw new CovisError('NOT_FOUND', `There is no network ${which} on this machine`, {
    hint: downloadable ? `covis networks add ${which} downloads it.` : 'covis networks lists what there is.',
  });
}
