import { describe, expect, it } from 'vitest';
import { axisOf, nearest, places, ticks, tickStep, tickText } from '../../../src/renderer/kit/chart-scale.ts';
import { stepped } from '../../../src/renderer/kit/number.ts';
import { spoken } from '../../../src/renderer/kit/photo-name.ts';
import { fractionAt, panned, placed, WHOLE, zoomed } from '../../../src/renderer/kit/placement.ts';
import { roved } from '../../../src/renderer/kit/roving.ts';
import { rowsShown, scrolledTo } from '../../../src/renderer/kit/rows.ts';
import { sortedBy } from '../../../src/renderer/kit/sorted.ts';
import { timeLeft } from '../../../src/renderer/kit/time-left.ts';
import { random } from '../setup.ts';

describe('rows of a long list', () => {
  it('covers the window, never leaves the list', () => {
    expect(rowsShown(0, 100, 20, 1000, 0)).toEqual({ first: 0, end: 5 });
    expect(rowsShown(50, 100, 20, 1000, 0)).toEqual({ first: 2, end: 8 });
    expect(rowsShown(0, 100, 20, 3)).toEqual({ first: 0, end: 3 });
    expect(rowsShown(1e6, 100, 20, 10)).toEqual({ first: 10, end: 10 });
    const next = random(3);
    for (let i = 0; i < 200; i += 1) {
      const [row, count, height] = [1 + next() * 80, Math.floor(next() * 5000), next() * 1200];
      const top = next() * Math.max(0, row * count - height);
      const { first, end } = rowsShown(top, height, row, count);
      // Every row that is at least partly in the window is there.
      const seen = Array.from({ length: count }, (_, r) => r).filter(
        (r) => (r + 1) * row > top && r * row < top + height,
      );
      expect(seen.filter((r) => r < first || r >= end)).toEqual([]);
      expect(end - first).toBeLessThanOrEqual(Math.ceil(height / row) + 9);
    }
  });

  it('scrolls no further than it must, and under a head', () => {
    expect(scrolledTo(3, 0, 100, 20)).toBe(0);
    expect(scrolledTo(5, 0, 100, 20)).toBe(20);
    expect(scrolledTo(2, 100, 100, 20)).toBe(40);
    expect(scrolledTo(5, 0, 100, 20, 30)).toBe(50);
  });
});

describe('numbers of a field', () => {
  it.each([
    [5, 1, {}, 6],
    [5, 10, { max: 12 }, 12],
    [0.7, 1, { step: 0.05 }, 0.75],
    [0.7, 1, {}, 0.8],
    [1e-5, 1, {}, 2e-5],
    [1e-5, -1, { min: 1e-8 }, 1e-8],
    [0.1, 2, { step: 0.1 }, 0.3],
    [null, 1, { min: 3 }, 3],
    [null, -1, {}, 0],
    [0, -1, {}, -1],
  ])('%s by %s steps in %o is %s', (value, steps, bounds, expected) => {
    expect(stepped(value, steps, bounds)).toBe(expected);
  });
});

describe('the axes of a chart', () => {
  it('steps are 1, 2 or 5 times a power of ten', () => {
    expect(tickStep([0, 1], 5)).toBeCloseTo(0.2, 12);
    expect(tickStep([0, 100], 4)).toBe(20);
    expect(tickStep([0, 30], 3)).toBe(10);
    expect(tickStep([1, 3], 8, true)).toBe(1);
    expect(tickStep([4, 4], 5)).toBe(1);
  });
  it('ticks lie on multiples of the step, without dust of floating point', () => {
    expect(ticks([0, 0.6], 0.2)).toEqual([0, 0.2, 0.4, 0.6]);
    expect(ticks([1, 6], 2)).toEqual([2, 4, 6]);
    expect(ticks([-0.15, 0.1], 0.1)).toEqual([-0.1, 0, 0.1]);
  });
  it('contains every value, keeps given bounds, gives one value room', () => {
    const { domain, step } = axisOf([0.141, 0.44], { wanted: 4 });
    expect(domain[0]).toBeLessThanOrEqual(0.141);
    expect(domain[1]).toBeGreaterThanOrEqual(0.44);
    expect(ticks(domain, step).at(-1)).toBe(domain[1]);
    expect(axisOf([0.3], { min: 0, max: 1, wanted: 4 }).domain).toEqual([0, 1]);
    const one = axisOf([5], { wanted: 4 }).domain;
    expect(one[0]).toBeLessThan(5);
    expect(one[1]).toBeGreaterThan(5);
    expect(axisOf([99], { limit: 100, wanted: 4 }).domain[1]).toBe(100);
    expect(axisOf([42], { limit: 100, wanted: 4 }).domain[1]).toBeLessThan(60);
    expect(axisOf([], { wanted: 4 }).domain).toEqual([0, 1]);
    expect(axisOf([0, 0], { min: 0, wanted: 4 }).domain[1]).toBeGreaterThan(0);
  });
  it('writes as many digits as the step has', () => {
    expect(tickText(0.2, 0.2)).toBe('0.2');
    expect(tickText(0.25, 0.05)).toBe('0.25');
    expect(tickText(20, 20)).toBe('20');
    expect(tickText(0, 0.5)).toBe('0.0');
    expect(tickText(2e-5, 1e-5)).toBe('2e-5');
    expect(tickText(3_000_000, 1_000_000)).toBe('3e+6');
  });
  it('finds the nearest place', () => {
    const all = places([
      {
        name: 'a',
        colour: 'accent',
        points: [
          [3, 0],
          [1, 0],
        ],
      },
      {
        name: 'b',
        colour: 'accent',
        points: [
          [2, 0],
          [3, 1],
        ],
      },
    ]);
    expect(all).toEqual([1, 2, 3]);
    expect(nearest(all, 2.4)).toBe(1);
    expect(nearest([], 2)).toBe(-1);
  });
});

