import { CholeskyDecomposition, EigenvalueDecomposition, inverse, Matrix as Dense } from 'ml-matrix';
import { CovisError } from '../../../shared/errors.ts';
import type { LinearLayer } from '../network/linear-head.ts';
import { l2Normalise } from '../network/pooling.ts';
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
  const covariance = Dense.zeros(dim, dim);
  for (let j = 0; j < pairs; j += 1) {
    const q = row(x, queries[j]!);
    const p = row(x, positives[j]!);
    addOuter(
      covariance,
      q.map((v, k) => v - p[k]!),
      1 / pairs,
    );
  }
  mirror(covariance);
  // Differences between n photos span n − 1 directions at most, however many pairs they make.
  const independent = Math.min(pairs, new Set([...queries, ...positives]).size - 1);
  const shrinkage = wanted ?? (independent < 2 * dim ? FEW_SAMPLES_SHRINKAGE : 0);
  if (shrinkage > 0) {
    const lift = (shrinkage * covariance.trace()) / dim;
    for (let k = 0; k < dim; k += 1) covariance.set(k, k, covariance.get(k, k) + lift);
  }
  const p0 = inverse(cholesky(covariance));
  const scatter = Dense.zeros(dim, dim);
  const centred = new Float64Array(dim);
  for (let i = 0; i < x.rows; i += 1) {
    row(x, i).forEach((v, k) => (centred[k] = v - mean[k]!));
    addOuter(scatter, centred, 1);
  }
  mirror(scatter);
  const projected = p0.mmul(scatter).mmul(p0.transpose());
  const { vectors } = eigen(projected);
  return { mean, projection: Float64Array.from(vectors.mmul(p0).to1DArray()), dim, shrinkage };
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
  const covariance = Dense.zeros(dim, dim);
  const centred = new Float64Array(dim);
  for (let i = 0; i < x.rows; i += 1) {
    row(x, i).forEach((v, k) => (centred[k] = v - mean[k]!));
    addOuter(covariance, centred, 1 / (2 * x.rows));
  }
  mirror(covariance);
  const shrinkage = x.rows < 2 * dim ? FEW_SAMPLES_SHRINKAGE : 0;
  const lift = (shrinkage * covariance.trace()) / dim;
  const { values, vectors } = eigen(covariance);
  if (!(values[0]! > 0)) throw new CovisError('STATE_EMPTY', 'PCA needs descriptors that differ, and all are equal');
  const least = NO_VARIANCE * values[0]!;
  const projection = new Float64Array(dim * dim);
  values.forEach((value, r) => {
    // What does not vary is left out: divided by its deviation it would be no number.
    const scale = value + lift > least ? (value + lift) ** -power : power === 0 ? 1 : 0;
    for (let k = 0; k < dim; k += 1) projection[r * dim + k] = scale * vectors.get(r, k);
  });
  return { mean, projection, dim, shrinkage };
}

/** Eigenvalues in decreasing order, eigenvectors as rows. */
function eigen(symmetric: Dense): { values: number[]; vectors: Dense } {
  const found = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = found.realEigenvalues.map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value || a.i - b.i);
  const columns = found.eigenvectorMatrix;
  return { values: order.map((o) => o.value), vectors: new Dense(order.map(({ i }) => columns.getColumn(i))) };
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
function cholesky(m: Dense): Dense {
  for (let alpha = 0; alpha < 1; alpha = alpha === 0 ? 1e-10 : alpha * 10) {
    const shifted = alpha === 0 ? m : Dense.add(m, Dense.eye(m.rows).mul(alpha));
    const c = new CholeskyDecomposition(shifted);
    if (c.isPositiveDefinite()) return c.lowerTriangularMatrix;
  }
  throw new CovisError('INPUT_INVALID', 'The covariance of the matching pairs is not a number');
}

/** Adds scale · v vᵀ to the upper triangle. */
function addOuter(m: Dense, v: Float32Array | Float64Array, scale: number): void {
  for (let i = 0; i < v.length; i += 1) {
    const a = v[i]! * scale;
    for (let j = i; j < v.length; j += 1) m.set(i, j, m.get(i, j) + a * v[j]!);
  }
}

function mirror(m: Dense): void {
  for (let i = 0; i < m.rows; i += 1) for (let j = 0; j < i; j += 1) m.set(i, j, m.get(j, i));
}
