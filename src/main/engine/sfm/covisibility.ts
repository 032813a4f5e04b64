import { Grow } from './model-builder.ts';
import { focalLength, rotationMatrix, type SparseModel } from './model.ts';

/** Photos that share at least this many 3D points are relevant to each other when rankings are measured. */
export const RELEVANT_SHARED = 10;

/**
 * Every pair of views (a < b, indices into the model's views) that shares at least one 3D point.
 * `shared` counts distinct points; `scale` is the median over them of
 * (focal_b / depth_b) / (focal_a / depth_a), the scale change from a to b (methods.md 1.2); NaN where no depth is positive.
 * Matches without depths use the keypoints' sizes instead.
 */
export interface Covisibility {
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  readonly shared: Uint32Array;
  readonly scale: Float32Array;
  /** Distinct points seen by each view: |P(i)|. */
  readonly pointsSeen: Uint32Array;
}

/** Distinct (view, point) incidences with the apparent size focal / depth of each, views ascending. */
interface Incidence {
  readonly offsets: Uint32Array;
  readonly point: Uint32Array;
  readonly size: Float32Array;
}

/**
 * Counts shared points of all pairs of views in O(sum over points of track length squared), memory of one view at a time.
 * @param withScale false leaves the scale changes out (NaN), which take most of the time.
 */
export function covisibility(model: SparseModel, withScale = true): Covisibility {
  const views = model.views.length;
  const seen = incidence(model, withScale);
  const tracks = transpose(seen, model.pointError.length, withScale);
  const outA = new Grow((n) => new Uint32Array(n));
  const outB = new Grow((n) => new Uint32Array(n));
  const outShared = new Grow((n) => new Uint32Array(n));
  const outScale = new Grow((n) => new Float32Array(n));
  const counts = new Uint32Array(views);
  const starts = new Uint32Array(views + 1);
  const fill = new Uint32Array(views);
  // Where view a stands in each of its tracks: views come in order, so that one pass over them keeps it.
  const cursor = tracks.offsets.slice(0, -1);
  const { point: seenPoint, size: seenSize } = seen;
  const { view: trackView, size: trackSize, offsets: trackOffsets } = tracks;
  let ratios = new Float32Array(1024);
  for (let a = 0; a < views; a += 1) {
    const [first, last] = [seen.offsets[a]!, seen.offsets[a + 1]!];
    // Counted first, so that the ratios of one view's pairs lie side by side in one buffer.
    counts.fill(0, a);
    for (let k = first; k < last; k += 1) {
      const p = seenPoint[k]!;
      const end = trackOffsets[p + 1]!;
      cursor[p]! += 1;
      for (let t = cursor[p]!; t < end; t += 1) counts[trackView[t]!]! += 1;
    }
    if (withScale) {
      starts[a] = 0;
      for (let b = a; b < views; b += 1) starts[b + 1] = starts[b]! + counts[b]!;
      if (ratios.length < starts[views]!) ratios = new Float32Array(2 * starts[views]!);
      fill.set(starts.subarray(0, views));
      for (let k = first; k < last; k += 1) {
        const p = seenPoint[k]!;
        const sizeA = seenSize[k]!;
        const end = trackOffsets[p + 1]!;
        for (let t = cursor[p]!; t < end; t += 1) {
          const ratio = trackSize[t]! / sizeA;
          if (ratio > 0 && ratio < Infinity) ratios[fill[trackView[t]!]!++] = ratio;
        }
      }
    }
    for (let b = a + 1; b < views; b += 1) {
      if (counts[b] === 0) continue;
      outA.push(a);
      outB.push(b);
      outShared.push(counts[b]!);
      outScale.push(withScale ? median(ratios.subarray(starts[b]!, fill[b]!)) : Number.NaN);
    }
  }
  const pointsSeen = new Uint32Array(views);
  for (let v = 0; v < views; v += 1) pointsSeen[v] = seen.offsets[v + 1]! - seen.offsets[v]!;
  return {
    a: outA.done(),
    b: outB.done(),
    shared: outShared.done(),
    scale: outScale.done(),
    pointsSeen,
  };
}

/** Median, the mean of the middle two for an even count; NaN of nothing. Changes the order in place. */
export function median(values: Float32Array | Float64Array): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  const half = n >> 1;
  const upper = select(values, half);
  if (n % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < half; i += 1) if (values[i]! > lower) lower = values[i]!;
  return (lower + upper) / 2;
}