describe('placement of a photo', () => {
  const frame = { x: 0, y: 0, width: 200, height: 100 };
  const photo = { width: 100, height: 100 };
  it('fits whole into its frame, centred', () => {
    expect(placed(frame, photo, WHOLE)).toEqual({ x: 50, y: 0, width: 100, height: 100 });
  });
  it('keeps what is under the pointer there while it zooms', () => {
    const next = random(11);
    for (let i = 0; i < 200; i += 1) {
      const view = { zoom: 2 + next() * 5, x: 0.5, y: 0.5 };
      const at = [60 + next() * 80, next() * 100] as const;
      const f = fractionAt(placed(frame, photo, view), ...at);
      const after = zoomed(view, 1 + next() * 0.3, f);
      const r = placed(frame, photo, after);
      expect(r.x + f[0] * r.width).toBeCloseTo(at[0], 6);
      expect(r.y + f[1] * r.height).toBeCloseTo(at[1], 6);
    }
  });
  it('never shrinks below whole, and moves only when enlarged, not past the photo', () => {
    expect(zoomed({ zoom: 1.1, x: 0.2, y: 0.9 }, 0.5, [0, 0])).toEqual(WHOLE);
    expect(zoomed(WHOLE, 1e6, [0.5, 0.5]).zoom).toBe(32);
    expect(panned(WHOLE, 0.4, 0.4)).toEqual(WHOLE);
    expect(panned({ zoom: 2, x: 0.9, y: 0.1 }, 0.4, -0.4)).toEqual({ zoom: 2, x: 1, y: 0 });
  });
});

describe('arrows in a row', () => {
  it('joins the ends and leaves other keys alone', () => {
    expect(roved('ArrowRight', 2, 3)).toBe(0);
    expect(roved('ArrowLeft', 0, 3)).toBe(2);
    expect(roved('Home', 2, 3)).toBe(0);
    expect(roved('End', 0, 3)).toBe(2);
    expect(roved('ArrowDown', 0, 3)).toBeUndefined();
    expect(roved('ArrowDown', 0, 3, 'both')).toBe(1);
    expect(roved('ArrowRight', 0, 3, 'column')).toBeUndefined();
    expect(roved('a', 0, 3)).toBeUndefined();
    expect(roved('Home', 0, 0)).toBeUndefined();
  });
});

describe('sorting a table', () => {
  interface R {
    readonly name: string;
    readonly n: number | null;
  }
  const rows: readonly R[] = [
    { name: 'scene 10', n: 2 },
    { name: 'scene 9', n: null },
    { name: 'scene 1', n: 30 },
  ];
  const columns = [
    { key: 'name', label: 'Name', value: (r: R) => r.name },
    { key: 'n', label: 'N', value: (r: R) => r.n },
  ];
  const names = (key: string, down: boolean): string[] => sortedBy(rows, columns, { key, down }).map((r) => r.name);
  it('numbers by size, names with their numbers, what has no value last both ways', () => {
    expect(names('name', false)).toEqual(['scene 1', 'scene 9', 'scene 10']);
    expect(names('n', false)).toEqual(['scene 10', 'scene 1', 'scene 9']);
    expect(names('n', true)).toEqual(['scene 1', 'scene 10', 'scene 9']);
    expect(sortedBy(rows, columns, null)).toBe(rows);
    expect(sortedBy(rows, columns, { key: 'none', down: true })).toBe(rows);
  });
});

describe('what is said', () => {
  it.each([
    [0.2, '1 s'],
    [42, '42 s'],
    [134, '2 min 10 s'],
    [180, '3 min'],
    [1500, '25 min'],
    [3599, '1 h'],
    [7800, '2 h 10 min'],
  ])('%s seconds left are %s', (seconds, text) => {
    expect(timeLeft(seconds)).toBe(text);
  });
  it('names a photo with its states', () => {
    expect(spoken({ alt: 'a.jpg' })).toBe('a.jpg');
    expect(spoken({ alt: '' })).toBe('');
    expect(spoken({ alt: 'a.jpg', missing: true })).toBe('a.jpg, missing');
    expect(spoken({ alt: 'a.jpg', verdict: 'false', chosen: true, collected: true, folded: 3 })).toBe(
      'a.jpg, false, chosen, in the collection, 3 folded under it',
    );
  });
});
