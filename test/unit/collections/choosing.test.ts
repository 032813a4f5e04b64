import { describe, expect, it } from 'vitest';
import {
  coverage,
  distanceOf,
  facilityCandidates,
  facilityLocation,
  kCenter,
  typical,
} from '../../../src/main/engine/collections/choose.ts';
import { Cosines } from '../../../src/main/engine/retrieval/cosines.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { dot, normaliseRows, row, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';

/** Unit vectors around a few centres. */
function points(rows: number, dim: number, seed: number, centres = 5, spread = 0.7): Matrix {
  const r = random(seed);
  const middle = Array.from({ length: centres * dim }, () => r.next() - 0.5);
  const data = Float32Array.from({ length: rows * dim }, (_, i) => {
    const c = Math.floor(i / dim) % centres;
    return middle[c * dim + (i % dim)]! + spread * (r.next() - 0.5);
  });
  return normaliseRows({ data, rows, dim }, 'points');
}
/** Rows that are unit vectors of the axes named: cosines are 0 and 1 alone, so that there are ties. */
function axes(which: readonly number[], dim: number): Matrix {
  const data = new Float32Array(which.length * dim);
  which.forEach((a, i) => (data[i * dim + a] = 1));
  return { data, rows: which.length, dim };
}
const cosine = (m: Matrix, a: number, b: number): number => dot(row(m, a), row(m, b));
const nearest = (m: Matrix, chosen: readonly number[]): number[] =>
  Array.from({ length: m.rows }, (_, i) => Math.max(...chosen.map((c) => cosine(m, i, c))));
const radius = (m: Matrix, chosen: readonly number[]): number => distanceOf(Math.min(...nearest(m, chosen)));
const sum = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const facility = (m: Matrix, chosen: readonly number[]): number => sum(nearest(m, chosen).map((c) => 1 + c));
function* subsets(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) return yield [];
  for (let i = from; i <= n - k; i += 1) for (const rest of subsets(n, k - 1, i + 1)) yield [i, ...rest];
}
const best = <T>(all: Iterable<T>, value: (t: T) => number): number => Math.max(...Array.from(all, value));

describe('the kernel of cosines', () => {
  it.each([1, 3, 16, 17, 50, 256])('gives inner products of %i dimensions', async (dim) => {
    const m = points(37, dim, dim);
    const c = await Cosines.create(m);
    const q = row(points(1, dim, 99), 0);
    Array.from(c.with(q)).forEach((v, i) => expect(v).toBeCloseTo(dot(row(m, i), q), 5));
    Array.from(c.with(row(m, 7))).forEach((v, i) => expect(v).toBeCloseTo(cosine(m, i, 7), 5));
    c.take(3);
    c.take(11);
    Array.from(c.best).forEach((v, i) => expect(v).toBeCloseTo(nearest(m, [3, 11])[i]!, 5));
    const grown = sum(nearest(m, [3, 11, 20])) - sum(nearest(m, [3, 11]));
    expect(c.gain(20)).toBeCloseTo(grown, 4);
  });
});

/** Farthest first as it is defined, over all pairs. */
function literalKCenter(m: Matrix, n: number, start: readonly number[], worth?: readonly number[]): number[] {
  const chosen = [...start];
  while (chosen.length < n) {
    const near = nearest(m, chosen);
    const free = near
      .map((c, i) => ({ i, d: (worth?.[i] ?? 1) * distanceOf(c) }))
      .filter(({ i }) => !chosen.includes(i));
    chosen.push(free.reduce((a, b) => (b.d > a.d ? b : a)).i);
  }
  return chosen;
}

