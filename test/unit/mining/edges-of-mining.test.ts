import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { similarity } from '../../../src/main/engine/mining/derived-clusters.ts';
import { DEFAULT_MANIFOLD, localMaxima, mineManifold, withinRank } from '../../../src/main/engine/mining/manifold.ts';
import { NegativeSearch } from '../../../src/main/engine/mining/negative-search.ts';
import { hardestNegatives, randomNegatives } from '../../../src/main/engine/mining/negatives.ts';
import {
  closestDescriptor,
  isRelaxedInlier,
  isUsablePair,
  mostShared,
  nearestCameras,
  symmetricScale,
  type CovisiblePair,
} from '../../../src/main/engine/mining/positives.ts';
import {
  negativeSuspicion,
  percentile,
  positiveSuspicion,
  tupleSuspicion,
} from '../../../src/main/engine/mining/suspicion.ts';
import type { SparseGraph } from '../../../src/main/engine/retrieval/graph.ts';

describe('a pair of photos', () => {
  const pair: CovisiblePair = { query: 1, other: 2, cluster: 0, shared: 30, overlap: 0.2, scale: 1.5 };
  const limits = { minShared: 30, minOverlap: 0.2, maxScale: 1.5 };

  it('has a scale change of one or more, and none that is not known', () => {
    expect([2, 0.5, 1, 0, -2, Number.NaN, Infinity].map(symmetricScale)).toEqual([
      2,
      2,
      1,
      Infinity,
      Infinity,
      Infinity,
      Infinity,
    ]);
  });

  it('is taken at its bounds and not beyond', () => {
    expect(isRelaxedInlier(pair, limits)).toBe(true);
    expect(isRelaxedInlier({ ...pair, shared: 29 }, limits)).toBe(false);
    expect(isRelaxedInlier({ ...pair, overlap: 0.1999 }, limits)).toBe(false);
    expect(isRelaxedInlier({ ...pair, scale: 1.5001 }, limits)).toBe(false);
    expect(isRelaxedInlier({ ...pair, other: 1 }, limits)).toBe(false);
    expect([isUsablePair(pair, limits), isUsablePair({ ...pair, shared: 29 }, limits)]).toEqual([true, false]);
    expect(isUsablePair({ ...pair, other: 1 }, limits)).toBe(false);
  });

  it('that a list gave needs no geometry', () => {
    const given = { ...pair, given: true, shared: 0, overlap: 0, scale: Infinity };
    expect([isUsablePair(given, limits), isRelaxedInlier(given, limits)]).toEqual([true, true]);
    expect(isRelaxedInlier({ ...given, other: 1 }, limits)).toBe(false);
  });

  it('is the best of several, of equals the one with the lower photo', () => {
    const of = (...pairs: [other: number, shared: number][]): CovisiblePair[] =>
      pairs.map(([other, shared]) => ({ ...pair, other, shared }));
    expect(mostShared([])).toBeUndefined();
    expect(mostShared(of([5, 3], [9, 7], [4, 7], [8, 7]))!.other).toBe(4);
    expect(mostShared(of([4, 7], [9, 7]))!.other).toBe(4);
    expect(mostShared(of([3, -5], [2, -5]))!.other).toBe(2);
    expect(closestDescriptor(of([5, 0], [9, 0], [4, 0]), (p) => (p === 5 ? 0.1 : 0.2))!.other).toBe(4);
    expect(closestDescriptor([], () => 1)).toBeUndefined();
  });

  it('is sought among the nearest cameras in space, of equals by index', () => {
    // On a line, and one that only y or z tells apart.
    const centres = [0, 0, 0, 2, 0, 0, -2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 2, 0];
    expect(nearestCameras(centres, 0, 9)).toEqual([3, 1, 2, 5, 4]);
    expect(nearestCameras(centres, 0, 2)).toEqual([3, 1]);
    expect(nearestCameras(centres, 4, 1)).toEqual([0]);
    expect(nearestCameras([7, 7, 7], 0, 3)).toEqual([]);
  });
});

