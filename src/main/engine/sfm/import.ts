import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { firstFew } from '../library/name-lists.ts';
import { photoWriter, type PhotoFile } from '../library/photos.ts';
import { CovisError } from '../../../shared/errors.ts';
import { forgetVanished } from '../library/current-photo.ts';
import { bindModel, type BoundModel } from './bind.ts';
import { discover, type Discovery, type PassedOver, type SceneLocation } from './discover.ts';
import type { ReadOptions } from './model-builder.ts';
import { locationHash, photosAtHand, readModels } from './read.ts';
import { olderModels, type Replacement } from './replaced.ts';
import { inspectAll, type ScenePhotos } from './scene-photos.ts';
import { shapeOf, shapesSaid, storedSize, type Misshapen } from './shapes.ts';
import { clustersSharingPhotos, relabelPlaces } from './places.ts';
import { flag, integer, list, record, select, text } from '../library/rows.ts';
import { clusterByUid } from '../library/tables/cluster.ts';
import { commitModel, nameOf, stageModel, type StagedModel } from './staged.ts';

export interface ImportOptions {
  readonly sources: readonly string[];
  /** Folder of the photos where they do not lie in `images/`. */
  readonly images?: string | undefined;
  /** Leaves models that lie beside the photos alone. */
  readonly photosOnly?: boolean | undefined;
  /** Takes the rest of damaged models ({@link ReadOptions}). */
  readonly skipDamaged?: boolean | undefined;
  /** Keeps the model that was imported from a path before, where another lies there now; else the new one replaces it. */
  readonly keepBoth?: boolean | undefined;
  /** Notes in the log of actions, inside the transaction, which clusters replace which, and brings that into force. */
  readonly replace?: ((library: Library, replacement: Replacement) => void) | undefined;
}

/** What became of one model. */
export interface ImportedModel {
  /** Of the cluster. */
  readonly name: string;
  readonly path: string;
  /** What wrote it, for people. */
  readonly format: string;
  readonly images: number;
  readonly bound: number;
  /** Names as the model has them. */
  readonly missing: readonly string[];
  readonly ambiguous: BoundModel['ambiguous'];
  readonly points: number;
  readonly pairs: number;
  /** When the model was imported that this one replaces; null where it replaces none. */
  readonly replaces: string | null;
}

/** What was found in one scene. */
export interface ImportedScene {
  readonly name: string;
  readonly path: string;
  readonly images: string;
  readonly photos: number;
  /** True where an earlier import found it. */
  readonly known: boolean;
  /** Photos that the library did not have of this scene. */
  readonly added: number;
  /** Names of photos whose files held another photo at the last import. */
  readonly replaced: readonly string[];
  /** Names of photos whose files are no more. */
  readonly gone: readonly string[];
  readonly models: readonly ImportedModel[];
}

