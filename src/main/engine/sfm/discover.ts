import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { recognise, titles } from '../formats/recognise.ts';
import { listPhotos, photoFolders, refuseWithoutPhotos } from '../library/photo-files.ts';
import { MODEL_READERS } from './readers/index.ts';
import type { ModelReader } from './readers/reader.ts';

/** Where a sparse model lies and who reads it. */
export interface ModelLocation {
  /** What its reader takes: a folder or a file. */
  readonly path: string;
  readonly reader: ModelReader;
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

const FOLDER_READERS = MODEL_READERS.filter((r) => r.at === 'folder');
const FILE_READERS = MODEL_READERS.filter((r) => r.at === 'file');

/** Who reads this file, by how it begins or by its name. @throws CovisError `INPUT_UNSUPPORTED`. */
function readerOf(file: string): ModelReader {
  const found = recognise(FILE_READERS, file);
  if (found === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'Covis does not know what kind of model this is', {
      file,
      hint: `It reads ${titles(MODEL_READERS)}.`,
    });
  return found;
}

function folders(path: string): string[] {
  return photoFolders(path).sort((x, y) => x.localeCompare(y, 'en', { numeric: true }));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Models of the first reader that finds any in this folder itself. */
function modelsIn(folder: string, readers: readonly ModelReader[]): ModelLocation[] {
  for (const reader of readers) {
    const paths = reader.find(folder);
    if (paths.length > 0)
      return paths.map((path) => ({
        path,
        reader,
        label: paths.length === 1 ? '' : basename(path).replace(/\.\w+$/, ''),
      }));
  }
  return [];
}

/** Models that are folders lie in sparse/, in folders below that, or are the scene's folder; models that are files lie in it. */
function modelsOf(root: string): ModelLocation[] {
  const sparse = join(root, 'sparse');
  if (isFolder(sparse)) {
    const own = modelsIn(sparse, FOLDER_READERS);
    if (own.length > 0) return own;
    const below = folders(sparse).flatMap((name) =>
      modelsIn(join(sparse, name), FOLDER_READERS).map((m) => ({ ...m, label: name })),
    );
    if (below.length > 0) return below.length === 1 ? [{ ...below[0]!, label: '' }] : below;
  }
  const own = modelsIn(root, FOLDER_READERS);
  return own.length > 0 ? own : modelsIn(root, FILE_READERS);
}

/** Reads a folder as a scene; undefined if it has neither `images/` nor a model. */
function asScene(root: string, imagesOverride?: string): SceneLocation | undefined {
  const images = imagesOverride ?? join(root, 'images');
  const models = modelsOf(root);
  if (!isFolder(images) && models.length === 0) return undefined;
  // Other programs leave the photos beside the model.
  const beside = imagesOverride === undefined && !isFolder(images) && models.some((m) => m.reader.at === 'file');
  return { name: basename(root), root, images: beside ? root : images, models };
}

/** A file alone: its scene is the folder that it lies in, its photos are in `images/` there, or beside it. */
function fileScene(file: string, imagesOverride?: string): SceneLocation {
  const root = dirname(file);
  const beside = join(root, 'images');
  const images = imagesOverride ?? (isFolder(beside) ? beside : root);
  const name = FILE_READERS.some((r) => r.usual === basename(file))
    ? basename(root)
    : basename(file).replace(/\.\w+$/, '');
  return { name, root: file, images, models: [{ path: file, reader: readerOf(file), label: '' }] };
}

/**
 * Finds the scenes below each source: a folder with `images/` and `sparse/`, a folder that is itself a model, a folder of such folders
 * side by side, a folder of photos alone, or the file of another program's model.
 * @param images folder of the photos, where they do not lie in `images/`.
 * @throws CovisError `INPUT_MISSING` when a source does not exist or holds nothing of this kind.
 */
export function discoverScenes(sources: readonly string[], images?: string): SceneLocation[] {
  const scenes: SceneLocation[] = [];
  const override = images === undefined ? undefined : resolve(images);
  if (override !== undefined && !isFolder(override))
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: override });
  for (const source of sources) {
    const root = resolve(source);
    if (statSync(root, { throwIfNoEntry: false })?.isFile() === true) {
      scenes.push(fileScene(root, override));
      continue;
    }
    if (!isFolder(root)) throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: root });
    const self = asScene(root, override);
    const found = self === undefined ? folders(root).flatMap((name) => asScene(join(root, name)) ?? []) : [self];
    // A folder of nothing but photos has no geometry; manifolds are mined on it all the same.
    const listing = found.length === 0 ? listPhotos(root) : undefined;
    if (listing !== undefined && listing.photos.length > 0)
      found.push({ name: basename(root), root, images: root, models: [] });
    if (listing !== undefined && listing.unreadable.size > 0)
      refuseWithoutPhotos(listing, root, 'INPUT_MISSING', 'No model and no photo that Covis reads is here');
    if (found.length === 0) {
      throw new CovisError('INPUT_MISSING', 'No model and no photo is here', {
        file: root,
        hint: `Covis looks for a folder with images/ and sparse/ (COLMAP), for a model (${titles(MODEL_READERS)}), for several such folders side by side, or for photos.`,
      });
    }
    scenes.push(...found);
  }
  return scenes;
}
