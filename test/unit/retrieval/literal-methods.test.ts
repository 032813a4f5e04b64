import { inverse, Matrix as Dense } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { refine } from '../../../src/main/engine/retrieval/expansion.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { normaliseRows, row, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { pooledWeights } from '../../../src/main/engine/retrieval/regions.ts';
import type { Method, RankParameters } from '../../../src/shared/methods/index.ts';
import { defaultParameters } from '../../../src/shared/methods/parameters.ts';

function vectors(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows({ data: Float32Array.from({ length: rows * dim }, () => r.between(-0.6, 1)), rows, dim }, 'x');
}
const IMAGES = 24;
const DIM = 5;
/** One descriptor an image, and two or three regions an image. */
const whole = vectors(IMAGES, DIM, 1);
const owners = Uint32Array.from({ length: 60 }, (_, i) => (i < 48 ? i >> 1 : i - 48));
const regions = vectors(60, DIM, 2);
const asked = vectors(4, DIM, 3);
const askedRegions = { vectors: vectors(7, DIM, 4), owners: Uint32Array.of(0, 0, 1, 2, 2, 2, 3), count: 4 };
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((s, v, i) => s + v * b[i]!, 0);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const best = (scores: readonly number[], top: number): number[] =>
  range(scores.length)
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, top);

async function rank(
  method: Method,
  more: object,
  regional: boolean,
  top: number,
): Promise<{ ids: number[][]; scores: number[][]; facts: Ranker['facts'] }> {
  const database = regional ? { vectors: regions, owners, images: IMAGES } : { vectors: whole, images: IMAGES };
  const ranker = await Ranker.prepare(database, { ...defaultParameters(method, regional), ...more } as RankParameters);
  const found = await ranker.rank(regional ? askedRegions : { vectors: asked, count: 4 }, top);
  await ranker.close();
  const of = (a: ArrayLike<number>): number[][] =>
    range(4).map((q) => Array.from(a).slice(q * found.k, (q + 1) * found.k));
  return { ids: of(found.ids), scores: of(found.scores), facts: ranker.facts };
}
function same(
  got: { ids: number[][]; scores: number[][] },
  expected: readonly (readonly number[])[],
  top: number,
  by = 1e-5,
): void {
  expected.forEach((scores, q) => {
    const order = best(scores, top);
    got.scores[q]!.forEach((s, j) => expect(Math.abs(s - scores[order[j]!]!)).toBeLessThan(by * (1 + Math.abs(s))));
    // Where two scores are as good as equal, either may come first.
    got.ids[q]!.forEach((id, j) => expect(Math.abs(scores[id]! - scores[order[j]!]!)).toBeLessThan(2 * by));
    expect(new Set(got.ids[q]).size).toBe(Math.min(top, IMAGES));
  });
}

/** The graph and the right-hand sides of methods.md 4.1 and 4.3, dense. */
function world(regional: boolean, k: number, kq: number): { s: number[][]; a: number[][]; ys: number[][] } {
  const m = regional ? regions : whole;
  const n = m.rows;
  const sim = range(n).map((i) => range(n).map((j) => cosine(row(m, i), row(m, j))));
  const lists = sim.map((r) => new Set(best(r.map(Math.fround), k)));
  const a = range(n).map((i) =>
    range(n).map((j) => (i !== j && lists[i]!.has(j) && lists[j]!.has(i) ? Math.max(0, sim[i]![j]!) ** 3 : 0)),
  );
  const ys = range(4).map((q) => {
    const rows = regional ? range(7).filter((r) => askedRegions.owners[r] === q) : [q];
    const from = regional ? askedRegions.vectors : asked;
    const sum = new Array<number>(n).fill(0);
    for (const r of rows) {
      const c = range(n).map((i) => cosine(row(from, r), row(m, i)));
      for (const i of best(c.map(Math.fround), kq)) sum[i]! += c[i]!;
    }
    const y = sum.map((v) => Math.max(0, v) ** 3);
    const kept = new Set(best(y, kq));
    return y.map((v, i) => (kept.has(i) ? v : 0));
  });
  return { a, s: normal(a), ys };
}
const normal = (a: readonly (readonly number[])[]): number[][] => {
  const d = a.map((r) => r.reduce((x, v) => x + v, 0));
  return a.map((r, i) => r.map((v, j) => (v === 0 ? 0 : v / Math.sqrt(d[i]! * d[j]!))));
};
const solve = (s: readonly (readonly number[])[], alpha: number, y: readonly number[]): number[] =>
  inverse(new Dense(s.map((r, i) => r.map((v, j) => (i === j ? 1 : 0) - alpha * v))))
    .mmul(Dense.columnVector([...y]))
    .to1DArray();
