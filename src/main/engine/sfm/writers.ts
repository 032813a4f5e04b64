import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { cameraCentre, CAMERA_MODELS, focalLength, rotationMatrix, type Camera, type SparseModel } from './model.ts';

/** What a model can be written as. */
export const WRITTEN_FORMATS = ['colmap-bin', 'colmap-txt', 'nvm', 'bundler'] as const;
export type WrittenFormat = (typeof WRITTEN_FORMATS)[number];

const NO_POINT_ERROR = -1;
const BUFFER_BYTES = 1 << 20;

/** Writes a file front to back through a buffer, to a temporary name first. */
class Sink {
  readonly #file: string;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #at = 0;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(`${file}.tmp`, 'w');
  }

  #room(bytes: number): number {
    if (this.#at + bytes > this.#buffer.length) this.#flush();
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #flush(): void {
    for (let done = 0; done < this.#at;) done += writeSync(this.#fd, this.#buffer, done, this.#at - done);
    this.#at = 0;
  }

  u8(v: number): void {
    this.#buffer.writeUInt8(v, this.#room(1));
  }
  u32(v: number): void {
    this.#buffer.writeUInt32LE(v, this.#room(4));
  }
  i32(v: number): void {
    this.#buffer.writeInt32LE(v, this.#room(4));
  }
  u64(v: number): void {
    const at = this.#room(8);
    this.#buffer.writeUInt32LE(v % 0x1_0000_0000, at);
    this.#buffer.writeUInt32LE(Math.floor(v / 0x1_0000_0000), at + 4);
  }
  f64(v: number): void {
    this.#buffer.writeDoubleLE(v, this.#room(8));
  }
  text(s: string): void {
    const bytes = Buffer.from(s, 'utf8');
    if (bytes.length > this.#buffer.length) {
      this.#flush();
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    } else bytes.copy(this.#buffer, this.#room(bytes.length));
  }

  done(): void {
    this.#flush();
    closeSync(this.#fd);
    renameSync(`${this.#file}.tmp`, this.#file);
  }
}

function write(file: string, work: (sink: Sink) => void): string {
  const sink = new Sink(file);
  work(sink);
  sink.done();
  return file;
}

/** Observations of each point: view and position among the view's observations. Point ids in files are indices plus 1. */
function tracksOf(model: SparseModel): {
  offsets: Uint32Array;
  view: Uint32Array;
  feature: Uint32Array;
  obs: Uint32Array;
} {
  const points = model.pointError.length;
  const offsets = new Uint32Array(points + 1);
  for (const p of model.obsPoint) offsets[p + 1]! += 1;
  for (let p = 0; p < points; p += 1) offsets[p + 1]! += offsets[p]!;
  const fill = offsets.slice(0, points);
  const view = new Uint32Array(model.obsPoint.length);
  const feature = new Uint32Array(model.obsPoint.length);
  const obs = new Uint32Array(model.obsPoint.length);
  for (let v = 0; v + 1 < model.viewOffsets.length; v += 1) {
    for (let k = model.viewOffsets[v]!; k < model.viewOffsets[v + 1]!; k += 1) {
      const at = fill[model.obsPoint[k]!]!++;
      view[at] = v;
      feature[at] = k - model.viewOffsets[v]!;
      obs[at] = k;
    }
  }
  return { offsets, view, feature, obs };
}

/**
 * Writes a model as another program's files (methods.md 9.4 to 9.6). Observations without a 3D point are not kept by Covis and so not
 * written; points are numbered anew.
 * @returns the files.
 * @throws CovisError `INPUT_UNSUPPORTED` for verified matches without cameras, or names that the format cannot hold.
 */
export function writeModel(model: SparseModel, format: WrittenFormat, folder: string): string[] {
  if (model.matchesOnly === true)
    throw new CovisError('INPUT_UNSUPPORTED', 'Verified matches without cameras cannot be written as a model', {
      hint: 'Reconstruct them first, for example with covis cluster.',
    });
  mkdirSync(folder, { recursive: true });
  switch (format) {
    case 'colmap-bin':
      return colmapBinary(model, folder);
    case 'colmap-txt':
      return colmapText(model, folder);
    case 'nvm':
      return [nvm(model, folder)];
    case 'bundler':
      return bundler(model, folder);
  }
}

function colmapBinary(model: SparseModel, folder: string): string[] {
  const tracks = tracksOf(model);
  return [
    write(join(folder, 'cameras.bin'), (s) => {
      s.u64(model.cameras.length);
      for (const c of model.cameras) {
        s.u32(c.id);
        s.i32(CAMERA_MODELS.findIndex((m) => m.name === c.model));
        s.u64(c.width);
        s.u64(c.height);
        for (const p of c.params) s.f64(p);
      }
    }),
    write(join(folder, 'images.bin'), (s) => {
      s.u64(model.views.length);
      model.views.forEach((v, i) => {
        s.u32(v.imageId);
        for (const q of v.rotation) s.f64(q);
        for (const t of v.translation) s.f64(t);
        s.u32(v.cameraId);
        s.text(v.name);
        s.u8(0);
        const [from, to] = [model.viewOffsets[i]!, model.viewOffsets[i + 1]!];
        s.u64(to - from);
        for (let k = from; k < to; k += 1) {
          s.f64(model.obsXy[2 * k]!);
          s.f64(model.obsXy[2 * k + 1]!);
          s.u64(model.obsPoint[k]! + 1);
        }
      });
    }),
    write(join(folder, 'points3D.bin'), (s) => {
      s.u64(model.pointError.length);
      for (let p = 0; p < model.pointError.length; p += 1) {
        s.u64(p + 1);
        for (let k = 0; k < 3; k += 1) s.f64(model.pointXyz[3 * p + k]!);
        for (let k = 0; k < 3; k += 1) s.u8(model.pointRgb[3 * p + k]!);
        s.f64(model.pointError[p]!);
        s.u64(tracks.offsets[p + 1]! - tracks.offsets[p]!);
        for (let k = tracks.offsets[p]!; k < tracks.offsets[p + 1]!; k += 1) {
          s.u32(model.views[tracks.view[k]!]!.imageId);
          s.u32(tracks.feature[k]!);
        }
      }
    }),
  ];
}

/** Names with spaces are not representable in COLMAP's text files, nor in Bundler's lists. */
function refuseSpaces(model: SparseModel, where: string): void {
  const bad = model.views.find((v) => /\s/.test(v.name));
  if (bad !== undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `${where} cannot hold the name "${bad.name}" because of its space`, {
      hint: 'Write colmap-bin or nvm instead.',
    });
}

function colmapText(model: SparseModel, folder: string): string[] {
  refuseSpaces(model, "COLMAP's text format");
  const tracks = tracksOf(model);
  return [
    write(join(folder, 'cameras.txt'), (s) => {
      s.text('# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n');
      for (const c of model.cameras) s.text(`${[c.id, c.model, c.width, c.height, ...c.params].join(' ')}\n`);
    }),
    write(join(folder, 'images.txt'), (s) => {
      s.text('# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n# POINTS2D[] as (X, Y, POINT3D_ID)\n');
      model.views.forEach((v, i) => {
        s.text(`${[v.imageId, ...v.rotation, ...v.translation, v.cameraId, v.name].join(' ')}\n`);
        for (let k = model.viewOffsets[i]!; k < model.viewOffsets[i + 1]!; k += 1)
          s.text(
            `${k > model.viewOffsets[i]! ? ' ' : ''}${model.obsXy[2 * k]!} ${model.obsXy[2 * k + 1]!} ${model.obsPoint[k]! + 1}`,
          );
        s.text('\n');
      });
    }),
    write(join(folder, 'points3D.txt'), (s) => {
      s.text('# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)\n');
      for (let p = 0; p < model.pointError.length; p += 1) {
        s.text(
          [p + 1, ...model.pointXyz.subarray(3 * p, 3 * p + 3), ...model.pointRgb.subarray(3 * p, 3 * p + 3)].join(' '),
        );
        s.text(` ${model.pointError[p] === NO_POINT_ERROR ? -1 : model.pointError[p]!}`);
        for (let k = tracks.offsets[p]!; k < tracks.offsets[p + 1]!; k += 1)
          s.text(` ${model.views[tracks.view[k]!]!.imageId} ${tracks.feature[k]!}`);
        s.text('\n');
      }
    }),
  ];
}

/** Radial distortion of models that have one or two terms; others lose theirs. */
function radialOf(c: Camera): [number, number] {
  switch (c.model) {
    case 'SIMPLE_RADIAL':
      return [c.params[3]!, 0];
    case 'RADIAL':
      return [c.params[3]!, c.params[4]!];
    case 'OPENCV':
    case 'FULL_OPENCV':
      return [c.params[4]!, c.params[5]!];
    default:
      return [0, 0];
  }
}

/** Principal point in pixels. */
function principalOf(c: Camera): [number, number] {
  const focals = CAMERA_MODELS.find((m) => m.name === c.model)?.focals ?? 0;
  return focals === 0 ? [c.width / 2, c.height / 2] : [c.params[focals]!, c.params[focals + 1]!];
}

function nvm(model: SparseModel, folder: string): string {
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const tracks = tracksOf(model);
  return write(join(folder, 'model.nvm'), (s) => {
    s.text(`NVM_V3\n\n${model.views.length}\n`);
    for (const v of model.views) {
      const camera = cameras.get(v.cameraId)!;
      const [k1] = radialOf(camera);
      s.text(
        `${v.name} ${[focalLength(camera), ...v.rotation, ...cameraCentre(v), k1 === 0 ? 0 : -k1, 0].join(' ')}\n`,
      );
    }
    s.text(`\n${model.pointError.length}\n`);
    for (let p = 0; p < model.pointError.length; p += 1) {
      const [from, to] = [tracks.offsets[p]!, tracks.offsets[p + 1]!];
      s.text(
        [...model.pointXyz.subarray(3 * p, 3 * p + 3), ...model.pointRgb.subarray(3 * p, 3 * p + 3), to - from].join(
          ' ',
        ),
      );
      for (let k = from; k < to; k += 1) {
        const o = tracks.obs[k]!;
        s.text(` ${tracks.view[k]!} ${tracks.feature[k]!} ${model.obsXy[2 * o]!} ${model.obsXy[2 * o + 1]!}`);
      }
      s.text('\n');
    }
    s.text('\n0\n');
  });
}

function bundler(model: SparseModel, folder: string): string[] {
  refuseSpaces(model, "Bundler's list");
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const tracks = tracksOf(model);
  return [
    write(join(folder, 'bundle.out'), (s) => {
      s.text(`# Bundle file v0.3\n${model.views.length} ${model.pointError.length}\n`);
      for (const v of model.views) {
        const camera = cameras.get(v.cameraId)!;
        const r = Array.from(rotationMatrix(v.rotation), (x, i) => (i < 3 ? x : -x));
        const [tx, ty, tz] = v.translation;
        s.text(`${focalLength(camera)} ${radialOf(camera).join(' ')}\n`);
        for (let i = 0; i < 9; i += 3) s.text(`${r.slice(i, i + 3).join(' ')}\n`);
        s.text(`${tx} ${-ty} ${-tz}\n`);
      }
      for (let p = 0; p < model.pointError.length; p += 1) {
        const [from, to] = [tracks.offsets[p]!, tracks.offsets[p + 1]!];
        s.text(`${model.pointXyz.subarray(3 * p, 3 * p + 3).join(' ')}\n`);
        s.text(`${model.pointRgb.subarray(3 * p, 3 * p + 3).join(' ')}\n${to - from}`);
        for (let k = from; k < to; k += 1) {
          const o = tracks.obs[k]!;
          const [cx, cy] = principalOf(cameras.get(model.views[tracks.view[k]!]!.cameraId)!);
          s.text(
            ` ${tracks.view[k]!} ${tracks.feature[k]!} ${model.obsXy[2 * o]! - cx} ${cy - model.obsXy[2 * o + 1]!}`,
          );
        }
        s.text('\n');
      }
    }),
    write(join(folder, 'list.txt'), (s) => {
      for (const v of model.views) s.text(`${v.name}\n`);
    }),
  ];
}
