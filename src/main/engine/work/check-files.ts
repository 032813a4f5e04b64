/** What files a library should have, what they hold, and what depends on them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { featuresIn } from '../features/store.ts';
import { readNpyRows } from '../formats/npy.ts';
import type { Library } from '../library/library.ts';
import { hashFile } from '../library/photos.ts';
import { flag, integer, json, list, real, record, select, text } from '../library/rows.ts';
import { isSealed, unsealed } from '../library/seal.ts';
import { digestOf } from '../library/hash-file.ts';
import { filesIn, type FileFact } from '../library/storage.ts';
import { noteStored, storedFile } from '../library/stored.ts';
import { ARRAYS } from '../sfm/arrays.ts';
import { networkSpec } from '../../../shared/facts/networks.ts';
import { numbered } from './numbered.ts';

/** A file of the library: where it is, whether its content is what it stands for, and what is computed or shown of it. */
export interface Expected {
  readonly path: string;
  readonly sound: () => boolean | Promise<boolean>;
  readonly depends: () => readonly string[];
  /** What it belongs to, for those that make it again. */
  readonly of: string;
}

/** By the digest noted when it was written: its length always, all of it when everything is read. Notes it where nothing was. */
function asStored(library: Library, path: string, full: boolean, readable: () => boolean): () => boolean {
  return () => {
    const known = storedFile(library, path);
    if (known !== undefined && statSync(path).size !== known.bytes) return false;
    if (!readable()) return false;
    if (known !== undefined) return !full || digestOf(path) === known.sha256;
    if (full) noteStored(library, [path]);
    return true;
  };
}

/** The last row of an array can be read, and there is none behind it. */
function rowsAre(path: string, count: number): boolean {
  return (count === 0 || readNpyRows(path, count - 1, 2).length > 0) && readNpyRows(path, count, 1).length === 0;
}

/** Photos by content: those whose size and time are as they were count as unchanged unless all are read. */
export function photoFiles(library: Library, full: boolean): Expected[] {
  const rows = select(
    library.db,
    `SELECT p.id, p.hash, s.images, f.name, f.modified, f.bytes FROM photo_file f
     JOIN photo p ON p.id = f.photo_id JOIN scene s ON s.id = f.scene_id ORDER BY f.scene_id, f.name`,
    record({ id: integer, hash: text, images: text, name: text, modified: real, bytes: integer }),
  ).all();
  const clusters = select(
    library.db,
    'SELECT DISTINCT c.name FROM cluster c JOIN view v ON v.cluster_id = c.id WHERE v.photo_id = ? ORDER BY c.id',
    text,
  );
  return rows.map(({ id, hash, images, name, modified, bytes }) => {
    const path = join(images, name);
    const sound = async (): Promise<boolean> => {
      const now = statSync(path);
      const same = now.size === bytes && now.mtimeMs === modified;
      return (same && !full) || (await hashFile(path)) === hash;
    };
    return { path, of: hash, sound, depends: () => clusters.all(id).map((c) => `cluster ${c}`) };
  });
}

/** Networks are named by what they hold. */
export function networkFiles(library: Library): Expected[] {
  const runs = select(library.db, 'SELECT id FROM mining_run WHERE network_id = ? ORDER BY id', integer);
  const trained = select(
    library.db,
    'SELECT id FROM training_run WHERE network_id = ? OR result_id = ? ORDER BY id',
    integer,
  );
  const sizes = select(library.db, 'SELECT size FROM descriptor_set WHERE network_id = ? ORDER BY size', integer);
  return select(
    library.db,
    'SELECT id, uid FROM network WHERE removed IS NULL ORDER BY id',
    record({ id: integer, uid: text }),
  )
    .all()
    .map(({ id, uid }) => {
      const path = library.file('networks', `${uid}.onnx`);
      return {
        path,
        of: uid,
        sound: () => holds(path, uid),
        depends: () => [
          ...sizes.all(id).map((size) => `descriptors ${uid}-${size}`),
          ...numbered('mining run', runs.all(id)),
          ...numbered('training run', trained.all(id, id)),
        ],
      };
    });
}

function holds(path: string, id: string): boolean {
  return createHash('sha256').update(readFileSync(path)).digest('hex').startsWith(id);
}

/** Edge detectors that networks need, and that the library keeps. */
export function detectorFiles(library: Library): Expected[] {
  const specs = select(
    library.db,
    "SELECT spec FROM network WHERE removed IS NULL AND json_extract(spec, '$.edges') IS NOT NULL ORDER BY id",
    json(networkSpec),
  ).all();
  const ids = new Set(specs.map((s) => s.edges!.detector).filter((id) => /^[0-9a-f]{16}$/.test(id)));
  return [...ids].map((id) => {
    const path = library.file('detectors', `${id}.onnx`);
    const depends = (): string[] => specs.filter((s) => s.edges!.detector === id).map((s) => `network ${s.name}`);
    return { path, of: id, sound: () => holds(path, id), depends };
  });
}

