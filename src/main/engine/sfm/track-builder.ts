import { CovisError } from '../../../shared/errors.ts';
import { Grow, isSingle, notSingle, skippable, type ReadOptions } from './model-builder.ts';
import type { Camera, SparseModel, View } from './model.ts';

/** Says what is wrong in a file at a byte offset (left out where the format has none). */
export type Fault = (message: string, offset?: number) => CovisError;

export function faultOf(file: string): Fault {
  return (message, offset) =>
    new CovisError('INPUT_CORRUPT', message, { file, ...(offset === undefined ? {} : { offset }) });
}

/**
 * Collects a model whose observations come point by point, as most formats but COLMAP's have them, and turns it into
 * observations view by view. Everything is checked as it comes.
 */
export class TrackBuilder {
  readonly #cameras: Camera[] = [];
  readonly #views: View[] = [];
  readonly #names = new Set<string>();
  readonly #xyz = new Grow((n) => new Float64Array(n));
  readonly #rgb = new Grow((n) => new Uint8Array(n));
  readonly #view = new Grow((n) => new Uint32Array(n));
  readonly #point = new Grow((n) => new Uint32Array(n));
  readonly #xy = new Grow((n) => new Float32Array(n));
  readonly #scale = new Grow((n) => new Float32Array(n));
  #points = 0;
  readonly #fault: Fault;
  readonly #skip: boolean;
  readonly #lost = new Map<string, number>();

  constructor(fault: Fault, { skipDamaged }: ReadOptions = {}) {
    this.#fault = fault;
    this.#skip = skipDamaged === true;
  }

  get views(): number {
    return this.#views.length;
  }

  get observations(): number {
    return this.#view.length;
  }

  camera(camera: Camera, offset?: number): void {
    const { width, height, params } = camera;
    if (!(width > 0 && height > 0 && width < 1e6 && height < 1e6))
      throw this.#fault(`A camera has an impossible size of ${width} x ${height} pixels`, offset);
    if (!params.every(Number.isFinite)) throw this.#fault('A camera has a parameter that is not a number', offset);
    this.#cameras.push(camera);
  }

  /** @returns the view's index. */
  view(view: View, offset?: number): number {
    if (view.name === '') throw this.#fault('An image has no name', offset);
    if (this.#names.has(view.name)) throw this.#fault(`Two images are named ${view.name}`, offset);
    const norm = Math.hypot(...view.rotation);
    if (!(norm > 1e-6) || !Number.isFinite(norm) || !view.translation.every(Number.isFinite))
      throw this.#fault(`Image ${view.name} has a pose that is not a number`, offset);
    this.#names.add(view.name);
    return this.#views.push(view) - 1;
  }

  /** @returns the point's index. */
  point(xyz: readonly number[], rgb: readonly number[], offset?: number): number {
    if (!xyz.every(Number.isFinite)) throw this.#fault('A 3D point has a coordinate that is not a number', offset);
    for (let k = 0; k < 3; k += 1) {
      this.#xyz.push(xyz[k]!);
      this.#rgb.push(Math.max(0, Math.min(255, Math.round(rgb[k] ?? 0))));
    }
    return this.#points++;
  }

  /** @param x pixels from the left edge, y from the top; scale of the keypoint in pixels, where known. */
  observe(view: number, point: number, x: number, y: number, offset?: number, scale = Number.NaN): void {
    if (!isSingle(x) || !isSingle(y)) throw this.#fault(notSingle(x, y), offset);
    this.#view.push(view);
    this.#point.push(point);
    this.#xy.push(x);
    this.#xy.push(y);
    this.#scale.push(scale);
  }

  /**
   * Something that refers to what the model does not have: refused, or counted and left out where that was asked.
   * @param what is left out, of many, for the sentence that counts it.
   */
  lost(message: string, what: string, offset?: number): void {
    if (!this.#skip) throw skippable(this.#fault(message, offset));
    this.leftOut(what);
  }

  /** Counts something that is left out. */
  leftOut(what: string): void {
    this.#lost.set(what, (this.#lost.get(what) ?? 0) + 1);
  }

  /** Moves all observations of a view, for formats that measure from the image's centre. */
  shift(by: (view: number) => readonly [number, number]): void {
    const offsets = this.#views.map((_, v) => by(v));
    for (let k = 0; k < this.#view.length; k += 1) {
      const [dx, dy] = offsets[this.#view.data[k]!]!;
      this.#xy.data[2 * k]! += dx;
      this.#xy.data[2 * k + 1]! += dy;
    }
  }

  /** Largest absolute coordinate and smallest coordinate of each view's observations: [right, bottom, least]. */
  extents(): Float64Array {
    const out = new Float64Array(3 * this.#views.length);
    for (let k = 0; k < this.#view.length; k += 1) {
      const v = this.#view.data[k]!;
      const [x, y] = [this.#xy.data[2 * k]!, this.#xy.data[2 * k + 1]!];
      out[3 * v] = Math.max(out[3 * v]!, Math.abs(x));
      out[3 * v + 1] = Math.max(out[3 * v + 1]!, Math.abs(y));
      out[3 * v + 2] = Math.min(out[3 * v + 2]!, x, y);
    }
    return out;
  }

  /** @param kind `matches` for verified matches without cameras. @param warn told what was left out, and how much of it. */
  finish(kind: 'model' | 'matches' = 'model', warn: (message: string) => void = () => undefined): SparseModel {
    for (const [what, n] of this.#lost) warn(`left out ${n} ${what}`);
    const n = this.#view.length;
    const viewOffsets = new Uint32Array(this.#views.length + 1);
    for (let k = 0; k < n; k += 1) viewOffsets[this.#view.data[k]! + 1]! += 1;
    for (let v = 0; v < this.#views.length; v += 1) viewOffsets[v + 1]! += viewOffsets[v]!;
    const fill = viewOffsets.slice();
    const obsPoint = new Uint32Array(n);
    const obsXy = new Float32Array(2 * n);
    const obsScale = new Float32Array(n);
    const pointTrackLength = new Uint32Array(this.#points);
    for (let k = 0; k < n; k += 1) {
      const at = fill[this.#view.data[k]!]!++;
      const p = this.#point.data[k]!;
      obsPoint[at] = p;
      obsXy[2 * at] = this.#xy.data[2 * k]!;
      obsXy[2 * at + 1] = this.#xy.data[2 * k + 1]!;
      obsScale[at] = this.#scale.data[k]!;
      pointTrackLength[p]! += 1;
    }
    return {
      cameras: this.#cameras,
      views: this.#views,
      viewOffsets,
      obsPoint,
      obsXy,
      pointXyz: this.#xyz.done(),
      pointRgb: this.#rgb.done(),
      pointError: new Float32Array(this.#points).fill(-1),
      pointTrackLength,
      ...(kind === 'matches' ? { obsScale, matchesOnly: true } : {}),
    };
  }
}