describe('negatives', () => {
  const foreign = { allowed: (row: number) => row % 2 === 0, groupOf: (row: number) => row % 3 };
  it('are taken from the most similar on, one a group, each with its place', () => {
    const ids = [1, 6, 3, 0, 2, 8, 4];
    const cosines = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
    const taken = (count: number, strategy: 'hardest' | 'one-per-cluster'): unknown =>
      hardestNegatives(ids, cosines, foreign, count, strategy).map((n) => [n.row, n.similarity, n.rank]);
    expect(taken(9, 'hardest')).toEqual([
      [6, 0.8, 2],
      [0, 0.6, 4],
      [2, 0.5, 5],
      [8, 0.4, 6],
      [4, 0.3, 7],
    ]);
    expect(taken(2, 'hardest')).toEqual([
      [6, 0.8, 2],
      [0, 0.6, 4],
    ]);
    // 6 and 0 are of one group, 2 and 8 of another.
    expect(taken(9, 'one-per-cluster')).toEqual([
      [6, 0.8, 2],
      [2, 0.5, 5],
      [4, 0.3, 7],
    ]);
    expect(taken(0, 'hardest')).toEqual([]);
  });

  it('at random are found even where one row in thousands is foreign, each once, most similar first', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const one = randomNegatives(5000, () => 0.5, { ...foreign, allowed: (row) => row === 4321 }, 3, random(seed));
      expect(one).toEqual([{ row: 4321, similarity: 0.5, rank: null }]);
      const few = randomNegatives(7, (row) => -row, foreign, 9, random(seed));
      expect(few.map((n) => n.row)).toEqual([0, 2, 4, 6]);
      const tied = randomNegatives(9, () => 1, foreign, 4, random(seed));
      expect(tied.map((n) => n.row)).toEqual(tied.map((n) => n.row).toSorted((a, b) => a - b));
      expect(tied.length).toBe(4);
    }
    expect(randomNegatives(5, () => 1, foreign, 0, random(1))).toEqual([]);
    const drawn = new Set(
      Array.from({ length: 60 }, (_, seed) => randomNegatives(1000, (r) => r, foreign, 1, random(seed))[0]!.row),
    );
    expect(drawn.size).toBeGreaterThan(50);
  });

  it('are looked for beyond the first looks where those are full of the query’s own place', async () => {
    const n = 2600;
    const data = new Float32Array(2 * n);
    // The nearer a row, the lower: all but the last hundred show the query's object.
    for (let i = 0; i < n; i += 1) data.set([Math.cos(i / n), Math.sin(i / n)], 2 * i);
    const ids = Array.from({ length: n }, (_, i) => i + 1);
    const apart = {
      groupOf: (p: number) => p,
      foreign: (_: number, other: number) => other > 2500,
      groups: n,
      joined: () => false,
    };
    const search = new NegativeSearch({ data, rows: n, dim: 2 }, ids, apart);
    const found = await search.find({ data: data.slice(0, 4), rows: 2, dim: 2 }, [1, 2], 3, 'hardest', random(0));
    expect(found.map((list) => list.map((x) => [x.row, x.rank]))).toEqual(
      [0, 1].map(() => [
        [2500, 2501],
        [2501, 2502],
        [2502, 2503],
      ]),
    );
    const few = await search.find({ data: data.slice(0, 2), rows: 1, dim: 2 }, [1], 101, 'hardest', random(0));
    expect(few[0]!.length).toBe(100);
    await search.release();
  });

  it('of one query end where its own list ends', async () => {
    const data = Float32Array.of(1, 0, 0.8, 0.6, 0, 1);
    const apart = {
      groupOf: (p: number) => p,
      foreign: (q: number, o: number) => q !== o,
      groups: 3,
      joined: () => false,
    };
    const search = new NegativeSearch({ data, rows: 3, dim: 2 }, [1, 2, 3], apart);
    const found = await search.find({ data, rows: 3, dim: 2 }, [1, 2, 3], 9, 'hardest', random(0));
    expect(found.map((list) => list.map((n) => n.row))).toEqual([
      [1, 2],
      [0, 2],
      [1, 0],
    ]);
    await search.release();
  });
});

