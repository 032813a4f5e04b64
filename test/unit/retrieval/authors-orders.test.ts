import { describe, expect, it } from 'vitest';
import { defaultParameters } from '../../../src/shared/methods/parameters.ts';
import type { RankParameters } from '../../../src/shared/methods/index.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';

/** Unit rows that any language makes alike: sines, with more weight on one of three axes. */
function sines(rows: number, dim: number, shift: number): Matrix {
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1) {
    const v = Array.from(
      { length: dim },
      (_, d) => Math.sin((i * dim + d + 1) * (0.37 + shift)) + (d === i % 3 ? 1.5 : 0),
    );
    const norm = Math.hypot(...v);
    v.forEach((x, d) => (data[i * dim + d] = x / norm));
  }
  return { data, rows, dim };
}

const X = sines(60, 8, 0);
const Q = sines(3, 8, 0.11);

async function orders(parameters: RankParameters, database: Matrix, queries: Matrix, top: number): Promise<number[][]> {
  const ranker = await Ranker.prepare({ vectors: database, images: database.rows }, parameters);
  const { ids, k } = await ranker.rank({ vectors: queries, count: queries.rows }, top);
  await ranker.close();
  return Array.from({ length: queries.rows }, (_, q) => Array.from(ids.subarray(q * k, (q + 1) * k)));
}

describe('SuperGlobal', () => {
  // Written by the authors' modules MDescAug and RerankwMDA (commit 6db11a7, torch 1.13.1, double precision) for X and Q above.
  const GOLDEN: [number, number[][]][] = [
    [
      400,
      [
        [15, 51, 0, 30, 36, 47, 32, 13, 49, 11, 17, 34, 45, 21, 28, 19, 53, 9, 26, 2],
        [25, 40, 4, 55, 10, 19, 23, 34, 6, 38, 57, 59, 42, 46, 2, 21, 8, 53, 44, 36],
        [11, 26, 47, 45, 30, 28, 41, 13, 43, 9, 15, 32, 49, 5, 51, 7, 58, 24, 17, 56],
      ],
    ],
    [
      25,
      [
        [15, 51, 0, 30, 36, 32, 49, 47, 34, 13, 17, 53, 45, 11, 19, 21, 2, 28, 57, 26],
        [25, 40, 4, 10, 55, 19, 34, 23, 46, 59, 57, 6, 21, 8, 44, 42, 29, 27, 31, 12],
        [11, 26, 47, 45, 30, 41, 32, 28, 13, 15, 43, 9, 49, 7, 5, 24, 58, 56, 22, 39],
      ],
    ],
    [
      10,
      [
        [15, 51, 0, 30, 36, 32, 47, 45, 11, 9, 13, 49, 28, 26, 34, 17, 24, 21, 43, 53],
        [40, 4, 55, 25, 10, 46, 44, 27, 31, 16, 29, 42, 8, 12, 59, 52, 19, 6, 23, 48],
        [26, 11, 47, 41, 45, 9, 5, 43, 56, 20, 24, 7, 58, 28, 22, 30, 39, 32, 13, 35],
      ],
    ],
  ];
  it.each(GOLDEN)("orders the shortlist of %i as the authors' code does", async (shortlist, expected) => {
    expect(await orders({ ...defaultParameters('superglobal'), shortlist }, X, Q, 20)).toEqual(expected);
  });

  it('is a ranking of what there is in collections of one and two photos', async () => {
    for (const rows of [1, 2]) {
      const few = { ...X, data: X.data.slice(0, rows * X.dim), rows };
      for (const order of await orders(defaultParameters('superglobal'), few, Q, 20))
        expect(order.toSorted()).toEqual(rows === 1 ? [0] : [0, 1]);
    }
  });
});

