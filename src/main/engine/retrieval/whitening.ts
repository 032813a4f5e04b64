import { CholeskyDecomposition, EigenvalueDecomposition, inverse, Matrix as Dense } from 'ml-matrix';
import { CovisError } from '../../../shared/errors.ts';
import { l2Normalise } from '../network/pooling.ts';
import { row, type Matrix } from './rank.ts';

/** y = P (x − m), then L2. `projection` is [dim, dim] row-major, rows by decreasing eigenvalue. */
export interface Whitening {
  readonly mean: Float64Array;
  readonly projection: Float64Array;
  readonly dim: number;
  /** Multiple of the mean variance added to the diagonal because there were fewer pairs than dimensions; 0 normally. */
  readonly shrinkage: number;
}

/**
 * Learned discriminative whitening (methods.md 1.8) from matching pairs.
 * @param x unit descriptors, one a row. @param queries, positives row indices of the pairs.
 * With fewer pairs than dimensions the covariance is shrunk towards a multiple of the identity, and the result says so.
 * @throws CovisError `STATE_EMPTY` without pairs.
 */
export function learnWhitening(x: Matrix, queries: readonly number[], positives: readonly number[]): Whitening {
  const { dim } = x;
  const pairs = queries.length;
  if (pairs === 0) throw new CovisError('STATE_EMPTY', 'Whitening is learned from matching pairs, and there are none');
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
  let shrinkage = 0;
  if (pairs < 2 * dim) {
    shrinkage = 0.1;
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
  const eigen = new EigenvalueDecomposition(projected, { assumeSymmetric: true });
  const order = eigen.realEigenvalues.map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value || a.i - b.i);
  const vectors = eigen.eigenvectorMatrix;
  const vt = new Dense(order.map(({ i }) => vectors.getColumn(i)));
  return { mean, projection: Float64Array.from(vt.mmul(p0).to1DArray()), dim, shrinkage };
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
