/** From verified pairs to scenes, and from a scene to its clusters: models by COLMAP, or verified matches. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { z } from 'zod';
import type { Features } from '../features/sift.ts';
import { readFeatures } from '../features/store.ts';
import { hashNow } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { ownJson } from '../library/own-json.ts';
import { currentPhoto, type PhotoRow } from '../library/photos.ts';
import type { TaskContext } from '../queue/context.ts';
import { readColmapBinary } from '../sfm/colmap-binary.ts';
import { matchModels } from '../sfm/match-tracks.ts';
import { stageModel, type StagedModel } from '../sfm/staged.ts';
import { reconstruct, type ScenePhotos } from './colmap.ts';
import { judgePairs } from './judge-pairs.ts';
import { storedMatches, verifiedPairs, type StoredMatch } from './matches.ts';
import type { Apart } from './objects.ts';
import { FEWEST_PHOTOS, scenesOf } from './scenes.ts';

/** A pair with so many confirmed matches needs no third photo that matches both. */
const SURE_FACTOR = 3;

/** The photos of a scene and the pairs that join them. */
export interface SceneLinks {
  readonly photos: readonly PhotoRow[];
  readonly links: readonly StoredMatch[];
}

/** Scenes of the verified pairs of some photos. */
export interface FoundScenes {
  readonly verified: readonly StoredMatch[];
  /** Of each pair, why it joins nothing; null where it joins. */
  readonly judged: readonly (Apart | null)[];
  readonly scenes: readonly SceneLinks[];
}

/** @param known photos by id. @param minInliers confirmed matches that make a pair. @param tellApart false lets every pair join its photos. @param featuresOf as {@link judgePairs}. */
export function findScenes(
  library: Library,
  known: ReadonlyMap<number, PhotoRow>,
  minInliers: number,
  tellApart: boolean,
  task: TaskContext,
  featuresOf?: (hash: string) => Features,
): FoundScenes {
  const verified = verifiedPairs(library, new Set(known.keys()), minInliers);
  const sure = SURE_FACTOR * minInliers;
  const judged = tellApart ? judgePairs(library, known, verified, sure, task, featuresOf) : verified.map(() => null);
  const joining = verified.filter((_, k) => judged[k] === null);
  // What was told apart needs no witness any more.
  const scenes = scenesOf(joining, tellApart ? 0 : sure).map((ids) => {
    const own = new Set(ids);
    return { photos: ids.map((id) => known.get(id)!), links: joining.filter((v) => own.has(v.a) && own.has(v.b)) };
  });
  return { verified, judged, scenes };
}

/** A scene with its models, staged. */
export interface BuiltScene {
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

/** What a finished scene says of itself: photos by content hash, and the folders of models, which COLMAP numbers. */
export const sceneFacts = z.object({
  hashes: z.array(z.string()),
  models: z.array(z.string().regex(/^(grown-)?\d{1,9}$/)),
});
type SceneFacts = z.infer<typeof sceneFacts>;

/** True where a finished scene has no photo but these: a scene of theirs can be gone on from it. */
export function isPartOf({ hashes }: Pick<SceneFacts, 'hashes'>, photos: ReadonlySet<string>): boolean {
  return hashes.every((h) => photos.has(h));
}

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

/**
 * The clusters of a scene: of its models where `colmap` built some before ({@link reconstructScene}), else of verified matches, so that a
 * place of which none can be built (a poster, a panorama) is not lost for that.
 */
export function builtScene(
  library: Library,
  { photos, links }: SceneLinks,
  colmap: boolean,
  staging: string,
  task: TaskContext,
): BuiltScene {
  if (!colmap) return tracksOfScene(library, photos, links, staging);
  const built = modelsOfScene(library, photos, links, staging);
  if (built.models.length > 0) return built;
  task.warn(
    `COLMAP built no 3D model of a scene of ${photos.length} photos; its clusters are of verified matches, without 3D`,
  );
  return tracksOfScene(library, photos, links, staging);
}

/**
 * Builds the models of a scene by COLMAP, unless that was done before; they lie in the library's own folder of scenes.
 * @param name what steps call it. @returns their key.
 */
export async function reconstructScene(
  library: Library,
  { photos, links }: SceneLinks,
  name: string,
  task: TaskContext,
): Promise<string> {
  const key = keyOf(photos, links, 'colmap');
  const folder = library.file('scenes', key);
  const finished = finishedScenes(library);
  if (!finished.has(key)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const hashes = new Set(photos.map((p) => p.hash));
    // The largest scene that this one grew out of.
    const [from] = [...finished]
      .filter(([, s]) => s.models.length > 0 && isPartOf(s, hashes))
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
      const own = `${p.hash}${extname(file).toLowerCase()}`;
      linkOrCopy(file, join(images, own));
      nameOf.set(p.id, own);
    }
    const scene: ScenePhotos = {
      name,
      folder: images,
      photos: photos.length,
      pairs: links.map((l) => ({ a: nameOf.get(l.a)!, b: nameOf.get(l.b)! })),
    };
    const models = await reconstruct(scene, { folder, grown }, task);
    rmSync(images, { recursive: true, force: true });
    const done: SceneFacts = { hashes: [...hashes], models: models.map((m) => basename(m)) };
    writeFileSync(join(folder, 'done.json'), JSON.stringify(done));
  }
  return key;
}

function modelsOfScene(
  library: Library,
  photos: readonly PhotoRow[],
  links: readonly StoredMatch[],
  staging: string,
): BuiltScene {
  const key = keyOf(photos, links, 'colmap');
  const folder = library.file('scenes', key);
  const models: StagedModel[] = [];
  for (const name of finishedScenes(library).get(key)?.models ?? []) {
    const path = join(folder, 'sparse', name);
    const model = readColmapBinary(path);
    if (model.views.length < FEWEST_PHOTOS) continue;
    const content = ['images.bin', 'points3D.bin'].map((f) => hashNow(join(path, f)));
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
