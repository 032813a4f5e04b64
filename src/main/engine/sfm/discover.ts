import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { listImages } from '../library/photos.ts';

/** Formats of models that can be read. */
export type ModelFormat = 'bin' | 'txt' | 'bundler' | 'nvm' | 'openmvg' | 'opensfm' | 'nerfstudio' | 'database';

/** Where a sparse model lies and who wrote it. */
export interface ModelLocation {
  /** The folder of a COLMAP model, the file of any other. */
  readonly path: string;
  readonly format: ModelFormat;
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

const COLMAP: ReadonlySet<ModelFormat> = new Set(['bin', 'txt']);
const FILES = ['cameras', 'images', 'points3D'];

function formatOf(folder: string): 'bin' | 'txt' | undefined {
  for (const format of ['bin', 'txt'] as const) {
    if (FILES.some((f) => existsSync(join(folder, `${f}.${format}`)))) return format;
  }
  return undefined;
}

/** Files that are models by their names. */
const BY_NAME: readonly (readonly [RegExp, ModelFormat])[] = [
  [/\.nvm$/i, 'nvm'],
  [/^sfm_data.*\.json$/i, 'openmvg'],
  [/^reconstruction.*\.json$/i, 'opensfm'],
  [/^transforms.*\.json$/i, 'nerfstudio'],
  [/\.out$/i, 'bundler'],
  [/\.db$/i, 'database'],
];

/** What a file is, by its name, or by how it begins. @throws CovisError `INPUT_UNSUPPORTED`. */
export function fileFormat(file: string): ModelFormat {
  const named = BY_NAME.find(([pattern]) => pattern.test(basename(file)))?.[1];
  if (named !== undefined) return named;
  const head = headOf(file);
  if (head.startsWith('# Bundle file')) return 'bundler';
  if (head.startsWith('NVM_V3')) return 'nvm';
  if (head.startsWith('SQLite format 3')) return 'database';
  if (/"sfm_data_version"/.test(head)) return 'openmvg';
  if (/"transform_matrix"|"camera_model"|"fl_x"/.test(head)) return 'nerfstudio';
  if (/^\s*\[\s*\{/.test(head)) return 'opensfm';
  throw new CovisError('INPUT_UNSUPPORTED', 'Covis does not know what kind of model this is', {
    file,
    hint: 'It reads COLMAP folders and database.db, Bundler .out, NVM, OpenMVG sfm_data.json, OpenSfM reconstruction.json and nerfstudio transforms.json.',
  });
}

function headOf(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(4096);
    return head.toString('utf8', 0, readSync(fd, head, 0, head.length, 0));
  } finally {
    closeSync(fd);
  }
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
    if (own !== undefined) return [{ path: base, format: own, label: '' }];
    if (base === root) break;
    const found = folders(base).flatMap((name): ModelLocation[] => {
      const format = formatOf(join(base, name));
      return format === undefined ? [] : [{ path: join(base, name), format, label: name }];
    });
    if (found.length > 0) return found.length === 1 ? [{ ...found[0]!, label: '' }] : found;
  }
  return foreignModels(root);
}

/** Models of other programs in a folder. A database is taken only where nothing was built of it. */
function foreignModels(root: string): ModelLocation[] {
  const files = readdirSync(root).sort();
  for (const [pattern, format] of BY_NAME) {
    // Many programs write a .out; Bundler's says what it is.
    const found = files.filter(
      (f) =>
        pattern.test(f) &&
        statSync(join(root, f)).isFile() &&
        (format !== 'bundler' || headOf(join(root, f)).startsWith('# Bundle file')),
    );
    if (format === 'database' && !found.includes('database.db')) continue;
    if (found.length > 0)
      return found.map((f) => ({
        path: join(root, f),
        format,
        label: found.length === 1 ? '' : f.replace(/\.\w+$/, ''),
      }));
  }
  return [];
}

/** Reads a folder as a scene; undefined if it has neither `images/` nor a model. */
function asScene(root: string, imagesOverride?: string): SceneLocation | undefined {
  const images = imagesOverride ?? join(root, 'images');
  const models = modelsOf(root);
  if (!isFolder(images) && models.length === 0) return undefined;
  // Other programs leave the photos beside the model.
  const beside = imagesOverride === undefined && !isFolder(images) && models.some((m) => !COLMAP.has(m.format));
  return { name: basename(root), root, images: beside ? root : images, models };
}

/** A file alone: its scene is the folder that it lies in, its photos are in `images/` there, or beside it. */
function fileScene(file: string, imagesOverride?: string): SceneLocation {
  const root = dirname(file);
  const beside = join(root, 'images');
  const images = imagesOverride ?? (isFolder(beside) ? beside : root);
  const name = /^(database\.db|reconstruction\.json|transforms\.json|sfm_data\.json|bundle\.out)$/.test(basename(file))
    ? basename(root)
    : basename(file).replace(/\.\w+$/, '');
  return { name, root: file, images, models: [{ path: file, format: fileFormat(file), label: '' }] };
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
    if (found.length === 0 && listImages(root).length > 0)
      found.push({ name: basename(root), root, images: root, models: [] });
    if (found.length === 0) {
      throw new CovisError('INPUT_MISSING', 'No model and no photo is here', {
        file: root,
        hint: 'Covis looks for a folder with images/ and sparse/ (COLMAP), for a model of Bundler, VisualSFM, OpenMVG, OpenSfM or nerfstudio, for several such folders side by side, or for photos.',
      });
    }
    scenes.push(...found);
  }
  return scenes;
}
