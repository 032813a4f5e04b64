import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { ApproximateIndex } from '../../../src/main/engine/retrieval/approximate.ts';
import { augmentDatabase, expand, refine } from '../../../src/main/engine/retrieval/expansion.ts';
import { regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { contributions } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { layOut } from '../../../src/main/engine/retrieval/map.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { DEFINITIONS, METHODS, type GivenParameters, type Method } from '../../../src/shared/methods/index.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import {
  dot,
  normaliseRows,
  rankByScore,
  row,
  similarities,
  topByScore,
  type Matrix,
} from '../../../src/main/engine/retrieval/rank.ts';
import { pooledWeights, poolRegions, type FeatureMap } from '../../../src/main/engine/retrieval/regions.ts';
import { verify, type LocalFeatures } from '../../../src/main/engine/retrieval/spatial.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

function clustered(rows: number, dim: number, centres: number, spread: number, seed: number): Matrix {
  const r = random(seed);
  const c = Array.from({ length: centres * dim }, () => r.between(-1, 1));
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1)
    for (let d = 0; d < dim; d += 1) data[i * dim + d] = c[(i % centres) * dim + d]! + spread * r.between(-1, 1);
  return normaliseRows({ data, rows, dim }, 'test');
}

describe('neighbours', () => {
  it('equal a sort of all products, ties by row, across blocks of queries', async () => {
    const x = clustered(1500, 16, 40, 0.5, 1);
    x.data.copyWithin(16 * 700, 0, 16 * 20);
    const found = await exactNeighbours(x, x, 12);
    for (let q = 0; q < x.rows; q += 97) {
      const truth = rankByScore(similarities(x, row(x, q))).subarray(0, 12);
      const scores = Array.from(truth, (i) => dot(row(x, q), row(x, i)));
      const got = Array.from(found.ids.subarray(q * 12, (q + 1) * 12), (i) => dot(row(x, q), row(x, i)));
      got.forEach((v, j) => expect(v).toBeCloseTo(scores[j]!, 5));
    }
    // The first twenty rows exist twice: the earlier one comes first.
    expect(Array.from(found.ids.subarray(0, 2))).toEqual([0, 700]);
    expect(Array.from(found.ids.subarray(12 * 705, 12 * 705 + 2))).toEqual([5, 705]);
  });

  it('selection of the best equals a full sort, with ties', () => {
    const r = random(2);
    for (let t = 0; t < 50; t += 1) {
      const scores = Float64Array.from({ length: 200 }, () => r.below(40));
      expect(topByScore(scores, 17)).toEqual(rankByScore(scores).subarray(0, 17));
    }
  });

  it('zero rows, NaN and other dimensions are named', async () => {
    const zero = { data: Float32Array.of(1, 0, 0, 0), rows: 2, dim: 2 };
    expect(() => normaliseRows(zero, 'the database')).toThrow(/Row 1 of the database is all zeros/);
    expect(() => normaliseRows({ ...zero, data: Float32Array.of(1, 0, Number.NaN, 0) }, 'x')).toThrow(/Row 1/);
    await expect(exactNeighbours(clustered(5, 4, 1, 1, 1), clustered(5, 3, 1, 1, 1), 2)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });
});

describe('the approximate index', () => {
  it('finds nearly all neighbours, and the same after it was saved and opened', async () => {
    const x = clustered(4000, 32, 60, 0.7, 4);
    const index = ApproximateIndex.build(x);
    expect(await index.recall(10, 100)).toBeGreaterThan(0.95);
    const file = join(folder, 'x.usearch');
    index.save(file);
    const opened = ApproximateIndex.open(file, x);
    const queries = clustered(20, 32, 60, 0.7, 4);
    expect(opened.search(queries, 10)).toEqual(index.search(queries, 10));
    expect(() => ApproximateIndex.open(file, clustered(10, 32, 2, 1, 1))).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', file }),
    );
    expect(existsSync(`${file}.tmp`)).toBe(false);
    // Asked for every row, each comes once, whatever the links of the index reach.
    const few = clustered(300, 12, 10, 0.55, 21);
    for (let t = 0; t < 5; t += 1)
      expect(new Set(ApproximateIndex.build(few).search(few, 300).ids.subarray(0, 300)).size).toBe(300);
  });
});

