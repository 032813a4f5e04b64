import { CholeskyDecomposition, Matrix as Dense } from 'ml-matrix';
import { EPSILON } from '../network/pooling-heads.ts';
import { l2Normalise } from '../network/pooling.ts';
import type { Region } from '../network/region-grid.ts';
import type { SparseVector } from './diffusion.ts';
import { dot, row, type Matrix } from './rank.ts';

/** The feature map of one photo, [channels, height, width]. */
export interface FeatureMap {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * Weights of generalised max pooling over one image's regions (methods.md 4.4): c = (VᵀV + λI)^{-1} 1, so that regions that repeat
 * each other share their say.
 * @param regions rows of the image's region vectors.
 */
export function pooledWeights(regions: Matrix, lambda = 1): Float64Array {
  const n = regions.rows;
  const gram = Dense.eye(n).mul(lambda);
  for (let i = 0; i < n; i += 1)
    for (let j = 0; j <= i; j += 1) {
      const v = dot(row(regions, i), row(regions, j));
      gram.set(i, j, gram.get(i, j) + v);
      if (i !== j) gram.set(j, i, gram.get(j, i) + v);
    }
  return Float64Array.from(new CholeskyDecomposition(gram).solve(Dense.ones(n, 1)).to1DArray());
}

/** Rows of a matrix by the image that they are regions of. */
export function rowsByImage(owners: ArrayLike<number>, images: number): number[][] {
  const lists: number[][] = Array.from({ length: images }, () => []);
  for (let i = 0; i < owners.length; i += 1) lists[owners[i]!]!.push(i);
  return lists;
}

/** R-MAC's global descriptor: the sum of an image's regions, L2-normalised (methods.md 1.5). @returns one row an image. */
export function summedRegions(regions: Matrix, owners: ArrayLike<number>, images: number): Matrix {
  const { dim } = regions;
  const data = new Float32Array(images * dim);
  for (let r = 0; r < regions.rows; r += 1)
    for (let d = 0; d < dim; d += 1) data[owners[r]! * dim + d]! += regions.data[r * dim + d]!;
  for (let i = 0; i < images; i += 1) l2Normalise(data.subarray(i * dim, (i + 1) * dim));
  return { data, rows: images, dim };
}

/** The pooling matrix Σ: for each image its regions and their weights. */
export function poolingMatrix(regions: Matrix, owners: ArrayLike<number>, images: number): SparseVector[] {
  return rowsByImage(owners, images).map((ids) => {
    const data = new Float32Array(ids.length * regions.dim);
    ids.forEach((r, i) => data.set(row(regions, r), i * regions.dim));
    return { ids, values: pooledWeights({ data, rows: ids.length, dim: regions.dim }) };
  });
}

/** Scores of images from the scores of their regions. */
export function poolScores(pooling: readonly SparseVector[], scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(pooling, (p) => {
    let sum = 0;
    for (let j = 0; j < p.ids.length; j += 1) sum += p.values[j]! * scores[p.ids[j]!]!;
    return sum;
  });
}

/**
 * How the places of a region become one value a channel: `mac` the largest, `spoc` the mean, else GeM with one exponent, or one a
 * channel (methods.md 1.5).
 */
export type RegionPooling = 'mac' | 'spoc' | number | ArrayLike<number>;

/** GeM's exponent of a channel; 1 where there is none. */
export function exponentOf(pooling: RegionPooling, channel: number): number {
  if (typeof pooling === 'number') return pooling;
  return typeof pooling === 'string' ? 1 : pooling[pooling.length === 1 ? 0 : channel]!;
}

/**
 * Pools one feature map over regions, without normalisation.
 * @param map [channels, height, width]. @returns [regions, channels].
 */
export function pooledRegions(
  { data: map, channels, height, width }: FeatureMap,
  regions: readonly Region[],
  pooling: RegionPooling,
): Float32Array {
  const out = new Float32Array(regions.length * channels);
  regions.forEach((r, i) => {
    for (let c = 0; c < channels; c += 1) {
      const p = exponentOf(pooling, c);
      let value = pooling === 'mac' ? -Infinity : 0;
      for (let y = r.y; y < r.y + r.height; y += 1) {
        const at = (c * height + y) * width + r.x;
        for (let x = 0; x < r.width; x += 1) {
          const v = map[at + x]!;
          if (pooling === 'mac') value = Math.max(value, v);
          else value += pooling === 'spoc' ? v : Math.max(v, EPSILON) ** p;
        }
      }
      if (pooling !== 'mac') value /= r.width * r.height;
      out[i * channels + c] = typeof pooling === 'string' ? value : value ** (1 / p);
    }
  });
  return out;
}

/** {@link pooledRegions}, each region of unit length. */
export function poolRegions(map: FeatureMap, regions: readonly Region[], pooling: RegionPooling): Float32Array {
  const out = pooledRegions(map, regions, pooling);
  regions.forEach((_, i) => l2Normalise(out.subarray(i * map.channels, (i + 1) * map.channels)));
  return out;
}

/**
 * The same part of the photo on another map of it: every place that the region touches, one at least.
 * @param from, to the sizes of the two maps.
 */
export function sameRegion(
  r: Region,
  from: { readonly width: number; readonly height: number },
  to: { readonly width: number; readonly height: number },
): Region {
  const x = Math.floor((r.x * to.width) / from.width);
  const y = Math.floor((r.y * to.height) / from.height);
  return {
    x,
    y,
    width: Math.ceil(((r.x + r.width) * to.width) / from.width) - x,
    height: Math.ceil(((r.y + r.height) * to.height) / from.height) - y,
  };
}

/** A rectangle of a grid of numbers, row by row. @param width of the whole grid. */
export function partOfGrid(
  values: Float32Array,
  width: number,
  r: Region,
): { readonly width: number; readonly height: number; readonly values: number[] } {
  const rows = Array.from({ length: r.height }, (_, y) => {
    const from = (r.y + y) * width + r.x;
    return Array.from(values.subarray(from, from + r.width));
  });
  return { width: r.width, height: r.height, values: rows.flat() };
}