/** Arrays of every cluster that has points. */
export function modelFiles(library: Library, full: boolean): Expected[] {
  const clusters = select(
    library.db,
    `SELECT uid, COALESCE(alias, name) AS name, points, observations, (SELECT COUNT(*) FROM view_all v WHERE v.cluster_id = c.id) AS views
     FROM cluster_all c ORDER BY id`,
    record({ uid: text, name: text, points: integer, observations: integer, views: integer }),
  ).all();
  return clusters
    .filter((c) => c.points > 0)
    .flatMap((c) =>
      ARRAYS.map((name) => {
        const path = library.file('clusters', c.uid, `${name}.npy`);
        const count = name === 'view_offsets' ? c.views + 1 : name.startsWith('obs') ? c.observations : c.points;
        const sound = asStored(library, path, full, () => rowsAre(path, count));
        return { path, of: c.uid, sound, depends: () => [`cluster ${c.name}`] };
      }),
    );
}

/** Descriptors of networks, and those that were imported or are of regions. */
export function descriptorFiles(library: Library, full: boolean): Expected[] {
  const own = select(
    library.db,
    `SELECT n.uid || '-' || d.size, d.rows, 0 FROM descriptor_set d JOIN network n ON n.id = d.network_id
     UNION ALL SELECT uid, rows, regional FROM vector_set`,
    list(text, integer, flag),
  ).all();
  const runs = select(library.db, 'SELECT id FROM mining_run WHERE set_key = ? ORDER BY id', integer);
  const measured = select(
    library.db,
    "SELECT id FROM measurement WHERE set_key = ? OR set_key LIKE ? || ' %' ORDER BY id",
    integer,
  );
  return own.flatMap(([key, rows, regional]) =>
    // Regions of other programs may have no boxes.
    [
      'npy',
      'ids.npy',
      ...(regional && existsSync(library.file('descriptors', `${key}.boxes.npy`)) ? ['boxes.npy'] : []),
    ].map((end) => {
      const path = library.file('descriptors', `${key}.${end}`);
      return {
        path,
        of: key,
        sound: asStored(library, path, full, () => rowsAre(path, rows)),
        depends: () => [...numbered('mining run', runs.all(key)), ...numbered('measurement', measured.all(key, key))],
      };
    }),
  );
}

const CACHES = ['thumbnails', 'edges', 'features'] as const;

/** Files that are made when they are asked for, and taken away while others work. What is not there is no fault. */
export async function cacheFiles(library: Library, full: boolean): Promise<Expected[]> {
  const found: Expected[] = [];
  for (const folder of CACHES)
    for (const { path } of byName(await filesIn(library.file(folder))))
      if (!path.endsWith('.tmp'))
        found.push({
          path,
          of: path,
          depends: () => [],
          sound: async () => {
            if (statSync(path).size === 0) return false;
            if (!full) return true;
            const bytes = readFileSync(path);
            const content = unsealed(bytes);
            if (content === undefined) return false;
            if (folder === 'features') return featuresIn(bytes) !== undefined;
            return isSealed(bytes) || isPicture(content);
          },
        });
  return found;
}

function byName(files: readonly FileFact[]): FileFact[] {
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** True where all of a picture can be decoded. */
async function isPicture(bytes: Buffer): Promise<boolean> {
  try {
    await sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
    return true;
  } catch {
    // That it cannot be decoded is the answer.
    return false;
  }
}

/** Files younger than this may be in the making. */
const SETTLED_MS = 10 * 60_000;

/** For folders whose files belong to a photo, cluster, network, set or run: whether the library has what a file of it belongs to. */
export function usedFiles(library: Library): Readonly<Record<string, (path: string) => boolean>> {
  const { db } = library;
  const of = (sql: string): Set<string> => new Set(select(db, sql, text).all());
  const photos = of('SELECT hash FROM photo');
  const clusters = of('SELECT uid FROM cluster_all');
  const networks = of('SELECT uid FROM network WHERE removed IS NULL');
  const sets = of(
    "SELECT n.uid || '-' || d.size FROM descriptor_set d JOIN network n ON n.id = d.network_id UNION ALL SELECT uid FROM vector_set",
  );
  const runs = of('SELECT CAST(id AS TEXT) FROM training_run');
  return {
    clusters: (path) => clusters.has(basename(join(path, '..'))),
    networks: (path) => networks.has(basename(path, '.onnx')),
    // An extraction that was cut short has no set yet, but its network.
    descriptors: (path) =>
      sets.has(basename(path).replace(/\..*$/, '')) ||
      (/\.part(\.lock|\.owner)?$/.test(path) && networks.has(basename(path).replace(/-.*$/, ''))),
    runs: (path) => runs.has(basename(path).replace(/\..*$/, '')),
    thumbnails: (path) => photos.has(basename(path).slice(0, 32)),
    edges: (path) => photos.has(basename(path).slice(0, 32)),
    features: (path) => photos.has(basename(path).slice(0, 32)),
  };
}

/** Files of the library that nothing in it refers to: of photos, clusters, networks, sets and runs that it does not have. */
export async function unusedFiles(library: Library, now = Date.now()): Promise<FileFact[]> {
  const found: FileFact[] = [];
  for (const [folder, is] of Object.entries(usedFiles(library)))
    for (const file of byName(await filesIn(join(library.path, folder))))
      if (!is(file.path) && now - file.modified > SETTLED_MS) found.push(file);
  return found;
}
