/** A model on its way into a library: read and checked, its arrays written to a folder of their own, then rows and arrays in one transaction. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../formats/npy.ts';
import type { Library } from '../library/library.ts';
import { noteStored } from '../library/stored.ts';
import { clusterByUid, clusterWriter } from '../library/tables/cluster.ts';
import { arraysOf } from './arrays.ts';
import { covisibility, type Covisibility } from './covisibility.ts';
import type { ModelLocation, SceneLocation } from './discover.ts';
import { meanReprojectionError, type SparseModel } from './model.ts';

/** A model that was read and waits to enter the library. */
export interface StagedModel {
  readonly location: Pick<ModelLocation, 'path' | 'label'> & Partial<Pick<ModelLocation, 'reader'>>;
  readonly uid: string;
  readonly model: Pick<SparseModel, 'views' | 'cameras' | 'matchesOnly'>;
  readonly points: number;
  readonly observations: number;
  readonly meanError: number;
  readonly pairs: Covisibility;
  readonly folder: string;
}

/** Writes the arrays of a model below `staging` and counts what its views share. */
export function stageModel(
  location: StagedModel['location'],
  uid: string,
  read: SparseModel,
  staging: string,
): StagedModel {
  const model = byTrackLength(read);
  const folder = join(staging, uid);
  mkdirSync(folder, { recursive: true });
  writeArrays(folder, model);
  return {
    location,
    uid,
    model: { views: model.views, cameras: model.cameras, matchesOnly: model.matchesOnly === true },
    points: model.pointError.length,
    observations: model.obsPoint.length,
    meanError: meanReprojectionError(model.pointError),
    pairs: covisibility(model),
    folder,
  };
}

/** A step near the golden section of n that visits every number below n. */
function coprimeStride(n: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.floor(0.618 * n));
  while (step > 1 && divisor(n, step) !== 1) step -= 1;
  return step;
}

/** The same model with its points in order of decreasing track length: a beginning of the arrays is then the best of the points. */
export function byTrackLength(model: SparseModel): SparseModel {
  const points = model.pointTrackLength.length;
  let longest = 0;
  for (const n of model.pointTrackLength) longest = Math.max(longest, n);
  // Counting sort, longest first.
  const bound = Math.min(longest, 1 << 16);
  const next = new Uint32Array(bound + 2);
  for (const n of model.pointTrackLength) next[bound - Math.min(n, bound) + 1]! += 1;
  for (let b = 0; b <= bound; b += 1) next[b + 1]! += next[b]!;
  // Points of equal tracks are taken from all over the model: neighbours in a file are neighbours in space.
  const stride = coprimeStride(points);
  const place = new Uint32Array(points);
  for (let n = 0, p = 0; n < points; n += 1, p = (p + stride) % points)
    place[p] = next[bound - Math.min(model.pointTrackLength[p]!, bound)]!++;
  const pointXyz = new Float64Array(3 * points);
  const pointRgb = new Uint8Array(3 * points);
  const pointError = new Float32Array(points);
  const pointTrackLength = new Uint32Array(points);
  for (let p = 0; p < points; p += 1) {
    const at = place[p]!;
    for (let k = 0; k < 3; k += 1) {
      pointXyz[3 * at + k] = model.pointXyz[3 * p + k]!;
      pointRgb[3 * at + k] = model.pointRgb[3 * p + k]!;
    }
    pointError[at] = model.pointError[p]!;
    pointTrackLength[at] = model.pointTrackLength[p]!;
  }
  const obsPoint = model.obsPoint;
  for (let k = 0; k < obsPoint.length; k += 1) obsPoint[k] = place[obsPoint[k]!]!;
  return { ...model, obsPoint, pointXyz, pointRgb, pointError, pointTrackLength };
}

