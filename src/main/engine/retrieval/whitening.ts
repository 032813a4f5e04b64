import { EigenvalueDecomposition, Matrix as Dense } from 'ml-matrix';
import { CovisError } from '../../../shared/errors.ts';
import type { LinearLayer } from '../network/linear-head.ts';
import { l2Normalise } from '../network/pooling.ts';
import { cholesky, invertLower, Span, timesTransposed, transposed } from './dense.ts';
import { row, type Matrix } from './rank.ts';

/** Share of the mean variance added to every direction where samples are fewer than twice the dimensions. */
const FEW_SAMPLES_SHRINKAGE = 0.1;

/** Share of the largest variance up to which a variance is rounding. */
const NO_VARIANCE = 1e-12;

/** y = P (x − m), then L2. `projection` is [dim, dim] row-major, rows by decreasing eigenvalue. */
export interface Whitening {
  readonly mean: Float64Array;
  readonly projection: Float64Array;
  readonly dim: number;
  /** Multiple of the mean variance added to the diagonal because there were fewer pairs than dimensions; 0 normally. */
  readonly shrinkage: number;
}

/** @throws CovisError `INPUT_INVALID` naming the first row that holds no finite number. */
function checkFinite(x: Matrix): void {
  const at = x.data.findIndex((v) => !Number.isFinite(v));
  if (at >= 0)
    throw new CovisError(
      'INPUT_INVALID',
      `No whitening can be learned: descriptor ${Math.floor(at / x.dim)} holds a value that is no finite number`,
      { hint: 'Compute these descriptors again, or choose another network.' },
    );
}

/**
 * Learned discriminative whitening (methods.md 1.8) from matching pairs.
 * @param x unit descriptors, one a row. @param queries, positives row indices of the pairs.
 * @param wanted shrinkage; if left out, 0.1 where there are fewer independent pairs than twice the dimensions, else none.
 * With shrinkage the covariance is lifted by that share of its mean variance, and the result says so.
 * @throws CovisError `STATE_EMPTY` without pairs, `INPUT_INVALID` for values that are no numbers.
 */
export function learnWhitening(
  x: Matrix,
  queries: readonly number[],
  positives: readonly number[],
  wanted?: number,
): Whitening {
  const { dim } = x;
  const pairs = queries.length;
  if (pairs === 0)
    throw new CovisError('STATE_EMPTY', 'Whitening is learned from matching pairs, and there are none', {
      hint: 'Import models, or lists of pairs, of which photos match.',
    });
  checkFinite(x);
  const mean = new Float64Array(dim);
  for (const q of queries) row(x, q).forEach((v, k) => (mean[k]! += v / pairs));
  // Differences between n photos span n − 1 directions at most, however many pairs they make.
  const independent = Math.min(pairs, new Set([...queries, ...positives]).size - 1);
  const shrinkage = wanted ?? (independent < 2 * dim ? FEW_SAMPLES_SHRINKAGE : 0);
  const space = shrinkage > 0 ? sampleSpace(x, mean) : new WholeSpace(x, mean);
  const { vectors, size } = space;
  const differences = new Float64Array(pairs * size);
  for (let j = 0; j < pairs; j += 1) {
    const [q, p] = [queries[j]! * size, positives[j]! * size];
    for (let k = 0; k < size; k += 1) differences[j * size + k] = vectors[q + k]! - vectors[p + k]!;
  }
  const covariance = gram(differences, pairs, size, 1 / pairs);
  let trace = 0;
  for (let k = 0; k < size; k += 1) trace += covariance[k * size + k]!;
  const lift = (shrinkage * trace) / dim;
  for (let k = 0; k < size; k += 1) covariance[k * size + k]! += lift;
  const p0 = invertLower(factor(covariance, size), size);
  const scatter = gram(vectors, x.rows, size, 1);
  const square = [size, size, size] as const;
  const turned = timesTransposed(p0, scatter, square, (i) => i + 1);
  const projected = timesTransposed(p0, turned, square, (i) => i + 1);
  const axes = timesTransposed(eigen(projected, size).vectors, transposed(p0, size, size), square);
  return { mean, projection: space.projection(axes, lift ** -0.5), dim, shrinkage };
}

/**
 * Unsupervised PCA whitening (methods.md 1.8): m = mean of all, P = Λ^-power · Vᵀ.
 * @param power 0.5 whitens fully, 0 only turns to the principal axes; 0.25 and s/2 are in use as gentler variants.
 * With fewer descriptors than twice the dimensions variances are lifted by a share of their mean, and the result says so; without that
 * directions that do not vary become zero.
 * @throws CovisError `STATE_EMPTY` with fewer than two different descriptors, `INPUT_INVALID` for values that are no numbers.
 */
