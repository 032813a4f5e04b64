/** Every method against a plain and slow statement of what it is, and what methods refuse. */
import { describe, expect, it } from 'vitest';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { type GivenParameters, type Method } from '../../../src/shared/methods/index.ts';
import { clustered } from '../../support/clustered-vectors.ts';

const N = 60;
const DIM = 6;
const QUERIES = 6;

const x = clustered(N, DIM, 1);
const q = clustered(QUERIES, DIM, 2);

/** Below: numbers as lists of lists, and definitions as loops. */
type Rows = readonly (readonly number[])[];
const rowsOf = (m: Matrix): Rows =>
  Array.from({ length: m.rows }, (_, i) => Array.from(m.data.subarray(i * m.dim, (i + 1) * m.dim)));
const X = rowsOf(x);
const Q = rowsOf(q);

function inner(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let d = 0; d < a.length; d += 1) sum += a[d]! * b[d]!;
  return sum;
}
function unit(a: readonly number[]): number[] {
  const length = Math.sqrt(inner(a, a));
  return a.map((v) => v / length);
}
/** Indices by falling score. */
function order(scores: readonly number[]): number[] {
  return scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
}
const byCosine = (query: readonly number[], database: Rows = X): number[] =>
  order(database.map((v) => inner(query, v)));

/** A vector with its n nearest of the database, each times its similarity to the power alpha (methods.md 1.9). */
function expanded(v: readonly number[], n: number, alpha: number, without = -1): number[] {
  const near = byCosine(v)
    .filter((i) => i !== without)
    .slice(0, n);
  const sum = [...v];
  for (const i of near) for (let d = 0; d < DIM; d += 1) sum[d]! += Math.max(0, inner(v, X[i]!)) ** alpha * X[i]![d]!;
  return unit(sum);
}

/** Solves A f = b by Gaussian elimination with pivots. */
function gauss(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const m = a.map((line, i) => [...line, b[i]!]);
  const n = m.length;
  for (let c = 0; c < n; c += 1) {
    let pivot = c;
    for (let i = c + 1; i < n; i += 1) if (Math.abs(m[i]![c]!) > Math.abs(m[pivot]![c]!)) pivot = i;
    [m[c], m[pivot]] = [m[pivot]!, m[c]!];
    for (let i = c + 1; i < n; i += 1) {
      const factor = m[i]![c]! / m[c]![c]!;
      for (let j = c; j <= n; j += 1) m[i]![j]! -= factor * m[c]![j]!;
    }
  }
  const f = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i -= 1) {
    let sum = m[i]![n]!;
    for (let j = i + 1; j < n; j += 1) sum -= m[i]![j]! * f[j]!;
    f[i] = sum / m[i]![i]!;
  }
  return f;
}

/** A of the mutual graph of k neighbours, the node itself among them (methods.md 4.1). */
function mutual(k: number, gamma: number): Rows {
  const near = X.map((v) => new Set(byCosine(v).slice(0, k)));
  return X.map((v, i) =>
    X.map((w, j) => (i !== j && near[i]!.has(j) && near[j]!.has(i) ? Math.max(0, inner(v, w)) ** gamma : 0)),
  );
}
/** D^{-1/2} A D^{-1/2}. */
function normalised(a: Rows): Rows {
  const degree = a.map((line) => line.reduce((sum, v) => sum + v, 0));
  return a.map((line, i) => line.map((v, j) => (v === 0 ? 0 : v / Math.sqrt(degree[i]! * degree[j]!))));
}
/** The rows and columns of some nodes alone. */
const cut = (m: Rows, to: readonly number[]): Rows => to.map((i) => to.map((j) => m[i]![j]!));
/** f with (I − αS) f = y. */
const solved = (s: Rows, alpha: number, y: readonly number[]): number[] =>
  gauss(
    s.map((line, i) => line.map((v, j) => (i === j ? 1 : 0) - alpha * v)),
    y,
  );
/** What carries queries into the graph: similarities of their regions are summed, then raised (methods.md 4.3). */
function carried(regions: Rows, kq: number, gamma: number): number[] {
  const sum = new Array<number>(N).fill(0);
  for (const v of regions) for (const i of byCosine(v).slice(0, kq)) sum[i]! += inner(v, X[i]!);
  const kept = new Set(order(sum).slice(0, kq));
  return sum.map((c, i) => (kept.has(i) ? Math.max(0, c) ** gamma : 0));
}
const diffused = (query: readonly number[], k: number, kq: number, gamma: number, alpha: number): number[] =>
  solved(normalised(mutual(k, gamma)), alpha, carried([query], kq, gamma));

