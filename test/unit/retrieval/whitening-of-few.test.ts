import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { normaliseRows } from '../../../src/main/engine/retrieval/rank.ts';
import { learnPca, learnWhitening, whiten, type Whitening } from '../../../src/main/engine/retrieval/whitening.ts';

describe('whitening without shrinkage', () => {
  const r = random(2);
  const x = normaliseRows({ data: Float32Array.from({ length: 48 }, () => r.between(-1, 1)), rows: 8, dim: 6 }, 'x');

  it('of fewer pairs than dimensions is lifted by as little as it needs, and is finite', () => {
    const w = learnWhitening(x, [0, 2], [1, 3], 0);
    expect(w.shrinkage).toBe(0);
    expect([...w.projection].every(Number.isFinite)).toBe(true);
    for (let i = 0; i < 8; i += 1)
      expect(Math.hypot(...whiten(x, w).data.subarray(6 * i, 6 * i + 6))).toBeCloseTo(1, 4);
  });
});

describe('whitening of fewer descriptors than dimensions', () => {
  /** Rows of length one, of which the last repeats the first, as duplicates of a photo do. */
  function descriptors(rows: number, dim: number, seed: number): { data: Float32Array; rows: number; dim: number } {
    const r = random(seed);
    const x = normaliseRows(
      { data: Float32Array.from({ length: rows * dim }, () => r.between(-0.4, 1)), rows, dim },
      'x',
    );
    x.data.copyWithin((rows - 1) * dim, 0, dim);
    return x;
  }
  const SIZES = [
    [3, 4],
    [5, 16],
    [11, 12],
    [12, 12],
    [13, 12],
    [9, 40],
  ] as const;

  /** P M Pᵀ of the projection and a symmetric matrix given by its values. */
  function turned({ projection, dim }: Whitening, m: (a: number, b: number) => number): number[][] {
    const at = list(dim).map((a) => list(dim).map((b) => m(a, b)));
    const left = list(dim).map((r) =>
      list(dim).map((b) => list(dim).reduce((s, a) => s + projection[r * dim + a]! * at[a]![b]!, 0)),
    );
    return left.map((row) => list(dim).map((s) => row.reduce((t, v, b) => t + v * projection[s * dim + b]!, 0)));
  }
  const list = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  function expectDiagonal(m: number[][], values?: readonly number[]): void {
    const most = Math.max(...m.map((row, i) => Math.abs(row[i]!)));
    m.forEach((row, i) =>
      row.forEach((v, j) => {
        if (i !== j) expect(Math.abs(v)).toBeLessThan(1e-8 * most);
        else if (values !== undefined) expect(v / values[i]!).toBeCloseTo(1, 6);
        if (i === j && i > 0) expect(v).toBeLessThan(m[i - 1]![i - 1]! + 1e-8 * most);
      }),
    );
  }

  it('makes the lifted covariance of differences white, and the scatter diagonal, falling, in all dimensions', () => {
    for (const [rows, dim] of SIZES) {
      const x = descriptors(rows, dim, rows);
      const queries = [0, 1, 1, rows - 2];
      const positives = [1, 2, 0, rows - 1];
      const w = learnWhitening(x, queries, positives);
      expect(w.shrinkage).toBe(0.1);
      const v = (i: number, k: number): number => x.data[i * dim + k]!;
      const covariance = (a: number, b: number): number =>
        queries.reduce((s, q, j) => s + (v(q, a) - v(positives[j]!, a)) * (v(q, b) - v(positives[j]!, b)), 0) / 4;
      const lift = (0.1 * list(dim).reduce((s, k) => s + covariance(k, k), 0)) / dim;
      const mean = list(dim).map((k) => queries.reduce((s, q) => s + v(q, k), 0) / 4);
      mean.forEach((m, k) => expect(w.mean[k]).toBeCloseTo(m, 12));
      turned(w, (a, b) => covariance(a, b) + (a === b ? lift : 0)).forEach((row, i) =>
        row.forEach((c, j) => expect(Math.abs(c - (i === j ? 1 : 0))).toBeLessThan(1e-8)),
      );
      expectDiagonal(
        turned(w, (a, b) => list(rows).reduce((s, i) => s + (v(i, a) - mean[a]!) * (v(i, b) - mean[b]!), 0)),
      );
    }
  });

  it('of principal axes scales each by its lifted variance, also those across all descriptors', () => {
    for (const [rows, dim] of SIZES)
      for (const power of [0, 0.25, 0.5]) {
        const x = descriptors(rows, dim, 50 + rows);
        const w = learnPca(x, power);
        expect(w.shrinkage).toBe(0.1);
        const v = (i: number, k: number): number => x.data[i * dim + k]! - w.mean[k]!;
        const covariance = (a: number, b: number): number =>
          list(rows).reduce((s, i) => s + v(i, a) * v(i, b), 0) / (2 * rows);
        const lift = (0.1 * list(dim).reduce((s, k) => s + covariance(k, k), 0)) / dim;
        const axes = turned(w, (a, b) => (a === b ? 1 : 0)).map((row, i) => row[i]!);
        expectDiagonal(turned(w, covariance).map((row, i) => row.map((c, j) => c / Math.sqrt(axes[i]! * axes[j]!))));
        const variances = turned(w, covariance).map((row, i) => row[i]! / axes[i]!);
        axes.forEach((a, r) => expect(a / (variances[r]! + lift) ** (-2 * power)).toBeCloseTo(1, 6));
      }
  });
});
