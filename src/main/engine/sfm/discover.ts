import { statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { headOf, recognise, titles } from '../formats/recognise.ts';
import { leftOut, listPhotos, refuseWithoutPhotos } from '../library/photo-files.ts';
import { listImages } from '../library/photos.ts';
import { MODEL_READERS } from './readers/index.ts';
import type { ModelReader } from './readers/reader.ts';
import { isFolder, walkFolders, type Folder } from './walk.ts';

/** Where a sparse model lies and who reads it. */
export interface ModelLocation {
  /** What its reader takes: a folder or a file. */
  readonly path: string;
  readonly reader: ModelReader;
  /** Name inside the scene: `0`, `1`, `incremental/0` or empty for a lone model. */
  readonly label: string;
}

/** A folder of photos of one place and the models built of them, possibly none. */
export interface SceneLocation {
  readonly name: string;
  readonly root: string;
  readonly images: string;
  readonly models: readonly ModelLocation[];
}

/** What looks like a model or like photos and was not taken, and why: a clause that goes on after "passed over:". */
export interface PassedOver {
  readonly path: string;
  readonly why: string;
  /** Nothing to warn about: every project of that program has it. */
  readonly ordinary?: boolean;
}

/** What lies below the sources. */
export interface Discovery {
  readonly scenes: readonly SceneLocation[];
  readonly passedOver: readonly PassedOver[];
}

const FOLDER_READERS = MODEL_READERS.filter((r) => r.at === 'folder');
const FILE_READERS = MODEL_READERS.filter((r) => r.at === 'file');
const PHOTO = /\.(jpe?g|png|webp|tiff?|avif|gif|bmp|hei[cf])$/i;
/** Folders that programs make around models inside a scene; the scene is called after what is above them. */
const AROUND =
  /^(\d+|sparse.*|incremental|global|hierarchical|glomap|colmap|dense\d*|distorted|undistorted|models?|outputs?|reconstructions?)$/i;
/** What COLMAP writes when it undistorts: a model of the same photos once more. */
const UNDISTORTED = /^(dense\d*|undistorted)$/i;

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

interface Found {
  readonly path: string;
  readonly reader: ModelReader;
  /** The folder that it is, or that it lies in. */
  readonly dir: string;
}

const parts = (from: string, to: string): string[] =>
  relative(from, to)
    .split(sep)
    .filter((p) => p !== '');
const inside = (outer: string, path: string): boolean =>
  path === outer || path.startsWith(outer.endsWith(sep) ? outer : outer + sep);

/** Models in one folder, of the first reader that finds any; what others find is passed over. */
function modelsIn({ path: dir, files }: Folder, pass: (p: PassedOver) => void): Found[] {
  let taken: Found[] = [];
  for (const reader of [...FOLDER_READERS, ...FILE_READERS]) {
    if (!files.some((f) => reader.named.test(f))) continue;
    const own = reader.find(dir).map((path) => ({ path, reader, dir }));
    if (taken.length === 0) taken = own;
    else
      for (const { path } of own)
        pass({
          path:
            path === dir
              ? join(
                  dir,
                  files.find((f) => reader.named.test(f))!,
                )
              : path,
          why: `another model in the same folder is taken (${taken[0]!.reader.title})`,
          ordinary: reader.holds === 'matches',
        });
  }
  return taken;
}

/** What a COLMAP folder lacks; undefined where it is whole. */
function lacking({ reader, path }: Found): string | undefined {
  return reader.files(path).find((f) => statSync(f, { throwIfNoEntry: false }) === undefined);
}

/** Looks at a source: which scenes, with which models. */
class Source {
  readonly root: string;
  readonly #images: string | undefined;
  readonly #folders: readonly Folder[];
  readonly #at: ReadonlyMap<string, Folder>;
  readonly passed: PassedOver[] = [];

  constructor(root: string, images: string | undefined) {
    this.root = root;
    this.#images = images;
    const { folders, left } = walkFolders(root);
    this.#folders = folders;
    this.#at = new Map(folders.map((f) => [f.path, f]));
    this.passed.push(...left);
  }

  scenes(): SceneLocation[] {
    const groups = new Map<string, Found[]>();
    for (const folder of this.#folders) {
      for (const found of modelsIn(folder, (p) => this.passed.push(p))) {
        if (!this.#usable(found)) continue;
        const root = this.#rootOf(found);
        const list = groups.get(root);
        if (list === undefined) groups.set(root, [found]);
        else list.push(found);
      }
    }
    // An undistorted copy is told apart from a scene of its own by the scene around it.
    for (const [root, list] of groups) {
      const around = [...groups.keys()].find(
        (r) =>
          r !== root && inside(r, root) && parts(r, root).some((p) => UNDISTORTED.test(p)) && groups.get(r)!.length > 0,
      );
      if (around === undefined) continue;
      groups.delete(root);
      for (const f of list)
        this.#pass(f, `it is an undistorted copy of the photos of ${around}; import ${root} alone to have it instead`);
    }
    const scenes = [...groups].map(([root, found]) => this.#scene(root, this.#chosen(root, found)));
    // Folders of photos that no model is of: the source itself, and those directly below it.
    if (this.#images === undefined) {
      for (const { path, folders } of this.#folders) {
        if (parts(this.root, path).length > 1 || !folders.includes('images')) continue;
        if (scenes.some((s) => s.root === path || s.images === join(path, 'images'))) continue;
        scenes.push({ name: basename(path), root: path, images: join(path, 'images'), models: [] });
      }
    } else if (scenes.length === 0) {
      scenes.push({ name: basename(this.root), root: this.root, images: this.#images, models: [] });
    }
    // A folder of nothing but photos has no geometry; manifolds are mined on it all the same.
    if (scenes.length === 0 && listImages(this.root).length > 0)
      scenes.push({ name: basename(this.root), root: this.root, images: this.root, models: [] });
    this.#photosLeft(scenes);
    return scenes.sort((x, y) => x.root.localeCompare(y.root, 'en', { numeric: true }));
  }

  #pass({ path, reader }: Found, why: string): void {
    this.passed.push({ path, why, ordinary: reader.holds === 'matches' });
  }

  /** What merely has the name of a model is passed over, but where models always are: there it is refused by its reader. */
  #usable(found: Found): boolean {
    const { path, reader, dir } = found;
    const expected = dir === this.root || parts(this.root, dir).length <= 1 || /^sparse$/i.test(basename(dirname(dir)));
    if (expected) return true;
    const missing = reader.at === 'folder' ? lacking(found) : undefined;
    if (missing !== undefined) {
      this.#pass(found, `it lacks ${basename(missing)}`);
      return false;
    }
    if (reader.at === 'file' && reader.begins?.(headOf(path)) === false) {
      this.#pass(found, `its name is that of ${reader.title}, its content is not`);
      return false;
    }
    return true;
  }

  /** The scene of a model: the nearest folder with `images/`, else the one that folders of programs lie in. */
  #rootOf({ dir, reader }: Found): string {
    const beside = this.#at.get(dir)!;
    if (reader.at === 'file' && !beside.folders.includes('images') && beside.files.some((f) => PHOTO.test(f)))
      return dir;
    const has = (at: string): boolean =>
      isFolder(join(at, 'images')) || (this.#images !== undefined && dirname(this.#images) === at);
    let named = true;
    for (let at = dir; ; at = dirname(at)) {
      const within = inside(this.root, at);
      if (!within && !named) break;
      if (has(at)) return at;
      named &&= AROUND.test(basename(at));
      if (dirname(at) === at) break;
    }
    let at = dir;
    while (at !== this.root && AROUND.test(basename(at)) && inside(this.root, dirname(at))) at = dirname(at);
    return at;
  }

  /** Of a scene's models those that are taken; the others are passed over. */
  #chosen(root: string, found: readonly Found[]): Found[] {
    const inSparse = (f: Found): boolean => /^sparse$/i.test(parts(root, f.dir)[0] ?? '');
    const undistorted = (f: Found): boolean => parts(root, f.dir).some((p) => UNDISTORTED.test(p));
    let left = [...found];
    const leave = (out: (f: Found) => boolean, why: (f: Found) => string): void => {
      for (const f of left.filter(out)) this.#pass(f, why(f));
      left = left.filter((f) => !out(f));
    };
    const folder = (f: Found): boolean => f.reader.at === 'folder';
    if (left.some((f) => !undistorted(f) && f.reader.holds !== 'matches'))
      leave(
        undistorted,
        (f) => `it is undistorted, a second model of the photos of ${root}; import ${f.dir} alone to have it instead`,
      );
    if (left.some((f) => folder(f) && inSparse(f)))
      leave(
        (f) => folder(f) && f.dir === root,
        () => 'the models in sparse/ are taken',
      );
    const whole = left.filter((f) => folder(f));
    leave(
      (f) => folder(f) && whole.some((o) => o !== f && f.dir !== o.dir && inside(o.dir, f.dir)),
      (f) => `a model lies in ${whole.find((o) => o !== f && inside(o.dir, f.dir))!.dir} itself, which is taken`,
    );
    if (left.some(folder))
      leave(
        (f) => !folder(f),
        () => 'the COLMAP models of the scene are taken',
      );
    else {
      // Points rather than poses alone, poses rather than matches.
      for (const holds of ['points', 'poses'] as const)
        if (left.some((f) => f.reader.holds === holds)) {
          const first = left.find((f) => f.reader.holds === holds)!;
          leave(
            (f) => f.reader.holds !== holds,
            () => `a model that says more is taken (${first.reader.title})`,
          );
        }
    }
    return left;
  }

  #scene(root: string, found: readonly Found[]): SceneLocation {
    const own = join(root, 'images');
    // Other programs leave the photos beside the model.
    const beside = !isFolder(own) && found.some((f) => f.reader.at === 'file');
    // People leave them in the folder of the scene.
    const photosHere = !isFolder(own) && this.#at.get(root)?.files.some((f) => PHOTO.test(f)) === true;
    const label = (f: Found): string => {
      const at = parts(root, f.dir);
      const folders = at[0] === 'sparse' ? at.slice(1) : at;
      const file = f.reader.at === 'file' ? [basename(f.path).replace(/\.\w+$/, '')] : [];
      return [...folders, ...file].join('/');
    };
    return {
      name: basename(root),
      root,
      images: this.#images ?? (beside ? found[0]!.dir : photosHere ? root : own),
      models: found.map((f) => ({ path: f.path, reader: f.reader, label: found.length === 1 ? '' : label(f) })),
    };
  }

  /** Photos that are in no scene, by the uppermost folder. */
  #photosLeft(scenes: readonly SceneLocation[]): void {
    const taken = scenes.map((s) => s.images);
    const said: string[] = [];
    for (const { path, files } of this.#folders) {
      const photos = files.filter((f) => PHOTO.test(f)).length;
      if (photos === 0 || taken.some((t) => inside(t, path)) || said.some((s) => inside(s, path))) continue;
      said.push(path);
      this.passed.push({ path, why: `its photos (${photos} in the folder itself) are in no model and in no images/` });
    }
  }
}

