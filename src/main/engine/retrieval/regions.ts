import { CholeskyDecomposition, Matrix as Dense } from 'ml-matrix';
import { l2Normalise } from '../network/pooling.ts';
import type { SparseVector } from './diffusion.ts';
import { dot, row, type Matrix } from './rank.ts';

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

/** A rectangle of a feature map. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * R-MAC's fixed grid (methods.md 1.5): for each level squares of side 2·min/(level+1), with extra positions along the long side
 * chosen for 40 % overlap; the whole map comes first.
 */
export function regionGrid(width: number, height: number, levels = 3): Region[] {
  const small = Math.min(width, height);
  const long = Math.max(width, height);
  let extra = 0;
  if (width !== height) {
    let best = Infinity;
    for (let steps = 2; steps <= 7; steps += 1) {
      const b = (long - small) / (steps - 1);
      const distance = Math.abs((small * small - small * b) / (small * small) - 0.4);
      if (distance < best) {
        best = distance;
        extra = steps - 1;
      }
    }
  }
  const across = width > height ? extra : 0;
  const down = height > width ? extra : 0;
  const regions: Region[] = [{ x: 0, y: 0, width, height }];
  for (let level = 1; level <= levels; level += 1) {
    const side = Math.floor((2 * small) / (level + 1));
    if (side < 1) continue;
    const half = Math.floor(side / 2 - 1);
    const starts = (length: number, count: number): number[] => {
      const b = count === 1 ? 0 : (length - side) / (count - 1);
      return Array.from({ length: count }, (_, j) => Math.floor(half + j * b) - half);
    };
    for (const y of starts(height, level + down))
      for (const x of starts(width, level + across)) regions.push({ x, y, width: side, height: side });
  }
  return regions;
}

/**
 * Pools one feature map over regions by GeM (p = Infinity is MAC) and L2-normalises each.
 * @param map [channels, height, width]. @returns [regions, channels].
 */
export function poolRegions(
  map: Float32Array,
  channels: number,
  height: number,
  width: number,
  regions: readonly Region[],
  p: number,
): Float32Array {
  const out = new Float32Array(regions.length * channels);
  regions.forEach((r, i) => {
    let norm = 0;
    for (let c = 0; c < channels; c += 1) {
      let value = 0;
      for (let y = r.y; y < r.y + r.height; y += 1) {
        const at = (c * height + y) * width + r.x;
        for (let x = 0; x < r.width; x += 1) {
          const v = map[at + x]!;
          if (p === Infinity) value = Math.max(value, v);
          else value += Math.max(v, 1e-6) ** p;
        }
      }
      if (p !== Infinity) value = (value / (r.width * r.height)) ** (1 / p);
      out[i * channels + c] = value;
      norm += value * value;
    }
    const scale = 1 / (Math.sqrt(norm) + 1e-6);
    for (let c = 0; c < channels; c += 1) out[i * channels + c]! *= scale;
  });
  return out;
}
