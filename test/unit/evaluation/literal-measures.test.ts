import { describe, expect, it } from 'vitest';
import {
  nonInterpolatedPrecision,
  positiveRanks,
  precisionAt,
} from '../../../src/main/engine/evaluation/average-precision.ts';
import { kMeans, normalisedMutualInformation, recallAtK } from '../../../src/main/engine/evaluation/classes.ts';
import {
  checkedTruth,
  judge,
  type GroundTruth,
  type TruthQuery,
} from '../../../src/main/engine/evaluation/ground-truth.ts';
import {
  checkRanks,
  foundIn,
  interpolated,
  measure,
  precisionRecall,
  rankingOf,
} from '../../../src/main/engine/evaluation/measure.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import type { Protocol } from '../../../src/shared/domain.ts';

const truth = (queries: readonly Partial<TruthQuery>[], images = 10): GroundTruth => ({
  name: 'test',
  images: Array.from({ length: images }, (_, i) => `i${i}`),
  queries: queries.map((q, i) => ({ name: `q${i}`, bbx: null, row: null, labels: {}, ...q })),
});

describe('ranks of positives', () => {
  it('are counted without junk', () => {
    expect(positiveRanks([7, 0, 3, 5, 1, 2], new Set([0, 1, 2]), new Set([7, 5]))).toEqual([0, 2, 3]);
    expect(positiveRanks([], new Set([1]), new Set())).toEqual([]);
    // What is both counts as junk.
    expect(positiveRanks([4, 1], new Set([4, 1]), new Set([4]))).toEqual([0]);
  });

  it('give the precision at k, k cut at the last positive', () => {
    expect([1, 2, 3, 5, 10].map((k) => precisionAt([1, 4], k))).toEqual([0, 1 / 2, 1 / 3, 2 / 5, 2 / 5]);
    expect(precisionAt([], 5)).toBe(0);
  });

  it('give the precision at each positive, averaged', () => {
    expect(nonInterpolatedPrecision([0, 2, 5], 3)).toBeCloseTo((1 + 2 / 3 + 3 / 6) / 3, 12);
    expect(nonInterpolatedPrecision([0], 4)).toBe(0.25);
    expect(nonInterpolatedPrecision([], 0)).toBeNaN();
  });
});

