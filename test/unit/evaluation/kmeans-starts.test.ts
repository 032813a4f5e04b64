import { describe, expect, it } from 'vitest';
import { kMeans } from '../../../src/main/engine/evaluation/classes.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';

function scattered(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  return { data: Float32Array.from({ length: rows * dim }, () => r.between(-1, 1)), rows, dim };
}

/** Squared distances of all rows to the mean of theirs. */
function inertia(m: Matrix, of: ArrayLike<number>): number {
  let sum = 0;
  for (const c of new Set(Array.from(of))) {
    const own = Array.from(of, (l, i) => (l === c ? i : -1)).filter((i) => i >= 0);
    for (let d = 0; d < m.dim; d += 1) {
      const values = own.map((i) => m.data[i * m.dim + d]!);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      sum += values.reduce((s, v) => s + (v - mean) ** 2, 0);
    }
  }
  return sum;
}

/** The least over all ways to divide the rows. */
function least(m: Matrix, k: number): number {
  let best = Infinity;
  const of = new Array<number>(m.rows).fill(0);
  for (let code = 0; code < k ** m.rows; code += 1) {
    for (let i = 0, c = code; i < m.rows; i += 1, c = Math.floor(c / k)) of[i] = c % k;
    best = Math.min(best, inertia(m, of));
  }
  return best;
}

describe('k-means', () => {
  it('of ten starts finds the best division of a few rows, which one start often misses', () => {
    let missed = 0;
    for (let seed = 0; seed < 12; seed += 1) {
      const m = scattered(8, 2, seed);
      const best = least(m, 3);
      expect(inertia(m, kMeans(m, 3, seed))).toBeCloseTo(best, 6);
      if (inertia(m, kMeans(m, 3, seed, 1)) > best + 1e-6) missed += 1;
    }
    expect(missed).toBeGreaterThan(0);
  });

  it('is never worse than its first start, the same every time, and each row is with its nearest mean', () => {
    let better = 0;
    for (let seed = 0; seed < 6; seed += 1) {
      const m = scattered(150, 40, 50 + seed);
      const [ten, one] = [kMeans(m, 9, seed), kMeans(m, 9, seed, 1)];
      expect(inertia(m, ten)).toBeLessThanOrEqual(inertia(m, one) + 1e-9);
      if (inertia(m, ten) < inertia(m, one) - 1e-9) better += 1;
      expect(kMeans(m, 9, seed)).toEqual(ten);
      const means = Array.from({ length: 9 }, (_, c) => {
        const own = Array.from(ten, (l, i) => (l === c ? i : -1)).filter((i) => i >= 0);
        return Array.from(
          { length: m.dim },
          (_, d) => own.reduce((s, i) => s + m.data[i * m.dim + d]!, 0) / own.length,
        );
      });
      ten.forEach((c, i) => {
        const away = means.map((mean) => mean.reduce((s, v, d) => s + (v - m.data[i * m.dim + d]!) ** 2, 0));
        expect(away[c]!).toBeLessThanOrEqual(Math.min(...away) + 1e-9);
      });
    }
    expect(better).toBeGreaterThan(2);
  });

  it('takes as many clusters as rows, and more', () => {
    const m = scattered(5, 3, 1);
    expect(new Set(kMeans(m, 5, 0)).size).toBe(5);
    expect(new Set(kMeans(m, 9, 0)).size).toBe(5);
  });
});
