import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { readPickle, type Pickled } from '../formats/pickle.ts';
import type { TaskContext } from '../jobs/context.ts';
import { now, type Library } from '../library/library.ts';
import { hashFile, inspectPhoto, photoWriter, type PhotoFile } from '../library/photos.ts';
import type { ImportReport } from '../sfm/import.ts';
import { relabelPlaces } from '../sfm/places.ts';
import { imsPath, type PairList } from './retrieval-sfm.ts';

/** Ids become paths, so they may not hold anything that leads elsewhere. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,128}$/;
const SIDES = ['train', 'val'] as const;
const NAMED_MISSING = 5;

/**
 * Reads a retrieval-SfM file (methods.md 9.1): `{train, val}` with `cids, cluster, qidxs, pidxs`. Nothing in it is executed.
 * @throws CovisError `INPUT_CORRUPT` or `INPUT_UNSUPPORTED` naming the file.
 */
export function readPairLists(file: string): Record<(typeof SIDES)[number], PairList> {
  const top = readPickle(file);
  const wrong = (message: string): never => {
    throw new CovisError('INPUT_CORRUPT', `This is no retrieval-SfM file: ${message}`, {
      file,
      hint: 'It needs train and val, each with cids, cluster, qidxs and pidxs.',
    });
  };
  const fields = (v: Pickled | undefined, what: string): Map<Pickled, Pickled> =>
    v instanceof Map ? v : wrong(`${what} is not a dictionary`);
  const whole = fields(top, 'it');
  const list = (v: Pickled | undefined, what: string): Pickled[] => {
    if (Array.isArray(v)) return v;
    if (v !== null && typeof v === 'object' && 'data' in v) return Array.from(v.data);
    return wrong(`${what} is missing`);
  };
  const numbers = (v: Pickled | undefined, what: string): number[] =>
    list(v, what).map((x) => {
      const n = Number(x);
      return Number.isSafeInteger(n) ? n : wrong(`${what} holds ${String(x)}`);
    });
  const side = (name: string): PairList => {
    const d = fields(whole.get(name), name);
    const cids = list(d.get('cids'), `${name}.cids`).map((c) => {
      if (typeof c !== 'string' || !SAFE_ID.test(c)) return wrong(`${name}.cids holds ${String(c).slice(0, 60)}`);
      return c;
    });
    const cluster = numbers(d.get('cluster'), `${name}.cluster`);
    const qidxs = numbers(d.get('qidxs'), `${name}.qidxs`);
    const pidxs = numbers(d.get('pidxs'), `${name}.pidxs`);
    if (cluster.length !== cids.length) wrong(`${name} has ${cids.length} cids and ${cluster.length} clusters`);
    if (qidxs.length !== pidxs.length) wrong(`${name} has ${qidxs.length} qidxs and ${pidxs.length} pidxs`);
    for (const i of [...qidxs, ...pidxs])
      if (i < 0 || i >= cids.length) wrong(`${name} names photo ${i} of ${cids.length}`);
    return { cids, cluster, qidxs, pidxs };
  };
  return { train: side('train'), val: side('val') };
}

/**
 * Imports a retrieval-SfM file: a cluster without 3D for each of its clusters, the pairs as given, `val` held out. Photos are sought in
 * `ims/` as that data set lays them out, or as `<id>.jpg`; those that are missing are counted, and can come with a later import.
 * @param images folder of the photos; `ims` beside the file where left out.
 * @throws CovisError `INPUT_*` naming the file, `CANCELLED`. The library is as before then.
 */