describe('protocols', () => {
  const sets = (protocol: Protocol, q: Partial<TruthQuery>): [number[], number[]] => {
    const { positives, ignored } = judge(truth([q]), protocol)[0]!;
    const sorted = (s: ReadonlySet<number>): number[] => [...s].sort((a, b) => a - b);
    return [sorted(positives), sorted(ignored)];
  };
  it('say what is positive and what is passed over, as methods.md 6 has it', () => {
    const revisited = { row: 9, labels: { easy: [0, 1], hard: [2], junk: [3] } };
    expect(sets('easy', revisited)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(sets('medium', revisited)).toEqual([[0, 1, 2], [3]]);
    expect(sets('hard', revisited)).toEqual([[2], [0, 1, 3]]);
    const plain = { row: 4, labels: { ok: [4, 5, 6], junk: [7] } };
    expect(sets('oxford', plain)).toEqual([[4, 5, 6], [7]]);
    expect(sets('instre', plain)).toEqual([[4, 5, 6], [7]]);
    expect(sets('acc', plain)).toEqual([[4, 5, 6], [7]]);
    expect(sets('holidays', plain)).toEqual([
      [5, 6],
      [4, 7],
    ]);
    expect(sets('recall', plain)).toEqual([
      [5, 6],
      [4, 7],
    ]);
    expect(sets('ukbench', { row: 3, labels: { ok: [5, 6], junk: [7] } })).toEqual([[3, 5, 6], []]);
    expect(sets('holidays', { row: null, labels: { ok: [1] } })).toEqual([[1], []]);
  });

  it('apply where any query has their labels', () => {
    expect(judge(truth([{ labels: { hard: [1] } }, { labels: { easy: [2] } }]), 'easy')).toHaveLength(2);
    expect(() => judge(truth([{ labels: { ok: [1] } }]), 'medium')).toThrow(/does not apply/);
    expect(() => judge(truth([{ labels: { hard: [1] } }]), 'holidays')).toThrow(/does not apply/);
    expect(judge(truth([{ labels: { ok: [1] } }, {}]), 'oxford')[1]!.positives.size).toBe(0);
  });

  it('are checked against the list of images', () => {
    const bad = (q: Partial<TruthQuery>): string | undefined => {
      try {
        checkedTruth(truth([{ labels: { ok: [1] } }, q], 5), 'f');
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    expect(bad({ labels: { ok: [0, 4], junk: [2] }, row: 4 })).toBeUndefined();
    expect(bad({ labels: { ok: [5] } })).toMatch(/q1 refers to image 5.* 5 images/);
    expect(bad({ labels: { hard: [-1] } })).toMatch(/image -1/);
    expect(bad({ labels: { easy: [0.5] } })).toMatch(/image 0.5/);
    expect(bad({ row: 5 })).toMatch(/image 5/);
    expect(() => checkedTruth(truth([]), 'f')).toThrow(/no queries/);
  });
});

describe('measurements', () => {
  const t = truth([{ labels: { ok: [0, 1], junk: [9] } }, { labels: { ok: [] } }, { labels: { ok: [5] } }]);
  const ids = Uint32Array.of(9, 3, 0, 4, 1, 0, 0, 0, 0, 0, 2, 3, 4, 6, 5);
  const ranks = { ids, queries: 3, top: 5 };

  it('average over queries that have positives, and count the others', () => {
    const m = measure(ranks, t, 'oxford');
    // Without junk the positives of q0 stand at 1 and 3 of 0, of q2 at 4.
    const ap0 = (0.5 * (0 / 1 + 1 / 2) + 0.5 * (1 / 3 + 2 / 4)) / 2;
    const ap2 = 0.5 * (0 / 4 + 1 / 5);
    expect(m.map).toBeCloseTo((ap0 + ap2) / 2, 12);
    expect([m.queries, m.skipped]).toEqual([2, 1]);
    expect(m.perQuery).toMatchObject([
      { query: 'q0', index: 0, positives: 2, found: 2, first: 2, precisionAt: { 1: 0, 5: 0.5, 10: 0.5 } },
      { query: 'q2', index: 2, positives: 1, found: 1, first: 5, precisionAt: { 1: 0, 5: 0.2, 10: 0.2 } },
    ]);
    expect(m.mpAtK).toEqual({ 1: 0, 5: 0.35, 10: 0.35 });
    expect(m.recallAtK).toBeUndefined();
    expect(m.ukbench).toBeUndefined();
    expect(m.ap).toBe('trapezoidal');
    expect(measure(ranks, t, 'oxford', 'rectangular').map).toBeCloseTo(((1 / 2 + 2 / 4) / 2 + 1 / 5) / 2, 12);
    expect(measure(ranks, t, 'acc').recallAtK).toEqual({ 1: 0, 2: 0.5, 4: 0.5, 8: 1, 10: 1 });
    expect(() => measure({ ids, queries: 1, top: 5 }, truth([{ labels: { ok: [] } }]), 'oxford')).toThrow(
      expect.objectContaining({ code: 'STATE_EMPTY' }),
    );
  });

  it('of UKBench count the first four', () => {
    const u = truth([{ row: 0, labels: { ok: [1, 2, 3] } }]);
    const of = (list: number[]): number | undefined => measure({ ids: list, queries: 1, top: 6 }, u, 'ukbench').ukbench;
    expect([of([0, 1, 2, 3, 4, 5]), of([0, 4, 1, 5, 2, 3]), of([4, 5, 6, 7, 0, 1])]).toEqual([4, 2, 0]);
  });

  it('have rankings of one query at a time, whatever holds them', () => {
    expect([...Array.from(rankingOf(ranks, 2))]).toEqual([2, 3, 4, 6, 5]);
    expect(Array.from(rankingOf({ ids: [...ids], queries: 3, top: 5 }, 0))).toEqual([9, 3, 0, 4, 1]);
  });

  it('refuse a row named twice within a query, and take it in two queries', () => {
    const two = truth([{ labels: { ok: [0] } }, { labels: { ok: [1] } }], 3);
    expect(() => checkRanks({ ids: [0, 1, 0, 1], queries: 2, top: 2 }, two)).not.toThrow();
    expect(() => checkRanks({ ids: [0, 1, 1, 1], queries: 2, top: 2 }, two)).toThrow(
      /Query 1 \(q1\) ranks row 1 twice/,
    );
    expect(() => checkRanks({ ids: [0, 1, 2, 3], queries: 2, top: 2 }, two)).toThrow(/ranks row 3.* 3 rows/);
    expect(() => checkRanks({ ids: [0, 1, 2, 3], queries: 2, top: 2 }, two, 4)).not.toThrow();
    expect(() => checkRanks({ ids: [0, 0.5], queries: 1, top: 2 }, truth([{}], 3))).toThrow(/row 0.5/);
  });

  it('have a curve of the best precision at a recall or beyond', () => {
    const literal = (found: readonly number[], positives: number): number[] =>
      Array.from({ length: 101 }, (_, i) =>
        Math.max(0, ...found.map((r, j) => (100 * (j + 1) >= i * positives ? (j + 1) / (r + 1) : 0))),
      );
    const r = random(2);
    for (let k = 0; k < 200; k += 1) {
      const found = Array.from({ length: 60 }, (_, i) => i).filter(() => r.next() < 0.2);
      const positives = Math.max(1, found.length + r.below(3));
      expect([...interpolated(found, positives)]).toEqual(literal(found, positives));
    }
    const curve = precisionRecall(foundIn(ranks, judge(t, 'oxford')), t, 'oxford');
    expect(curve).toHaveLength(101);
    curve.forEach(([recall, precision], i) => {
      expect(recall).toBeCloseTo(i / 100, 12);
      expect(precision).toBeCloseTo((literal([1, 3], 2)[i]! + literal([4], 1)[i]!) / 2, 12);
    });
    const none = truth([{ labels: { ok: [] } }]);
    const nothing = foundIn({ ...ranks, queries: 1 }, judge(none, 'oxford'));
    expect(precisionRecall(nothing, none, 'oxford').every(([, p]) => p === 0)).toBe(true);
  });
});

describe('classes', () => {
  it('have recall by the nearest others, and mutual information', async () => {
    // On a circle: 0 and 1 side by side, then 2, 3 of another class, and 4, of the first, beyond.
    const angles = [0, 1, 20, 22, 40];
    const data = Float32Array.from(
      angles.flatMap((a) => [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)]),
    );
    const labels = [0, 0, 1, 1, 0];
    expect(await recallAtK({ data, rows: 5, dim: 2 }, labels)).toEqual({ 1: 0.8, 2: 0.8, 4: 1, 8: 1 });
    expect(normalisedMutualInformation([1, 1], [2, 2])).toBe(1);
  });

  it('are found by k-means where they are apart: each row at its nearest mean, each mean that of its rows', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const r = random(100 + seed);
      const [rows, dim, k] = [40, 3, 4];
      const data = Float32Array.from(
        { length: rows * dim },
        (_, at) => (Math.floor(at / dim) % k === at % dim ? 9 : 0) + r.next(),
      );
      const of = kMeans({ data, rows, dim }, k, seed);
      const means = Array.from({ length: k }, (_, c) => {
        const own = [...of.keys()].filter((i) => of[i] === c);
        return own.length === 0
          ? undefined
          : [0, 1, 2].map((d) => own.reduce((s, i) => s + data[i * dim + d]!, 0) / own.length);
      });
      of.forEach((c, i) => {
        const away = means.map((m) =>
          m === undefined ? Infinity : Math.hypot(...m.map((v, d) => v - data[i * dim + d]!)),
        );
        expect(away[c]).toBeLessThanOrEqual(Math.min(...away) + 1e-6);
      });
      expect(kMeans({ data, rows, dim }, k, seed)).toEqual(of);
      // Seeds that are drawn far from each other find all four groups.
      expect(new Set(of).size).toBe(4);
      for (let i = k; i < rows; i += 1) expect(of[i]).toBe(of[i % k]);
    }
  });
});
