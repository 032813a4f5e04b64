/** Dense linear algebra on flat row-major doubles, for matrices of a few thousand rows. Pure; nothing is checked. */

const TILE = 4;
/** So many values of a row are multiplied before the next rows are: what is read again stays in the processor's cache. */
const SPAN = 512;

/**
 * A Bᵀ of A [m, k] and B [n, k], as [m, n]; of A with itself half of it is computed. Sums run over four rows of each side at once.
 * @param upTo values of row i of A that count, all others being zero: i + 1 of a lower triangle.
 */
export function timesTransposed(
  a: Float64Array,
  b: Float64Array,
  [m, n, k]: readonly [number, number, number],
  upTo: (i: number) => number = () => k,
): Float64Array {
  const out = new Float64Array(m * n);
  const tile = new Float64Array(TILE * TILE);
  for (let i = 0; i < m; i += TILE) {
    const rows = Math.min(TILE, m - i);
    const end = upTo(i + rows - 1);
    for (let from = 0; from < end; from += SPAN) {
      const to = Math.min(from + SPAN, end);
      for (let j = a === b ? i : 0; j < n; j += TILE) {
        const columns = Math.min(TILE, n - j);
        if (rows === TILE && columns === TILE) fourByFour(a, i * k, b, j * k, k, from, to, tile);
        else fewer(a, i * k, rows, b, j * k, columns, k, from, to, tile);
        for (let r = 0; r < rows; r += 1)
          for (let c = 0; c < columns; c += 1) out[(i + r) * n + j + c]! += tile[r * TILE + c]!;
      }
    }
  }
  if (a === b) for (let i = 0; i < m; i += 1) for (let j = 0; j < i; j += 1) out[i * n + j] = out[j * n + i]!;
  return out;
}

function fourByFour(
  a: Float64Array,
  a0: number,
  b: Float64Array,
  b0: number,
  stride: number,
  from: number,
  to: number,
  tile: Float64Array,
): void {
  const [a1, a2, a3] = [a0 + stride, a0 + 2 * stride, a0 + 3 * stride];
  const [b1, b2, b3] = [b0 + stride, b0 + 2 * stride, b0 + 3 * stride];
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  for (let t = from; t < to; t += 1) {
    const x0 = a[a0 + t]!;
    const x1 = a[a1 + t]!;
    const x2 = a[a2 + t]!;
    const x3 = a[a3 + t]!;
    const y0 = b[b0 + t]!;
    const y1 = b[b1 + t]!;
    const y2 = b[b2 + t]!;
    const y3 = b[b3 + t]!;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  tile[0] = s00;
  tile[1] = s01;
  tile[2] = s02;
  tile[3] = s03;
  tile[4] = s10;
  tile[5] = s11;
  tile[6] = s12;
  tile[7] = s13;
  tile[8] = s20;
  tile[9] = s21;
  tile[10] = s22;
  tile[11] = s23;
  tile[12] = s30;
  tile[13] = s31;
  tile[14] = s32;
  tile[15] = s33;
}

function fewer(
  a: Float64Array,
  a0: number,
  rows: number,
  b: Float64Array,
  b0: number,
  columns: number,
  stride: number,
  from: number,
  to: number,
  tile: Float64Array,
): void {
  for (let r = 0; r < rows; r += 1)
    for (let c = 0; c < columns; c += 1) {
      let sum = 0;
      for (let t = from; t < to; t += 1) sum += a[a0 + r * stride + t]! * b[b0 + c * stride + t]!;
      tile[r * TILE + c] = sum;
    }
}

/** The transpose [n, m] of a matrix [m, n]. */
export function transposed(a: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i += 1) for (let j = 0; j < n; j += 1) out[j * m + i] = a[i * n + j]!;
  return out;
}

/** Lower Cholesky factor of a symmetric matrix [n, n]; undefined where it is not positive definite. */
export function cholesky(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = a[i * n + j]!;
      for (let t = 0; t < j; t += 1) sum -= l[i * n + t]! * l[j * n + t]!;
      if (j < i) l[i * n + j] = sum / l[j * n + j]!;
      else if (!(sum > 0)) return undefined;
      else l[i * n + i] = Math.sqrt(sum);
    }
  }
  return l;
}

/** The inverse of a lower triangle [n, n] without zeros on its diagonal; a lower triangle, too. */
export function invertLower(l: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let t = 0; t < i; t += 1) {
      const f = l[i * n + t]!;
      for (let j = 0; j <= t; j += 1) out[i * n + j]! -= f * out[t * n + j]!;
    }
    const d = l[i * n + i]!;
    for (let j = 0; j < i; j += 1) out[i * n + j]! /= d;
    out[i * n + i] = 1 / d;
  }
  return out;
}

/**
 * Coordinates of a few vectors in a basis whose first directions span them, by Householder's reflections: however they depend on each
 * other, the basis is orthonormal to rounding.
 */
export class Span {
  /** Coordinates of the vectors, [rows, rows], a lower triangle. */
  readonly coordinates: Float64Array;
  readonly #reflections: Float64Array;
  readonly #rows: number;
  readonly #dim: number;

  /** @param vectors [rows, dim], rows at most dim; overwritten. */
  constructor(vectors: Float64Array, rows: number, dim: number) {
    this.#reflections = vectors;
    this.#rows = rows;
    this.#dim = dim;
    this.coordinates = new Float64Array(rows * rows);
    for (let r = 0; r < rows; r += 1) {
      const v = vectors.subarray(r * dim, (r + 1) * dim);
      for (let s = 0; s < r; s += 1) this.#reflect(s, v);
      this.coordinates.set(v.subarray(0, r), r * rows);
      // The rest of the vector is turned into the basis' next direction.
      const length = this.#lengthFrom(v, r);
      const turned = v[r]! > 0 ? -length : length;
      this.coordinates[r * rows + r] = turned;
      v.fill(0, 0, r);
      v[r]! -= turned;
      const size = this.#lengthFrom(v, r);
      if (size > 0) for (let t = r; t < dim; t += 1) v[t]! /= size;
    }
  }

  #lengthFrom(v: Float64Array, from: number): number {
    let most = 0;
    for (let t = from; t < v.length; t += 1) most = Math.max(most, Math.abs(v[t]!));
    if (most === 0) return 0;
    let sum = 0;
    for (let t = from; t < v.length; t += 1) sum += (v[t]! / most) ** 2;
    return most * Math.sqrt(sum);
  }

  /** x − 2 v (v · x), with the unit vector v of reflection `s`, whose first `s` values are zero. */
  #reflect(s: number, x: Float64Array): void {
    const v = this.#reflections;
    const at = s * this.#dim;
    let dot = 0;
    for (let t = s; t < this.#dim; t += 1) dot += v[at + t]! * x[t]!;
    dot *= 2;
    for (let t = s; t < this.#dim; t += 1) x[t]! -= dot * v[at + t]!;
  }

  /** Brings coordinates [dim] in the whole basis back into the space of the vectors, in place. */
  toSpace(x: Float64Array): void {
    for (let s = this.#rows - 1; s >= 0; s -= 1) this.#reflect(s, x);
  }
}
