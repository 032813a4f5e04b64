import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CatalogueEntry } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { resourcePath } from '../environment/resources.ts';
import { EMBEDDED, embeddedNetwork } from './embedded.ts';
import { importNetwork, importStored, type BackboneOptions, type NetworkRow } from './networks.ts';
import { addToStore, cameOf, storedNetwork, storedNetworks, ZOO } from './zoo.ts';

type Facts = Omit<CatalogueEntry, 'state' | 'came'>;
const facts = ({ id, name, bytes, sha256, licence }: Facts): Facts => ({ id, name, bytes, sha256, licence });

let embedded: readonly CatalogueEntry[] | undefined;

/** Every network outside libraries: those that come with Covis, those of this person's store, and those that can be downloaded into it. */
export function networkCatalogue(): readonly CatalogueEntry[] {
  embedded ??= (Object.keys(EMBEDDED) as (keyof typeof EMBEDDED)[]).map((id) => {
    const bytes = readFileSync(resourcePath('networks', EMBEDDED[id]));
    const { spec } = embeddedNetwork(id);
    return {
      id: id === 'photos' ? 'embedded' : id,
      name: spec.name,
      state: 'embedded',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      licence: spec.licence,
      came: 0,
    };
  });
  const here = storedNetworks().map((s): CatalogueEntry => ({ ...facts(s), state: 'here', came: 0 }));
  const known = new Set(here.map((h) => h.id));
  const others = ZOO.filter((z) => !known.has(z.id)).map((z): CatalogueEntry => ({
    ...facts(z),
    state: 'downloadable',
    came: cameOf(z.id),
  }));
  return [...embedded, ...here, ...others];
}

/** What a person may say of a backbone that is added. */
export type BackboneWishes = Pick<BackboneOptions, 'pooling' | 'output' | 'fit'>;

/** Which backbone is added: of the catalogue by its id, or an ONNX file. */
export type BackboneSource = { readonly id: string } | { readonly file: string };

/**
 * Puts a backbone into the library, as it was found or as a person wishes. One that can be downloaded is, if it is not there yet.
 * @throws CovisError `NOT_FOUND` for an id that the catalogue does not have, and what downloads and imports throw.
 */
export async function addBackbone(
  library: Library,
  source: BackboneSource,
  wishes: BackboneWishes,
  task: TaskContext,
): Promise<NetworkRow> {
  const network =
    'file' in source
      ? await fromFile(library, source.file, wishes, task)
      : await fromCatalogue(library, source.id, wishes, task);
  task.changed('networks');
  return network;
}

function fromFile(library: Library, file: string, wishes: BackboneWishes, task: TaskContext): Promise<NetworkRow> {
  task.step('Reading the network', 0, '');
  return importNetwork(library, file, wishes);
}

async function fromCatalogue(
  library: Library,
  id: string,
  wishes: BackboneWishes,
  task: TaskContext,
): Promise<NetworkRow> {
  let stored = storedNetwork(id);
  if (stored === undefined) {
    // An id alone: what is no entry must not be taken for the name of a file.
    if (!ZOO.some((z) => z.id === id))
      throw new CovisError('NOT_FOUND', `The catalogue has no network ${id}`, {
        hint: `It has ${ZOO.map((z) => z.id).join(', ')}.`,
      });
    stored = await addToStore(id, {}, task);
  }
  task.step(`Reading ${stored.name}`, 0, '');
  return importStored(library, stored, wishes);
}