export function learnPca(x: Matrix, power = 0.5): Whitening {
  const { dim } = x;
  if (x.rows < 2) throw new CovisError('STATE_EMPTY', 'PCA needs at least two descriptors');
  checkFinite(x);
  const mean = new Float64Array(dim);
  for (let i = 0; i < x.rows; i += 1) row(x, i).forEach((v, k) => (mean[k]! += v / x.rows));
  const shrinkage = x.rows < 2 * dim ? FEW_SAMPLES_SHRINKAGE : 0;
  const space = shrinkage > 0 ? sampleSpace(x, mean) : new WholeSpace(x, mean);
  const { size } = space;
  const covariance = gram(space.vectors, x.rows, size, 1 / (2 * x.rows));
  let trace = 0;
  for (let k = 0; k < size; k += 1) trace += covariance[k * size + k]!;
  const lift = (shrinkage * trace) / dim;
  const { values, vectors } = eigen(covariance, size);
  if (!(values[0]! > 0)) throw new CovisError('STATE_EMPTY', 'PCA needs descriptors that differ, and all are equal');
  const least = NO_VARIANCE * values[0]!;
  // What does not vary is left out: divided by its deviation it would be no number.
  const scale = (value: number): number => (value + lift > least ? (value + lift) ** -power : power === 0 ? 1 : 0);
  values.forEach((value, r) => {
    const s = scale(value);
    for (let k = 0; k < size; k += 1) vectors[r * size + k]! *= s;
  });
  return { mean, projection: space.projection(vectors, scale(0)), dim, shrinkage };
}

/** Vectors less their mean in some orthonormal basis, and the way back. */
interface Space {
  /** [rows, size]. */
  readonly vectors: Float64Array;
  readonly size: number;
  /** [dim, dim]: the axes [size, size] of this space, then what is across it, each direction by `across`. */
  projection(axes: Float64Array, across: number): Float64Array;
}

class WholeSpace implements Space {
  readonly vectors: Float64Array;
  readonly size: number;

  constructor(x: Matrix, mean: Float64Array) {
    this.size = x.dim;
    this.vectors = Float64Array.from(x.data.subarray(0, x.rows * x.dim), (v, i) => v - mean[i % x.dim]!);
  }

  projection(axes: Float64Array): Float64Array {
    return axes;
  }
}

/**
 * The space that the descriptors span where they are fewer than dimensions: what varies lies in it, and across it every direction is as
 * every other, so that a covariance that was lifted is known there without being computed.
 */
function sampleSpace(x: Matrix, mean: Float64Array): Space {
  const whole = new WholeSpace(x, mean);
  const { rows, dim } = x;
  if (rows >= dim) return whole;
  const span = new Span(whole.vectors, rows, dim);
  return {
    vectors: span.coordinates,
    size: rows,
    projection(axes, across) {
      const out = new Float64Array(dim * dim);
      for (let r = 0; r < dim; r += 1) {
        const direction = out.subarray(r * dim, (r + 1) * dim);
        if (r < rows) direction.set(axes.subarray(r * rows, (r + 1) * rows));
        else direction[r] = across;
        span.toSpace(direction);
      }
      return out;
    },
  };
}

/** scale · Vᵀ V of vectors [rows, size], as [size, size]. */
function gram(vectors: Float64Array, rows: number, size: number, scale: number): Float64Array {
  const columns = transposed(vectors, rows, size);
  return timesTransposed(columns, columns, [size, size, rows]).map((v) => v * scale);
}

/** Eigenvalues in decreasing order, eigenvectors as rows [n, n]. */
function eigen(symmetric: Float64Array, n: number): { values: number[]; vectors: Float64Array } {
  const found = new EigenvalueDecomposition(Dense.from1DArray(n, n, symmetric), { assumeSymmetric: true });
  const order = found.realEigenvalues.map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value || a.i - b.i);
  const columns = found.eigenvectorMatrix;
  const vectors = new Float64Array(n * n);
  order.forEach(({ i }, r) => vectors.set(columns.getColumn(i), r * n));
  return { values: order.map((o) => o.value), vectors };
}

/** The first `keep` rows of a whitening as a linear layer: W = P, b = −P m (methods.md 1.5). */
export function whiteningLayer(w: Whitening, keep = w.dim): LinearLayer {
  const weight = new Float32Array(w.dim * keep);
  const bias = new Float32Array(keep);
  for (let r = 0; r < keep; r += 1) {
    let shift = 0;
    for (let k = 0; k < w.dim; k += 1) {
      const v = w.projection[r * w.dim + k]!;
      weight[k * keep + r] = v;
      shift += v * w.mean[k]!;
    }
    bias[r] = -shift;
  }
  return { from: w.dim, to: keep, weight, bias };
}

/** Applies the first `keep` rows of the whitening to every row, then L2. */
export function whiten(x: Matrix, w: Whitening, keep = w.dim): Matrix {
  const data = new Float32Array(x.rows * keep);
  const centred = new Float64Array(w.dim);
  for (let i = 0; i < x.rows; i += 1) {
    row(x, i).forEach((v, k) => (centred[k] = v - w.mean[k]!));
    const out = data.subarray(i * keep, (i + 1) * keep);
    for (let r = 0; r < keep; r += 1) {
      let sum = 0;
      for (let k = 0; k < w.dim; k += 1) sum += w.projection[r * w.dim + k]! * centred[k]!;
      out[r] = sum;
    }
    l2Normalise(out);
  }
  return { data, rows: x.rows, dim: keep };
}

/** Lower Cholesky factor; adds 1e-10, 1e-9, … to the diagonal until it exists. */
function factor(m: Float64Array, n: number): Float64Array {
  for (let alpha = 0; alpha < 1; alpha = alpha === 0 ? 1e-10 : alpha * 10) {
    const shifted = Float64Array.from(m);
    for (let k = 0; k < n; k += 1) shifted[k * n + k]! += alpha;
    const l = cholesky(shifted, n);
    if (l !== undefined) return l;
  }
  throw new CovisError('INPUT_INVALID', 'The covariance of the matching pairs is not a number');
}
