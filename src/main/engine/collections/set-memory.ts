import { statSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { goneVersion } from '../library/current-photo.ts';
import { defaultSize } from '../inputs/inputs.ts';
import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import { resolveNetwork } from '../network/networks.ts';
import { findSet, loadSet, setKey, type LoadedSet } from '../retrieval/vector-sets.ts';
import { Cosines } from '../retrieval/cosines.ts';

/** A descriptor set of whole photos in memory. */
export interface SetInMemory {
  readonly set: LoadedSet;
  readonly cosines: Cosines;
  /** Row by photo. */
  readonly rowOf: ReadonlyMap<number, number>;
}

let kept: { readonly stamp: string; readonly library: Library; readonly memory: Promise<SetInMemory> } | undefined;

/** Other than before whenever descriptors or photos are. */
function stampOf(library: Library, key: string): string {
  const photos = select(library.db, 'SELECT COUNT(*) FROM photo', integer).one();
  const file = statSync(library.file('descriptors', `${key}.npy`), { throwIfNoEntry: false });
  return [library.path, key, photos, goneVersion(library), file?.size, file?.mtimeMs, file?.ino].join('\0');
}

/**
 * Loads a set, or gives the one that was loaded last.
 * @throws CovisError `NOT_FOUND` saying what is gone, `STATE_EMPTY`, `INPUT_INVALID` for a set of regions.
 */
export async function setInMemory(library: Library, wanted: string): Promise<SetInMemory> {
  const key = keyOf(library, wanted);
  const stamp = stampOf(library, key);
  if (kept?.stamp !== stamp || kept.library !== library) kept = { stamp, library, memory: load(library, key) };
  const { memory } = kept;
  try {
    return await memory;
  } catch (error) {
    if (kept?.memory === memory) kept = undefined;
    throw error;
  }
}

/** Loads the default network's set before it is asked for, where it is no more than so many bytes. */
export async function setAhead(library: Library, most: number): Promise<void> {
  const network = await resolveNetwork(library, undefined, 'default');
  const key = setKey(network, defaultSize(network.spec));
  const file = statSync(library.file('descriptors', `${key}.npy`), { throwIfNoEntry: false });
  if (file !== undefined && file.size <= most) await setInMemory(library, key);
}

/** Lets go of what is in memory. */
export function forgetSets(): void {
  kept = undefined;
}

function keyOf(library: Library, wanted: string): string {
  try {
    return findSet(library, wanted).key;
  } catch (error) {
    if (!(error instanceof CovisError) || error.code !== 'NOT_FOUND') throw error;
    throw new CovisError(
      'NOT_FOUND',
      `The descriptors "${wanted}" that photos are compared by are not in this library`,
      {
        hint: `${error.hint ?? ''} Bring their network back and extract, or compare by others.`.trim(),
        cause: error,
      },
    );
  }
}

async function load(library: Library, key: string): Promise<SetInMemory> {
  const set = await loadSet(library, key);
  if (set.owners !== undefined)
    throw new CovisError('INPUT_INVALID', `"${set.name}" describes regions, and whole photos are compared here`, {
      hint: 'Take a descriptor set of photos.',
    });
  if (set.ids.length === 0)
    throw new CovisError('STATE_EMPTY', `"${set.name}" describes no photo that is there`, {
      hint: 'Extract descriptors first: covis extract.',
    });
  const cosines = await Cosines.create(set.vectors);
  const vectors = cosines.matrix ?? set.vectors;
  return { set: { ...set, vectors }, cosines, rowOf: new Map(Array.from(set.ids, (id, r) => [id, r])) };
}
