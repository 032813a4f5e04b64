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
 */
export function covisibility(model: SparseModel): Covisibility {
  const views = model.views.length;
  const seen = incidence(model);
  const tracks = transpose(seen, model.pointError.length);
  const outA = new Grow((n) => new Uint32Array(n));
  const outB = new Grow((n) => new Uint32Array(n));
  const outShared = new Grow((n) => new Uint32Array(n));
  const outScale = new Grow((n) => new Float32Array(n));
  const counts = new Uint32Array(views);
  const starts = new Uint32Array(views + 1);
  const fill = new Uint32Array(views);
  let ratios = new Float32Array(1024);
  for (let a = 0; a < views; a += 1) {
    const [first, last] = [seen.offsets[a]!, seen.offsets[a + 1]!];
    // Counted first, so that the ratios of one view's pairs lie side by side in one buffer.
    counts.fill(0);
    for (let k = first; k < last; k += 1) {
      const p = seen.point[k]!;
      for (let t = tracks.offsets[p + 1]! - 1; t >= tracks.offsets[p]! && tracks.view[t]! > a; t -= 1) {
        counts[tracks.view[t]!]! += 1;
      }
    }
    for (let b = 0; b < views; b += 1) starts[b + 1] = starts[b]! + counts[b]!;
    if (ratios.length < starts[views]!) ratios = new Float32Array(2 * starts[views]!);
    fill.set(starts.subarray(0, views));
    for (let k = first; k < last; k += 1) {
      const p = seen.point[k]!;
      const sizeA = seen.size[k]!;
      for (let t = tracks.offsets[p + 1]! - 1; t >= tracks.offsets[p]! && tracks.view[t]! > a; t -= 1) {
        const b = tracks.view[t]!;
        const ratio = tracks.size[t]! / sizeA;
        if (ratio > 0 && ratio < Infinity) ratios[fill[b]!++] = ratio;
      }
    }
    for (let b = a + 1; b < views; b += 1) {
      if (counts[b] === 0) continue;
      outA.push(a);
      outB.push(b);
      outShared.push(counts[b]!);
      outScale.push(median(ratios.subarray(starts[b]!, fill[b]!)));
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

/** Median, the mean of the middle two for an even count; NaN of nothing. Sorts in place. */
export function median(values: Float32Array | Float64Array): number {
  if (values.length === 0) return Number.NaN;
  values.sort();
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2;
}

function incidence(model: SparseModel): Incidence {
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const offsets = new Uint32Array(model.views.length + 1);
  const point = new Uint32Array(model.obsPoint.length);
  const size = new Float32Array(model.obsPoint.length);
  const lastView = new Int32Array(model.pointError.length).fill(-1);
  let n = 0;
  model.views.forEach((view, v) => {
    const r = rotationMatrix(view.rotation);
    const camera = cameras.get(view.cameraId)!;
    // Relative to the long side, so that a pair of photos of different resolution compares as it is resized for training.
    const focal = focalLength(camera) / Math.max(camera.width, camera.height);
    for (let k = model.viewOffsets[v]!; k < model.viewOffsets[v + 1]!; k += 1) {
      const p = model.obsPoint[k]!;
      if (lastView[p] === v) continue;
      lastView[p] = v;
      const depth =
        r[6]! * model.pointXyz[3 * p]! +
        r[7]! * model.pointXyz[3 * p + 1]! +
        r[8]! * model.pointXyz[3 * p + 2]! +
        view.translation[2];
      point[n] = p;
      size[n] =
        model.obsScale !== undefined
          ? model.obsScale[k]! / Math.max(camera.width, camera.height)
          : depth > 0
            ? focal / depth
            : Number.NaN;
      n += 1;
    }
    offsets[v + 1] = n;
  });
  return { offsets, point: point.subarray(0, n), size: size.subarray(0, n) };
}

function transpose(seen: Incidence, points: number): { offsets: Uint32Array; view: Uint32Array; size: Float32Array } {
  const offsets = new Uint32Array(points + 1);
  for (const p of seen.point) offsets[p + 1]! += 1;
  for (let p = 0; p < points; p += 1) offsets[p + 1]! += offsets[p]!;
  const fill = offsets.slice(0, points);
  const view = new Uint32Array(seen.point.length);
  const size = new Float32Array(seen.point.length);
  for (let v = 0; v + 1 < seen.offsets.length; v += 1) {
    for (let k = seen.offsets[v]!; k < seen.offsets[v + 1]!; k += 1) {
      const at = fill[seen.point[k]!]!++;
      view[at] = v;
      size[at] = seen.size[k]!;
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
