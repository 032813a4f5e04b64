import { rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ClusteringReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import type { TaskContext } from '../queue/context.ts';
import { subsetOf, type Subset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { listPhotos, refuseWithoutPhotos } from '../library/photo-files.ts';
import { allPhotos, photoWriter, type PhotoRow } from '../library/photos.ts';
import { importSources, refuseNoSource } from '../sfm/import.ts';
import { commitModel } from '../sfm/staged.ts';
import { MIN_INLIERS } from '../sfm/match-tracks.ts';
import { ancestorAmong, bringFound } from '../mining/found-clusters.ts';
import { relabelPlaces } from '../sfm/places.ts';
import { BowIndex, DEFAULT_TEACHER } from '../teacher/bow-index.ts';
import { builtScene, findScenes, reconstructScene, type BuiltScene } from './build-scenes.ts';
import { colmapVersion } from './colmap.ts';
import { noteApart } from './judge-pairs.ts';
import { candidatePairs, matchPairs } from './matches.ts';
import { flag, integer, record, select, text } from '../library/rows.ts';
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
      `Clusters that are there have ${counted(outside, 'photo')} outside of ${subset.collection}@${subset.version}`,
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

const NO_PHOTOS = 'This folder has no photos';

/** @throws CovisError `INPUT_MISSING` where a folder is not there, `STATE_EMPTY` where it holds no photo: {@link clusterPhotos} would, too. */
export function refuseNoPhotos(root: string): void {
  refuseNoSource({ sources: [root], photosOnly: true });
  refuseWithoutPhotos(listPhotos(root), root, 'STATE_EMPTY', NO_PHOTOS);
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
  if (photos.length > 0) return photos;
  refuseNoPhotos(root);
  throw new CovisError('STATE_EMPTY', NO_PHOTOS, {
    file: root,
    hint: 'Name a folder with photos in it, or in folders below it.',
  });
}

/** Whether clusters of a run before are in force. */
function hasPlaces(library: Library): boolean {
  return select(
    library.db,
    "SELECT EXISTS (SELECT 1 FROM cluster_all c JOIN scene s ON s.id = c.scene_id WHERE s.root LIKE 'scene:%' AND c.state <> 'replaced')",
    flag,
  ).one();
}

/**
 * From a folder of photos to clusters, without annotation (methods.md 1.1, 8): local features, visual words, spatial verification,
 * scenes of the verified graph, a 3D model of each by COLMAP. Without COLMAP clusters are of verified matches, and as good for mining; with it
 * they are so in a first run until the models are built, and stay so where that is stopped.
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
  const found = await timed('scenes', () => findScenes(library, known, minInliers, options.tellApart !== false, task));
  noteApart(library, found.verified, found.judged);
  const staging = library.staging();
  const withColmap = options.reconstruct !== false && colmapVersion() !== null;
  if (options.reconstruct !== false && !withColmap)
    task.warn(
      'COLMAP is not installed, so clusters are of verified matches, without 3D. To build models: apt-get install colmap',
    );
  const places = (): BuiltScene[] =>
    found.scenes.map((scene, i) => {
      task.check();
      task.step(`Tracks of scene ${i + 1} of ${found.scenes.length}`, scene.photos.length, 'photos');
      return builtScene(library, scene, false, staging, task);
    });
  try {
    // Models take much longer than places: those are there to be looked at meanwhile, and stay where a person does not wait for models.
    if (withColmap) {
      const before = hasPlaces(library);
      if (!before) {
        await timed('places', () => bringScenes(library, root, places(), task));
      }
      task.keeps?.(
        `When you stop it, the places stay${before ? ' as they were before' : ', as groups of matching photos without a 3D model'}. Finding places again goes on with their models.`,
      );
    }
    const built = await timed(withColmap ? 'models' : 'tracks', async () => {
      if (!withColmap) return places();
      const out: BuiltScene[] = [];
      for (const [i, scene] of found.scenes.entries()) {
        task.check();
        const place = `scene ${i + 1} of ${found.scenes.length}`;
        task.step(`Features of ${place}`, scene.photos.length, 'photos');
        await reconstructScene(library, scene, place, task);
        out.push(builtScene(library, scene, true, staging, task));
      }
      return out;
    });
    await timed('library', () => bringScenes(library, root, built, task));
    const { verified, judged, scenes } = found;
    const matched = new Set(verified.flatMap((v) => [v.a, v.b]));
    return {
      ...clustersOf(library, photos),
      steps,
      photos: photos.length,
      pairs: pairs.length,
      verified: verified.length,
      apart: judged.filter((j) => j !== null && j !== 'lone').length,
      alone: photos.filter((p) => !matched.has(p.id)).length,
      scenes: scenes.length,
    };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Clusters of this run take the place of those of runs before, in one transaction, with what a person made of those ({@link bringFound}).
 * @returns whether the history of what people do has become longer. @throws CovisError as {@link bringFound}.
 */
export function commitScenes(library: Library, root: string, built: readonly BuiltScene[], task: TaskContext): boolean {
  const { db } = library;
  const write = photoWriter(library);
  const fileName = select(
    db,
    'SELECT f.name FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ? AND s.mixed = 1 ORDER BY s.root = ? DESC LIMIT 1',
    text,
  );
  task.step('Writing the library', 0, '');
  return library.transaction(() => {
    const before = select(
      db,
      `SELECT c.id, c.uid, s.name AS scene FROM cluster_all c JOIN scene s ON s.id = c.scene_id
       WHERE s.root LIKE 'scene:%' AND c.state <> 'replaced'`,
      record({ id: integer, uid: text, scene: text }),
    )
      .all()
      .map((c) => ({ ...c, photos: photosOf(library, c.id) }));
    const uids = new Set(built.flatMap((s) => s.models.map((m) => m.uid)));
    const gone = before.filter((c) => !uids.has(c.uid));
    const ancestor = ancestorAmong(gone);
    let number = select(db, "SELECT COUNT(*) FROM scene WHERE root LIKE 'scene:%'", integer).one();
    const taken = new Set<string>();
    const found: number[] = [];
    for (const scene of built) {
      const at = `scene:${scene.key}`;
      const had = select(db, 'SELECT name FROM scene WHERE root = ?', text).get(at);
      const grown = ancestor(new Set(scene.photos.map((p) => p.id)))?.scene;
      const name = had ?? (grown === undefined || taken.has(grown) ? `${basename(root)} ${(number += 1)}` : grown);
      taken.add(name);
      const sceneId = write.scene(name, at, root);
      const byHash = new Map(scene.photos.map((p) => [p.hash, p]));
      for (const m of scene.models) {
        commitModel(
          library,
          { name, images: root },
          sceneId,
          m,
          (view) => {
            const photo = byHash.get(view.replace(/\.\w+$/, ''));
            return photo === undefined ? undefined : { id: photo.id, name: fileName.get(photo.id, root) ?? view };
          },
          'replaced',
        );
        found.push(clusterByUid(library).one(m.uid));
      }
    }
    const noted = bringFound(library, found);
    relabelPlaces(library);
    return noted;
  });
}

/** Commits clusters as {@link commitScenes}, and says what changed with them. */
export function bringScenes(library: Library, root: string, built: readonly BuiltScene[], task: TaskContext): void {
  const noted = commitScenes(library, root, built, task);
  for (const what of ['clusters', ...(noted ? ['decisions'] : [])]) task.changed(what);
}

function photosOf(library: Library, cluster: number): Set<number> {
  return new Set(
    select(library.db, 'SELECT photo_id FROM view_all WHERE cluster_id = ? AND photo_id IS NOT NULL', integer).all(
      cluster,
    ),
  );
}

/**
 * The clusters in force that have some of these photos, with the names of those of each, the photos that no cluster has, and those that only
 * excluded ones have.
 */
export function clustersOf(
  library: Library,
  photos: readonly PhotoRow[],
): Pick<ClusteringReport, 'clusters' | 'unclustered' | 'excluded'> {
  // What a person merged with an imported model stands in the scene of that.
  const rows = select(
    library.db,
    `SELECT c.uid AS id, c.name, c.points, v.photo_id AS photo, v.name AS file FROM cluster c
     JOIN view v ON v.cluster_id = c.id WHERE v.photo_id IS NOT NULL ORDER BY c.id, v.view_index`,
    record({ id: text, name: text, points: integer, photo: integer, file: text }),
  ).all();
  const clusters = new Map<string, { id: string; name: string; photos: string[]; points: number }>();
  const clustered = new Set<number>();
  const asked = new Set(photos.map((p) => p.id));
  for (const r of rows) {
    if (!asked.has(r.photo)) continue;
    let c = clusters.get(r.id);
    if (c === undefined) clusters.set(r.id, (c = { id: r.id, name: r.name, photos: [], points: r.points }));
    c.photos.push(r.file);
    clustered.add(r.photo);
  }
  const nameOf = select(library.db, 'SELECT name FROM known_file WHERE photo_id = ? LIMIT 1', text);
  const out = new Set(
    select(
      library.db,
      "SELECT v.photo_id FROM cluster_all c JOIN view_all v ON v.cluster_id = c.id WHERE c.state = 'excluded' AND v.photo_id IS NOT NULL",
      integer,
    ).all(),
  );
  const rest = photos.filter((p) => !clustered.has(p.id));
  const names = (of: readonly PhotoRow[]): string[] => of.map((p) => nameOf.one(p.id));
  const excluded = names(rest.filter((p) => out.has(p.id)));
  return {
    clusters: [...clusters.values()],
    unclustered: names(rest.filter((p) => !out.has(p.id))),
    ...(excluded.length === 0 ? {} : { excluded }),
  };
}
