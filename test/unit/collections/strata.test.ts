import { describe, expect, it } from 'vitest';
import { cellOf, drawn, knee, quotas, stratified } from '../../../src/main/engine/collections/choose.ts';

const count = (keys: readonly string[], rows: readonly number[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(rows, (r) => keys[r]!)].map(([k, v]) => [k, v.length]).sort());

describe('shares of strata', () => {
  it('in proportion go by largest remainders', () => {
    // 10 of 53, 24, 23: 5.3, 2.4, 2.3, the one left over goes to the largest remainder.
    expect(quotas([53, 24, 23], 10, 'proportional')).toEqual([5, 3, 2]);
    expect(quotas([1, 1, 1], 2, 'proportional')).toEqual([1, 1, 0]);
  });
  it('that are equal give what small strata lack to the others', () => {
    expect(quotas([1, 10, 10], 9, 'equal')).toEqual([1, 4, 4]);
    expect(quotas([2, 2], 9, 'equal')).toEqual([2, 2]);
  });
  it('count what is kept already', () => {
    expect(quotas([10, 10], 4, 'equal', [3, 0])).toEqual([3, 1]);
    expect(quotas([90, 10], 10, 'proportional', [0, 3])).toEqual([7, 3]);
  });
});

describe('stratified choosing', () => {
  const keys = [...'aaaaabbbbbccd'];
  it('takes the worthiest of each stratum', () => {
    const worth = [0.1, 0.9, 0.3, 0.2, 0.4, 0.5, 0.6, 0.1, 0.2, 0.3, 0.2, 0.7, 0.1];
    expect(stratified(keys, 'equal', { n: 4, worth })).toEqual([1, 6, 11, 12]);
  });
  it('is random without worth, the same with the same seed', () => {
    const once = stratified(keys, 'equal', { n: 7, seed: 5 });
    expect(stratified(keys, 'equal', { n: 7, seed: 5 })).toEqual(once);
    expect(count(keys, once)).toEqual({ a: 2, b: 2, c: 2, d: 1 });
    const others = [1, 2, 3, 4].map((seed) => stratified(keys, 'equal', { n: 7, seed }).join());
    expect(new Set(others).size).toBeGreaterThan(1);
  });
  it('keeps what is to be kept, within its stratum', () => {
    const chosen = stratified(keys, 'equal', { n: 5, keep: [4, 3], seed: 1 });
    expect(chosen.slice(0, 2)).toEqual([4, 3]);
    expect(count(keys, chosen)).toEqual({ a: 2, b: 1, c: 1, d: 1 });
  });
});

describe('drawing', () => {
  it('has no row twice, keeps what is to be kept, and repeats with its seed', () => {
    const rows = Array.from({ length: 30 }, (_, i) => i);
    const chosen = drawn(rows, { n: 12, keep: [29], seed: 4 });
    expect(chosen[0]).toBe(29);
    expect(new Set(chosen).size).toBe(12);
    expect(drawn(rows, { n: 12, keep: [29], seed: 4 })).toEqual(chosen);
  });
  it('follows worth: first draws fall in its proportion', () => {
    const counts = [0, 0, 0];
    for (let seed = 0; seed < 3000; seed += 1)
      counts[drawn([0, 1, 2], { n: 1, seed, worth: [0.2, 0.3, 0.5] })[0]!]! += 1;
    // Three standard deviations of 3000 draws are at most 0.028.
    [0.2, 0.3, 0.5].forEach((p, i) => expect(Math.abs(counts[i]! / 3000 - p)).toBeLessThan(0.028));
  });
});

describe('cells of time and place', () => {
  const at = (taken: number | null, latitude: number | null, longitude: number | null): string =>
    cellOf({ taken, latitude, longitude }, 24, 1);
  it('part days, and kilometres in both directions at any latitude', () => {
    expect(at(0, 0.001, 0.001)).toBe(at(86_399, 0.008, 0.008));
    expect(at(0, 0.001, 0.001)).not.toBe(at(86_400, 0.001, 0.001));
    expect(at(0, 0.001, 0.001)).not.toBe(at(0, 0.0101, 0.001));
    // At 60 degrees a kilometre is twice as many degrees of longitude.
    const cells = (latitude: number): number =>
      new Set(Array.from({ length: 1000 }, (_, i) => at(0, latitude, i / 1000))).size;
    expect(cells(0.001)).toBe(112);
    expect(cells(60.001)).toBe(56);
  });
  it('have one of their own for what is not known', () => {
    expect(new Set([at(null, 1, 1), at(5, null, 1), at(null, null, null), at(5, 1, 1)]).size).toBe(4);
  });
});

describe('the knee', () => {
  const curve = (means: readonly number[]) => means.map((mean, i) => ({ n: i + 1, mean, least: 0 }));
  it('is where the curve is highest above its chord', () => {
    // Above the chord of slope 0.1 from 0.5: 0, 0.2, 0.3, 0.25, 0.15, 0.
    expect(knee(curve([0.5, 0.8, 1.0, 1.05, 1.05, 1.0]))).toBe(3);
  });
  it('is none for a line, a fall, or two points', () => {
    expect(knee(curve([0.1, 0.2, 0.3, 0.4]))).toBeUndefined();
    expect(knee(curve([0.4, 0.3, 0.2]))).toBeUndefined();
    expect(knee(curve([0.1, 0.9]))).toBeUndefined();
  });
});
