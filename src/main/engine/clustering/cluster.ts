import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { ClusteringReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { readFeatures } from '../features/store.ts';
import type { TaskContext } from '../queue/context.ts';
import { subsetOf, type Subset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { ownJson } from '../library/own-json.ts';
import { allPhotos, hashFile, currentPhoto, photoWriter, type PhotoRow } from '../library/photos.ts';
import { readColmapBinary } from '../sfm/colmap-binary.ts';
import { importSources } from '../sfm/import.ts';
import { commitModel, stageModel, type StagedModel } from '../sfm/staged.ts';
import { matchModels, MIN_INLIERS } from '../sfm/match-tracks.ts';
import { relabelPlaces } from '../sfm/places.ts';
import { BowIndex, DEFAULT_TEACHER } from '../teacher/bow-index.ts';
import { colmapVersion, reconstruct, type ScenePhotos } from './colmap.ts';
import { candidatePairs, matchPairs, storedMatches, verifiedPairs, type StoredMatch } from './matches.ts';
import { judgePairs, noteApart } from './judge-pairs.ts';
import { FEWEST_PHOTOS, scenesOf } from './scenes.ts';
import { flag, integer, nullable, record, select, text } from '../library/rows.ts';
import { clusterByUid } from '../library/tables/cluster.ts';

export interface ClusteringOptions {
  /** Folder of photos. */
  readonly photos: string;
  /** Photos that visual words rank first and that are matched with each. */
  readonly neighbours?: number | undefined;
  /** Confirmed matches that make a pair. */
  readonly minInliers?: number | undefined;
  /** Visual words of the vocabulary. */
  readonly words?: number | undefined;
  readonly seed?: number | undefined;
  /** False: stop at verified matches even where COLMAP is there. */
  readonly reconstruct?: boolean | undefined;
  /** False: every verified pair joins its photos, also by a table or a logo that many photos show. */
  readonly tellApart?: boolean | undefined;
}

export const DEFAULT_NEIGHBOURS = 20;
/** A pair with so many confirmed matches needs no third photo that matches both. */
const SURE_FACTOR = 3;

/**
 * Clusters that are there are gone on from, so that a part of them would take the place of the whole.
 * @throws CovisError `STATE_CONFLICT` where clusters of the folders have photos outside of the collection.
 */
function refuseWiderClusters(library: Library, mixed: ReadonlySet<number>, subset: Subset): void {
  const clustered = select(
    library.db,
    'SELECT DISTINCT photo_id FROM main.view WHERE photo_id IS NOT NULL',
    integer,
  ).all();
  const outside = clustered.filter((photo) => mixed.has(photo) && !subset.photos.has(photo)).length;
  if (outside > 0)
    throw new CovisError(
      'STATE_CONFLICT',
      `Clusters that are there have ${outside} photos outside of ${subset.collection}@${subset.version}`,
      { hint: 'Cluster the collection into a library of its own, which its export can be imported into.' },
    );
}

/**
 * Takes the photos of a folder into a library as ones of which nothing is known.
 * @throws CovisError `INPUT_MISSING` for the folder, `STATE_CONFLICT` for one that was imported with models.
 */
export async function takePhotos(library: Library, root: string, task: TaskContext): Promise<void> {
  const modelled = select(
    library.db,
    'SELECT EXISTS (SELECT 1 FROM cluster_all c JOIN scene s ON s.id = c.scene_id WHERE s.root = ?)',
    flag,
  );
  if (modelled.one(root))
    throw new CovisError('STATE_CONFLICT', 'This folder was imported with models of its own, as one place', {
      file: root,
      hint: 'Cluster it into a library of its own.',
    });
  await importSources(library, { sources: [root], images: root, photosOnly: true }, task);
  library.transaction(() => {
    library.db.prepare('UPDATE scene SET mixed = 1 WHERE root = ?').run(root);
    relabelPlaces(library);
  });
}

/**
 * Photos that are clustered: those of every folder of which nothing is known, since those that come later join what is there. Narrowed to a
 * collection, those of it.
 * @param root whose photos were taken. @throws CovisError `STATE_EMPTY` where there are none, `STATE_CONFLICT` as {@link refuseWiderClusters}.
 */
export function mixedPhotos(library: Library, root: string): PhotoRow[] {
  const mixed = new Set(
    select(
      library.db,
      'SELECT DISTINCT f.photo_id FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE s.mixed = 1',
      integer,
    ).all(),
  );
  const subset = subsetOf(library);
  if (subset !== undefined) refuseWiderClusters(library, mixed, subset);
  const photos = allPhotos(library).filter((p) => mixed.has(p.id) && subset?.photos.has(p.id) !== false);
  if (photos.length === 0)
    throw new CovisError('STATE_EMPTY', 'This folder has no photos', {
      file: root,
      hint: 'Name a folder with photos in it, or in folders below it.',
    });
  return photos;
}

/**
 * From a folder of photos to clusters, without annotation (methods.md 1.1, 8): local features, visual words, spatial verification,
 * scenes of the verified graph, a 3D model of each by COLMAP. Without COLMAP clusters are of verified matches, and as good for mining.
 * Every step keeps what it did: the next run, after a stop or with more photos, computes only what is new and goes on from the models
 * that are there.
 * @throws CovisError `INPUT_MISSING` for the folder, `STATE_EMPTY` for one without photos, `STATE_CONFLICT` for one that was
 * imported with models, `CANCELLED`.
 */
export async function clusterPhotos(
  library: Library,
  options: ClusteringOptions,
  task: TaskContext,
): Promise<ClusteringReport> {
  const steps: { name: string; seconds: number }[] = [];
  const timed = async <T>(name: string, work: () => Promise<T> | T): Promise<T> => {
    const began = performance.now();
    try {
      return await work();
    } finally {
      steps.push({ name, seconds: (performance.now() - began) / 1000 });
    }
  };
  const root = resolve(options.photos);
  await timed('photos', () => takePhotos(library, root, task));
  const photos = mixedPhotos(library, root);
  const teacher = { ...DEFAULT_TEACHER, words: options.words, seed: options.seed ?? DEFAULT_TEACHER.seed };
  const index = await timed('features and words', () => BowIndex.prepare(library, teacher, task, photos));
  const minInliers = options.minInliers ?? MIN_INLIERS;
  const pairs = await timed('retrieval', () => candidatePairs(index, options.neighbours ?? DEFAULT_NEIGHBOURS, task));
  await timed('matches', () => matchPairs(library, index.photos, pairs, task));
  task.changed('matches');
  const known = new Map(index.photos.map((p) => [p.id, p]));
  const verified = verifiedPairs(library, new Set(known.keys()), minInliers);
  const sure = SURE_FACTOR * minInliers;
  const judged = await timed('scenes', () =>
    options.tellApart === false ? verified.map(() => null) : judgePairs(library, known, verified, sure, task),
  );
  noteApart(library, verified, judged);
  const joining = verified.filter((_, k) => judged[k] === null);
  // What was told apart needs no witness any more.
  const scenes = scenesOf(joining, options.tellApart === false ? sure : 0);
  const staging = library.staging();
  const withColmap = options.reconstruct !== false && colmapVersion() !== null;
  if (options.reconstruct !== false && !withColmap)
    task.warn(
      'COLMAP is not installed, so clusters are of verified matches, without 3D. To build models: apt-get install colmap',
    );
  try {
    const built = await timed(withColmap ? 'models' : 'tracks', async () => {
      const out: BuiltScene[] = [];
      for (const [i, ids] of scenes.entries()) {
        task.check();
        const members = ids.map((id) => known.get(id)!);
        const own = new Set(ids);
        const links = joining.filter((v) => own.has(v.a) && own.has(v.b));
        task.step(`Scene ${i + 1} of ${scenes.length}`, members.length, 'photos');
        out.push(
          withColmap
            ? await builtScene(library, members, links, staging, task)
            : tracksOfScene(library, members, links, staging),
        );
      }
      return out;
    });
    await timed('library', () => commit(library, root, built, task));
    task.changed('clusters');
    const matched = new Set(verified.flatMap((v) => [v.a, v.b]));
    return report(library, photos, steps, {
      pairs: pairs.length,
      verified: verified.length,
      apart: judged.filter((j) => j !== null && j !== 'lone').length,
      alone: photos.filter((p) => !matched.has(p.id)).length,
      scenes: scenes.length,
    });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

interface BuiltScene {
  readonly key: string;
  readonly photos: readonly PhotoRow[];
  readonly models: readonly StagedModel[];
}

/** The same photos and links give the same scene. */
function keyOf(photos: readonly PhotoRow[], links: readonly StoredMatch[], how: string): string {
  const hash = createHash('sha256').update(how);
  for (const p of photos) hash.update(p.hash);
  for (const l of links) hash.update(`${l.a} ${l.b} ${l.inliers};`);
  return hash.digest('hex').slice(0, 16);
}

/** Photos by content hash, and the folders of models, which COLMAP numbers. */
const sceneFacts = z.object({ hashes: z.array(z.string()), models: z.array(z.string().regex(/^(grown-)?\d{1,9}$/)) });
type SceneFacts = z.infer<typeof sceneFacts>;

/** Scenes that COLMAP has finished, by key. */
function finishedScenes(library: Library): Map<string, SceneFacts> {
  const folder = library.file('scenes');
  const out = new Map<string, SceneFacts>();
  for (const key of readdirSync(folder)) {
    const done = ownJson(join(folder, key, 'done.json'), sceneFacts);
    if (done !== undefined) out.set(key, done);
  }
  return out;
}

/** Models by COLMAP; verified matches where it could not begin (a poster, a panorama), so that a place is not lost for that. */
async function builtScene(
  library: Library,
  photos: readonly PhotoRow[],
  links: readonly StoredMatch[],
  staging: string,
  task: TaskContext,
): Promise<BuiltScene> {
  const built = await modelsOfScene(library, photos, links, staging, task);
  if (built.models.length > 0) return built;
  task.warn(
    `COLMAP built no 3D model of a scene of ${photos.length} photos; its clusters are of verified matches, without 3D`,
  );
  return tracksOfScene(library, photos, links, staging);
}

async function modelsOfScene(
  library: Library,
  photos: readonly PhotoRow[],
  links: readonly StoredMatch[],
  staging: string,
  task: TaskContext,
): Promise<BuiltScene> {
  const key = keyOf(photos, links, 'colmap');
  const folder = library.file('scenes', key);
  const finished = finishedScenes(library);
  if (!finished.has(key)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const hashes = new Set(photos.map((p) => p.hash));
    // The largest scene that this one grew out of.
    const [from] = [...finished]
      .filter(([, s]) => s.models.length > 0 && s.hashes.every((h) => hashes.has(h)))
      .sort(([, a], [, b]) => b.hashes.length - a.hashes.length);
    let grown: string[] = [];
    if (from !== undefined) {
      copyFileSync(library.file('scenes', from[0], 'database.db'), join(folder, 'database.db'));
      grown = from[1].models.map((m) => library.file('scenes', from[0], 'sparse', m));
    }
    const images = join(folder, 'images');
    mkdirSync(images, { recursive: true });
    const nameOf = new Map<number, string>();
    for (const p of photos) {
      const file = currentPhoto(library, p.id);
      const name = `${p.hash}${extname(file).toLowerCase()}`;
      linkOrCopy(file, join(images, name));
      nameOf.set(p.id, name);
    }
    const scene: ScenePhotos = {
      folder: images,
      photos: photos.length,
      pairs: links.map((l) => ({ a: nameOf.get(l.a)!, b: nameOf.get(l.b)! })),
    };
    const models = await reconstruct(scene, { folder, grown }, task);
    rmSync(images, { recursive: true, force: true });
    const done: SceneFacts = { hashes: [...hashes], models: models.map((m) => basename(m)) };
    writeFileSync(join(folder, 'done.json'), JSON.stringify(done));
    finished.set(key, done);
  }
  const models: StagedModel[] = [];
  for (const name of finished.get(key)!.models) {
    const path = join(folder, 'sparse', name);
    const model = readColmapBinary(path);
    if (model.views.length < FEWEST_PHOTOS) continue;
    const content = await Promise.all(['images.bin', 'points3D.bin'].map((f) => hashFile(join(path, f))));
    const uid = createHash('sha256')
      .update(`${key} ${content.join(' ')}`)
      .digest('hex')
      .slice(0, 16);
    const label = models.length === 0 ? '' : String(models.length);
    models.push(stageModel({ path, label }, uid, model, staging));
  }
  return { key, photos, models };
}

/** Links need a privilege on some systems. */
function linkOrCopy(from: string, to: string): void {
  try {
    symlinkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function tracksOfScene(
  library: Library,
  photos: readonly PhotoRow[],
  links: readonly StoredMatch[],
  staging: string,
): BuiltScene {
  const key = keyOf(photos, links, 'tracks');
  const at = new Map(photos.map((p, i) => [p.id, i]));
  const images = photos.map((p) => {
    const f = readFeatures(library, p.hash);
    const xy = new Float32Array(2 * f.count);
    const scale = new Float32Array(f.count);
    for (let i = 0; i < f.count; i += 1) {
      xy[2 * i] = f.frames[4 * i]!;
      xy[2 * i + 1] = f.frames[4 * i + 1]!;
      scale[i] = f.frames[4 * i + 2]!;
    }
    const [width, height] = p.orientation >= 5 ? [p.height, p.width] : [p.width, p.height];
    return { name: p.hash, width, height, xy, scale };
  });
  const pairs = links.map((l) => {
    const { matches, confirmed } = storedMatches(library, l.a, l.b)!;
    const kept = new Uint32Array(2 * confirmed.length);
    confirmed.forEach((k, i) => kept.set(matches.subarray(2 * k, 2 * k + 2), 2 * i));
    return { a: at.get(l.a)!, b: at.get(l.b)!, matches: kept };
  });
  const models = matchModels(images, pairs, library.path).map((model, i) => {
    const uid = createHash('sha256').update(`${key} ${i}`).digest('hex').slice(0, 16);
    return stageModel({ path: library.path, label: i === 0 ? '' : String(i) }, uid, model, staging);
  });
  return { key, photos, models };
}

/**
 * Clusters of this run take the place of those of runs before, in one transaction. What a person made of clusters stays in force; names
 * and exclusions pass on to the cluster that one grew into.
 */
function commit(library: Library, root: string, built: readonly BuiltScene[], task: TaskContext): void {
  const { db } = library;
  const write = photoWriter(library);
  const fileName = select(
    db,
    'SELECT f.name FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ? AND s.mixed = 1 ORDER BY s.root = ? DESC LIMIT 1',
    text,
  );
  const judged =
    "(SELECT 1 FROM cluster_change k WHERE k.cluster_id = c.id AND k.field = 'state' AND 'replaced' IN (k.before, k.after))";
  task.step('Writing the library', 0, '');
  library.transaction(() => {
    const before = select(
      db,
      `SELECT c.id, c.uid, c.state, c.alias, s.name AS scene FROM cluster_all c JOIN scene s ON s.id = c.scene_id
       WHERE s.root LIKE 'scene:%' AND c.state <> 'replaced' AND NOT EXISTS ${judged}`,
      record({ id: integer, uid: text, state: text, alias: nullable(text), scene: text }),
    )
      .all()
      .map((c) => ({ ...c, photos: photosOf(library, c.id) }));
    const uids = new Set(built.flatMap((s) => s.models.map((m) => m.uid)));
    const setState = db.prepare('UPDATE cluster_all SET state = ? WHERE id = ?');
    const gone = before.filter((c) => !uids.has(c.uid));
    for (const c of gone) setState.run('replaced', c.id);
    /** The cluster that is gone and has most photos in common. */
    const ancestor = (photos: ReadonlySet<number>): (typeof gone)[number] | undefined =>
      gone
        .map((c) => ({ c, common: [...c.photos].filter((p) => photos.has(p)).length }))
        .filter(({ c, common }) => 2 * common > c.photos.size)
        .sort((x, y) => y.common - x.common)[0]?.c;
    let number = select(db, "SELECT COUNT(*) FROM scene WHERE root LIKE 'scene:%'", integer).one();
    const taken = new Set<string>();
    for (const scene of built) {
      const at = `scene:${scene.key}`;
      const had = select(db, 'SELECT name FROM scene WHERE root = ?', text).get(at);
      const grown = ancestor(new Set(scene.photos.map((p) => p.id)))?.scene;
      const name = had ?? (grown === undefined || taken.has(grown) ? `${basename(root)} ${(number += 1)}` : grown);
      taken.add(name);
      const sceneId = write.scene(name, at, root);
      const byHash = new Map(scene.photos.map((p) => [p.hash, p]));
      for (const m of scene.models) {
        commitModel(library, { name, images: root }, sceneId, m, (view) => {
          const photo = byHash.get(view.replace(/\.\w+$/, ''));
          return photo === undefined ? undefined : { id: photo.id, name: fileName.get(photo.id, root) ?? view };
        });
        const id = clusterByUid(library).one(m.uid);
        const from = ancestor(photosOf(library, id));
        // A run before may have replaced it; a person's word stands.
        db.prepare(
          `UPDATE cluster_all AS c SET state = 'active' WHERE id = ? AND state = 'replaced' AND NOT EXISTS ${judged}`,
        ).run(id);
        if (from?.alias != null)
          db.prepare('UPDATE cluster_all SET alias = COALESCE(alias, ?) WHERE id = ?').run(from.alias, id);
        if (from?.state === 'excluded') setState.run('excluded', id);
      }
    }
    relabelPlaces(library);
  });
}

function photosOf(library: Library, cluster: number): Set<number> {
  return new Set(
    select(library.db, 'SELECT photo_id FROM view_all WHERE cluster_id = ? AND photo_id IS NOT NULL', integer).all(
      cluster,
    ),
  );
}

function report(
  library: Library,
  photos: readonly PhotoRow[],
  steps: ClusteringReport['steps'],
  counts: Pick<ClusteringReport, 'pairs' | 'verified' | 'apart' | 'alone' | 'scenes'>,
): ClusteringReport {
  const rows = select(
    library.db,
    `SELECT c.uid AS id, c.name, c.points, v.photo_id AS photo, v.name AS file FROM cluster c JOIN scene s ON s.id = c.scene_id
     JOIN view v ON v.cluster_id = c.id WHERE s.root LIKE 'scene:%' AND v.photo_id IS NOT NULL ORDER BY c.id, v.view_index`,
    record({ id: text, name: text, points: integer, photo: integer, file: text }),
  ).all();
  const clusters = new Map<string, { id: string; name: string; photos: string[]; points: number }>();
  const in3d = new Set<number>();
  for (const r of rows) {
    let c = clusters.get(r.id);
    if (c === undefined) clusters.set(r.id, (c = { id: r.id, name: r.name, photos: [], points: r.points }));
    c.photos.push(r.file);
    in3d.add(r.photo);
  }
  const nameOf = select(library.db, 'SELECT name FROM known_file WHERE photo_id = ? LIMIT 1', text);
  return {
    clusters: [...clusters.values()],
    unclustered: photos.filter((p) => !in3d.has(p.id)).map((p) => nameOf.one(p.id)),
    steps,
    photos: photos.length,
    ...counts,
  };
}
