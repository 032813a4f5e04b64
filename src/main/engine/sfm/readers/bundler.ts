import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import { counted } from '../../../../shared/counted.ts';
import { decodeName } from '../../library/names.ts';
import { isRotation, quaternionOf, type SparseModel } from '../model.ts';
import { blameFor, lines, number } from '../text-lines.ts';
import { faultOf, TrackBuilder } from '../track-builder.ts';
import { LIMITS } from '../../formats/budget.ts';
import { headOf } from '../../formats/recognise.ts';
import { readRegular } from '../../formats/regular.ts';
import type { ReadOptions } from '../model-builder.ts';
import { sizeOfImage } from '../sizes.ts';
import { filesNamed } from './files.ts';
import type { ModelReader, PhotosAtHand } from './reader.ts';

const NAMED = /\.out$/i;
const begins = (head: Buffer): boolean => head.toString('latin1').startsWith('# Bundle file');

/** Bundler's bundle.out, version 0.3, with the list of its images (methods.md 9.5). */
export const bundler: ModelReader = {
  format: 'bundler',
  title: 'Bundler .out',
  at: 'file',
  usual: 'bundle.out',
  named: NAMED,
  begins,
  holds: 'points',
  needsSizes: true,
  // Many programs write a .out; Bundler's says what it is.
  find: (folder) => filesNamed(folder, NAMED).filter((f) => begins(headOf(f))),
  files: (path) => [path, bundlerList(path)].filter((f) => f !== undefined),
  read: (path, photos, warn, options) => [readBundler(path, photos, warn, options)],
};

/** Numbers of a text file with the byte offset of their line; comments are skipped. */
class Numbers {
  readonly #file: string;
  readonly #lines: ReturnType<typeof lines>;
  #fields: string[] = [];
  #at = 0;
  offset = 0;

  constructor(file: string) {
    this.#file = file;
    this.#lines = lines(file);
  }

