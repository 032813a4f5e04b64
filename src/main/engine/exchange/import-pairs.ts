import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { readPickle, type Pickled } from '../formats/pickle.ts';
import type { TaskContext } from '../queue/context.ts';
import { DisjointSets } from '../library/disjoint-sets.ts';
import type { Library } from '../library/library.ts';
import { hashFile, inspectPhoto, listImages, photoWriter, type PhotoFile } from '../library/photos.ts';
import type { ImportReport } from '../sfm/import.ts';
import { relabelPlaces } from '../sfm/places.ts';
import { photoNamer } from '../sfm/readers/sizes.ts';
import { records } from '../sfm/text-lines.ts';
import { imsPath, type PairList } from './retrieval-sfm.ts';
import { clusterWriter } from '../library/tables/cluster.ts';

/** Ids become paths, so they may not hold anything that leads elsewhere. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,128}$/;
type Half = 'train' | 'val';
const NAMED_MISSING = 5;
const PICKLE = /\.(pkl|pickle)$/i;
const HELD_OUT = { train: 0, val: 1, pairs: null } as const;

/** True for files that are lists of pairs, by their names. */
export function isPairList(source: string): boolean {
  return PICKLE.test(source) || /\.txt$/i.test(source);
}

/**
 * Reads a retrieval-SfM file (methods.md 9.1): `{train, val}` with `cids, cluster, qidxs, pidxs`. Nothing in it is executed.
 * @throws CovisError `INPUT_CORRUPT` or `INPUT_UNSUPPORTED` naming the file.
 */
export function readPairLists(file: string): Record<Half, PairList> {
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

const MAX_LIST_BYTES = 1 << 30;

/**
 * Reads a list of pairs as hloc has them, two names a line. Connected photos become one cluster.
 * @throws CovisError `INPUT_CORRUPT` naming file and offset.
 */
export function readHlocPairs(file: string): PairList {
  if (statSync(file).size > MAX_LIST_BYTES)
    throw new CovisError('INPUT_UNSUPPORTED', 'This list is larger than 1 GiB', { file });
  const index = new Map<string, number>();
  const connected = new DisjointSets();
  const of = (name: string): number => {
    let i = index.get(name);
    if (i === undefined) index.set(name, (i = index.size));
    return i;
  };
  const qidxs: number[] = [];
  const pidxs: number[] = [];
  for (const { fields, offset } of records(file)) {
    if (fields.length !== 2)
      throw new CovisError('INPUT_CORRUPT', `A line has ${fields.length} names, not two`, {
        file,
        offset,
        hint: 'A list of pairs has two names of photos a line, as hloc writes it.',
      });
    const [q, p] = [of(fields[0]!), of(fields[1]!)];
    qidxs.push(q);
    pidxs.push(p);
    connected.join(q, p);
  }
  return { cids: [...index.keys()], cluster: [...index.values()].map((i) => connected.find(i)), qidxs, pidxs };
}

/** Sides of a list of pairs: those of the split that the list itself makes, or one that leaves it to the seed. */
type Side = Half | 'pairs';

/**
 * Imports a list of pairs: a cluster without 3D for each of its clusters, the pairs as given. Of a retrieval-SfM file `val` is held out;
 * its photos are sought in `ims/` as that data set lays them out, or as `<id>.jpg`. Of a list of hloc, connected photos are a cluster.
 * Photos that are missing are counted, and can come with a later import.
 * @param images folder of the photos; `ims` beside a retrieval-SfM file, `images` beside a list, where left out.
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
  const pickled = PICKLE.test(file);
  const lists: { readonly [S in Side]?: PairList } = pickled ? readPairLists(file) : { pairs: readHlocPairs(file) };
  const sides = Object.keys(lists) as Side[];
  const beside = join(dirname(file), pickled ? 'ims' : 'images');
  const folder = resolve(images ?? (pickled || existsSync(beside) ? beside : dirname(file)));
  const fileHash = await hashFile(file);
  const photos = new Map<string, PhotoFile>();
  const all = [...new Set(sides.flatMap((s) => lists[s]!.cids))];
  const namer = photoNamer(pickled ? [] : listImages(folder));
  const nameOf = (cid: string): string | undefined =>
    pickled ? [imsPath(cid).replaceAll('\\', '/'), `${cid}.jpg`].find((n) => existsSync(join(folder, n))) : namer(cid);
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
      const name = nameOf(cid);
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
    for (const side of sides) {
      const done = commitSide(library, lists[side]!, side, { file, fileHash, folder, photos });
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
  side: Side,
  from: { file: string; fileHash: string; folder: string; photos: ReadonlyMap<string, PhotoFile> },
): { clusters: number; pairs: number; own: number; across: number } {
  const write = photoWriter(library);
  const store = clusterWriter(library);
  const rowOf = new Map<number, number>();
  const sceneOf = new Map<number, number>();
  const viewOf = new Int32Array(list.cids.length);
  const views = new Map<number, number>();
  list.cids.forEach((cid, i) => {
    const label = list.cluster[i]!;
    const name = `${basename(from.file).replace(/\.\w+$/, '')}/${side}/${label}`;
    let cluster = rowOf.get(label);
    if (cluster === undefined) {
      // A scene of its own for each cluster, so that each is a place of its own.
      const scene = write.scene(name, `${from.file}#${side}/${label}`, from.folder, HELD_OUT[side]);
      const uid = createHash('sha256').update(`${from.fileHash} ${side} ${label}`).digest('hex').slice(0, 16);
      cluster = store.cluster({ uid, scene, name, source: from.file, points: 0, observations: 0, meanError: null });
      rowOf.set(label, cluster);
      sceneOf.set(label, scene);
    }
    const view = views.get(label) ?? 0;
    views.set(label, view + 1);
    viewOf[i] = view;
    const photo = from.photos.get(cid);
    const photoId = photo === undefined ? null : write.photo(sceneOf.get(label)!, photo);
    store.view(cluster, { index: view, photo: photoId, name: cid, camera: null, pose: null, seen: 0 });
  });
  let own = 0;
  let across = 0;
  let pairs = 0;
  list.qidxs.forEach((q, i) => {
    const p = list.pidxs[i]!;
    if (list.cids[q] === list.cids[p]) own += 1;
    else if (list.cluster[q] !== list.cluster[p]) across += 1;
    else {
      store.given(rowOf.get(list.cluster[q]!)!, viewOf[q]!, viewOf[p]!);
      pairs += 1;
    }
  });
  return { clusters: rowOf.size, pairs, own, across };
}
