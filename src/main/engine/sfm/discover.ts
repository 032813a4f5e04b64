import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { listImages } from '../library/photos.ts';

/** Where one sparse model lies and in which of COLMAP's formats. */
export interface ModelLocation {
  readonly folder: string;
  readonly format: 'bin' | 'txt';
  /** Name inside the scene: `0`, `1`, … or empty for a lone model. */
  readonly label: string;
}

/** A folder of photos of one place and the models built of them, possibly none. */
export interface SceneLocation {
  readonly name: string;
  readonly root: string;
  readonly images: string;
  readonly models: readonly ModelLocation[];
}

const FILES = ['cameras', 'images', 'points3D'];

function formatOf(folder: string): 'bin' | 'txt' | undefined {
  for (const format of ['bin', 'txt'] as const) {
    if (FILES.some((f) => existsSync(join(folder, `${f}.${format}`)))) return format;
  }
  return undefined;
}

function folders(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((e) => !e.name.startsWith('.') && (e.isDirectory() || (e.isSymbolicLink() && isFolder(join(path, e.name)))))
    .map((e) => e.name)
    .sort((x, y) => x.localeCompare(y, 'en', { numeric: true }));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function modelsOf(root: string): ModelLocation[] {
  for (const base of [join(root, 'sparse'), root]) {
    if (!isFolder(base)) continue;
    const own = formatOf(base);
    if (own !== undefined) return [{ folder: base, format: own, label: '' }];
    if (base === root) break;
    const found = folders(base).flatMap((name): ModelLocation[] => {
      const format = formatOf(join(base, name));
      return format === undefined ? [] : [{ folder: join(base, name), format, label: name }];
    });
    if (found.length > 0) return found.length === 1 ? [{ ...found[0]!, label: '' }] : found;
  }
  return [];
}

/** Reads a folder as a scene; undefined if it has neither `images/` nor a model. */
function asScene(root: string, imagesOverride?: string): SceneLocation | undefined {
  const images = imagesOverride ?? join(root, 'images');
  const models = modelsOf(root);
  if (!isFolder(images) && models.length === 0) return undefined;
  return { name: basename(root), root, images, models };
}

/**
 * Finds the scenes below each source: a folder with `images/` and `sparse/`, a folder that is itself a model,
 * a folder of such folders side by side, or a folder of photos alone. Scenes are ordered by name.
 * @param images folder of the photos, where they do not lie in `images/`.
 * @throws CovisError `INPUT_MISSING` when a source does not exist or holds nothing of this kind.
 */
export function discoverScenes(sources: readonly string[], images?: string): SceneLocation[] {
  const scenes: SceneLocation[] = [];
  for (const source of sources) {
    const root = resolve(source);
    if (!isFolder(root)) throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: root });
    const self = asScene(root, images === undefined ? undefined : resolve(images));
    const found = self === undefined ? folders(root).flatMap((name) => asScene(join(root, name)) ?? []) : [self];
    // A folder of nothing but photos has no geometry; manifolds are mined on it all the same.
    if (found.length === 0 && listImages(root).length > 0)
      found.push({ name: basename(root), root, images: root, models: [] });
    if (found.length === 0) {
      throw new CovisError('INPUT_MISSING', 'No COLMAP project and no photo is here', {
        file: root,
        hint: 'Covis looks for a folder with images/ and sparse/ (cameras, images, points3D as .bin or .txt), for several such folders side by side, or for photos.',
      });
    }
    scenes.push(...found);
  }
  return scenes;
}
