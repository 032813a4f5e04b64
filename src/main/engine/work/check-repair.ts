/** What can be made again of a library's files. What cannot is said, and left as it is. */
import { existsSync, rmSync } from 'node:fs';
import type { Precision } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { flag, integer, nullable, record, select, text } from '../library/rows.ts';
import { forgetStored } from '../library/stored.ts';
import { computing } from '../network/computing.ts';
import { networkById, networkRow, restoreEmbedded } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract, precision } from '../retrieval/extract.ts';
import { extractRegions } from '../retrieval/feature-maps.ts';
import { importVectors } from '../retrieval/import-vectors.ts';
import { removeSet } from '../retrieval/vector-sets.ts';
import { restoreCluster } from '../sfm/restore.ts';
import { hashFile } from '../library/photos.ts';
import type { Expected } from './check-files.ts';

/** Does something for each thing once; what cannot be done is said of it. */
async function each(
  of: readonly Expected[],
  task: TaskContext,
  make: (id: string) => Promise<void> | void,
): Promise<void> {
  for (const id of new Set(of.map((f) => f.of))) {
    task.check();
    try {
      await make(id);
    } catch (error) {
      if (!(error instanceof CovisError) || error.code === 'CANCELLED') throw error;
      const file = of.find((f) => f.of === id)!.path;
      task.warn(
        `${file} could not be made again: ${error.message}${error.file === undefined ? '' : ` (${error.file})`}`,
      );
    }
  }
}

const cannot = (why: string): CovisError => new CovisError('STATE_EMPTY', why);

/** The embedded network comes with Covis; others hold what was learned or brought. */
export function makeNetworks(library: Library, broken: readonly Expected[], task: TaskContext): Promise<void> {
  const embedded = select(library.db, 'SELECT embedded FROM network WHERE uid = ?', flag);
  return each(broken, task, (uid) => {
    if (!embedded.one(uid)) throw cannot('only the embedded network comes with Covis; this one was added or trained');
    const restored = restoreEmbedded(library, uid);
    if (restored.uid !== uid) throw cannot('this version of Covis comes with another embedded network');
  });
}

/** Arrays of clusters, from their models. */
export function makeClusters(library: Library, broken: readonly Expected[], task: TaskContext): Promise<void> {
  return each(broken, task, (uid) => restoreCluster(library, uid, task));
}

/** Descriptors of networks and regions are computed, imported ones read again from a file that has not changed. */
export function makeDescriptors(library: Library, broken: readonly Expected[], task: TaskContext): Promise<void> {
  const stored = select(
    library.db,
    'SELECT network_id AS network, size, name, source, source_hash AS sourceHash, regional, half, precision FROM vector_set WHERE uid = ?',
    record({
      network: nullable(integer),
      size: nullable(integer),
      name: text,
      source: nullable(text),
      sourceHash: nullable(text),
      regional: flag,
      half: flag,
      precision: nullable(precision),
    }),
  );
  return each(broken, task, async (key) => {
    const set = stored.get(key);
    if (set === undefined) {
      const [uid, size] = key.split('-') as [string, string];
      const network = networkRow(library, uid);
      const base = library.file('descriptors', key);
      const files = [`${base}.npy`, `${base}.ids.npy`];
      forgetStored(library, files);
      for (const file of files) rmSync(file, { force: true });
      await extract(library, network, Number(size), task);
      return;
    }
    const before = new Set(select(library.db, 'SELECT uid FROM vector_set', text).all());
    const made = await (set.network !== null && set.size !== null
      ? regionsAlike(library, { ...set, network: set.network, size: set.size }, task)
      : readAgain(library, set, task));
    if (made.set !== key) {
      if (!before.has(made.set)) removeSet(library, made.set);
      throw cannot(`what was made again is another set, ${made.set}: photos or files have changed`);
    }
  });
}

/** In the precision that they were in, whatever is chosen now. */
async function regionsAlike(
  library: Library,
  set: {
    readonly network: number;
    readonly size: number;
    readonly half: boolean;
    readonly precision: Precision | null;
  },
  task: TaskContext,
): Promise<{ readonly set: string }> {
  const made = (): ReturnType<typeof extractRegions> =>
    extractRegions(library, networkById(library, set.network), set.size, set.half, task);
  return (await computing(undefined, made, set.precision ?? 'single')).result;
}

async function readAgain(
  library: Library,
  set: {
    readonly name: string;
    readonly source: string | null;
    readonly sourceHash: string | null;
    readonly half: boolean;
  },
  task: TaskContext,
): Promise<{ readonly set: string }> {
  const { source, sourceHash, name, half } = set;
  if (source === null) throw cannot('nothing says what it was made of');
  if (!existsSync(source) || (await hashFile(source)) !== sourceHash)
    throw cannot(`the file that it was imported from is gone or has changed: ${source}`);
  return importVectors(library, { file: source, name, half }, task);
}

/** Caches are made when they are asked for. */
export async function removeCaches(_: Library, broken: readonly Expected[], task: TaskContext): Promise<void> {
  await each(broken, task, (path) => rmSync(path, { force: true }));
}