/** The flat arrays that views of the model need, observations relative to the image size. */
function writeArrays(folder: string, model: SparseModel): void {
  const points = model.pointError.length;
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const xy = new Float32Array(model.obsXy.length);
  model.views.forEach((view, v) => {
    const { width, height } = cameras.get(view.cameraId)!;
    for (let k = model.viewOffsets[v]!; k < model.viewOffsets[v + 1]!; k += 1) {
      xy[2 * k] = model.obsXy[2 * k]! / width;
      xy[2 * k + 1] = model.obsXy[2 * k + 1]! / height;
    }
  });
  writeNpy(join(folder, 'points.npy'), Float32Array.from(model.pointXyz), [points, 3]);
  writeNpy(join(folder, 'colours.npy'), model.pointRgb, [points, 3]);
  writeNpy(join(folder, 'errors.npy'), model.pointError, [points]);
  writeNpy(join(folder, 'tracks.npy'), model.pointTrackLength, [points]);
  writeNpy(join(folder, 'view_offsets.npy'), model.viewOffsets, [model.viewOffsets.length]);
  writeNpy(join(folder, 'observation_points.npy'), model.obsPoint, [model.obsPoint.length]);
  writeNpy(join(folder, 'observation_xy.npy'), xy, [model.obsPoint.length, 2]);
}

/** What a cluster is called: its scene, and which of its models it is. */
export function nameOf(scene: Pick<SceneLocation, 'name'>, m: Pick<StagedModel, 'location'>): string {
  return m.location.label === '' ? scene.name : `${scene.name}/${m.location.label}`;
}

/**
 * Writes a staged model. Runs inside a transaction. Of a model that is there already everything is written anew: what was read of it may
 * have depended on photos that were missing then.
 * @param photoOf gives the photo of a view, and what to call the view where the model's own name means nothing to people.
 * @param state of a cluster that is new: `replaced` where the log brings it into force.
 */
export function commitModel(
  library: Library,
  scene: Pick<SceneLocation, 'name' | 'images'>,
  sceneId: number,
  m: StagedModel,
  photoOf: (name: string, view: number) => { readonly id: number; readonly name?: string } | undefined,
  state: 'active' | 'replaced' = 'active',
): void {
  const known = clusterByUid(library).get(m.uid);
  const write = clusterWriter(library);
  const facts = {
    points: m.points,
    observations: m.observations,
    meanError: Number.isNaN(m.meanError) ? null : m.meanError,
  };
  const clusterId =
    known ??
    write.cluster({ uid: m.uid, scene: sceneId, name: nameOf(scene, m), source: m.location.path, ...facts, state });
  if (known !== undefined) write.again(known, { source: m.location.path, ...facts });
  const cameras = new Map(m.model.cameras.map((c) => [c.id, c]));
  m.model.views.forEach((v, i) => {
    const photo = photoOf(v.name, i);
    const unposed = m.model.matchesOnly === true;
    write.view(clusterId, {
      index: i,
      photo: photo?.id ?? null,
      name: photo?.name ?? v.name,
      camera: unposed ? null : cameras.get(v.cameraId)!,
      pose: unposed ? null : { rotation: v.rotation, translation: v.translation },
      seen: m.pairs.pointsSeen[i]!,
    });
  });
  const { a, b, shared, scale } = m.pairs;
  for (let k = 0; k < a.length; k += 1)
    write.pair(clusterId, a[k]!, b[k]!, shared[k]!, Number.isNaN(scale[k]!) ? null : scale[k]!);
  const target = library.file('clusters', m.uid);
  // What was read just now stands in for arrays that may have been damaged or lost since. A model that was named twice is there by now.
  if (existsSync(m.folder)) {
    // Pages read beside this: what was there goes aside, so that it is never missing for longer than a rename takes.
    const before = `${m.folder}.before`;
    if (existsSync(target)) renameSync(target, before);
    renameSync(m.folder, target);
    rmSync(before, { recursive: true, force: true });
    noteStored(library, arraysOf(library, m.uid));
  }
}