describe('expansion', () => {
  it('is the formula of methods.md 1.9', async () => {
    const db = clustered(30, 4, 3, 0.3, 7);
    const q = clustered(2, 4, 3, 0.3, 8);
    const lists = await exactNeighbours(db, q, 5);
    for (const alpha of [0, 3]) {
      const got = expand(q, db, lists, 5, alpha);
      for (let i = 0; i < 2; i += 1) {
        const sum = Array.from(row(q, i));
        for (let j = 0; j < 5; j += 1) {
          const w = Math.max(0, lists.scores[i * 5 + j]!) ** alpha;
          row(db, lists.ids[i * 5 + j]!).forEach((v, d) => (sum[d]! += w * v));
        }
        const norm = Math.hypot(...sum);
        sum.forEach((v, d) => expect(got.data[i * 4 + d]!).toBeCloseTo(v / norm, 5));
      }
    }
    const augmented = augmentDatabase(db, await exactNeighbours(db, db, 4), 3, 0);
    expect(augmented.rows).toBe(30);
    for (let i = 0; i < 30; i += 1) expect(dot(row(augmented, i), row(augmented, i))).toBeCloseTo(1, 4);
  });

  it('refinement keeps a shortlist and lifts what its neighbours support', () => {
    const db = clustered(60, 8, 3, 0.6, 9);
    const list = rankByScore(similarities(db, row(db, 0))).subarray(0, 30);
    const { ids, scores } = refine(row(db, 0), db, list);
    expect(new Set(ids)).toEqual(new Set(list));
    for (let i = 1; i < scores.length; i += 1) expect(scores[i]!).toBeLessThanOrEqual(scores[i - 1]!);
    expect(Array.from(ids.subarray(0, 15)).filter((i) => i % 3 === 0).length).toBeGreaterThan(12);
  });
});

describe('regions', () => {
  it('have the counts and corners of methods.md 1.5', () => {
    for (const [h, w, n] of [
      [12, 12, 15],
      [24, 32, 21],
      [32, 48, 21],
      [20, 40, 27],
      [8, 32, 45],
    ] as const) {
      expect(regionGrid(w, h).length).toBe(n);
      expect(regionGrid(h, w).length).toBe(n);
    }
    const second = regionGrid(32, 24).filter((r) => r.width === 16);
    expect(second.map((r) => [r.y, r.x])).toEqual([
      [0, 0],
      [0, 8],
      [0, 16],
      [8, 0],
      [8, 8],
      [8, 16],
    ]);
    for (const [h, w] of [
      [1, 1],
      [1, 5],
      [3, 2],
      [7, 40],
    ] as const)
      for (const r of regionGrid(w, h)) {
        expect(r.x >= 0 && r.y >= 0 && r.x + r.width <= w && r.y + r.height <= h).toBe(true);
        expect(r.width > 0 && r.height > 0).toBe(true);
      }
  });

  it('pool by GeM, and by MAC without end', () => {
    const map = { data: Float32Array.of(1, 2, 3, 4, 0, 0, 5, 0), channels: 2, height: 2, width: 2 };
    const whole = regionGrid(2, 2).slice(0, 1);
    const mac = poolRegions(map, whole, 'mac');
    expect(mac[0]! / mac[1]!).toBeCloseTo(4 / 5, 5);
    const mean = poolRegions(map, whole, 1);
    expect(mean[0]! / mean[1]!).toBeCloseTo(2.5 / 1.25, 4);
  });

  it('share their weight by generalised max pooling', () => {
    const c = pooledWeights({ data: Float32Array.of(1, 0, 0, 1, 1, 0), rows: 3, dim: 2 });
    [1 / 3, 1 / 2, 1 / 3].forEach((v, i) => expect(c[i]!).toBeCloseTo(v, 10));
  });
});

