import { describe, expect, it } from 'vitest';
import { bootstrap, deviation, mean, pairedTest } from '../../../src/main/engine/evaluation/statistics.ts';

/** Smallest k at which a binomial variable of `n` fair tosses is at most k with a probability of at least q. */
function binomialQuantile(n: number, q: number): number {
  let term = 0.5 ** n;
  let sum = term;
  let k = 0;
  while (sum < q) {
    term *= (n - k) / (k + 1);
    k += 1;
    sum += term;
  }
  return k;
}

describe('the interval of a mean', () => {
  it('is from the 2.5 % to the 97.5 % quantile of resampled means', () => {
    // Resampling fifty zeros and fifty ones is tossing a coin a hundred times, of which the quantiles are known.
    const values = Array.from({ length: 100 }, (_, i) => i % 2);
    const { mean: middle, low, high } = bootstrap(values, 3, 40_000);
    expect(middle).toBe(0.5);
    expect(low).toBe(binomialQuantile(100, 0.025) / 100);
    expect(high).toBe(binomialQuantile(100, 0.975) / 100);
    expect([low, high]).toEqual([0.4, 0.6]);
  });

  it('is a point where all values are one, and nothing of nothing', () => {
    expect(bootstrap([0.25, 0.25, 0.25])).toEqual({ mean: 0.25, low: 0.25, high: 0.25 });
    expect(bootstrap([])).toEqual({ mean: Number.NaN, low: Number.NaN, high: Number.NaN });
  });

  it('is the same for the same seed and another for another', () => {
    const values = Array.from({ length: 30 }, (_, i) => Math.sin(i * i));
    expect(bootstrap(values, 5)).toEqual(bootstrap(values, 5));
    expect(bootstrap(values, 5)).not.toEqual(bootstrap(values, 6));
  });
});

describe('means and deviations', () => {
  it('are those of a sample', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(deviation([1, 3])).toBeCloseTo(Math.SQRT2, 12);
    expect(deviation([3])).toBe(0);
  });
});

describe('two methods on the same queries', () => {
  it('differ by the mean of b less a, with wins and losses of b', () => {
    const t = pairedTest([0.2, 0.4, 0.5, 0.5], [0.3, 0.7, 0.4, 0.5]);
    expect(t).toMatchObject({ queries: 4, wins: 2, losses: 1 });
    expect(t.difference).toBeCloseTo(0.075, 12);
  });

  it('have as p the share of sign flips that lie at least as far from zero', () => {
    // All of six differences are 1: of 64 ways to flip them, all and none are as far, 1/32.
    const p = pairedTest([0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], 0, 40_000).p;
    expect(Math.abs(p - 1 / 32)).toBeLessThan(0.004);
    // Of 8 ways to flip (3, 1, 1) those with 3 + 1 + 1, 1/4; with the middle one against it, 3/4 are at least 3 apart.
    expect(Math.abs(pairedTest([0, 0, 0], [3, 1, 1], 0, 40_000).p - 1 / 4)).toBeLessThan(0.01);
    expect(Math.abs(pairedTest([0, 0, 0], [3, 1, -1], 0, 40_000).p - 3 / 4)).toBeLessThan(0.01);
  });

  it('that are equal have p 1, and p is never 0', () => {
    expect(pairedTest([0.5, 0.5], [0.5, 0.5]).p).toBe(1);
    const many = Array.from({ length: 60 }, () => 1);
    expect(
      pairedTest(
        many,
        many.map(() => 2),
        0,
        999,
      ).p,
    ).toBe(1 / 1000);
  });
});