/** Generalised max pooling over an image's regions (methods.md 4.4). */
const pooled = (f: readonly number[]): number[] =>
  range(IMAGES).map((image) => {
    const rows = range(60).filter((r) => owners[r] === image);
    const own = new Float32Array(rows.length * DIM);
    rows.forEach((r, i) => own.set(row(regions, r), i * DIM));
    const c = pooledWeights({ data: own, rows: rows.length, dim: DIM });
    return rows.reduce((s, r, i) => s + c[i]! * f[r]!, 0);
  });
const GRAPH = { k: 8, kq: 4, gamma: 3, alpha: 0.9 };
const EXACT = { iterations: 3000, tolerance: 1e-13 };

describe('ranking by similarity', () => {
  const plain = range(4).map((q) => range(IMAGES).map((i) => cosine(row(asked, q), row(whole, i))));
  it('is by cosine, and with regions by the mean over the asking ones of the best in an image', async () => {
    same(await rank('cosine', {}, false, 10), plain, 10);
    const scores = range(4).map((q) => {
      const rows = range(7).filter((r) => askedRegions.owners[r] === q);
      return range(IMAGES).map(
        (image) =>
          rows.reduce(
            (s, r) =>
              s +
              Math.max(
                ...range(60)
                  .filter((x) => owners[x] === image)
                  .map((x) => cosine(row(askedRegions.vectors, r), row(regions, x))),
              ),
            0,
          ) / rows.length,
      );
    });
    same(await rank('cosine', {}, true, 24), scores, 24);
    same(await rank('ann', {}, false, 10), plain, 10);
  });

  it('refines a shortlist and keeps what comes behind it', async () => {
    const got = await rank('superglobal', { shortlist: 12 }, false, 20);
    range(4).forEach((q) => {
      const order = best(plain[q]!.map(Math.fround), 24);
      const better = refine(row(asked, q), whole, order.slice(0, 12), { shortlist: 12, neighbours: 9, beta: 0.15 });
      expect(got.ids[q]).toEqual([...better.ids, ...order.slice(12, 20)]);
      got.scores[q]!.forEach((s, j) => expect(s).toBeCloseTo(j < 12 ? better.scores[j]! : plain[q]![order[j]!]!, 5));
    });
  });

  it('expands queries, or the database', async () => {
    const unit = (v: readonly number[]): number[] => v.map((x) => x / Math.hypot(...v));
    const expandOf = (own: ArrayLike<number>, n: number, alpha: number, skip = -1): number[] => {
      const c = range(IMAGES).map((i) => (i === skip ? -Infinity : cosine(own, row(whole, i))));
      const near = best(c, n);
      return unit(
        Array.from(own).map((v, d) => near.reduce((s, i) => s + Math.max(0, c[i]!) ** alpha * row(whole, i)[d]!, v)),
      );
    };
    for (const [method, alpha, more] of [
      ['aqe', 0, { expansion: 3 }],
      ['alpha-qe', 2, { expansion: 3, exponent: 2 }],
    ] as const)
      same(
        await rank(method, more, false, 9),
        range(4).map((q) => range(IMAGES).map((i) => cosine(expandOf(row(asked, q), 3, alpha), row(whole, i)))),
        9,
        1e-4,
      );
    for (const [method, alpha, more] of [
      ['dba', 0, { expansion: 3 }],
      ['alpha-dba', 2, { expansion: 3, exponent: 2 }],
    ] as const)
      same(
        await rank(method, more, false, 9),
        range(4).map((q) => range(IMAGES).map((i) => cosine(row(asked, q), expandOf(row(whole, i), 3, alpha, i)))),
        9,
        1e-4,
      );
  });
});