/** The k-th smallest value (Hoare's selection); smaller ones are before it afterwards. */
function select(values: Float32Array | Float64Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >> 1]!;
    let i = left - 1;
    let j = right + 1;
    for (;;) {
      do i += 1;
      while (values[i]! < pivot);
      do j -= 1;
      while (values[j]! > pivot);
      if (i >= j) break;
      const swap = values[i]!;
      values[i] = values[j]!;
      values[j] = swap;
    }
    if (k <= j) right = j;
    else left = j + 1;
  }
  return values[k]!;
}

function incidence(model: SparseModel, withScale: boolean): Incidence {
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const { obsPoint, obsScale, pointXyz, viewOffsets } = model;
  const offsets = new Uint32Array(model.views.length + 1);
  const point = new Uint32Array(obsPoint.length);
  const size = new Float32Array(withScale ? obsPoint.length : 0);
  const lastView = new Int32Array(model.pointError.length).fill(-1);
  let n = 0;
  model.views.forEach((view, v) => {
    const camera = cameras.get(view.cameraId)!;
    const [r6, r7, r8] = rotationMatrix(view.rotation).subarray(6) as unknown as [number, number, number];
    const tz = view.translation[2];
    // Relative to the long side, so that a pair of photos of different resolution compares as it is resized for training.
    const long = Math.max(camera.width, camera.height);
    const focal = focalLength(camera) / long;
    for (let k = viewOffsets[v]!; k < viewOffsets[v + 1]!; k += 1) {
      const p = obsPoint[k]!;
      if (lastView[p] === v) continue;
      lastView[p] = v;
      point[n] = p;
      if (withScale) {
        const depth = r6 * pointXyz[3 * p]! + r7 * pointXyz[3 * p + 1]! + r8 * pointXyz[3 * p + 2]! + tz;
        size[n] = obsScale !== undefined ? obsScale[k]! / long : depth > 0 ? focal / depth : Number.NaN;
      }
      n += 1;
    }
    offsets[v + 1] = n;
  });
  return { offsets, point: point.subarray(0, n), size: size.subarray(0, withScale ? n : 0) };
}

function transpose(
  seen: Incidence,
  points: number,
  withScale: boolean,
): { offsets: Uint32Array; view: Uint32Array; size: Float32Array } {
  const { point } = seen;
  const offsets = new Uint32Array(points + 1);
  for (let k = 0; k < point.length; k += 1) offsets[point[k]! + 1]! += 1;
  for (let p = 0; p < points; p += 1) offsets[p + 1]! += offsets[p]!;
  const fill = offsets.slice(0, points);
  const view = new Uint32Array(point.length);
  const size = new Float32Array(withScale ? point.length : 0);
  for (let v = 0; v + 1 < seen.offsets.length; v += 1) {
    const end = seen.offsets[v + 1]!;
    for (let k = seen.offsets[v]!; k < end; k += 1) {
      const at = fill[point[k]!]!++;
      view[at] = v;
      if (withScale) size[at] = seen.size[k]!;
    }
  }
  return { offsets, view, size };
}

/** Points of `a` that view `b` observes too, each with its first observation in both: indices into the model's observations. */
export function sharedObservations(
  model: Pick<SparseModel, 'viewOffsets' | 'obsPoint'>,
  a: number,
  b: number,
): { point: Uint32Array; obsA: Uint32Array; obsB: Uint32Array } {
  const inA = new Map<number, number>();
  for (let k = model.viewOffsets[a]!; k < model.viewOffsets[a + 1]!; k += 1) {
    const p = model.obsPoint[k]!;
    if (!inA.has(p)) inA.set(p, k);
  }
  const point: number[] = [];
  const obsA: number[] = [];
  const obsB: number[] = [];
  for (let k = model.viewOffsets[b]!; k < model.viewOffsets[b + 1]!; k += 1) {
    const p = model.obsPoint[k]!;
    const first = inA.get(p);
    if (first === undefined) continue;
    inA.delete(p);
    point.push(p);
    obsA.push(first);
    obsB.push(k);
  }
  return { point: Uint32Array.from(point), obsA: Uint32Array.from(obsA), obsB: Uint32Array.from(obsB) };
}
