import { describe, expect, it } from 'vitest';
import { contains, pointsInside, simplified, type Point } from '../../../src/renderer/kit/polygon.ts';
import {
  beginningsOf,
  MOST_IN_ADDRESS,
  MOST_SAID,
  numbersOf,
  numbersText,
  photosText,
} from '../../../src/renderer/kit/short-text.ts';
import { foundBy, lassoOf, lassoText, outlineOf, sumOf } from '../../../src/renderer/views/map/lasso-text.ts';
import { selectionText } from '../../../src/renderer/views/common/use-selection-address.ts';
import { random } from '../setup.ts';

const next = random(7);
const below = (n: number): number => Math.floor(next() * n);
const hex = (n: number): string => Array.from({ length: n }, () => below(16).toString(16)).join('');
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~ %+ä';
const anything = (n: number): string => Array.from({ length: n }, () => CHARACTERS[below(CHARACTERS.length)]!).join('');

describe('numbers in an address', () => {
  it('are read as they were written, whatever they are', () => {
    for (let round = 0; round < 500; round += 1) {
      const numbers = Array.from({ length: below(30) }, () => Math.trunc((next() - 0.5) * 2 ** below(33)));
      expect(numbersOf(numbersText(numbers))).toEqual(numbers.map((n) => n + 0));
    }
    const ends = [0, -1, 1, 15, -16, 16, 2 ** 31 - 1, -(2 ** 31)];
    expect(numbersOf(numbersText(ends))).toEqual(ends);
    expect(numbersText([0, -1, 15, -16])).toHaveLength(4);
    for (const n of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) expect(() => numbersText([n])).toThrow(RangeError);
  });

  it('have one way to be written; anything else is refused', () => {
    for (let round = 0; round < 3000; round += 1) {
      const text = anything(below(24));
      const numbers = numbersOf(text);
      if (numbers !== null) expect(numbersText(numbers)).toBe(text);
    }
    for (const text of ['g', 'gA', '________', '_______f', '______I', 'A B', 'é'])
      expect(numbersOf(text), text).toBeNull();
  });
});

describe('photos in an address', () => {
  it('are read in their order by the beginnings of their ids', () => {
    for (let round = 0; round < 200; round += 1) {
      const ids = new Set(Array.from({ length: 1 + below(MOST_SAID) }, () => hex(32)));
      const text = photosText(ids)!;
      expect(text.length).toBeLessThanOrEqual(MOST_IN_ADDRESS);
      expect(encodeURIComponent(text)).toBe(text);
      expect(beginningsOf(text)).toEqual([...ids].map((id) => id.slice(0, 12)));
    }
  });

  it('are not said where they are too many or no photos', () => {
    const many = Array.from({ length: MOST_SAID + 1 }, () => hex(32));
    expect(photosText(new Set(many))).toBeNull();
    expect(photosText(new Set(many.slice(1)))).toHaveLength(MOST_SAID * 8);
    for (const id of ['', 'a', 'A'.repeat(32), `${'a'.repeat(11)}g`]) expect(photosText(new Set([id]))).toBeNull();
  });

  it('are refused where something else stands', () => {
    for (let round = 0; round < 3000; round += 1) {
      const text = anything(below(40));
      const begins = beginningsOf(text);
      if (begins === null) continue;
      expect(begins.every((b) => /^[0-9a-f]{12}$/.test(b))).toBe(true);
      expect(text).toMatch(/^[\w-]+$/);
    }
    expect(beginningsOf('')).toBeNull();
    expect(beginningsOf('A'.repeat(7))).toBeNull();
    expect(beginningsOf('A'.repeat(MOST_SAID * 8 + 8))).toBeNull();
    expect(beginningsOf('A'.repeat(16))).toEqual(['0'.repeat(12)]);
  });

  it('say nothing of what the address implies, and what differs from it where that is shorter', () => {
    const [a, b, c] = [hex(32), hex(32), hex(32)];
    const many = Array.from({ length: 400 }, () => hex(32));
    const set = (...ids: string[]): Set<string> => new Set(ids);
    expect(selectionText(set(), set(), null)).toBeUndefined();
    expect(selectionText(set(a), set(), a)).toBeUndefined();
    expect(selectionText(set(a), set(), b)).toBe(photosText(set(a)));
    expect(selectionText(set(a, b), set(), a)).toBe(photosText(set(a, b)));
    expect(selectionText(set(...many), set(), null)).toBeNull();
    expect(selectionText(set(...many), set(...many), null)).toBeUndefined();
    expect(selectionText(set(), set(a), null)).toBe('none');
    expect(selectionText(set(...many, a), set(...many), null)).toBe(`~${photosText(set(a))}`);
    expect(selectionText(set(...many.slice(2)), set(...many), null)).toBe(`~${photosText(set(many[0]!, many[1]!))}`);
    expect(selectionText(set(a, b, c), set(...many), null)).toBe(photosText(set(a, b, c)));
  });
});