/** Nodes that nothing reaches score nothing, but for rounding: the order is of those that do. */
function expectReached(got: readonly number[], f: readonly number[]): void {
  const reached = order(f).filter((at) => f[at]! > 1e-9 * Math.max(...f));
  expect(reached.length).toBeGreaterThan(5);
  expect(got.slice(0, reached.length)).toEqual(reached);
}

/** All rows in falling order of the scores, except among those that single precision does not tell apart. */
function expectOrder(got: readonly number[], scores: readonly number[]): void {
  expect(new Set(got).size).toBe(scores.length);
  const falling = [...scores].sort((a, b) => b - a);
  got.forEach((id, j) => expect(Math.abs(scores[id]! - falling[j]!)).toBeLessThan(1e-6));
}

async function ranked(method: Method, given: GivenParameters = {}, top = N): Promise<number[][]> {
  const ranker = await Ranker.prepare({ vectors: x, images: N }, rankingParameters(method, given));
  try {
    const { ids, k } = await ranker.rank({ vectors: q, count: QUERIES }, top);
    return Array.from({ length: QUERIES }, (_, i) => Array.from(ids.subarray(i * k, (i + 1) * k)));
  } finally {
    await ranker.close();
  }
}

describe('methods as plain loops', () => {
  it('cosine is the order of inner products, of as many as were asked for', async () => {
    expect(await ranked('cosine')).toEqual(Q.map((v) => byCosine(v)));
    expect(await ranked('cosine', {}, 7)).toEqual(Q.map((v) => byCosine(v).slice(0, 7)));
  });

  it('ann has all of a small database, in the order of cosine', async () => {
    expect(await ranked('ann')).toEqual(Q.map((v) => byCosine(v)));
  });

  it.each([
    ['aqe', { expansion: 4 }, 4, 0],
    ['aqe', {}, 10, 0],
    ['alpha-qe', { expansion: 4, exponent: 2 }, 4, 2],
    ['alpha-qe', {}, 10, 3],
  ] as const)('%s %o searches with the expanded query', async (method, given, n, alpha) => {
    expect(await ranked(method, given)).toEqual(Q.map((v) => byCosine(expanded(v, n, alpha))));
  });

  it.each([
    ['dba', { expansion: 4 }, 4, 0],
    ['dba', {}, 10, 0],
    ['alpha-dba', { expansion: 4, exponent: 2 }, 4, 2],
    ['alpha-dba', {}, 10, 3],
  ] as const)('%s %o searches an expanded database', async (method, given, n, alpha) => {
    const database = X.map((v, i) => expanded(v, n, alpha, i));
    const got = await ranked(method, given);
    Q.forEach((v, i) =>
      expectOrder(
        got[i]!,
        database.map((w) => inner(v, w)),
      ),
    );
  });

  it('superglobal re-ranks the shortlist by refined vectors and leaves the rest as it was', async () => {
    const size = 25;
    const truth = Q.map((query) => {
      const first = byCosine(query);
      const list = first.slice(0, size);
      const refined = list.map((i) => {
        const others = list
          .filter((j) => j !== i)
          .sort((a, b) => inner(X[i]!, X[b]!) - inner(X[i]!, X[a]!))
          .slice(0, 9);
        const sum = [...X[i]!];
        let total = 1;
        for (const j of others) {
          const w = 0.15 * inner(X[i]!, X[j]!);
          total += w;
          for (let d = 0; d < DIM; d += 1) sum[d]! += w * X[j]![d]!;
        }
        return sum.map((v) => v / total);
      });
      const s1 = refined.map((v) => inner(query, v));
      const best = order(s1).slice(0, 10);
      const most = Array.from({ length: DIM }, (_, d) => Math.max(...best.map((i) => refined[i]![d]!)));
      const scores = list.map((_, at) => (s1[at]! + inner(most, refined[at]!)) / 2);
      return [...order(scores).map((at) => list[at]!), ...first.slice(size)];
    });
    expect(await ranked('superglobal', { shortlist: size })).toEqual(truth);
  });
});