describe('k-center', () => {
  it.each([1, 2, 3, 4])('is the literal greedy choice (seed %i)', async (seed) => {
    const m = points(60, 24, seed);
    const chosen = kCenter(m, await Cosines.create(m), { n: 12, keep: [5, 40] });
    expect(chosen.rows).toEqual(literalKCenter(m, 12, [5, 40]));
  });
  it('weighs distances by worth', async () => {
    const m = points(60, 24, 6);
    const r = random(3);
    const worth = Array.from({ length: 60 }, () => 0.1 + 0.9 * r.next());
    const chosen = kCenter(m, await Cosines.create(m), { n: 12, keep: [5], worth });
    expect(chosen.rows).toEqual(literalKCenter(m, 12, [5], worth));
  });
  it('covers within twice the smallest possible radius', async () => {
    for (const seed of [1, 2, 3]) {
      const m = points(12, 6, seed, 4);
      const { rows } = kCenter(m, await Cosines.create(m), { n: 3 });
      const least = -best(subsets(12, 3), (s) => -radius(m, s));
      expect(radius(m, rows)).toBeLessThanOrEqual(2 * least + 1e-6);
    }
  });
  it('takes the lower of equal rows, kept ones first, and every row in the end', async () => {
    const m = axes([0, 1, 1, 2, 2, 0], 3);
    const c = await Cosines.create(m);
    expect(kCenter(m, c, { n: 4, keep: [5] }).rows).toEqual([5, 1, 3, 0]);
    expect(kCenter(m, c, { n: 99, keep: [5] }).rows.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
  });
  it('begins in the middle, or at random with a seed, and is the same each time', async () => {
    const m = points(40, 8, 2);
    const c = await Cosines.create(m);
    const mean = Array.from({ length: 8 }, (_, k) => sum(Array.from({ length: 40 }, (_, i) => row(m, i)[k]!)));
    const near = Array.from({ length: 40 }, (_, i) => dot(row(m, i), mean));
    expect(kCenter(m, c, { n: 5 }).rows[0]).toBe(near.indexOf(Math.max(...near)));
    const starts = new Set([1, 2, 3, 4, 5].map((seed) => kCenter(m, c, { n: 1, seed }).rows[0]));
    expect(starts.size).toBeGreaterThan(1);
    expect(kCenter(m, c, { n: 7, seed: 3 })).toEqual(kCenter(m, c, { n: 7, seed: 3 }));
  });
  it('says how well the first so many cover', async () => {
    const m = points(50, 16, 8);
    const { rows, curve } = kCenter(m, await Cosines.create(m), { n: 9 });
    curve.forEach((p, k) => {
      const near = nearest(m, rows.slice(0, k + 1));
      expect(p.n).toBe(k + 1);
      expect(p.mean).toBeCloseTo(sum(near) / 50, 5);
      expect(p.least).toBeCloseTo(Math.min(...near), 5);
    });
    expect(coverage(await Cosines.create(m), rows).curve).toEqual(curve);
  });
  it('can be stopped', async () => {
    const m = points(50, 16, 8);
    const check = (): never => {
      throw cancelled();
    };
    const c = await Cosines.create(m);
    expect(() => kCenter(m, c, { n: 9, task: { ...silentContext(), check } })).toThrow('Cancelled');
  });
});

describe('facility location', () => {
  /** Greedy as it is defined: every row's gain anew in every round. */
  const literal = (m: Matrix, n: number, worth?: readonly number[]): number[] => {
    const chosen: number[] = [];
    while (chosen.length < n) {
      const now = chosen.length === 0 ? 0 : facility(m, chosen);
      const gains = Array.from({ length: m.rows }, (_, i) =>
        chosen.includes(i) ? -1 : (worth?.[i] ?? 1) * (facility(m, [...chosen, i]) - now),
      );
      chosen.push(gains.indexOf(Math.max(...gains)));
    }
    return chosen;
  };
  it.each([1, 2, 3])('is the literal greedy choice (seed %i)', async (seed) => {
    const m = points(40, 12, seed);
    const chosen = facilityLocation(m, await Cosines.create(m), { n: 8 });
    expect(chosen.rows).toEqual(literal(m, 8));
    expect(chosen.candidates).toBe(40);
    const r = random(seed);
    const worth = Array.from({ length: 40 }, () => 0.2 + 0.8 * r.next());
    expect(facilityLocation(m, await Cosines.create(m), { n: 8, worth }).rows).toEqual(literal(m, 8, worth));
  });
  it('reaches 1 - 1/e of the best of all subsets', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const m = points(12, 5, seed, 4, 1.5);
      const { rows } = facilityLocation(m, await Cosines.create(m), { n: 4 });
      const most = best(subsets(12, 4), (s) => facility(m, s));
      expect(facility(m, rows)).toBeGreaterThanOrEqual((1 - 1 / Math.E) * most);
    }
  });
  it('takes the lower of equal rows', async () => {
    const m = axes([0, 1, 1, 2, 2, 0, 1], 3);
    expect(facilityLocation(m, await Cosines.create(m), { n: 4 }).rows).toEqual([1, 0, 3, 2]);
  });
  it('draws candidates where all would take too long, the same ones with the same seed, and says how many', async () => {
    const m = points(60, 8, 5);
    const c = await Cosines.create(m);
    const some = facilityLocation(m, c, { n: 5, seed: 2, keep: [1] }, 20);
    expect(some.candidates).toBe(20);
    expect(some.rows[0]).toBe(1);
    expect(facilityLocation(m, c, { n: 5, seed: 2, keep: [1] }, 20)).toEqual(some);
    expect(facilityCandidates(100, 256, 10)).toBe(100);
    expect(facilityCandidates(1_000_000, 256, 1000)).toBe(4000);
  });
});

describe('typical photos', () => {
  it('are of the densest places first, one of a neighbourhood before a second', async () => {
    // Thirty near one axis, twenty-five near a second, five alone: with neighbourhoods of twenty, the two dense places come first.
    const r = random(1);
    const dim = 12;
    const data = new Float32Array(60 * dim);
    for (let i = 0; i < 60; i += 1) {
      const axis = i < 30 ? 0 : i < 55 ? 1 : 2 + (i - 55);
      for (let k = 0; k < dim; k += 1)
        data[i * dim + k] = (k === axis ? 1 : 0) + (i < 30 ? 0.05 : 0.08) * (r.next() - 0.5);
    }
    const m = normaliseRows({ data, rows: 60, dim }, 'places');
    const { rows } = await typical(m, await Cosines.create(m), { n: 60 });
    expect(rows).toHaveLength(60);
    expect(rows[0]).toBeLessThan(30);
    const density = (i: number): number =>
      sum(Array.from({ length: 60 }, (_, j) => (j === i ? -2 : cosine(m, i, j))).sort((a, b) => b - a).slice(0, 20)); // prettier-ignore
    const all = Array.from({ length: 60 }, (_, i) => density(i));
    expect(rows[0]).toBe(all.indexOf(Math.max(...all)));
    expect(rows.slice(0, 6).some((i) => i >= 30 && i < 55)).toBe(true);
  });
});