describe('contributions', () => {
  it('of either photo sum to the similarity', () => {
    const r = random(11);
    const map = (height: number, width: number): FeatureMap => ({
      channels: 6,
      height,
      width,
      data: Float32Array.from({ length: 6 * height * width }, () => Math.max(0, r.between(-1, 2))),
    });
    const c = contributions(map(4, 5), map(3, 7), 3);
    const sum = (a: Float32Array): number => a.reduce((s, v) => s + v, 0);
    expect(sum(c.a)).toBeCloseTo(c.similarity, 5);
    expect(sum(c.b)).toBeCloseTo(c.similarity, 5);
    expect(c.similarity).toBeLessThan(1);
  });
});

describe('spatial verification', () => {
  const r = random(12);
  const features = (
    count: number,
    place: (i: number) => [number, number],
    describeAs: (i: number) => number,
  ): LocalFeatures => {
    const dim = 16;
    const descriptors = new Float32Array(count * dim);
    const positions = new Float32Array(2 * count);
    for (let i = 0; i < count; i += 1) {
      const q = random(1000 + describeAs(i));
      for (let d = 0; d < dim; d += 1) descriptors[i * dim + d] = q.between(-1, 1);
      positions.set(place(i), 2 * i);
    }
    return { count, dim, positions, descriptors };
  };
  const points = Array.from({ length: 60 }, (): [number, number] => [r.between(0, 600), r.between(0, 400)]);

  it('counts the matches that move together, among others that do not', () => {
    const a = features(
      60,
      (i) => points[i]!,
      (i) => i,
    );
    const b = features(
      60,
      (i) =>
        i < 40
          ? [0.8 * points[i]![0] + 0.1 * points[i]![1] + 30, 0.9 * points[i]![1] - 12]
          : [r.between(0, 600), r.between(0, 400)],
      (i) => i,
    );
    const v = verify(a, b, { threshold: 4, trials: 500, ratio: 0.9 });
    expect(v.inliers).toBeGreaterThanOrEqual(40);
    expect(v.inliers).toBeLessThan(46);
    expect(v.pairs.slice(0, 10).every(([i, j]) => i === j)).toBe(true);
  });

  it('finds none between strangers, and mirrors are no match', () => {
    const a = features(
      60,
      (i) => points[i]!,
      (i) => i,
    );
    expect(
      verify(
        a,
        features(
          60,
          (i) => points[i]!,
          (i) => 5000 + i,
        ),
      ).inliers,
    ).toBeLessThan(8);
    expect(
      verify(
        a,
        features(
          60,
          (i) => [600 - points[i]![0], points[i]![1]],
          (i) => i,
        ),
      ).inliers,
    ).toBeLessThan(12);
    expect(
      verify(
        features(
          2,
          (i) => points[i]!,
          (i) => i,
        ),
        a,
      ).inliers,
    ).toBe(0);
  });
});

