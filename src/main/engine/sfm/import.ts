import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { writeNpy } from '../formats/npy.ts';
import { inspectPhoto, listImages, photoWriter, PHOTO_FACTS, type PhotoFile } from '../library/photos.ts';
import { CovisError } from '../../../shared/errors.ts';
import { forgetVanished } from '../library/current-photo.ts';
import { covisibility, type Covisibility } from './covisibility.ts';
import { discoverScenes, type ModelLocation, type SceneLocation } from './discover.ts';
import { meanReprojectionError, type SparseModel } from './model.ts';
import { locationHash, photosAtHand, readModels } from './read.ts';
import { photoNamer } from './sizes.ts';
import { clustersSharingPhotos, relabelPlaces } from './places.ts';
import { integer, nullable, real, record, select, text } from '../library/rows.ts';
import { clusterByUid, clusterWriter } from '../library/tables/cluster.ts';

export interface ImportOptions {
  readonly sources: readonly string[];
  /** Folder of the photos where they do not lie in `images/`. */
  readonly images?: string | undefined;
  /** Leaves models that lie beside the photos alone. */
  readonly photosOnly?: boolean | undefined;
}

/** What the library holds of the sources after an import: the same sources again give the same counts. */
export interface ImportReport {
  readonly photos: number;
  readonly missing: readonly string[];
  readonly clusters: number;
  readonly points: number;
  readonly observations: number;
  readonly pairs: number;
  readonly warnings: readonly string[];
}

/** A model that was read and waits to enter the library. */
export interface StagedModel {
  readonly location: Pick<ModelLocation, 'path' | 'label'>;
  readonly uid: string;
  readonly model: Pick<SparseModel, 'views' | 'cameras' | 'matchesOnly'>;
  readonly points: number;
  readonly observations: number;
  readonly meanError: number;
  readonly pairs: Covisibility;
  readonly folder: string;
}

/**
 * Imports the models below the sources (of COLMAP and of other programs): models, photos, covisibility of every pair.
 * Everything is read and checked first and enters the library in one transaction at the end, so that a bad file leaves it unchanged.
 * A model that is already there (same content) is refreshed, not doubled.
 * @throws CovisError naming file and byte offset for a bad model.
 */