describe('methods on the graph, against elimination', () => {
  const k = 12;
  const kq = 4;
  /** With all that the approximations have, nothing is approximate. */
  const whole: Readonly<Partial<Record<Method, GivenParameters>>> = {
    cg: {},
    iterative: {},
    jacobi: {},
    hybrid: { rank: 9 },
    offline: { truncation: N },
    truncated: { shortlist: N },
  };
  it.each(Object.keys(whole) as Method[])('%s ranks as the solution of (I − αS) f = y', async (method) => {
    for (const [gamma, alpha] of [
      [3, 0.99],
      [2, 0.8],
    ] as const) {
      const truth = Q.map((v) => diffused(v, k, kq, gamma, alpha));
      const given = { k, kq, gamma, alpha, iterations: 10_000, tolerance: 1e-14, ...whole[method] };
      const got = await ranked(method, given);
      truth.forEach((f, i) => expectReached(got[i]!, f));
    }
  });

  it('fsr with all eigenvectors ranks so, too', async () => {
    const truth = Q.map((v) => diffused(v, k, kq, 3, 0.99));
    const got = await ranked('fsr', { k, kq, rank: N });
    truth.forEach((f, i) => expect(got[i]!.slice(0, 5)).toEqual(order(f).slice(0, 5)));
  });

  it('truncated to a shortlist solves within it alone, with the degrees of what is left (4.5)', async () => {
    const size = 20;
    const got = await ranked('truncated', { k, kq, shortlist: size, iterations: 10_000, tolerance: 1e-14 });
    const a = mutual(k, 3);
    Q.forEach((query, i) => {
      const kept = byCosine(query).slice(0, size);
      const y = carried([query], kq, 3);
      const within = solved(
        normalised(cut(a, kept)),
        0.99,
        kept.map((id) => y[id]!),
      );
      const f = new Array<number>(N).fill(0);
      kept.forEach((id, j) => (f[id] = within[j]!));
      expectReached(got[i]!, f);
    });
  });

  it('offline adds up what was solved around each neighbour, with the degrees of the whole graph (4.8)', async () => {
    const truncation = 15;
    const got = await ranked('offline', { k, kq, truncation, iterations: 10_000, tolerance: 1e-14 });
    const s = normalised(mutual(k, 3));
    Q.forEach((query, i) => {
      const f = new Array<number>(N).fill(0);
      carried([query], kq, 3).forEach((weight, node) => {
        if (weight === 0) return;
        const near = byCosine(X[node]!).slice(0, truncation);
        const around = solved(
          cut(s, near),
          0.99,
          near.map((id) => (id === node ? 1 : 0)),
        );
        near.forEach((id, j) => (f[id]! += weight * around[j]!));
      });
      expectReached(got[i]!, f);
    });
  });
});

describe('regions as plain loops', () => {
  // Three regions an image, two a query.
  const owners = Uint32Array.from({ length: N }, (_, i) => Math.floor(i / 3));
  const images = N / 3;
  const asked = { vectors: q, owners: Uint32Array.from({ length: QUERIES }, (_, i) => i >> 1), count: QUERIES / 2 };
  const scored = async (method: Method, given: GivenParameters): Promise<number[][]> => {
    const parameters = rankingParameters(method, given, { regional: true });
    const ranker = await Ranker.prepare({ vectors: x, owners, images }, parameters);
    const { ids, k } = await ranker.rank(asked, images);
    await ranker.close();
    return Array.from({ length: asked.count }, (_, i) => Array.from(ids.subarray(i * k, (i + 1) * k)));
  };
  const rowsOfImage = Array.from({ length: images }, (_, i) => [3 * i, 3 * i + 1, 3 * i + 2]);

  it('cosine sums the best match of every region of the query', async () => {
    const got = await scored('cosine', {});
    got.forEach((list, i) =>
      expectOrder(
        list,
        rowsOfImage.map((rows) => {
          let sum = 0;
          for (const v of Q.slice(2 * i, 2 * i + 2)) sum += Math.max(...rows.map((at) => inner(v, X[at]!)));
          return sum / 2;
        }),
      ),
    );
  });

  it.each(['cg', 'hybrid'] as const)(
    '%s pools the scores of regions by weights of max pooling (4.4)',
    async (method) => {
      const got = await scored(method, { k: 12, kq: 4, iterations: 10_000, tolerance: 1e-14 });
      const s = normalised(mutual(12, 3));
      got.forEach((list, i) => {
        const f = solved(s, 0.99, carried(Q.slice(2 * i, 2 * i + 2), 4, 3));
        const scores = rowsOfImage.map((rows) => {
          const gram = rows.map((a) => rows.map((b) => inner(X[a]!, X[b]!) + (a === b ? 1 : 0)));
          const weights = gauss(gram, [1, 1, 1]);
          return rows.reduce((sum, at, j) => sum + weights[j]! * f[at]!, 0);
        });
        expect(list.slice(0, 8)).toEqual(order(scores).slice(0, 8));
      });
    },
  );
});