  next(what: string): number {
    while (this.#at >= this.#fields.length) {
      const line = this.#lines.next();
      if (line.done === true)
        throw new CovisError('INPUT_TRUNCATED', `The file ends before ${what}`, {
          file: this.#file,
          offset: this.offset,
        });
      this.offset = line.value.offset;
      const text = line.value.text.trim();
      this.#fields = text === '' || text.startsWith('#') ? [] : text.split(/\s+/);
      this.#at = 0;
    }
    const blame = blameFor(this.#file);
    const value = number(this.#fields[this.#at++], what, this.offset, blame, blame);
    if (!Number.isFinite(value)) throw blame(`${what} is not finite`, this.offset);
    return value;
  }

  /** A count or an index. */
  whole(what: string, below = 2 ** 32): number {
    const v = this.next(what);
    if (!Number.isInteger(v) || v < 0 || v >= below)
      throw blameFor(this.#file)(`${what} is ${v}, not a whole number below ${below}`, this.offset);
    return v;
  }

  close(): void {
    this.#lines.return(undefined);
  }
}

/** The list of images beside a Bundler file: one of these names. */
function bundlerList(file: string): string | undefined {
  const folder = dirname(file);
  const stem = basename(file).replace(/\.out$/, '');
  return [
    `${stem}.list.txt`,
    `${stem.replace(/\.bundle$/, '')}.list.txt`,
    'list.txt',
    'image_list.txt',
    'list.orig.txt',
  ]
    .map((n) => join(folder, n))
    .concat([join(folder, '..', 'list.txt')])
    .find((f) => existsSync(f));
}

/**
 * Reads a Bundler file, version 0.3, with the list of its images (methods.md 9.5). Cameras that were not registered (all zeros) are
 * left out. Bundler looks along -z with y up and measures from the image's centre; here it becomes COLMAP's convention.
 * @param photos their names below the photos' folder, in order, stand in where there is no list but as many photos as cameras.
 * @throws CovisError naming file and offset.
 */
function readBundler(
  file: string,
  { sizes, names: photos }: PhotosAtHand,
  warn: (message: string) => void,
  options: ReadOptions | undefined,
): SparseModel {
  const fault = faultOf(file);
  const listed = namesOf(file);
  const n = new Numbers(file);
  try {
    const cameras = n.whole('the number of cameras', 1e7);
    const points = n.whole('the number of points');
    const names = listed ?? (photos.length === cameras ? [...photos] : undefined);
    if (names === undefined)
      throw new CovisError('INPUT_MISSING', `This Bundler file has ${cameras} cameras and no list of their images`, {
        file,
        hint: `Put list.txt beside it, one image a line in the order of the cameras, or name a folder with exactly ${counted(cameras, 'photo')} with --images.`,
      });
    if (names.length < cameras)
      throw new CovisError(
        'INPUT_INVALID',
        `This list has ${counted(names.length, 'image')}, and the model has ${cameras} cameras`,
        {
          file: bundlerList(file) ?? file,
          hint: 'It needs a line for each camera, in their order, those that are not registered too.',
        },
      );
    const builder = new TrackBuilder(fault, options);
    const viewOf = new Int32Array(cameras).fill(-1);
    const intrinsics: { focal: number; k1: number; k2: number; offset: number }[] = [];
    for (let c = 0; c < cameras; c += 1) {
      const [focal, k1, k2] = [n.next('a focal length'), n.next('the distortion k1'), n.next('the distortion k2')];
      const r = Array.from({ length: 9 }, () => n.next('a rotation'));
      const t = Array.from({ length: 3 }, () => n.next('a translation'));
      if (focal === 0) continue;
      // y and z change sign: the camera then looks along +z with y down.
      if (!isRotation(r)) throw fault(`Camera ${c} has a matrix that is no rotation`, n.offset);
      const rotation = r.map((v, i) => (i < 3 ? v : -v));
      viewOf[c] = builder.view(
        {
          imageId: c + 1,
          name: names[c]!,
          cameraId: c + 1,
          rotation: quaternionOf(rotation),
          translation: [t[0]!, -t[1]!, -t[2]!],
        },
        n.offset,
      );
      intrinsics.push({ focal, k1, k2, offset: n.offset });
    }
    for (let p = 0; p < points; p += 1) {
      const xyz = [n.next('a 3D point'), n.next('a 3D point'), n.next('a 3D point')];
      const rgb = [n.next('a colour'), n.next('a colour'), n.next('a colour')];
      const index = builder.point(xyz, rgb, n.offset);
      const views = n.whole('the length of a view list', 1000 * cameras + 1);
      for (let v = 0; v < views; v += 1) {
        const camera = n.whole('a camera of a view list');
        n.whole('a keypoint of a view list');
        const [x, y] = [n.next('x'), n.next('y')];
        if (camera >= cameras)
          builder.lost(
            `A point is seen by camera ${camera}, and the model has ${cameras}`,
            'observations of cameras that the model does not have',
            n.offset,
          );
        else if (viewOf[camera]! < 0) builder.leftOut('observations of cameras that are not registered');
        else builder.observe(viewOf[camera]!, index, x, -y, n.offset);
      }
    }
    const extents = builder.extents();
    const placed = intrinsics.map(({ focal, k1, k2, offset }, v) => {
      const name = names[viewOf.indexOf(v)]!;
      const [width, height] = sizeOfImage(sizes, name, 2 * extents[3 * v]!, 2 * extents[3 * v + 1]!);
      const id = viewOf.indexOf(v) + 1;
      builder.camera({ id, model: 'RADIAL', width, height, params: [focal, width / 2, height / 2, k1, k2] }, offset);
      return [width / 2, height / 2] as const;
    });
    builder.shift((v) => placed[v]!);
    return builder.finish('model', (m) => warn(`${file}: ${m}`));
  } finally {
    n.close();
  }
}

function namesOf(file: string): string[] | undefined {
  const list = bundlerList(file);
  if (list === undefined) return undefined;
  const text = decodeName(readRegular(list, LIMITS.whole.text, 'list'));
  // Bundler writes "name 0 focal" where it knows one; names may hold spaces.
  return text
    .split(/\r?\n/)
    .map((l) => l.replace(/[ \t]0[ \t]+[\d.eE+-]+[ \t]*$/, ''))
    .filter((l) => l.trim() !== '');
}