export async function importSources(
  library: Library,
  options: ImportOptions,
  task: TaskContext,
): Promise<ImportReport> {
  const found = discoverScenes(options.sources, options.images);
  const scenes = options.photosOnly === true ? found.map((s) => ({ ...s, models: [] })) : found;
  const staging = library.file('staging', randomUUID());
  mkdirSync(staging, { recursive: true });
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    task.warn(message);
  };
  try {
    const staged = await stageModels(scenes, staging, task, warn);
    const photos = await inspectAll(library, scenes, task, warn);
    task.step('Writing the library', 0, '');
    task.check();
    const missing = library.transaction(() => commit(library, scenes, staged, photos));
    for (const m of missing) warn(`Missing photo: ${m}`);
    for (const s of clustersSharingPhotos(library)) {
      warn(
        `${s.a} and ${s.b} share ${s.photos} ${s.photos === 1 ? 'photo' : 'photos'}; they count as one place and are never each other's negatives`,
      );
    }
    task.changed('clusters');
    return {
      photos: new Set([...photos.values()].flatMap((m) => [...m.values()].map((p) => p.hash))).size,
      missing,
      ...stored(library, new Set(staged.flat().map((m) => m.uid))),
      warnings,
    };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Counts of clusters as they are in the library. */
function stored(
  library: Library,
  uids: ReadonlySet<string>,
): Pick<ImportReport, 'clusters' | 'points' | 'observations' | 'pairs'> {
  const row = select(
    library.db,
    'SELECT points, observations, (SELECT COUNT(*) FROM pair_all WHERE cluster_id = c.id) AS pairs FROM cluster_all c WHERE uid = ?',
    record({ points: integer, observations: integer, pairs: integer }),
  );
  const rows = [...uids].map((uid) => row.one(uid));
  const sum = (key: 'points' | 'observations' | 'pairs'): number => rows.reduce((n, r) => n + r[key], 0);
  return { clusters: rows.length, points: sum('points'), observations: sum('observations'), pairs: sum('pairs') };
}

async function stageModels(
  scenes: readonly SceneLocation[],
  staging: string,
  task: TaskContext,
  warn: (m: string) => void,
): Promise<StagedModel[][]> {
  const total = scenes.reduce((n, s) => n + s.models.length, 0);
  task.step('Reading models', total, 'models');
  let done = 0;
  const out: StagedModel[][] = [];
  for (const scene of scenes) {
    const models: StagedModel[] = [];
    for (const location of scene.models) {
      task.check();
      const hash = await locationHash(scene.name, location);
      const parts = readModels(location, await photosAtHand(scene.images, location), warn);
      parts.forEach((model, part) => {
        if (model.views.length === 0)
          throw new CovisError('INPUT_INVALID', 'This model has no registered image', { file: location.path });
        const uid = (part === 0 ? hash : createHash('sha256').update(`${hash} ${part}`).digest('hex')).slice(0, 16);
        const label = parts.length === 1 ? location.label : [location.label, part].filter((l) => l !== '').join('-');
        models.push(stageModel({ ...location, label }, uid, model, staging));
      });
      done += 1;
      task.progress(done);
    }
    out.push(models);
  }
  return out;
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

/** Hashes all photos, a few at a time; a file that did not change since the last import is not read again. */
async function inspectAll(
  library: Library,
  scenes: readonly SceneLocation[],
  task: TaskContext,
  warn: (m: string) => void,
): Promise<Map<SceneLocation, Map<string, PhotoFile>>> {
  const work = scenes.flatMap((scene) => listImages(scene.images).map((name) => ({ scene, name })));
  const out = new Map(scenes.map((s) => [s, new Map<string, PhotoFile>()]));
  task.step('Reading photos', work.length, 'photos');
  let next = 0;
  let done = 0;
  const one = async (): Promise<void> => {
    while (next < work.length) {
      const { scene, name } = work[next++]!;
      task.check();
      try {
        out.get(scene)!.set(name, unchanged(library, scene, name) ?? (await inspectPhoto(scene.images, name)));
      } catch (error) {
        warn(error instanceof CovisError ? `${error.message}: ${error.file ?? name}` : String(error));
      }
      done += 1;
      task.progress(done);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, one));
  return out;
}

/** What the library knows of a photo whose file has the size and time that it had at the last import. */
function unchanged(library: Library, scene: SceneLocation, name: string): PhotoFile | undefined {
  const known = select(
    library.db,
    `SELECT f.name, p.hash, p.width, p.height, p.orientation, f.bytes, f.modified, f.changed, p.taken, p.latitude, p.longitude, p.focal, p.camera
     FROM photo_file f JOIN scene s ON s.id = f.scene_id JOIN photo p ON p.id = f.photo_id
     WHERE s.root = ? AND s.images = ? AND f.name = ? AND p.facts_read = 1`,
    record({
      name: text,
      hash: text,
      width: integer,
      height: integer,
      orientation: integer,
      bytes: integer,
      modified: real,
      changed: nullable(real),
      ...PHOTO_FACTS,
    }),
  ).get(scene.root, scene.images, name);
  if (known === undefined) return undefined;
  const { size, mtimeMs, ctimeMs } = statSync(join(scene.images, name));
  const { taken, latitude, longitude, focal, camera, changed, ...file } = known;
  if (size !== known.bytes || mtimeMs !== known.modified || changed !== ctimeMs) return undefined;
  return { ...file, changed, facts: { taken, latitude, longitude, focal, camera } };
}

/** Writes rows and moves the staged arrays into place. Runs inside one transaction. @returns names of missing photos. */
function commit(
  library: Library,
  scenes: readonly SceneLocation[],
  staged: readonly StagedModel[][],
  photos: Map<SceneLocation, Map<string, PhotoFile>>,
): string[] {
  const missing: string[] = [];
  const write = photoWriter(library);
  scenes.forEach((scene, s) => {
    const sceneId = write.scene(scene.name, scene.root, scene.images);
    const ids = new Map<string, number>();
    // By name, not in the order in which reading happened to end: draws by seed depend on the order of the rows.
    const byName = [...photos.get(scene)!.values()].sort((x, y) => (x.name < y.name ? -1 : 1));
    for (const p of byName) ids.set(p.name, write.photo(sceneId, p));
    forgetVanished(library, sceneId, new Set(ids.keys()));
    const namer = photoNamer([...ids.keys()]);
    const photoOf = (name: string): { id: number; name: string } | undefined => {
      const found = namer(name);
      return found === undefined ? undefined : { id: ids.get(found)!, name: found };
    };
    for (const m of staged[s]!) missing.push(...commitModel(library, scene, sceneId, m, photoOf));
  });
  relabelPlaces(library);
  return missing;
}

/** Writes a staged model. Runs inside a transaction. @returns names of missing photos. */
export function commitModel(
  library: Library,
  scene: Pick<SceneLocation, 'name' | 'images'>,
  sceneId: number,
  m: StagedModel,
  photoOf: (name: string) => { readonly id: number; readonly name: string } | undefined,
): string[] {
  const name = m.location.label === '' ? scene.name : `${scene.name}/${m.location.label}`;
  const known = clusterByUid(library).get(m.uid);
  const write = clusterWriter(library);
  const clusterId =
    known ??
    write.cluster({
      uid: m.uid,
      scene: sceneId,
      name,
      source: m.location.path,
      points: m.points,
      observations: m.observations,
      meanError: Number.isNaN(m.meanError) ? null : m.meanError,
    });
  const cameras = new Map(m.model.cameras.map((c) => [c.id, c]));
  const missing: string[] = [];
  m.model.views.forEach((v, i) => {
    const photo = photoOf(v.name);
    if (photo === undefined) missing.push(join(scene.images, v.name));
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
  if (known === undefined) {
    const { a, b, shared, scale } = m.pairs;
    for (let k = 0; k < a.length; k += 1)
      write.pair(clusterId, a[k]!, b[k]!, shared[k]!, Number.isNaN(scale[k]!) ? null : scale[k]!);
  }
  const target = library.file('clusters', m.uid);
  // What was read just now stands in for arrays that may have been damaged or lost since. A model that was named twice is there by now.
  if (existsSync(m.folder)) {
    rmSync(target, { recursive: true, force: true });
    renameSync(m.folder, target);
  }
  return missing;
}
