import { CAMERA_MODELS, type Camera, type SparseModel, type View } from './model.ts';

/** Reports a broken record: `offset` in bytes into the file that is being read. */
export type Blame = (message: string, offset: number) => Error;

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
    this.#error.push(error);
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
      throw blame(`An observation names 3D point ${pointId}, which the model does not have`, offset);
    }
    if (!Number.isFinite(x) || !Number.isFinite(y)) throw blame('An observation is not a number', offset);
    this.#obsPoint.push(point);
    this.#obsXy.push(x);
    this.#obsXy.push(y);
  }

  finish(blamePoints: Blame): SparseModel {
    for (const [imageId, offset] of this.#trackImages) {
      if (!this.#imageIds.has(imageId)) {
        throw blamePoints(`A track names image ${imageId}, which the model does not have`, offset);
      }
    }
    this.#offsets.push(this.#obsPoint.length);
    return {
      cameras: [...this.#cameras.values()],
      views: this.#views,
      viewOffsets: this.#offsets.done(),
      obsPoint: this.#obsPoint.done(),
      obsXy: this.#obsXy.done(),
      pointXyz: this.#xyz.done(),
      pointRgb: this.#rgb.done(),
      pointError: this.#error.done(),
      pointTrackLength: this.#track.done(),
    };
  }
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
      `Camera model ${key} is not known, so the length of its record is not either; known are ${CAMERA_MODELS.map((m, i) => `${i} ${m.name}`).join(', ')}`,
      offset,
    );
  }
  return info;
}
