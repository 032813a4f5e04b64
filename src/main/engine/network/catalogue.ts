import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CatalogueEntry } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { resourcePath } from '../environment/resources.ts';
import { embeddedNetwork } from './embedded.ts';
import { EMBEDDED, isStart, STARTS, type EmbeddedName } from './embedded-files.ts';
import { addEmbedded, importNetwork, importStored, type BackboneOptions, type NetworkRow } from './networks.ts';
import { packageName } from './packages.ts';
import { addToStore, cameOf, storedNetwork, storedNetworks, ZOO } from './zoo.ts';

type Facts = Pick<CatalogueEntry, 'id' | 'name' | 'bytes' | 'sha256' | 'licence'>;
const facts = ({ id, name, bytes, sha256, licence }: Facts): Facts => ({ id, name, bytes, sha256, licence });
/** Of what needs no fetching. */
const present = { start: true, came: 0, package: null, fetched: 0 };

let embedded: readonly CatalogueEntry[] | undefined;

/** Every network outside libraries: those that come with Covis, those of this person's store, and those that can be downloaded into it. */
export function networkCatalogue(): readonly CatalogueEntry[] {
  embedded ??= (Object.keys(EMBEDDED) as EmbeddedName[]).map((id) => {
    const bytes = readFileSync(resourcePath('networks', EMBEDDED[id]));
    const { spec } = embeddedNetwork(id);
    return {
      id,
      name: spec.name,
      state: 'embedded',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      licence: spec.licence,
      ...present,
      start: isStart(id),
    };
  });
  const here = storedNetworks().map((s): CatalogueEntry => ({ ...facts(s), state: 'here', ...present }));
  const known = new Set(here.map((h) => h.id));
  const others = ZOO.filter((z) => !known.has(z.id)).map((z): CatalogueEntry => ({
    ...facts(z),
    state: 'downloadable',
    start: true,
    came: cameOf(z.id),
    package: z.npm === undefined ? null : packageName(z.npm),
    fetched: z.npm?.archive ?? z.bytes,
  }));
  return [...embedded, ...here, ...others];
}

/** What a person may say of a backbone that is added. */
export type BackboneWishes = Pick<BackboneOptions, 'pooling' | 'output' | 'fit' | 'tokens' | 'preprocess' | 'name'>;

/** Which backbone is added: of the catalogue by its id, or an ONNX file. */
export type BackboneSource =
  | { readonly id: string; /** A folder that has what would be fetched. */ readonly from?: string | undefined }
  | { readonly file: string };

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
      : await fromCatalogue(library, source, wishes, task);
  task.changed('networks');
  return network;
}

function fromFile(library: Library, file: string, wishes: BackboneWishes, task: TaskContext): Promise<NetworkRow> {
  task.step('Reading the network', 0, '');
  return importNetwork(library, file, wishes);
}

async function fromCatalogue(
  library: Library,
  { id, from }: Extract<BackboneSource, { id: string }>,
  wishes: BackboneWishes,
  task: TaskContext,
): Promise<NetworkRow> {
  if (isStart(id) && storedNetwork(id) === undefined) {
    const asItIs = [wishes.output, wishes.tokens, wishes.preprocess, wishes.name].every((w) => w === undefined);
    if (!asItIs || (wishes.pooling ?? 'gem') !== 'gem')
      throw new CovisError('INPUT_INVALID', `${id} comes with Covis whole, pooled by GeM`, {
        hint: 'Add it as it is; a training run can pool it otherwise.',
      });
    return addEmbedded(library, id);
  }
  let stored = storedNetwork(id);
  if (stored === undefined) {
    // An id alone: what is no entry must not be taken for the name of a file.
    if (!ZOO.some((z) => z.id === id))
      throw new CovisError('NOT_FOUND', `The catalogue has no network ${id}`, {
        hint: `It has ${[...STARTS, ...ZOO.map((z) => z.id)].join(', ')}.`,
      });
    stored = await addToStore(id, { from }, task);
  }
  task.step(`Reading ${stored.name}`, 0, '');
  return importStored(library, stored, wishes);
}
