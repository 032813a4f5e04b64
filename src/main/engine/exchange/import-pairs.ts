import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { photosAtOnce } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import { recognise, titles } from '../formats/recognise.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { hashFile, inspectPhoto, photoWriter, type PhotoFile } from '../library/photos.ts';
import { UnreadPhotos } from '../library/unread-photos.ts';
import { ambiguousNames } from '../library/library-names.ts';
import { firstFew } from '../library/name-lists.ts';
import { clusterWriter } from '../library/tables/cluster.ts';
import type { ImportReport } from '../sfm/import.ts';
import { relabelPlaces } from '../sfm/places.ts';
import type { PairList } from './pair-list.ts';
import { PAIR_READERS } from './pair-readers/index.ts';
import type { Side } from './pair-readers/reader.ts';

const NAMED_MISSING = 5;
const HELD_OUT = { train: 0, val: 1, pairs: null } as const;

/** True for files that are lists of pairs, by what they begin with or by their names. */
export function isPairList(source: string): boolean {
  const file = resolve(source);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined) return PAIR_READERS.some((r) => r.named.test(basename(file)));
  return there.isFile() && recognise(PAIR_READERS, file) !== undefined;
}

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
  const reader = recognise(PAIR_READERS, file);
  if (reader === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'Covis does not know what list of pairs this is', {
      file,
      hint: `It reads ${titles(PAIR_READERS)}.`,
    });
  const folder = resolve(images ?? reader.images(file));
  const listed = reader.photos(folder);
  const lists = reader.read(file, listed.known);
  const sides = Object.keys(lists) as Side[];
  const fileHash = await hashFile(file);
  const photos = new Map<string, PhotoFile>();
  const all = [...new Set(sides.flatMap((s) => lists[s]!.cids))];
  const bound = listed.bind(all);
  const warnings: string[] = [];
  const warn = (m: string): void => {
    warnings.push(m);
    task.warn(m);
  };
  task.step('Reading photos', all.length, 'photos');
  const unread = new UnreadPhotos();
  let next = 0;
  let done = 0;
  const one = async (): Promise<void> => {
    while (next < all.length) {
      const cid = all[next++]!;
      task.check();
      const name = bound.name(cid);
      let photo: PhotoFile | undefined;
      if (name !== undefined) {
        try {
          photo = await inspectPhoto(folder, name);
        } catch (error) {
          unread.add(join(folder, name), error);
          warn(error instanceof CovisError ? `${error.message}: ${error.file ?? name}` : String(error));
        }
      }
      if (photo !== undefined) photos.set(cid, photo);
      task.progress((done += 1));
    }
  };
  await Promise.all(Array.from({ length: photosAtOnce() }, one));
  await unread.refuseAll([folder], Array.from(photos.values(), (p) => join(folder, p.name)).sort());
  const unclear = new Set(bound.ambiguous.map((a) => a.name));
  const missing = all.filter((cid) => !photos.has(cid) && !unclear.has(cid));
  if (unclear.size > 0)
    warn(
      `${unclear.size} of ${all.length} names may mean several photos below ${folder}, or share one with another name, and none was taken: ${firstFew(ambiguousNames(bound.ambiguous), NAMED_MISSING)}`,
    );
  if (missing.length > 0)
    warn(`${missing.length} of ${all.length} photos are not below ${folder}: ${firstFew(missing, NAMED_MISSING)}`);
  task.step('Writing the library', 0, '');
  let clusters = 0;
  let pairs = 0;
  let repeated = 0;
  let own = 0;
  let across = 0;
  library.transaction(() => {
    for (const side of sides) {
      const done = commitSide(library, lists[side]!, side, { file, fileHash, folder, photos });
      clusters += done.clusters;
      pairs += done.pairs;
      repeated += done.repeated;
      own += done.own;
      across += done.across;
    }
    relabelPlaces(library);
  });
  if (repeated > 0) warn(`${repeated} pairs that the list has more than once were taken once`);
  if (own > 0) warn(`${own} pairs of a photo with itself were left out`);
  if (across > 0) warn(`${across} pairs of different clusters were left out`);
  task.changed('clusters');
  return {
    photos: new Set(Array.from(photos.values(), (p) => p.hash)).size,
    missing,
    ambiguous: bound.ambiguous,
    clusters,
    points: 0,
    observations: 0,
    pairs,
    warnings,
    bound: photos.size,
  };
}

function commitSide(
  library: Library,
  list: PairList,
  side: Side,
  from: { file: string; fileHash: string; folder: string; photos: ReadonlyMap<string, PhotoFile> },
): { clusters: number; pairs: number; repeated: number; own: number; across: number } {
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
  let repeated = 0;
  // What the library holds afterwards is counted, whether it came now or with an earlier import.
  const held = new Set<string>();
  list.qidxs.forEach((q, i) => {
    const p = list.pidxs[i]!;
    if (list.cids[q] === list.cids[p]) own += 1;
    else if (list.cluster[q] !== list.cluster[p]) across += 1;
    else {
      const pair = `${rowOf.get(list.cluster[q]!)!} ${viewOf[q]!} ${viewOf[p]!}`;
      if (held.has(pair)) repeated += 1;
      held.add(pair);
      store.given(rowOf.get(list.cluster[q]!)!, viewOf[q]!, viewOf[p]!);
    }
  });
  return { clusters: rowOf.size, pairs: held.size, repeated, own, across };
}