/** A file alone: its scene is the folder that it lies in, its photos are in `images/` there or above, or beside it. */
function fileScene(file: string, imagesOverride?: string): SceneLocation {
  const root = dirname(file);
  let images = imagesOverride;
  for (let at = root; images === undefined; at = dirname(at)) {
    if (isFolder(join(at, 'images'))) images = join(at, 'images');
    else if (!AROUND.test(basename(at)) || dirname(at) === at) images = root;
  }
  const name = FILE_READERS.some((r) => r.usual === basename(file))
    ? basename(root)
    : basename(file).replace(/\.\w+$/, '');
  return { name, root: file, images, models: [{ path: file, reader: readerOf(file), label: '' }] };
}

/**
 * Finds the scenes below each source: a folder with `images/` and models in `sparse/`, in `incremental/`, `global/`, `dense/` or deeper, a
 * folder that is itself a model, folders of such side by side, a folder of photos alone, or the file of another program's model.
 * What looks like a model or like photos is taken, or named as passed over.
 * @param images folder of the photos, where they do not lie in `images/`.
 * @throws CovisError `INPUT_MISSING` when a source does not exist or holds nothing of this kind.
 */
export function discover(sources: readonly string[], images?: string): Discovery {
  const scenes = new Map<string, SceneLocation>();
  const passedOver: PassedOver[] = [];
  const override = images === undefined ? undefined : resolve(images);
  if (override !== undefined && !isFolder(override))
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: override });
  const add = (scene: SceneLocation): void => {
    const known = scenes.get(scene.root);
    const paths = new Set(known?.models.map((m) => m.path));
    scenes.set(scene.root, {
      ...scene,
      models: [...(known?.models ?? []), ...scene.models.filter((m) => !paths.has(m.path))],
    });
  };
  for (const source of sources) {
    const root = resolve(source);
    if (statSync(root, { throwIfNoEntry: false })?.isFile() === true) {
      add(fileScene(root, override));
      continue;
    }
    if (!isFolder(root)) {
      // A device or a pipe says so itself.
      if (statSync(root, { throwIfNoEntry: false }) !== undefined) headOf(root);
      const kind = MODEL_READERS.some((r) => r.named.test(basename(root))) ? 'file' : 'folder';
      throw new CovisError('INPUT_MISSING', `This ${kind} does not exist`, { file: root });
    }
    const looked = new Source(root, override);
    const found = looked.scenes();
    const listing = found.length === 0 ? listPhotos(root) : undefined;
    if (listing !== undefined && listing.unreadable.size > 0)
      refuseWithoutPhotos(listing, root, 'INPUT_MISSING', 'No model and no photo that Covis reads is here');
    if (found.length === 0) {
      const first = looked.passed[0];
      const said = listing === undefined ? [] : leftOut(listing, root);
      throw new CovisError('INPUT_MISSING', 'No model and no photo is here', {
        file: root,
        hint: `Covis looks for a folder with images/ and sparse/ (COLMAP), for a model (${titles(MODEL_READERS)}), for several such folders side by side, or for photos.${said.length > 0 ? ` ${said.join('. ')}.` : ''}${first === undefined ? '' : ` Passed over: ${first.path}, for ${first.why}.`}`,
      });
    }
    for (const scene of found) add(scene);
    passedOver.push(...looked.passed);
  }
  const taken = new Set([...scenes.values()].flatMap((s) => s.models.map((m) => m.path)));
  return { scenes: [...scenes.values()], passedOver: passedOver.filter((p) => !taken.has(p.path)) };
}

/** The scenes of {@link discover}. */
export function discoverScenes(sources: readonly string[], images?: string): SceneLocation[] {
  return [...discover(sources, images).scenes];
}
