import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { CAMERA_MODELS, type Camera, type SparseModel, type View } from './model.ts';

/** Reports a broken record: `offset` in bytes into the file that is being read. */
export type Blame = (message: string, offset: number) => Error;

/** How a model is read that another program has damaged. */
export interface ReadOptions {
  /** Leaves out what refers to points or images that are not there, instead of refusing the model. */
  readonly skipDamaged?: boolean | undefined;
}

/** The same error, saying how the rest of the model can be had. */
export function skippable(error: Error): Error {
  if (!(error instanceof CovisError)) return error;
  const { code, message, file, offset } = error;
  return new CovisError(code, message, {
    ...(file === undefined ? {} : { file }),
    ...(offset === undefined ? {} : { offset }),
    hint: 'If another program has pruned this model, --skip-damaged takes the rest and says how much was left out.',
  });
}

/** A growing typed array; capacity doubles. */
export class Grow<T extends Uint32Array | Float32Array | Float64Array | Uint8Array> {
  length = 0;
  data: T;
  readonly #make: (n: number) => T;

  constructor(make: (n: number) => T, capacity = 1024) {
    this.#make = make;
    this.data = make(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) {
      const bigger = this.#make(this.data.length * 2);
      bigger.set(this.data);
      this.data = bigger;
    }
    this.data[this.length++] = value;
  }

  done(): T {
    return this.data.slice(0, this.length) as T;
  }
}

/**
 * Collects a model record by record and checks what both formats must guarantee: known camera models,
 * unique ids, references that resolve. Points are read before images, so that observations resolve at once.
 */
export class ModelBuilder {
  readonly #cameras = new Map<number, Camera>();
  readonly #pointIndex = new Map<number, number>();
  readonly #views: View[] = [];
  readonly #imageIds = new Set<number>();
  readonly #names = new Set<string>();
  readonly #trackImages = new Map<number, number>();
  readonly #xyz = new Grow((n) => new Float64Array(n));
  readonly #rgb = new Grow((n) => new Uint8Array(n));
  readonly #error = new Grow((n) => new Float32Array(n));
  readonly #track = new Grow((n) => new Uint32Array(n));
  readonly #offsets = new Grow((n) => new Uint32Array(n));
  readonly #obsPoint = new Grow((n) => new Uint32Array(n));
  readonly #obsXy = new Grow((n) => new Float32Array(n));
  readonly #skip: boolean;
  #skipped = 0;

  constructor({ skipDamaged }: ReadOptions = {}) {
    this.#skip = skipDamaged === true;
  }