export async function importPairs(
  library: Library,
  source: string,
  images: string | undefined,
  task: TaskContext,
): Promise<ImportReport> {
  const file = resolve(source);
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This file does not exist', { file });
  const lists = readPairLists(file);
  const folder = resolve(images ?? join(dirname(file), 'ims'));
  const fileHash = await hashFile(file);
  const photos = new Map<string, PhotoFile>();
  const all = [...new Set(SIDES.flatMap((s) => lists[s].cids))];
  const warnings: string[] = [];
  const warn = (m: string): void => {
    warnings.push(m);
    task.warn(m);
  };
  task.step('Reading photos', all.length, 'photos');
  let next = 0;
  let done = 0;
  const one = async (): Promise<void> => {
    while (next < all.length) {
      const cid = all[next++]!;
      task.check();
      const name = [imsPath(cid).replaceAll('\\', '/'), `${cid}.jpg`].find((n) => existsSync(join(folder, n)));
      let photo: PhotoFile | undefined;
      if (name !== undefined) {
        try {
          photo = await inspectPhoto(folder, name);
        } catch (error) {
          warn(error instanceof CovisError ? `${error.message}: ${error.file ?? name}` : String(error));
        }
      }
      if (photo !== undefined) photos.set(cid, photo);
      task.progress((done += 1));
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, one));
  const missing = all.filter((cid) => !photos.has(cid));
  if (missing.length > 0)
    warn(
      `${missing.length} of ${all.length} photos are not below ${folder}: ${missing.slice(0, NAMED_MISSING).join(', ')}${missing.length > NAMED_MISSING ? ', …' : ''}`,
    );
  task.step('Writing the library', 0, '');
  let clusters = 0;
  let pairs = 0;
  let own = 0;
  let across = 0;
  library.transaction(() => {
    for (const side of SIDES) {
      const done = commitSide(library, lists[side], side, { file, fileHash, folder, photos });
      clusters += done.clusters;
      pairs += done.pairs;
      own += done.own;
      across += done.across;
    }
    relabelPlaces(library);
  });
  if (own > 0) warn(`${own} pairs of a photo with itself were left out`);
  if (across > 0) warn(`${across} pairs of different clusters were left out`);
  task.changed('clusters');
  return { photos: all.length - missing.length, missing, clusters, points: 0, observations: 0, pairs, warnings };
}

function commitSide(
  library: Library,
  list: PairList,
  side: 'train' | 'val',
  from: { file: string; fileHash: string; folder: string; photos: ReadonlyMap<string, PhotoFile> },
): { clusters: number; pairs: number; own: number; across: number } {
  const { db } = library;
  const write = photoWriter(library);
  const insertCluster = db
    .prepare(
      'INSERT INTO cluster (uid, scene_id, name, source, points, observations, mean_error, created) VALUES (?, ?, ?, ?, 0, 0, NULL, ?) ON CONFLICT(uid) DO UPDATE SET source = excluded.source RETURNING id',
    )
    .pluck();
  const insertView = db.prepare(
    "INSERT INTO view (cluster_id, view_index, photo_id, name, camera, pose, points_seen) VALUES (?, ?, ?, ?, 'null', 'null', 0) ON CONFLICT DO UPDATE SET photo_id = excluded.photo_id",
  );
  const insertPair = db.prepare(
    'INSERT INTO given_pair (cluster_id, query_view, positive_view) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const rowOf = new Map<number, number>();
  const sceneOf = new Map<number, number>();
  const viewOf = new Int32Array(list.cids.length);
  const views = new Map<number, number>();
  list.cids.forEach((cid, i) => {
    const label = list.cluster[i]!;
    const name = `${basename(from.file, '.pkl')}/${side}/${label}`;
    let cluster = rowOf.get(label);
    if (cluster === undefined) {
      // A scene of its own for each cluster, so that each is a place of its own.
      const scene = write.scene(name, `${from.file}#${side}/${label}`, from.folder, side === 'val' ? 1 : 0);
      const uid = createHash('sha256').update(`${from.fileHash} ${side} ${label}`).digest('hex').slice(0, 16);
      cluster = insertCluster.get(uid, scene, name, from.file, now()) as number;
      rowOf.set(label, cluster);
      sceneOf.set(label, scene);
    }
    const view = views.get(label) ?? 0;
    views.set(label, view + 1);
    viewOf[i] = view;
    const photo = from.photos.get(cid);
    const photoId = photo === undefined ? null : write.photo(sceneOf.get(label)!, photo);
    insertView.run(cluster, view, photoId, cid);
  });
  let own = 0;
  let across = 0;
  let pairs = 0;
  list.qidxs.forEach((q, i) => {
    const p = list.pidxs[i]!;
    if (list.cids[q] === list.cids[p]) own += 1;
    else if (list.cluster[q] !== list.cluster[p]) across += 1;
    else {
      insertPair.run(rowOf.get(list.cluster[q]!)!, viewOf[q]!, viewOf[p]!);
      pairs += 1;
    }
  });
  return { clusters: rowOf.size, pairs, own, across };
}
