import { describe, expect, it } from 'vitest';
import { averagePrecision, positiveRanks, precisionAt } from '../../../src/main/engine/evaluation/average-precision.ts';
import { gem, l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { dot, row, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { learnWhitening, whiten } from '../../../src/main/engine/retrieval/whitening.ts';
import { contrastiveLoss } from '../../../src/main/engine/training/losses.ts';

/** Golden values of methods.md: 1.5, 1.4, 1.8 and 6. */
describe('golden values', () => {
  it('GeM', () => {
    const x = Array.from({ length: 20 }, (_, i) => -1 + i * 0.1);
    expect(gem(x, 3)).toBeCloseTo(0.466085, 5);
    expect(gem(x, 2.5)).toBeCloseTo(0.426651, 5);
    expect(gem([0.2, 0.4, 0.9], 1)).toBeCloseTo(0.5, 6);
    expect(gem([0.2, 0.4, 0.9], 400)).toBeCloseTo(0.9, 2);
  });

  it('contrastive loss', () => {
    const f = (...v: number[]): Float32Array => Float32Array.from(v);
    const [q, p, n] = [f(1, 0, 0), f(0.8, 0.6, 0), [f(0.6, 0.8, 0), f(0, 0, 1)]];
    expect(contrastiveLoss(q, p, n, 0.7).loss).toBeCloseTo(0.2, 4);
    expect(contrastiveLoss(q, p, n, 0.85).loss).toBeCloseTo(0.2, 4);
    expect(contrastiveLoss(q, p, n, 1).loss).toBeCloseTo(0.20557, 4);
  });

  it('contrastive gradients equal finite differences', () => {
    const vectors = [0, 1, 2, 3].map((s) =>
      l2Normalise(Float32Array.from({ length: 6 }, (_, i) => 0.6 + 0.3 * Math.sin(s * 1.1 + i * 1.3))),
    );
    const loss = (v: Float32Array[]): ReturnType<typeof contrastiveLoss> =>
      contrastiveLoss(v[0]!, v[1]!, v.slice(2), 0.9);
    const base = loss(vectors);
    const gradients = [base.dQuery, base.dPositive, ...base.dNegatives];
    vectors.forEach((v, s) =>
      v.forEach((x, i) => {
        const moved = (h: number): number =>
          loss(vectors.map((w, t) => (t === s ? w.map((y, j) => (j === i ? x + h : y)) : w))).loss;
        expect(gradients[s]![i]).toBeCloseTo((moved(1e-3) - moved(-1e-3)) / 2e-3, 3);
      }),
    );
  });

  it('learned whitening', () => {
    const [dim, n] = [3, 8];
    const data = new Float32Array(n * dim);
    for (let c = 0; c < n; c += 1) {
      const column = Float64Array.from({ length: dim }, (_, r) => Math.sin(0.37 * (8 * r + c + 1) ** 2) + 0.1);
      const norm = Math.hypot(...column);
      column.forEach((v, r) => (data[c * dim + r] = v / norm));
    }
    const x: Matrix = { data, rows: n, dim };
    // The reference does not shrink; with four pairs we would, so the golden needs enough of them: repeating pairs changes nothing.
    const repeat = [0, 1, 2];
    const queries = repeat.flatMap(() => [0, 2, 4, 6]);
    const w = learnWhitening(
      x,
      queries,
      queries.map((q) => q + 1),
    );
    expect(w.shrinkage).toBe(0);
    expect(Array.from(w.mean)).toEqual([0.201113, -0.031133, 0.336711].map((v) => expect.closeTo(v, 5) as number));
    const similarities = (keep: number): number[] => {
      const y = whiten(x, w, keep);
      return Array.from({ length: n }, (_, i) => dot(row(y, 0), row(y, i)));
    };
    const full = [1, 0.986085, -0.993501, -0.99265, 0.981352, 0.967161, -0.992711, -0.988804];
    const two = [1, 0.989134, -0.993481, -0.999908, 0.981959, 0.970515, -0.99332, -0.994743];
    similarities(3).forEach((v, i) => expect(v).toBeCloseTo(full[i]!, 4));
    similarities(2).forEach((v, i) => expect(v).toBeCloseTo(two[i]!, 4));
  });

  it('whitening with fewer pairs than dimensions says that it shrank', () => {
    const dim = 16;
    const data = Float32Array.from({ length: 10 * dim }, (_, i) => Math.sin(i * 1.7) + 0.2);
    const w = learnWhitening({ data, rows: 10, dim }, [0, 2, 4], [1, 3, 5]);
    expect(w.shrinkage).toBeGreaterThan(0);
    expect(w.projection.every(Number.isFinite)).toBe(true);
  });

  it('average precision', () => {
    expect(averagePrecision([0, 2, 5], 3)).toBeCloseTo(0.677778, 6);
    expect(averagePrecision([1], 1)).toBeCloseTo(0.25, 6);
    expect(averagePrecision([0], 1)).toBe(1);
    expect(averagePrecision([4, 9], 4)).toBeCloseTo(0.063889, 6);
    const ranks = positiveRanks([7, 0, 3, 5, 1, 2, 4, 6, 8, 9], new Set([0, 1, 2]), new Set([7, 5]));
    expect(averagePrecision(ranks, 3)).toBeCloseTo(0.763889, 6);
    expect([1, 5, 10].map((k) => precisionAt(ranks, k))).toEqual([1, 0.75, 0.75]);
  });
});