/** What the library holds of the sources after an import: the same sources again give the same counts. */
export interface ImportReport {
  readonly photos: number;
  /** Images of models or lists that have their photo. */
  readonly bound: number;
  /** Where photos of models should be. */
  readonly missing: readonly string[];
  /** Names that may mean several photos, or one that another name means as well: none was taken. */
  readonly ambiguous?: BoundModel['ambiguous'];
  readonly passedOver?: readonly Omit<PassedOver, 'ordinary'>[];
  readonly scenes?: readonly ImportedScene[];
  readonly clusters: number;
  readonly points: number;
  readonly observations: number;
  readonly pairs: number;
  readonly warnings: readonly string[];
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
  const { scenes, passedOver } = lookFor(options);
  const staging = library.staging();
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    task.warn(message);
  };
  try {
    const passed = [...passedOver];
    const staged = await stageModels(scenes, staging, task, warn, passed, options);
    const photos = await inspectAll(library, scenes, task, warn);
    task.step('Writing the library', 0, '');
    task.check();
    const done = library.transaction(() => commit(library, scenes, staged, photos, options));
    const models = done.flatMap((s) => s.models.map((m) => ({ ...m, folder: s.images })));
    const missing = models.flatMap((m) => m.missing.map((name) => whereMissing(m.folder, name)));
    const ambiguous = models.flatMap((m) => m.ambiguous);
    for (const s of done) for (const message of s.said) warn(message);
    if (missing.length > 0)
      warn(`${missing.length} ${missing.length === 1 ? 'photo is' : 'photos are'} missing: ${firstFew(missing, FEW)}`);
    if (ambiguous.length > 0)
      warn(
        `${ambiguous.length} ${ambiguous.length === 1 ? 'name' : 'names'} may mean several photos, or one that another name means as well, and none was taken: ${firstFew(
          ambiguous.map(({ name, among }) => `${name} (${firstFew(among, FEW, ' or ')})`),
          FEW,
        )}`,
      );
    const unusual = passed.filter((p) => p.ordinary !== true).map((p) => `${p.path}, for ${p.why}`);
    if (unusual.length > 0) warn(`${unusual.length} passed over: ${firstFew(unusual, FEW, '; ')}`);
    for (const s of clustersSharingPhotos(library)) {
      warn(
        `${s.a} and ${s.b} share ${s.photos} ${s.photos === 1 ? 'photo' : 'photos'}; they count as one place and are never each other's negatives`,
      );
    }
    task.changed('clusters');
    return {
      photos: new Set([...photos.values()].flatMap((m) => [...m.values()].flatMap((p) => p?.hash ?? []))).size,
      bound: models.reduce((n, m) => n + m.bound, 0),
      missing,
      ambiguous,
      ...stored(library, new Set(staged.flat().map((m) => m.uid))),
      passedOver: passed.map(({ path, why }) => ({ path, why })),
      scenes: done.map(({ said: _, ...scene }) => scene),
      warnings,
    };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

const FEW = 5;

/** Where a photo should be; its name where that is a path of a whole machine. */
function whereMissing(folder: string, name: string): string {
  return /^([\\/]|[a-z]:[\\/])/i.test(name) ? name : join(folder, name);
}

/** @throws CovisError `INPUT_MISSING` for a source that is not there, or is neither a model nor photos: {@link importSources} would, too. */
export function refuseNoSource(options: ImportOptions): void {
  lookFor(options);
}

function lookFor({ sources, images, photosOnly }: ImportOptions): Discovery {
  if (photosOnly !== true) return discover(sources, images);
  const scenes = sources.map((source) => {
    const root = resolve(source);
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: root });
    return { name: basename(root), root, images: resolve(images ?? root), models: [] };
  });
  return { scenes, passedOver: [] };
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
  passed: PassedOver[],
  options: ReadOptions,
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
      const parts = readModels(location, await photosAtHand(scene.images, location), warn, options);
      parts.forEach((model, part) => {
        if (model.views.length === 0) {
          // What was named, or is all there is, is refused; one of several is no reason to refuse the others.
          if (total === 1)
            throw new CovisError('INPUT_INVALID', 'This model has no registered image', {
              file: location.path,
              hint: 'Register images in the program that made it, or import its photos alone.',
            });
          passed.push({ path: location.path, why: 'it has no registered image' });
          return;
        }
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

/** Writes rows and moves the staged arrays into place. Runs inside one transaction. @returns what became of each scene, and what to say of it. */
function commit(
  library: Library,
  scenes: readonly SceneLocation[],
  staged: readonly StagedModel[][],
  photos: ScenePhotos,
  options: ImportOptions,
): (ImportedScene & { readonly said: readonly string[] })[] {
  const write = photoWriter(library);
  const done = scenes.map((scene, s) => {
    const had = photosOf(library, scene.root);
    const sceneId = write.scene(scene.name, scene.root, scene.images);
    // By name, not in the order in which reading happened to end: draws by seed depend on the order of the rows.
    const there = [...photos.get(scene)!].sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, file]) => ({ name, file }));
    const ids = new Map<string, number>();
    for (const { name, file } of there) if (file !== undefined) ids.set(name, write.photo(sceneId, file));
    const said: string[] = [];
    const lost = forgetVanished(library, sceneId, new Set(there.map((p) => p.name)));
    if (lost.length > 0)
      said.push(
        `${lost.length} ${lost.length === 1 ? 'photo is' : 'photos are'} gone from ${scene.images} since the last import; what was decided of them stays`,
      );
    const models: ImportedModel[] = [];
    const byPath = Map.groupBy(staged[s]!, (m) => m.location.path);
    for (const [path, own] of byPath) {
      const older = olderModels(library, path, new Set(own.map((m) => m.uid)));
      const replaces = options.keepBoth !== true && options.replace !== undefined && older.clusters.length > 0;
      if (older.clusters.length > 0)
        said.push(
          replaces
            ? `${nameOf(scene, own[0]!)} replaces the model imported on ${older.when} from ${path}`
            : `${nameOf(scene, own[0]!)} stands beside the model imported on ${older.when} from ${path}`,
        );
      else if (older.edited)
        said.push(
          `${nameOf(scene, own[0]!)} stands beside clusters that were merged or split of an older model from ${path}`,
        );
      for (const m of own) {
        const { bound, misshapen } = boundTo(m, there);
        commitModel(
          library,
          scene,
          sceneId,
          m,
          (_, i) => {
            const name = bound.photoOf[i];
            return name === undefined ? undefined : { id: ids.get(name)! };
          },
          replaces ? 'replaced' : 'active',
        );
        const name = nameOf(scene, m);
        said.push(...shapesSaid(name, misshapen));
        if (bound.copies.length > 0)
          said.push(
            `${name}: copies of another size do not stand in for their photos: ${firstFew(
              bound.copies.map((c) => `${c.photo} for ${c.name}`),
              FEW,
            )}`,
          );
        models.push({
          name,
          path,
          format: m.location.reader?.title ?? '',
          images: m.model.views.length,
          bound: bound.bound,
          missing: bound.missing,
          ambiguous: bound.ambiguous,
          points: m.points,
          pairs: m.pairs.a.length,
          replaces: replaces ? older.when : null,
        });
      }
      // Beside the older one, too, it comes into force again where it was replaced before.
      if (older.clusters.length > 0 && own.some((m) => outOfForce(library, m.uid)))
        options.replace?.(library, {
          label: `Import ${nameOf(scene, own[0]!)} again`,
          older: replaces ? older.clusters : [],
          newer: own.map((m) => clusterByUid(library).one(m.uid)),
        });
    }
    const now = there.filter((p) => p.file !== undefined);
    return {
      name: scene.name,
      path: scene.root,
      images: scene.images,
      photos: ids.size,
      known: had !== undefined,
      added: now.filter((p) => had?.has(p.name) !== true).length,
      replaced: now.filter((p) => had?.has(p.name) === true && had.get(p.name) !== p.file!.hash).map((p) => p.name),
      gone: lost,
      models,
      said,
    };
  });
  relabelPlaces(library);
  return done;
}