describe('a lasso in an address', () => {
  /** A closed line around a place, drawn by hand: many points that jump about. */
  function drawn(x: number, y: number, radius: number, pixel: Point): Point[] {
    const n = 20 + below(300);
    return Array.from({ length: n }, (_, i) => {
      const r = radius * (0.6 + 0.4 * next());
      return [x + r * Math.cos((2 * Math.PI * i) / n) + pixel[0], y + r * Math.sin((2 * Math.PI * i) / n)];
    });
  }
  /** A hand that does not jump about. */
  function smooth(x: number, y: number, radius: number): Point[] {
    return Array.from({ length: 4000 }, (_, i) => {
      const at = (2 * Math.PI * i) / 4000;
      const r = radius * (1 + 0.2 * Math.sin(3 * at) + 0.1 * Math.cos(7 * at));
      return [x + r * Math.cos(at), y + r * Math.sin(at)];
    });
  }
  const places = { x: Float32Array.from({ length: 500 }, next), y: Float32Array.from({ length: 500 }, next) };

  it('finds the same when it is read again', () => {
    for (let round = 0; round < 60; round += 1) {
      const pixel: Point = [1 / (50 + below(3000)), 1 / (50 + below(1000))];
      const outlines = Array.from({ length: 1 + below(3) }, () =>
        outlineOf(drawn(next(), next(), next(), pixel), pixel),
      );
      const found = foundBy(outlines, places.x, places.y);
      const said = { outlines, count: Math.max(1, found.length), sum: below(2 ** 32) };
      const text = lassoText(said);
      if (text === null) continue;
      expect(encodeURIComponent(text)).toBe(text);
      expect(lassoOf(text)).toEqual(said);
      expect(foundBy(lassoOf(text)!.outlines, places.x, places.y)).toEqual(found);
    }
  });

  it('is short, and finds what lies a pixel within the line and nothing a pixel outside', () => {
    const pixel: Point = [1 / 900, 1 / 600];
    const line = smooth(0.5, 0.4, 0.3);
    const outline = outlineOf(line, pixel);
    expect(lassoText({ outlines: [outline], count: 9, sum: 9 })!.length).toBeLessThan(400);
    const far = (p: Point): number =>
      Math.min(...line.map((q) => Math.hypot((p[0] - q[0]) / pixel[0], (p[1] - q[1]) / pixel[1])));
    let near = 0;
    for (let i = 0; i < places.x.length; i += 1) {
      const p: Point = [places.x[i]!, places.y[i]!];
      if (contains(line, p) === contains(outline.points, p)) continue;
      near += 1;
      expect(far(p)).toBeLessThan(1.5);
    }
    expect(near).toBeLessThan(10);
  });

  it('is not said where it is too long, and refused where something else stands', () => {
    const pixel: Point = [1 / 2000, 1 / 2000];
    const scribble = Array.from({ length: 3000 }, (): Point => [next(), next()]);
    expect(lassoText({ outlines: [outlineOf(scribble, pixel)], count: 1, sum: 1 })).toBeNull();
    expect(
      lassoText({
        outlines: [
          {
            bits: 24,
            points: [
              [1e9, 0],
              [0, 1],
              [1, 1],
            ],
          },
        ],
        count: 1,
        sum: 1,
      }),
    ).toBeNull();
    for (let round = 0; round < 3000; round += 1) {
      const text = [below(99), below(9999), anything(below(30))].join('.');
      const lasso = lassoOf(text);
      if (lasso === null) continue;
      expect(lasso.outlines.every((o) => o.points.length >= 3 && o.points.flat().every(Number.isFinite))).toBe(true);
    }
    const good = lassoText({ outlines: [outlineOf(smooth(0.5, 0.5, 0.2), pixel)], count: 3, sum: 5 })!;
    expect(lassoOf(good)).not.toBeNull();
    for (const bad of [
      '',
      '.',
      '..',
      '3.5',
      '3.5.',
      `0.5.${good.split('.')[2]}`,
      `3.zzzzzzz.${good.split('.')[2]}`,
      good.slice(0, -1),
      `${good}.A`,
      `-3.5.${good.split('.')[2]}`,
      `${good}${'.AAAAAAAA'.repeat(400)}`,
    ])
      expect(lassoOf(bad), bad).toBeNull();
  });

  it('knows its photos in whatever order', () => {
    const ids = Array.from({ length: 50 }, () => hex(32));
    expect(sumOf(ids)).toBe(sumOf([...ids].reverse()));
    expect(sumOf(ids)).not.toBe(sumOf(ids.slice(1)));
  });
});

describe('a line with fewer points', () => {
  it('has its ends, and is never farther away than was said', () => {
    for (let round = 0; round < 30; round += 1) {
      const line = Array.from({ length: 2 + below(60) }, (): Point => [next() * 100, next() * 100]);
      const by = next() * 20;
      const few = simplified(line, by);
      expect([few[0], few.at(-1)]).toEqual([line[0], line.at(-1)]);
      expect(few.every((p) => line.includes(p))).toBe(true);
      if (by < 0.001) expect(few).toHaveLength(line.length);
    }
    expect(simplified([], 1)).toEqual([]);
    expect(simplified([[1, 1]], 1)).toEqual([[1, 1]]);
    expect(
      simplified(
        [
          [0, 0],
          [1, 0.1],
          [2, 0],
        ],
        0.5,
      ),
    ).toEqual([
      [0, 0],
      [2, 0],
    ]);
  });
  it('encloses what each point says alone', () => {
    const polygon: Point[] = [
      [0.2, 0.2],
      [0.8, 0.3],
      [0.5, 0.9],
    ];
    const [x, y] = [Float32Array.from({ length: 500 }, next), Float32Array.from({ length: 500 }, next)];
    const each = Array.from(x, (_, i) => i).filter((i) => contains(polygon, [x[i]!, y[i]!]));
    expect(pointsInside(polygon, x, y)).toEqual(each);
    expect(each.length).toBeGreaterThan(50);
  });
});