describe('suspicion', () => {
  it('is as its formula has it, at its bounds', () => {
    const place = percentile([0.1, 0.2, 0.2, 0.4]);
    expect([0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5].map(place)).toEqual([0, 0, 0.25, 0.25, 0.75, 0.75, 1]);
    expect(percentile([])(0.5)).toBe(0);
    const half = (): number => 0.5;
    expect(negativeSuspicion({ similarity: 0, links: null, shared: 0 }, half)).toBeCloseTo(0.75 * 0.25, 12);
    expect(negativeSuspicion({ similarity: 0, links: 2, shared: 0 }, half)).toBeCloseTo(0.75 * 0.25 + 0.25, 12);
    expect(negativeSuspicion({ similarity: 0, links: 0.4, shared: 0 }, half)).toBeCloseTo(0.75 * 0.25 + 0.1, 12);
    expect(negativeSuspicion({ similarity: 0, links: 0, shared: 1 }, half)).toBe(1);
    const positive = (similarity: number, overlap: number | null): number =>
      positiveSuspicion({ similarity, overlap, contradicted: false });
    expect(positive(0.25, null)).toBeCloseTo(0.375, 12);
    expect(positive(-3, null)).toBe(0.5);
    expect(positive(1.5, null)).toBe(0);
    expect(positive(0.5, 0.1)).toBeCloseTo(0.3 * 0.75 + 0.1, 12);
    expect(positive(0.5, 0.4)).toBeCloseTo(0.1, 12);
    expect(positive(0.5, 0.9)).toBeCloseTo(0.1, 12);
    expect(tupleSuspicion({ similarity: 1, overlap: 0.5, contradicted: false }, [], half)).toBe(0);
    expect(
      tupleSuspicion(
        { similarity: 0.5, overlap: 0.4, contradicted: false },
        [
          { similarity: 0, links: 0.4, shared: 0 },
          { similarity: 0, links: 0, shared: 0 },
        ],
        half,
      ),
    ).toBeCloseTo(1 - (1 - 0.2875) * 0.9, 12);
  });
});

describe('nodes of a graph', () => {
  const path: SparseGraph = {
    nodes: 5,
    starts: Uint32Array.of(0, 1, 3, 5, 7, 8),
    columns: Uint32Array.of(1, 0, 2, 1, 3, 2, 4, 3),
    values: Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1),
  };
  it('that are equally important go by row, whatever the order in which they come', () => {
    const value = Float64Array.of(3, 1, 3, 1, 3);
    expect(localMaxima(path, [4, 2, 0, 1, 3], value, 9)).toEqual([0, 2, 4]);
    expect(localMaxima(path, [4, 2, 0], value, 2)).toEqual([0, 2]);
    expect(localMaxima(path, [], value, 2)).toEqual([]);
    expect(localMaxima(path, [0, 1, 2], value, 0)).toEqual([]);
  });

  it('within a rank are exactly so many, as far as they have a score', () => {
    expect([0, 1, 2].map((k) => [0, 1, 2].filter(withinRank(Float64Array.of(2, 2, 1), k + 1)))).toEqual([
      [0],
      [0, 1],
      [0, 1, 2],
    ]);
    expect([0, 1].filter(withinRank(Float64Array.of(0, 1), 2))).toEqual([1]);
    expect([0, 1].filter(withinRank(Float64Array.of(0, 0), 1))).toEqual([]);
    expect([0].filter(withinRank(Float64Array.of(-1), 1))).toEqual([]);
  });
});

describe('anchors', () => {
  it('without positives or without negatives are left out and counted', async () => {
    const r = random(3);
    const [rows, dim] = [60, 4];
    const data = Float32Array.from(
      { length: rows * dim },
      (_, at) => Math.cos(Math.floor(at / dim) / 9 + (at % dim)) + r.between(-0.2, 0.2),
    );
    for (let i = 0; i < rows; i += 1) {
      const v = data.subarray(i * dim, (i + 1) * dim);
      const norm = Math.hypot(...v);
      for (let d = 0; d < dim; d += 1) v[d]! /= norm;
    }
    const mine = (positivesK: number, negativesK: number): ReturnType<typeof mineManifold> =>
      mineManifold({ data, rows, dim }, { ...DEFAULT_MANIFOLD, k: 6, anchors: 'all', positivesK, negativesK });
    const both = await mine(10, 25);
    expect(both.pools.length).toBeGreaterThan(10);
    expect(both.pools.length + both.skipped).toBe(rows);
    for (const pool of both.pools) expect(Math.min(pool.positives.length, pool.negatives.length)).toBeGreaterThan(0);
    // Within the first rank there is nothing but the anchor.
    expect(await mine(10, 1)).toMatchObject({ pools: [], skipped: rows, anchors: rows });
    const few = await mine(1, 25);
    expect(few.skipped).toBeGreaterThan(50);
    expect(few.pools.every((p) => p.positives.length === 1 && p.negatives.length > 0)).toBe(true);
  });
});