describe('every method', () => {
  const x = clustered(300, 12, 10, 0.55, 21);
  const q = clustered(10, 12, 10, 0.55, 21);
  /** With those of the parameters that the method reads. */
  const prepared = (method: Method, more: GivenParameters = {}): Promise<Ranker> => {
    const some = Object.entries({ k: 15, rank: 20, ...more }).filter(([name]) =>
      Object.hasOwn(DEFINITIONS[method].params.shape, name),
    );
    return Ranker.prepare({ vectors: x, images: 300 }, rankingParameters(method, Object.fromEntries(some)));
  };

  it.each(METHODS)('%s ranks each query by a permutation with falling scores, its cluster ahead', async (method) => {
    const ranker = await prepared(method);
    const { ids, scores, k } = await ranker.rank({ vectors: q, count: 10 }, 300);
    await ranker.close();
    expect(k).toBe(300);
    for (let i = 0; i < 10; i += 1) {
      const list = Array.from(ids.subarray(i * k, (i + 1) * k));
      expect(new Set(list).size).toBe(300);
      for (let j = 1; j < 25; j += 1) expect(scores[i * k + j]!).toBeLessThanOrEqual(scores[i * k + j - 1]!);
      const own = list.slice(0, 20).filter((id) => id % 10 === i).length;
      expect(own).toBeGreaterThan(13);
    }
  });

  it('solvers of one system agree on the ranking; offline without truncation too', async () => {
    const first = async (method: Method, more: GivenParameters = {}): Promise<number[]> => {
      const ranker = await prepared(method, {
        iterations: 5000,
        tolerance: 1e-12,
        truncation: 300,
        shortlist: 300,
        ...more,
      });
      const { ids, k } = await ranker.rank({ vectors: q, count: 10 }, 20);
      await ranker.close();
      return Array.from(ids.subarray(0, 10 * k));
    };
    const cg = await first('cg');
    for (const method of ['iterative', 'jacobi', 'hybrid', 'offline', 'truncated'] as const)
      expect(await first(method)).toEqual(cg);
    expect(await first('fsr', { rank: 300 })).toEqual(cg);
  });

  it('a query that nothing carries into the graph is ranked by cosine and counted', async () => {
    const ranker = await prepared('cg');
    const away = { data: q.data.slice(0, 12).map((v) => -v), rows: 1, dim: 12 };
    const plain = await exactNeighbours(x, away, 300);
    const answer = await ranker.rank({ vectors: away, count: 1 }, 300);
    if (plain.scores[0]! <= 0) {
      expect(answer.outside).toBe(1);
      expect(answer.ids).toEqual(plain.ids);
    } else expect(answer.outside).toBe(0);
    await ranker.close();
  });

  it('regions rank images: a small part finds the image that has it', async () => {
    const r = random(31);
    const rows = 240;
    const regions = clustered(rows, 16, rows, 0.2, 32);
    const owners = Uint32Array.from({ length: rows }, (_, i) => Math.floor(i / 4));
    const asked = normaliseRows(
      { data: Float32Array.from(row(regions, 4 * 17 + 2), (v) => v + 0.05 * r.between(-1, 1)), rows: 1, dim: 16 },
      'query',
    );
    for (const method of ['cosine', 'cg', 'hybrid', 'fsr', 'truncated'] as const) {
      const ranker = await Ranker.prepare(
        { vectors: regions, owners, images: 60 },
        rankingParameters(
          method,
          method === 'cosine'
            ? {}
            : { k: 12, kq: 5, ...(method === 'hybrid' || method === 'fsr' ? { rank: 200 } : {}) },
          { regional: true },
        ),
      );
      const { ids } = await ranker.rank({ vectors: asked, owners: new Uint32Array(1), count: 1 }, 5);
      expect(ids[0]).toBe(17);
      await ranker.close();
    }
    await expect(
      Ranker.prepare({ vectors: regions, owners, images: 60 }, rankingParameters('dba')),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('refuses parameters outside their range', async () => {
    for (const bad of [{ alpha: 1 }, { alpha: 0 }, { k: 0 }, { gamma: -1 }, { rank: 0.5 }])
      await expect(
        Ranker.prepare({ vectors: x, images: 300 }, { ...rankingParameters('hybrid'), ...bad }),
      ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('the map', () => {
  it('puts clusters apart, in the unit square, the same for the same seed', async () => {
    const x = clustered(90, 8, 3, 0.3, 41);
    const a = await layOut(x, 1, silentContext());
    expect(await layOut(x, 1, silentContext())).toEqual(a);
    const at = (i: number): [number, number] => [a[2 * i]!, a[2 * i + 1]!];
    const distance = (i: number, j: number): number => Math.hypot(at(i)[0] - at(j)[0], at(i)[1] - at(j)[1]);
    let inside = 0;
    let across = 0;
    for (let i = 3; i < 90; i += 1) {
      inside += distance(i, i - 3);
      across += distance(i, i - 1);
    }
    expect(across).toBeGreaterThan(2 * inside);
    expect(Math.min(...a)).toBe(0);
    expect(Math.max(...a)).toBe(1);
    await expect(layOut(clustered(2, 4, 1, 1, 1), 0, silentContext())).rejects.toMatchObject({ code: 'STATE_EMPTY' });
  });
});