describe.each([false, true])('diffusion, with regions: %s', (regional) => {
  const w = world(regional, GRAPH.k, GRAPH.kq);
  const images = (f: number[]): number[] => (regional ? pooled(f) : f);
  const exact = w.ys.map((y) => images(solve(w.s, GRAPH.alpha, y)));
  const scaled = exact.map((f) => f.map((v) => v * (1 - GRAPH.alpha)));

  it('is the solution of the system, by gradients, Jacobi, iteration, hybrid and all eigenvectors', async () => {
    same(await rank('cg', { ...GRAPH, ...EXACT }, regional, 12), exact, 12);
    same(await rank('jacobi', { ...GRAPH, ...EXACT }, regional, 12), exact, 12);
    same(await rank('iterative', { ...GRAPH, ...EXACT }, regional, 12), scaled, 12);
    same(await rank('hybrid', { ...GRAPH, ...EXACT, rank: 6 }, regional, 12), scaled, 12);
    const spectral = await rank('fsr', { ...GRAPH, rank: 60 }, regional, 12);
    same(spectral, scaled, 12);
    const { facts } = spectral;
    expect(facts).toMatchObject({
      nodes: regional ? 60 : IMAGES,
      edges: w.a.flat().filter((v) => v > 0).length / 2,
      recall: null,
    });
    expect(facts.eigenResidual).toBeLessThan(1e-3);
    expect(facts.bytes).toBeGreaterThan((regional ? 60 : IMAGES) * DIM * 4);
  });

  it('offline is the same where nothing is cut, truncated among the nearest alone has their degrees', async () => {
    const rows = regional ? 60 : IMAGES;
    if (!regional) same(await rank('offline', { ...GRAPH, ...EXACT, truncation: rows }, regional, 12), exact, 12);
    same(await rank('truncated', { ...GRAPH, ...EXACT, shortlist: IMAGES }, regional, 12), exact, 12);
    const cut = w.ys.map((_, q) => {
      const ask = regional
        ? range(DIM).map((d) =>
            range(7)
              .filter((r) => askedRegions.owners[r] === q)
              .reduce((s, r) => s + row(askedRegions.vectors, r)[d]!, 0),
          )
        : Array.from(row(asked, q));
      const sums = range(IMAGES).map((i) => {
        const own = regional
          ? range(60)
              .filter((r) => owners[r] === i)
              .map((r) => row(regions, r))
          : [row(whole, i)];
        const sum = range(DIM).map((d) => own.reduce((s, v) => s + v[d]!, 0));
        return cosine(ask, sum) / Math.hypot(...sum);
      });
      const kept = best(sums, 9);
      const nodes = regional ? range(60).filter((r) => kept.includes(owners[r]!)) : kept;
      // The right-hand side is built of the nodes that are kept, whatever is nearer outside of them.
      const among = new Map<number, number>();
      const asking = regional ? range(7).filter((r) => askedRegions.owners[r] === q) : [q];
      for (const r of asking) {
        const ask = row(regional ? askedRegions.vectors : asked, r);
        const near = nodes.map((i) => cosine(ask, row(regional ? regions : whole, i)));
        for (const at of best(near, GRAPH.kq)) among.set(nodes[at]!, (among.get(nodes[at]!) ?? 0) + near[at]!);
      }
      const powers = nodes.map((i) => Math.max(0, among.get(i) ?? 0) ** GRAPH.gamma);
      const heavy = new Set(best(powers, GRAPH.kq));
      const part = solve(
        normal(nodes.map((i) => nodes.map((j) => w.a[i]![j]!))),
        GRAPH.alpha,
        powers.map((v, at) => (heavy.has(at) ? v : 0)),
      );
      return images(range(rows).map((i) => (nodes.includes(i) ? part[nodes.indexOf(i)]! : 0)));
    });
    same(await rank('truncated', { ...GRAPH, ...EXACT, shortlist: 9 }, regional, 9), cut, 9);
  });
});

describe('a ranker', () => {
  it('refuses an empty database, regions where a method has none, and what the method does not read', async () => {
    const none = { vectors: { data: new Float32Array(0), rows: 0, dim: 5 }, images: 0 };
    await expect(Ranker.prepare(none, defaultParameters('cosine'))).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    for (const method of ['aqe', 'alpha-qe', 'dba', 'alpha-dba', 'superglobal', 'ann', 'offline'] as const)
      await expect(
        Ranker.prepare({ vectors: regions, owners, images: IMAGES }, defaultParameters(method)),
      ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(
      Ranker.prepare({ vectors: whole, images: IMAGES }, { method: 'cosine', k: 3 } as unknown as RankParameters),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('ranks by cosine what nothing carries into the graph, and counts it', async () => {
    const ranker = await Ranker.prepare({ vectors: whole, images: IMAGES }, { ...defaultParameters('cg'), ...GRAPH });
    const data = Float32Array.of(...whole.data.subarray(0, DIM), -9, -9, -9, -9, -9);
    const away = normaliseRows({ data, rows: 2, dim: DIM }, 'x');
    const negative = range(IMAGES).every((i) => cosine(row(away, 1), row(whole, i)) < 0);
    const found = await ranker.rank({ vectors: away, count: 2 }, 24);
    await ranker.close();
    expect(found.outside).toBe(negative ? 1 : 0);
    if (negative)
      expect([...found.ids.subarray(24)]).toEqual(
        best(
          range(IMAGES).map((i) => cosine(row(away, 1), row(whole, i))),
          24,
        ),
      );
  });

  it('has the defaults of methods.md 4', () => {
    expect(defaultParameters('cg')).toEqual({
      method: 'cg',
      k: 50,
      kq: 10,
      gamma: 3,
      alpha: 0.99,
      iterations: 20,
      tolerance: 1e-6,
    });
    expect(defaultParameters('cg', true)).toMatchObject({ k: 200, kq: 200 });
    expect(defaultParameters('jacobi')).toMatchObject({ iterations: 1000 });
    expect(defaultParameters('iterative')).toMatchObject({ iterations: 1000 });
    expect(defaultParameters('truncated')).toMatchObject({ shortlist: 10_000 });
    expect(defaultParameters('offline')).toMatchObject({ truncation: 1000 });
    expect(defaultParameters('superglobal')).toEqual({ method: 'superglobal', shortlist: 400 });
    expect(defaultParameters('alpha-qe')).toEqual({ method: 'alpha-qe', expansion: 10, exponent: 3 });
  });
});
