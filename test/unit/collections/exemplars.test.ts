import { describe, expect, it } from 'vitest';
import { calibration, likeness, nextToJudge } from '../../../src/main/engine/collections/exemplars.ts';
import { Cosines } from '../../../src/main/engine/retrieval/cosines.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { dot, normaliseRows, row, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';

/** Rows before `split` lie on one side of a plane, the others on the other, with noise in all other directions. */
function twoSides(rows: number, split: number, dim: number, seed: number, apart = 0.4): Matrix {
  const r = random(seed);
  const data = Float32Array.from({ length: rows * dim }, (_, i) =>
    i % dim === 0 ? (Math.floor(i / dim) < split ? apart : -apart) : r.next() - 0.5,
  );
  return normaliseRows({ data, rows, dim }, 'sides');
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const auc = (scores: Float64Array, split: number): number => {
  let [won, all] = [0, 0];
  for (let i = 0; i < split; i += 1)
    for (let j = split; j < scores.length; j += 1, all += 1) won += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0; // prettier-ignore
  return won / all;
};

describe('likeness', () => {
  it('is the best, and the mean, of the cosines with the positives', async () => {
    const m = twoSides(30, 15, 12, 1);
    const c = await Cosines.create(m);
    const best = likeness(m, c, [2, 7, 9], [20], 'best');
    const mean = likeness(m, c, [2, 7, 9], [20], 'mean');
    for (let i = 0; i < 30; i += 1) {
      const all = [2, 7, 9].map((p) => dot(row(m, p), row(m, i)));
      expect(best[i]).toBeCloseTo(Math.max(...all), 5);
      expect(mean[i]).toBeCloseTo((all[0]! + all[1]! + all[2]!) / 3, 5);
    }
  });
  it('by a classifier parts what a plane parts, better than the mean does', async () => {
    const m = twoSides(200, 100, 24, 2);
    const c = await Cosines.create(m);
    const taught = likeness(m, c, range(0, 10), range(100, 110), 'classifier');
    expect(auc(taught, 100)).toBeGreaterThan(0.9);
    expect(auc(taught, 100)).toBeGreaterThan(auc(likeness(m, c, range(0, 10), [], 'mean'), 100));
  });
  it('by a classifier is not outvoted by many refusals', async () => {
    const m = twoSides(200, 100, 24, 3, 1);
    const scores = likeness(m, await Cosines.create(m), range(0, 5), range(100, 160), 'classifier');
    const right = scores.filter((s, i) => s > 0 === i < 100).length;
    expect(right).toBeGreaterThan(180);
  });
  it('by a classifier is refused below five of either kind, with what there is', async () => {
    const m = twoSides(30, 15, 12, 1);
    const c = await Cosines.create(m);
    expect(() => likeness(m, c, range(0, 4), range(15, 25), 'classifier')).toThrow(/at least 5 .* there are 4 and 10/);
    expect(() => calibration(m, range(0, 10), range(15, 19))).toThrow(/there are 10 and 4/);
    expect(likeness(m, c, range(0, 5), range(15, 20), 'classifier')).toHaveLength(30);
  });
});

it('calibrated scores are probabilities: of what is said to be so likely, about so much is', async () => {
  const m = twoSides(2000, 1000, 8, 5, 0.25);
  const [yes, no] = [range(0, 60), range(1000, 1060)];
  const scores = likeness(m, await Cosines.create(m), yes, no, 'classifier');
  const probability = calibration(m, yes, no);
  const p = Array.from(scores, probability);
  expect(p.every((v) => v > 0 && v < 1)).toBe(true);
  // Of ten bins of likelihood, weighted by size: the mean gap between what was said and what is.
  const bins = Map.groupBy(p.keys(), (i) => Math.min(9, Math.floor(10 * p[i]!)));
  let gap = 0;
  for (const of of bins.values()) {
    const said = of.reduce((a, i) => a + p[i]!, 0) / of.length;
    const is = of.filter((i) => i < 1000).length / of.length;
    gap += (of.length / p.length) * Math.abs(said - is);
  }
  expect(gap).toBeLessThan(0.1);
});

describe('the next to judge', () => {
  const m = twoSides(120, 60, 16, 7);
  it('are never judged ones, and the most uncertain of the classifier first', async () => {
    const c = await Cosines.create(m);
    const [yes, no] = [range(0, 6), range(60, 67)];
    const scores = likeness(m, c, yes, no, 'classifier');
    const { rows, how } = await nextToJudge(m, c, yes, no, { n: 20, by: 'uncertainty' });
    const judged = new Set([...yes, ...no]);
    const literal = range(0, 120)
      .filter((i) => !judged.has(i))
      .sort((a, b) => Math.abs(scores[a]!) - Math.abs(scores[b]!) || a - b);
    expect(how).toBe('classifier');
    expect(rows).toEqual(literal.slice(0, 20));
  });
  it('that are diverse are of the most uncertain, begin with the first of them, and differ more', async () => {
    const c = await Cosines.create(m);
    const [yes, no] = [range(0, 6), range(60, 67)];
    const uncertain = await nextToJudge(m, c, yes, no, { n: 50, by: 'uncertainty' });
    const five = await nextToJudge(m, c, yes, no, { n: 5, by: 'diversity' });
    expect(five.rows[0]).toBe(uncertain.rows[0]);
    expect(five.rows.every((r) => uncertain.rows.includes(r))).toBe(true);
    const nearest = (rows: readonly number[]): number =>
      Math.max(...rows.flatMap((a) => rows.filter((b) => b !== a).map((b) => dot(row(m, a), row(m, b)))));
    expect(nearest(five.rows)).toBeLessThan(nearest(uncertain.rows.slice(0, 5)));
  });
  it('before there is a classifier are the likest, or those between both kinds; of nothing at all it says so', async () => {
    const c = await Cosines.create(m);
    const like = likeness(m, c, [3], [], 'best');
    const first = await nextToJudge(m, c, [3], [], { n: 1, by: 'uncertainty' });
    const others = range(0, 120).filter((i) => i !== 3);
    expect(first).toEqual({ rows: [others.reduce((a, b) => (like[b]! > like[a]! ? b : a))], how: 'likeness' });
    expect((await nextToJudge(m, c, [3], [70], { n: 5, by: 'uncertainty' })).how).toBe('difference');
    await expect(nextToJudge(m, c, [], [], { n: 5, by: 'uncertainty' })).rejects.toThrow(/No photo was judged/);
  });
  it('of equally uncertain ones are the lower rows, in whatever order they may be asked for', async () => {
    const same: Matrix = {
      data: Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 : 0)),
      rows: 200,
      dim: 2,
    };
    const c = await Cosines.create(same);
    const among = range(10, 190).reverse();
    const { rows } = await nextToJudge(same, c, [20], [], { n: 12, by: 'uncertainty', among });
    expect(rows).toEqual([...range(10, 20), 21, 22]);
  });
  it('are only of those that may be asked for, and fewer where there are no more', async () => {
    const c = await Cosines.create(m);
    for (const by of ['uncertainty', 'diversity'] as const) {
      const { rows } = await nextToJudge(m, c, [3], [70], { n: 20, by, among: [3, 5, 70, 80, 80] });
      expect(rows.toSorted()).toEqual([5, 80]);
    }
  });
});