/** Content hashes of the photos that an earlier import found in a scene, by name; undefined where there was none. */
function photosOf(library: Library, root: string): Map<string, string> | undefined {
  const scene = select(library.db, 'SELECT id FROM scene WHERE root = ?', integer).get(root);
  if (scene === undefined) return undefined;
  const rows = select(
    library.db,
    'SELECT f.name, p.hash FROM photo_file f JOIN photo p ON p.id = f.photo_id WHERE f.scene_id = ?',
    list(text, text),
  ).all(scene);
  return new Map(rows);
}

function outOfForce(library: Library, uid: string): boolean {
  return select(library.db, "SELECT state = 'replaced' FROM cluster_all WHERE uid = ?", flag).one(uid);
}

/** The photos of a staged model, and those that have another shape than their camera. */
function boundTo(
  { model, location }: StagedModel,
  there: readonly { readonly name: string; readonly file: PhotoFile | undefined }[],
): { bound: BoundModel; misshapen: Misshapen[] } {
  // Where the format does not say how large its images are, what the camera has is a guess where the photo is missing.
  const told = location.reader?.needsSizes !== true;
  const cameras = new Map(model.cameras.map((c) => [c.id, [c.width, c.height] as const]));
  const views = model.views.map((v) => ({ name: v.name, size: cameras.get(v.cameraId) }));
  const bound = bindModel(told ? views : views.map(({ name }) => ({ name })), there);
  const files = new Map(there.map((p) => [p.name, p.file]));
  const misshapen = views.flatMap(({ name, size }, i): Misshapen[] => {
    const own = bound.photoOf[i];
    const file = own === undefined ? undefined : files.get(own);
    if (file === undefined || size === undefined) return [];
    const shape = shapeOf(size, file);
    if (shape === 'same') return [];
    return [{ name, shape, camera: size, photo: storedSize(file), byExif: file.orientation >= 5 }];
  });
  return { bound, misshapen };
}
