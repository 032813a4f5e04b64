import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { cholesky, invertLower, Span, timesTransposed, transposed } from '../../../src/main/engine/retrieval/dense.ts';

const r = random(11);
const drawn = (n: number): Float64Array => Float64Array.from({ length: n }, () => r.between(-1, 1));
/** Sizes about the tiles of four and the spans of 512. */
const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 16, 33];

function product(a: Float64Array, b: Float64Array, m: number, n: number, k: number): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return Array.from({ length: k }, (_x, t) => a[i * k + t]! * b[j * k + t]!).reduce((x, y) => x + y, 0);
  });
}
function close(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a).toHaveLength(b.length);
  for (let i = 0; i < a.length; i += 1) expect(Math.abs(a[i]! - b[i]!)).toBeLessThan(1e-11);
}

describe('products', () => {
  it('are sums over rows, at every size', () => {
    for (const m of SIZES)
      for (const n of SIZES)
        for (const k of [1, 3, 511, 512, 513]) {
          const [a, b] = [drawn(m * k), drawn(n * k)];
          close(timesTransposed(a, b, [m, n, k]), product(a, b, m, n, k));
        }
  });

  it('of a matrix with itself are symmetric, and of a lower triangle leave out what is zero', () => {
    for (const n of SIZES) {
      const a = drawn(n * 40);
      const self = timesTransposed(a, a, [n, n, 40]);
      close(self, product(a, a, n, n, 40));
      expect(Array.from(transposed(self, n, n))).toEqual(Array.from(self));
      const l = drawn(n * n).map((v, i) => (i % n <= Math.floor(i / n) ? v : 0));
      const b = drawn(n * n);
      close(
        timesTransposed(l, b, [n, n, n], (i) => i + 1),
        product(l, b, n, n, n),
      );
    }
  });

  it('transposes by rows and columns', () => {
    expect([...transposed(Float64Array.of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

describe('factors', () => {
  it('multiply to the matrix, and their inverse to one', () => {
    for (const n of SIZES) {
      const x = drawn(n * (n + 3));
      const a = timesTransposed(x, x, [n, n, n + 3]);
      const l = cholesky(a, n)!;
      for (let i = 0; i < n; i += 1) for (let j = i + 1; j < n; j += 1) expect(l[i * n + j]).toBe(0);
      close(product(l, l, n, n, n), a);
      const unit = Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
      const inverse = invertLower(l, n);
      const left = product(inverse, transposed(l, n, n), n, n, n);
      for (let i = 0; i < n * n; i += 1) expect(left[i]).toBeCloseTo(unit[i]!, 6);
    }
  });

  it('are none of what is not positive definite', () => {
    expect(cholesky(Float64Array.of(1, 2, 2, 4), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(1, 2, 2, 3), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(-1), 1)).toBeUndefined();
    expect(cholesky(Float64Array.of(NaN), 1)).toBeUndefined();
    expect([...cholesky(Float64Array.of(4, 2, 2, 5), 2)!]).toEqual([2, 0, 1, 2]);
  });
});

describe('the space of a few vectors', () => {
  function check(x: Float64Array, rows: number, dim: number): void {
    const span = new Span(Float64Array.from(x), rows, dim);
    const basis = Array.from({ length: dim }, (_, k) => {
      const e = new Float64Array(dim);
      e[k] = 1;
      span.toSpace(e);
      return e;
    });
    const dots = basis.flatMap((a) => basis.map((b) => a.reduce((s, v, t) => s + v * b[t]!, 0)));
    close(
      dots,
      dots.map((_, i) => (i % (dim + 1) === 0 ? 1 : 0)),
    );
    for (let i = 0; i < rows; i += 1) {
      const coordinates = span.coordinates.subarray(i * rows, (i + 1) * rows);
      expect([...coordinates.subarray(i + 1)].every((v) => v === 0)).toBe(true);
      const back = Float64Array.from({ length: dim }, (_, t) =>
        coordinates.reduce((s, c, k) => s + c * basis[k]![t]!, 0),
      );
      close(back, x.subarray(i * dim, (i + 1) * dim));
    }
  }

  it('has an orthonormal basis whose first directions hold them', () => {
    for (const [rows, dim] of [
      [1, 1],
      [1, 5],
      [4, 5],
      [5, 5],
      [7, 40],
    ] as const)
      check(drawn(rows * dim), rows, dim);
  });

  it('also where they depend on each other, are equal, are nothing, or are very large and small', () => {
    const x = drawn(6 * 9);
    x.copyWithin(9, 0, 9);
    x.fill(0, 18, 27);
    for (let t = 0; t < 9; t += 1) x[27 + t] = 2 * x[t]! - x[36 + t]!;
    check(x, 6, 9);
    check(new Float64Array(12), 3, 4);
    check(Float64Array.of(1, 0, 0, -1, 0, 0), 2, 3);
    const span = new Span(Float64Array.of(3e200, 4e200, 0, 3e-200, 4e-200, 0), 2, 3);
    expect(Math.abs(span.coordinates[0]!)).toBeCloseTo(5e200, -188);
    expect(Math.abs(span.coordinates[2]!) / 5e-200).toBeCloseTo(1, 10);
  });
});
