import { describe, expect, it } from 'vitest';
import { median, quantile, trendOf, type Sample } from '../../soak/trend.ts';

/** A look every ten seconds. */
const looks = (n: number, value: (hours: number) => number): Sample[] =>
  Array.from({ length: n }, (_, i) => ({ at: 10 * i, value: value(i / 360) }));

describe('the trend of a soak', () => {
  it('is the slope after the warm-up, in an hour and in a day', () => {
    const t = trendOf(
      looks(721, (h) => (h < 0.5 ? 100 + 1000 * h : 600 + 25 * (h - 0.5))),
      0.25,
    );
    expect(t.perHour).toBeCloseTo(25, 6);
    expect([t.first, t.last, t.least, t.most]).toEqual([100, 637.5, 100, 637.5]);
    // The level is the median of what was seen after the first half hour: 600 + 25 * 0.75.
    expect(t.perDay).toBeCloseTo((24 * 25) / 618.75, 6);
  });

  it('is nothing where a quantity goes up and down, or jumps once in a while', () => {
    const saw = trendOf(
      looks(400, (h) => 500 + 200 * ((h * 60) % 1)),
      0.25,
    );
    expect(Math.abs(saw.perDay)).toBeLessThan(0.2);
    const jumps = looks(400, () => 80).map((s, i) => (i % 37 === 0 ? { ...s, value: 900 } : s));
    expect(trendOf(jumps, 0.25)).toMatchObject({ perHour: 0, perDay: 0, most: 900 });
  });

  it('sees a leak that hides among jumps', () => {
    const leak = looks(720, (h) => 300 + 20 * h + 150 * ((h * 97) % 1));
    expect(trendOf(leak, 0.25).perHour).toBeGreaterThan(15);
    expect(trendOf(leak, 0.25).perHour).toBeLessThan(25);
  });

  it('needs four looks, and says so of a quantity that was nothing', () => {
    expect(() =>
      trendOf(
        looks(3, () => 1),
        0,
      ),
    ).toThrow(RangeError);
    expect(
      trendOf(
        looks(8, () => 0),
        0,
      ).perDay,
    ).toBe(0);
    expect(
      trendOf(
        looks(8, (h) => (h > 0.01 ? h : 0)),
        0,
      ).perDay,
    ).toBeGreaterThan(1);
  });
});

describe('shares', () => {
  it('are those of the sorted values', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NaN]);
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([0, 0.5, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 51, 100, 100]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