describe('the similarity between two sets of points', () => {
  it('is a rotation, never a mirror, and the best of all there are', () => {
    for (let seed = 0; seed < 1500; seed += 1) {
      const r = random(seed);
      // In space, in a plane, in line; mirrored or with noise.
      const flat = seed % 3;
      const point = (): number[] => [
        r.between(-2, 2),
        flat > 1 ? 0 : r.between(-2, 2),
        flat > 0 ? 0 : r.between(-2, 2),
      ];
      const from = Array.from({ length: 3 + r.below(4) }, point);
      const signs = [0, 1, 2].map(() => (r.next() < 0.5 ? -1 : 1));
      const order = r.shuffled([0, 1, 2]);
      const to = from.map((p) => order.map((k, i) => 2 * signs[i]! * p[k]! + i + r.between(-0.01, 0.01)));
      const found = similarity(from, to);
      const R = found.rotation;
      const cross = [R[1]! * R[5]! - R[2]! * R[4]!, R[2]! * R[3]! - R[0]! * R[5]!, R[0]! * R[4]! - R[1]! * R[3]!];
      // The third row is the cross product of the first two.
      cross.forEach((v, k) => expect(Math.abs(v - R[6 + k]!)).toBeLessThan(1e-9));
      expect(found.scale).toBeGreaterThan(0);
      const error = (rotation: ArrayLike<number>, scale: number, shift: readonly number[]): number =>
        from.reduce(
          (sum, p, n) =>
            sum +
            [0, 1, 2].reduce(
              (s, i) =>
                s +
                (scale * [0, 1, 2].reduce((d, j) => d + rotation[3 * i + j]! * p[j]!, 0) + shift[i]! - to[n]![i]!) ** 2,
              0,
            ),
          0,
        );
      const least = error(R, found.scale, found.shift);
      // A little turned, larger or moved is no better.
      for (const [i, j] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const)
        for (const by of [0.01, -0.01]) {
          const turned = Float64Array.from(R);
          for (let k = 0; k < 3; k += 1) {
            turned[3 * i + k] = Math.cos(by) * R[3 * i + k]! - Math.sin(by) * R[3 * j + k]!;
            turned[3 * j + k] = Math.sin(by) * R[3 * i + k]! + Math.cos(by) * R[3 * j + k]!;
          }
          // Turned about the mean, which goes to its own.
          const mean = (p: readonly (readonly number[])[]): number[] =>
            [0, 1, 2].map((k) => p.reduce((s, x) => s + x[k]!, 0) / p.length);
          const [a, b] = [mean(from), mean(to)];
          const shift = [0, 1, 2].map(
            (k) => b[k]! - found.scale * [0, 1, 2].reduce((d, m) => d + turned[3 * k + m]! * a[m]!, 0),
          );
          expect(error(turned, found.scale, shift)).toBeGreaterThan(least - 1e-9);
        }
      expect(
        error(
          R,
          found.scale,
          found.shift.map((v, k) => (k === seed % 3 ? v + 1e-3 : v)),
        ),
      ).toBeGreaterThan(least);
      const mid = from[0]!.map((_, k) => from.reduce((s, p) => s + p[k]!, 0) / from.length);
      const bigger = found.shift.map((v, k) => v - 1e-3 * [0, 1, 2].reduce((d, m) => d + R[3 * k + m]! * mid[m]!, 0));
      expect(error(R, found.scale + 1e-3, bigger)).toBeGreaterThan(least - 1e-12);
    }
  });
});
