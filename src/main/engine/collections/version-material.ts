/** A version of the library as exports take it: its photos where they are now, what cameras wrote, descriptors. */
import { CovisError } from '../../../shared/errors.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { currentPhoto } from '../library/current-photo.ts';
import { contentHash } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { PHOTO_FACTS } from '../library/photos.ts';
import { record, select } from '../library/rows.ts';
import { collectionState, newestVersion } from '../library/tables/collection.ts';
import { idByHash } from '../library/tables/photo.ts';
import { resolveNetwork } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { loadDescriptors } from '../retrieval/extract.ts';
import type { Material, MaterialDescriptors } from './exports/index.ts';
import { collectionInfo } from './info.ts';
import { versionContent } from './versions.ts';

/** Whose descriptors go along. */
export interface DescriptorsAsked {
  readonly network?: string | undefined;
  readonly size?: number | undefined;
  /** Whether the export fails without any. */
  readonly needed: boolean;
  /** Whether they are of use at all. */
  readonly wanted: boolean;
}

/**
 * What an export of `NAME` or `NAME@VERSION` is made of; the newest version where none is named.
 * @throws CovisError `NOT_FOUND`, `STATE_EMPTY` for a collection that was never committed, and without descriptors that are needed.
 */
export async function versionMaterial(
  library: Library,
  wanted: string,
  asked: DescriptorsAsked,
  task: TaskContext,
): Promise<Material> {
  const { collection, version: named } = collectionState(library, wanted);
  const version = named ?? newestVersion(library, collection.id);
  if (version === undefined)
    throw new CovisError('STATE_EMPTY', `${collection.name} was never committed, and versions are exported`, {
      hint: `Commit it first: covis collection commit LIB "${collection.name}"`,
    });
  if (named === undefined && collectionInfo(library, collection.uid).uncommitted)
    task.warn(
      `${collection.name} was changed since version ${version.number}, which is exported: commit it to have the changes`,
    );
  const content = versionContent(library, collection, version);
  const ids = idByHash(library);
  const facts = select(
    library.db,
    'SELECT taken, latitude, longitude, focal, camera FROM photo WHERE id = ?',
    record(PHOTO_FACTS),
  );
  const idOf = (sha256: string): number | undefined => ids.get(contentHash(sha256));
  return {
    content,
    fileOf: (entry) => {
      const id = idOf(entry.sha256);
      if (id === undefined)
        throw new CovisError('INPUT_MISSING', `The library does not have ${entry.path}`, { file: entry.path });
      return currentPhoto(library, id);
    },
    factsOf: (entry) => {
      const id = idOf(entry.sha256);
      return id === undefined ? undefined : facts.get(id);
    },
    descriptors: await descriptorsOf(
      library,
      content.entries.map((e) => e.sha256),
      idOf,
      asked,
    ),
  };
}

async function descriptorsOf(
  library: Library,
  photos: readonly string[],
  idOf: (sha256: string) => number | undefined,
  { network, size, needed, wanted }: DescriptorsAsked,
): Promise<MaterialDescriptors | undefined> {
  if (!wanted) return undefined;
  let row;
  try {
    row = await resolveNetwork(library, network, 'default');
  } catch (error) {
    if (needed || network !== undefined) throw error;
    return undefined;
  }
  const pixels = size ?? defaultSize(row.spec);
  const set = loadDescriptors(library, row, pixels);
  if (set.ids.length === 0) {
    if (!needed && network === undefined) return undefined;
    throw new CovisError('STATE_EMPTY', `Network ${row.uid} has no descriptors at ${pixels} pixels`, {
      hint: 'Extract them first: covis extract.',
    });
  }
  const byId = new Map(
    photos.flatMap((sha256) => {
      const id = idOf(sha256);
      return id === undefined ? [] : [[id, sha256] as const];
    }),
  );
  const rows: number[] = [];
  const known: string[] = [];
  set.ids.forEach((id, i) => {
    const sha256 = byId.get(id);
    if (sha256 === undefined) return;
    rows.push(i);
    known.push(sha256);
  });
  const data = new Float32Array(rows.length * set.dim);
  rows.forEach((r, i) => data.set(set.data.subarray(r * set.dim, (r + 1) * set.dim), i * set.dim));
  return { network: row.uid, size: pixels, dim: set.dim, data, photos: known };
}