  addCamera(camera: Camera, offset: number, blame: Blame): void {
    if (this.#cameras.has(camera.id)) throw blame(`Camera ${camera.id} appears twice`, offset);
    if (!(camera.width > 0 && camera.height > 0 && camera.width < 1e6 && camera.height < 1e6)) {
      throw blame(`Camera ${camera.id} has an impossible size of ${camera.width} x ${camera.height} pixels`, offset);
    }
    if (camera.params.some((p) => !Number.isFinite(p))) {
      throw blame(`Camera ${camera.id} has a parameter that is not a number`, offset);
    }
    this.#cameras.set(camera.id, camera);
  }

  /** `trackImages` are the image ids of the track, one per observation. */
  addPoint(
    id: number,
    xyz: readonly [number, number, number],
    rgb: readonly [number, number, number],
    error: number,
    trackLength: number,
    offset: number,
    blame: Blame,
  ): void {
    if (id < 0) throw blame('A 3D point has the id that stands for "none"', offset);
    if (this.#pointIndex.has(id)) throw blame(`3D point ${id} appears twice`, offset);
    if (!xyz.every(Number.isFinite)) throw blame(`3D point ${id} has a coordinate that is not a number`, offset);
    this.#pointIndex.set(id, this.#error.length);
    for (const v of xyz) this.#xyz.push(v);
    for (const v of rgb) this.#rgb.push(v);
    // COLMAP writes about 1e154 for a point behind its cameras: how large the error is, is not known.
    this.#error.push(isSingle(error) ? error : -1);
    this.#track.push(trackLength);
  }

  /** Remembers that a track names `imageId`; checked against the images at the end. */
  noteTrackImage(imageId: number, offset: number): void {
    if (!this.#trackImages.has(imageId)) this.#trackImages.set(imageId, offset);
  }

  beginView(view: View, offset: number, blame: Blame): void {
    if (this.#imageIds.has(view.imageId)) throw blame(`Image ${view.imageId} appears twice`, offset);
    if (view.name === '') throw blame(`Image ${view.imageId} has no name`, offset);
    if (this.#names.has(view.name)) throw blame(`Two images are named ${view.name}`, offset);
    if (!this.#cameras.has(view.cameraId)) {
      throw blame(`Image ${view.name} uses camera ${view.cameraId}, which the model does not have`, offset);
    }
    const norm = Math.hypot(...view.rotation);
    if (!(norm > 1e-6) || !Number.isFinite(norm) || !view.translation.every(Number.isFinite)) {
      throw blame(`Image ${view.name} has a pose that is not a number`, offset);
    }
    this.#imageIds.add(view.imageId);
    this.#names.add(view.name);
    this.#views.push(view);
    this.#offsets.push(this.#obsPoint.length);
  }

  addObservation(pointId: number, x: number, y: number, offset: number, blame: Blame): void {
    const point = this.#pointIndex.get(pointId);
    if (point === undefined) {
      if (!this.#skip)
        throw skippable(blame(`An observation names 3D point ${pointId}, which the model does not have`, offset));
      this.#skipped += 1;
      return;
    }
    if (!isSingle(x) || !isSingle(y)) throw blame(notSingle(x, y), offset);
    this.#obsPoint.push(point);
    this.#obsXy.push(x);
    this.#obsXy.push(y);
  }

  /** @param warn told what was left out. */
  finish(blamePoints: Blame, warn: (message: string) => void = () => undefined): SparseModel {
    let lost = 0;
    for (const [imageId, offset] of this.#trackImages) {
      if (this.#imageIds.has(imageId)) continue;
      if (!this.#skip)
        throw skippable(blamePoints(`A track names image ${imageId}, which the model does not have`, offset));
      lost += 1;
    }
    this.#offsets.push(this.#obsPoint.length);
    if (this.#skipped > 0) warn(`left out ${this.#skipped} observations of 3D points that the model does not have`);
    if (lost > 0) warn(`left out of tracks ${counted(lost, 'image')} that the model does not have`);
    return {
      cameras: [...this.#cameras.values()],
      views: this.#views,
      viewOffsets: this.#offsets.done(),
      obsPoint: this.#obsPoint.done(),
      obsXy: this.#obsXy.done(),
      pointXyz: this.#xyz.done(),
      pointRgb: this.#rgb.done(),
      pointError: this.#error.done(),
      pointTrackLength: lost > 0 ? this.#seen() : this.#track.done(),
    };
  }

  /** How often each point is observed, where its own list says too much. */
  #seen(): Uint32Array {
    const out = new Uint32Array(this.#error.length);
    for (let k = 0; k < this.#obsPoint.length; k += 1) out[this.#obsPoint.data[k]!]! += 1;
    return out;
  }
}

/** True for what single precision can hold, in which observations are kept. */
export function isSingle(v: number): boolean {
  return Number.isFinite(Math.fround(v));
}

/** What is wrong with an observation that cannot be kept. */
export function notSingle(x: number, y: number): string {
  return Number.isFinite(x) && Number.isFinite(y)
    ? `An observation lies at ${x}, ${y}, where no image is`
    : 'An observation is not a number';
}

/** The model with this id or name, or an error that says which are known. */
export function cameraModelInfo(
  key: number | string,
  offset: number,
  unsupported: Blame,
): (typeof CAMERA_MODELS)[number] {
  const info = typeof key === 'number' ? CAMERA_MODELS[key] : CAMERA_MODELS.find((m) => m.name === key);
  if (info === undefined) {
    throw unsupported(
      `Camera model ${String(key).slice(0, 40)} is not known, so the length of its record is not either; known are ${CAMERA_MODELS.map((m, i) => `${i} ${m.name}`).join(', ')}`,
      offset,
    );
  }
  return info;
}