/** The right-hand side, the sub-graph and the solution of methods.md 4.3 and 4.5, dense. */
function truncated(
  regions: readonly (readonly number[])[],
  owners: readonly number[],
  asked: readonly (readonly number[])[],
  p: { k: number; kq: number; gamma: number; alpha: number; shortlist: number },
): number[] {
  const images = Math.max(...owners) + 1;
  const inner = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, d) => s + v * b[d]!, 0);
  const by = (of: (i: number) => number, among: readonly number[]): number[] =>
    among.toSorted((a, b) => of(b) - of(a) || a - b);
  const all = regions.map((_, i) => i);
  const sum = (rows: readonly (readonly number[])[]): number[] => {
    const total = rows[0]!.map((_, d) => rows.reduce((s, v) => s + v[d]!, 0));
    return total.map((v) => v / Math.hypot(...total));
  };
  const whole = Array.from({ length: images }, (_, i) => sum(regions.filter((_, r) => owners[r] === i)));
  const question = sum(asked);
  const kept = new Set(
    by(
      (i) => inner(question, whole[i]!),
      whole.map((_, i) => i),
    ).slice(0, p.shortlist),
  );
  const sub = all.filter((r) => kept.has(owners[r]!));
  const near = all.map((i) => new Set(by((j) => inner(regions[i]!, regions[j]!), all).slice(0, p.k)));
  const a = sub.map((i) =>
    sub.map((j) =>
      i !== j && near[i]!.has(j) && near[j]!.has(i) ? Math.max(0, inner(regions[i]!, regions[j]!)) ** p.gamma : 0,
    ),
  );
  const y = sub.map(() => 0);
  for (const q of asked)
    for (const r of by((r) => inner(q, regions[r]!), sub).slice(0, p.kq)) y[sub.indexOf(r)]! += inner(q, regions[r]!);
  const powered = y.map((v) => Math.max(0, v) ** p.gamma);
  const largest = new Set(
    by(
      (n) => powered[n]!,
      sub.map((_, n) => n),
    ).slice(0, p.kq),
  );
  const rhs = powered.map((v, n) => (largest.has(n) ? v : 0));
  const degree = a.map((row) => row.reduce((s, v) => s + v, 0));
  let f = [...rhs];
  for (let t = 0; t < 2000; t += 1)
    f = rhs.map(
      (v, i) =>
        v +
        p.alpha * a[i]!.reduce((s, w, j) => (w === 0 ? s : s + (w * f[j]!) / Math.sqrt(degree[i]! * degree[j]!)), 0),
    );
  return Array.from({ length: images }, (_, image) => {
    const own = sub.filter((r) => owners[r] === image);
    if (own.length === 0) return 0;
    // Weights of generalised max pooling by elimination: (VᵀV + I) c = 1.
    const m = own.map((i) => [...own.map((j) => inner(regions[i]!, regions[j]!) + (i === j ? 1 : 0)), 1]);
    for (let c = 0; c < own.length; c += 1)
      for (let i = 0; i < own.length; i += 1) {
        if (i === c) continue;
        const factor = m[i]![c]! / m[c]![c]!;
        for (let j = c; j <= own.length; j += 1) m[i]![j]! -= factor * m[c]![j]!;
      }
    return own.reduce((s, r, i) => s + (m[i]![own.length]! / m[i]![i]!) * f[sub.indexOf(r)]!, 0);
  });
}

describe('regional diffusion, truncated', () => {
  const r = random(21);
  const unit = (v: readonly number[]): number[] => Array.from(Float32Array.from(v.map((x) => x / Math.hypot(...v))));
  const IMAGES = 14;
  const owners = Array.from({ length: IMAGES }, (_, i) => Array.from({ length: 1 + (i % 5) }, () => i)).flat();
  const regions = owners.map(() => unit([0, 1, 2, 3].map(() => r.between(-0.6, 1))));
  const queries = [2, 1, 4].map((n) =>
    Array.from({ length: n }, () => unit([0, 1, 2, 3].map(() => r.between(-0.6, 1)))),
  );

  it.each([
    { k: 6, kq: 4, shortlist: 1 },
    { k: 6, kq: 4, shortlist: 3 },
    { k: 6, kq: 100, shortlist: 3 },
    { k: 6, kq: 1, shortlist: 5 },
    { k: 100, kq: 100, shortlist: 13 },
    { k: 8, kq: 8, shortlist: 14 },
  ])('is as a dense one says for %o', async (given) => {
    const p = { ...given, gamma: 3, alpha: 0.9 };
    const ranker = await Ranker.prepare(
      {
        vectors: { data: Float32Array.from(regions.flat()), rows: regions.length, dim: 4 },
        owners: Uint32Array.from(owners),
        images: IMAGES,
      },
      { ...defaultParameters('truncated', true), ...p, iterations: 400, tolerance: 1e-12 } as RankParameters,
    );
    const asked = queries.flat();
    const found = await ranker.rank(
      {
        vectors: { data: Float32Array.from(asked.flat()), rows: asked.length, dim: 4 },
        owners: Uint32Array.from(queries.flatMap((q, i) => q.map(() => i))),
        count: queries.length,
      },
      IMAGES,
    );
    await ranker.close();
    expect(found.outside).toBe(0);
    for (const [q, rows] of queries.entries()) {
      const expected = truncated(regions, owners, rows, p);
      for (let j = 0; j < found.k; j += 1) {
        const image = found.ids[q * found.k + j]!;
        expect(found.scores[q * found.k + j]).toBeCloseTo(expected[image]!, 3);
      }
      expect(Math.max(...expected)).toBeGreaterThan(0);
    }
  });

  it('reaches the photo that is alike as a whole though single regions of many others are nearer', async () => {
    // Twenty photos have one region on the query's and one far from it; one photo has two near it.
    const lure = Array.from({ length: 20 }, () => [unit([1, 0, 0]), unit([-1, 0.2, 0])]);
    const meant = [unit([0.9, 0.4, 0]), unit([0.9, 0, 0.4])];
    const rows = [...lure, meant].flat();
    const ranker = await Ranker.prepare(
      {
        vectors: { data: Float32Array.from(rows.flat()), rows: rows.length, dim: 3 },
        owners: Uint32Array.from(rows, (_, i) => i >> 1),
        images: 21,
      },
      { ...defaultParameters('truncated', true), k: 5, kq: 5, shortlist: 1 } as RankParameters,
    );
    const found = await ranker.rank(
      { vectors: { data: Float32Array.of(1, 0, 0), rows: 1, dim: 3 }, owners: Uint32Array.of(0), count: 1 },
      3,
    );
    await ranker.close();
    expect([found.ids[0], found.outside]).toEqual([20, 0]);
    expect(found.scores[0]).toBeGreaterThan(0);
  });
});
