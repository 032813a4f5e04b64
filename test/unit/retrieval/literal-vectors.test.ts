import { describe, expect, it } from 'vitest';
import { regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { augmentDatabase, DEFAULT_REFINEMENT, expand, refine } from '../../../src/main/engine/retrieval/expansion.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import {
  dot,
  normaliseRows,
  rankByScore,
  row,
  similarities,
  takeRows,
  topByScore,
  type Matrix,
} from '../../../src/main/engine/retrieval/rank.ts';
import {
  pooledWeights,
  poolingMatrix,
  poolRegions,
  poolScores,
  rowsByImage,
  summedRegions,
} from '../../../src/main/engine/retrieval/regions.ts';
import { learnPca, learnWhitening, whiten, whiteningLayer } from '../../../src/main/engine/retrieval/whitening.ts';

function vectors(r: Random, rows: number, dim: number): Matrix {
  return normaliseRows(
    { data: Float32Array.from({ length: rows * dim }, () => r.between(-0.4, 1)), rows, dim },
    'test',
  );
}
const list = (v: ArrayLike<number>): number[] => Array.from(v);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => list(a).reduce((s, v, i) => s + v * b[i]!, 0);
const unit = (v: readonly number[]): number[] => v.map((x) => x / Math.hypot(...v));
const close = (a: ArrayLike<number>, b: readonly number[], by = 1e-5): void => {
  expect(a.length).toBe(b.length);
  b.forEach((v, i) => expect(Math.abs(a[i]! - v)).toBeLessThan(by));
};

describe('rows and ranks', () => {
  const m: Matrix = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), rows: 3, dim: 3 };
  it('are read, taken, multiplied and normalised row by row', () => {
    expect(list(row(m, 1))).toEqual([4, 5, 6]);
    expect(takeRows(m, [2, 0])).toEqual({ data: Float32Array.of(7, 8, 9, 1, 2, 3), rows: 2, dim: 3 });
    expect(dot([1, 2, 3], [4, 5, 6])).toBe(32);
    expect(list(similarities(m, Float32Array.of(1, 0, -1)))).toEqual([-2, -2, -2]);
    expect(list(similarities(m, Float32Array.of(1, 1, 0)))).toEqual([3, 9, 15]);
    const n = normaliseRows(m, 'm');
    for (let i = 0; i < 3; i += 1) close(row(n, i), unit(list(row(m, i))), 1e-6);
    expect(() => normaliseRows({ ...m, data: m.data.with(5, Infinity) }, 'm')).toThrow(/Row 1 of m holds a value/);
  });

  it('select the best as a sort does, for any number of scores and of wanted', () => {
    const r = random(4);
    for (let t = 0; t < 400; t += 1) {
      const scores = Float64Array.from({ length: 1 + r.below(90) }, () => r.below(12));
      const top = 1 + r.below(scores.length + 4);
      const sorted = list(scores)
        .map((_, i) => i)
        .sort((a, b) => scores[b]! - scores[a]! || a - b);
      expect(list(rankByScore(scores))).toEqual(sorted);
      expect(list(topByScore(scores, top))).toEqual(sorted.slice(0, top));
    }
  });
});

describe('exact neighbours', () => {
  it('are the best rows by a sort, also of fewer rows than are wanted', async () => {
    const r = random(5);
    for (const [rows, k] of [
      [40, 7],
      [5, 9],
      [1, 1],
    ] as const) {
      const database = vectors(r, rows, 6);
      const queries = vectors(r, 13, 6);
      const found = await exactNeighbours(database, queries, k);
      expect(found.k).toBe(Math.min(k, rows));
      for (let q = 0; q < 13; q += 1) {
        const scores = list({ length: rows }).map((_, i) => cosine(row(queries, q), row(database, i)));
        const best = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
        expect(list(found.ids.subarray(q * found.k, (q + 1) * found.k))).toEqual(best.slice(0, k));
        close(
          found.scores.subarray(q * found.k, (q + 1) * found.k),
          best.slice(0, k).map((i) => scores[i]!),
        );
      }
    }
    expect((await exactNeighbours(vectors(r, 0, 3), vectors(r, 2, 3), 4)).k).toBe(0);
  });
});

describe('expansion', () => {
  it('takes the first n of the list, without the row itself, weighted by similarity to the power of alpha', async () => {
    const r = random(6);
    const database = vectors(r, 12, 4);
    const lists = await exactNeighbours(database, database, 12);
    for (const [n, alpha, skipped] of [
      [3, 2, true],
      [5, 0, true],
      [4, 3, false],
      [40, 1, false],
    ] as const) {
      const got = expand(database, database, lists, n, alpha, skipped ? (i) => i : undefined);
      for (let q = 0; q < 12; q += 1) {
        const own = list(row(database, q));
        const near = list({ length: 12 })
          .map((_, i) => i)
          .filter((i) => !skipped || i !== q)
          .sort((a, b) => cosine(own, row(database, b)) - cosine(own, row(database, a)))
          .slice(0, n);
        const sum = own.map((v, d) =>
          near.reduce((s, i) => s + Math.max(0, cosine(own, row(database, i))) ** alpha * row(database, i)[d]!, v),
        );
        close(row(got, q), unit(sum), 2e-5);
      }
    }
    expect(augmentDatabase(database, lists, 3, 2)).toEqual(expand(database, database, lists, 3, 2, (i) => i));
  });

  it('refines a shortlist as methods.md 1.9 has it', () => {
    const r = random(7);
    const database = vectors(r, 40, 5);
    const query = row(vectors(r, 1, 5), 0);
    const shortlist = [3, 9, 27, 31, 8, 0, 14, 22, 5, 39, 11, 17, 2];
    for (const p of [
      { ...DEFAULT_REFINEMENT, neighbours: 4 },
      DEFAULT_REFINEMENT,
      { shortlist: 1, neighbours: 2, beta: 0.6 },
    ]) {
      const v = shortlist.map((i) => list(row(database, i)));
      const refined = v.map((own, i) => {
        const near = v
          .map((_, j) => j)
          .filter((j) => j !== i)
          .sort((a, b) => cosine(own, v[b]!) - cosine(own, v[a]!))
          .slice(0, p.neighbours);
        const weights = near.map((j) => p.beta * cosine(own, v[j]!));
        const total = 1 + weights.reduce((a, b) => a + b, 0);
        return own.map((x, d) => near.reduce((s, j, k) => s + weights[k]! * v[j]![d]!, x) / total);
      });
      const first = refined.map((x) => cosine(query, x));
      const best = first
        .map((_, i) => i)
        .sort((a, b) => first[b]! - first[a]!)
        .slice(0, p.neighbours + 1);
      const expanded = list(query).map((_, d) => Math.max(...best.map((i) => refined[i]![d]!)));
      const scores = first.map((s, i) => (s + cosine(expanded, refined[i]!)) / 2);
      const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
      const got = refine(query, database, shortlist, p);
      expect(list(got.ids)).toEqual(order.map((i) => shortlist[i]));
      close(
        got.scores,
        order.map((i) => scores[i]!),
      );
    }
    expect(DEFAULT_REFINEMENT).toEqual({ shortlist: 400, neighbours: 9, beta: 0.15 });
  });
});

/** R-MAC's grid as methods.md 1.5 writes it down. */
function literalGrid(W: number, H: number, levels: number): string[] {
  const [w, long] = [Math.min(W, H), Math.max(W, H)];
  const overlap = (s: number): number => Math.abs((w ** 2 - w * ((long - w) / (s - 1))) / w ** 2 - 0.4);
  const steps = [2, 3, 4, 5, 6, 7].reduce((a, b) => (overlap(b) < overlap(a) ? b : a));
  const extra = W === H ? 0 : steps - 1;
  const out = [`0 0 ${W} ${H}`];
  for (let l = 1; l <= levels; l += 1) {
    const side = Math.floor((2 * w) / (l + 1));
    if (side === 0) continue;
    const starts = (length: number, count: number): number[] => {
      const b = count === 1 ? 0 : (length - side) / (count - 1);
      const c = Math.floor(side / 2 - 1);
      return Array.from({ length: count }, (_, j) => Math.floor(c + j * b) - c);
    };
    for (const y of starts(H, H > W ? l + extra : l))
      for (const x of starts(W, W > H ? l + extra : l)) out.push(`${x} ${y} ${side} ${side}`);
  }
  return out;
}

describe('regions', () => {
  it('lie where methods.md 1.5 puts them, for maps of all shapes', () => {
    for (const [w, h] of [
      [12, 12],
      [32, 24],
      [24, 32],
      [48, 32],
      [40, 20],
      [8, 32],
      [7, 9],
      [1, 1],
      [2, 1],
      [1, 6],
      [33, 10],
    ] as const)
      for (const levels of [1, 3])
        expect(regionGrid(w, h, levels).map((r) => `${r.x} ${r.y} ${r.width} ${r.height}`)).toEqual(
          literalGrid(w, h, levels),
        );
    expect(regionGrid(32, 24)).toEqual(regionGrid(32, 24, 3));
  });

  it('pool by the generalised mean of their values, each of unit length', () => {
    const r = random(8);
    const [channels, height, width] = [3, 5, 4];
    const map = Float32Array.from({ length: channels * height * width }, () => r.between(-0.5, 2));
    const regions = [
      { x: 0, y: 0, width: 4, height: 5 },
      { x: 1, y: 2, width: 2, height: 3 },
      { x: 3, y: 4, width: 1, height: 1 },
    ];
    for (const p of ['spoc', 1, 3, 'mac'] as const) {
      const got = poolRegions({ data: map, channels, height, width }, regions, p);
      regions.forEach((g, i) => {
        const pooled = [0, 1, 2].map((c) => {
          const values: number[] = [];
          for (let y = g.y; y < g.y + g.height; y += 1)
            for (let x = g.x; x < g.x + g.width; x += 1) values.push(map[(c * height + y) * width + x]!);
          if (p === 'mac') return Math.max(...values);
          if (p === 'spoc') return values.reduce((s, v) => s + v, 0) / values.length;
          return (values.reduce((s, v) => s + Math.max(v, 1e-6) ** p, 0) / values.length) ** (1 / p);
        });
        close(
          got.subarray(3 * i, 3 * i + 3),
          pooled.map((v) => v / (Math.hypot(...pooled) + 1e-6)),
        );
      });
    }
  });

  it('are summed, weighted and pooled by image', () => {
    const r = random(9);
    const regions = vectors(r, 7, 3);
    const owners = [2, 0, 2, 0, 0, 1, 2];
    expect(rowsByImage(owners, 4)).toEqual([[1, 3, 4], [5], [0, 2, 6], []]);
    const summed = summedRegions(regions, owners, 3);
    [[1, 3, 4], [5], [0, 2, 6]].forEach((own, image) =>
      close(row(summed, image), unit([0, 1, 2].map((d) => own.reduce((s, i) => s + row(regions, i)[d]!, 0)))),
    );
    const pooling = poolingMatrix(regions, owners, 3);
    expect(pooling.map((p) => list(p.ids))).toEqual([[1, 3, 4], [5], [0, 2, 6]]);
    for (const { ids, values } of pooling) {
      // (VᵀV + I) c = 1: the system itself.
      list(ids).forEach((i, a) => {
        const left = list(ids).reduce(
          (s, j, b) => s + cosine(row(regions, i), row(regions, j)) * values[b]!,
          values[a]!,
        );
        expect(left).toBeCloseTo(1, 6);
      });
    }
    const scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
    close(
      poolScores(pooling, scores),
      pooling.map((p) => list(p.ids).reduce((s, i, k) => s + p.values[k]! * scores[i]!, 0)),
    );
    close(pooledWeights({ data: Float32Array.of(1, 0), rows: 1, dim: 2 }, 3), [0.25]);
  });
});

describe('whitening', () => {
  // methods.md 1.8: columns of three rows are descriptors.
  const columns = Array.from({ length: 8 }, (_, c) =>
    unit([1, 2, 3].map((r) => Math.sin(0.37 * (8 * (r - 1) + c + 1) ** 2) + 0.1)),
  );
  const x: Matrix = { data: Float32Array.from(columns.flat()), rows: 8, dim: 3 };
  const w = learnWhitening(x, [0, 2, 4, 6], [1, 3, 5, 7], 0);
  const similaritiesOf = (m: Matrix): number[] => list({ length: 8 }).map((_, i) => cosine(row(m, 0), row(m, i)));

  it('has the golden mean and similarities', () => {
    close(w.mean, [0.201113, -0.031133, 0.336711], 1e-5);
    close(
      similaritiesOf(whiten(x, w)),
      [1, 0.986085, -0.993501, -0.99265, 0.981352, 0.967161, -0.992711, -0.988804],
      1e-4,
    );
    close(
      similaritiesOf(whiten(x, w, 2)),
      [1, 0.989134, -0.993481, -0.999908, 0.981959, 0.970515, -0.99332, -0.994743],
      1e-4,
    );
  });

  it('makes differences of pairs white, and the scatter of all diagonal, falling', () => {
    const apply = (v: ArrayLike<number>, minus: ArrayLike<number>): number[] =>
      [0, 1, 2].map((r) => [0, 1, 2].reduce((s, k) => s + w.projection[3 * r + k]! * (v[k]! - minus[k]!), 0));
    const sum = (rows: number[][], scale: number): number[][] =>
      [0, 1, 2].map((a) => [0, 1, 2].map((b) => rows.reduce((s, v) => s + v[a]! * v[b]!, 0) * scale));
    const differences = [0, 2, 4, 6].map((q) => apply(row(x, q), row(x, q + 1)));
    sum(differences, 1 / 4).forEach((r, a) =>
      close(
        r,
        [0, 1, 2].map((b) => (a === b ? 1 : 0)),
        1e-5,
      ),
    );
    const scatter = sum(
      columns.map((c) => apply(c, w.mean)),
      1,
    );
    scatter.forEach((r, a) => r.forEach((v, b) => a !== b && expect(Math.abs(v)).toBeLessThan(1e-4 * scatter[0]![0]!)));
    expect(scatter[0]![0]! >= scatter[1]![1]! && scatter[1]![1]! >= scatter[2]![2]!).toBe(true);
  });

  it('is shrunk by a tenth of the mean variance where independent pairs are fewer than twice the dimensions', () => {
    expect(learnWhitening(x, [0, 2, 4, 6], [1, 3, 5, 7]).shrinkage).toBe(0.1);
    const many = vectors(random(1), 40, 2);
    const [q, p] = [list({ length: 4 }).map((_, i) => 2 * i), list({ length: 4 }).map((_, i) => 2 * i + 1)];
    expect(learnWhitening(many, q, p).shrinkage).toBe(0);
    expect(learnWhitening(many, q.slice(1), p.slice(1)).shrinkage).toBe(0.1);
    // The same five photos in as many pairs are four independent ones; four photos are three.
    expect(learnWhitening(many, [0, 1, 2, 3, 0], [1, 2, 3, 4, 2]).shrinkage).toBe(0);
    expect(learnWhitening(many, [0, 1, 2, 3, 0], [1, 2, 3, 0, 2]).shrinkage).toBe(0.1);
    expect(() => learnWhitening(many, [], [])).toThrow(expect.objectContaining({ code: 'STATE_EMPTY' }));
    // By definition: the covariance of differences, lifted by its share of the mean variance, becomes white.
    const lifted = learnWhitening(x, [0, 2, 4, 6], [1, 3, 5, 7], 0.3);
    const c = [0, 1, 2].map((a) =>
      [0, 1, 2].map(
        (b) =>
          [0, 2, 4, 6].reduce(
            (s, i) => s + (x.data[3 * i + a]! - x.data[3 * i + 3 + a]!) * (x.data[3 * i + b]! - x.data[3 * i + 3 + b]!),
            0,
          ) / 4,
      ),
    );
    const lift = (0.3 * (c[0]![0]! + c[1]![1]! + c[2]![2]!)) / 3;
    const P = (r: number, k: number): number => lifted.projection[3 * r + k]!;
    for (let r = 0; r < 3; r += 1)
      for (let s = 0; s < 3; s += 1) {
        let v = 0;
        for (let a = 0; a < 3; a += 1)
          for (let b = 0; b < 3; b += 1) v += P(r, a) * (c[a]![b]! + (a === b ? lift : 0)) * P(s, b);
        expect(v).toBeCloseTo(r === s ? 1 : 0, 5);
      }
  });

  it('without pairs turns to the principal axes and divides by their deviation, to a power', () => {
    const many = vectors(random(2), 30, 3);
    const mean = [0, 1, 2].map((k) => list({ length: 30 }).reduce<number>((s, _, i) => s + row(many, i)[k]! / 30, 0));
    const centred = list({ length: 30 }).map((_, i) => [0, 1, 2].map((k) => row(many, i)[k]! - mean[k]!));
    for (const power of [0.5, 0.25, 0]) {
      const pca = learnPca(many, power);
      expect(pca.shrinkage).toBe(0);
      close(pca.mean, mean, 1e-9);
      const projected = centred.map((v) =>
        [0, 1, 2].map((r) => v.reduce((s, a, k) => s + pca.projection[3 * r + k]! * a, 0)),
      );
      // C = XXᵀ / 2N has eigenvalue λ on each axis; after the power, λ^(1 − 2 power) is left.
      const variance = (r: number): number => projected.reduce((s, v) => s + v[r]! ** 2, 0) / 60;
      const norms = [0, 1, 2].map((r) => Math.hypot(...[0, 1, 2].map((k) => pca.projection[3 * r + k]!)));
      for (let r = 0; r < 3; r += 1) {
        const lambda = norms[r]! ** (-1 / (power || 1));
        expect(variance(r)).toBeCloseTo(power === 0 ? variance(r) : lambda ** (1 - 2 * power), 9);
        for (let s = 0; s < r; s += 1)
          expect(Math.abs(projected.reduce((t, v) => t + v[r]! * v[s]!, 0))).toBeLessThan(1e-5);
      }
      if (power === 0) norms.forEach((n) => expect(n).toBeCloseTo(1, 9));
      expect(norms[0]! <= norms[1]! + 1e-9 && norms[1]! <= norms[2]! + 1e-9).toBe(true);
    }
    const few = vectors(random(3), 4, 3);
    expect(learnPca(few).shrinkage).toBe(0.1);
    expect(learnPca(vectors(random(3), 6, 3)).shrinkage).toBe(0);
    expect([...learnPca(few).projection].every(Number.isFinite)).toBe(true);
    expect(() => learnPca(vectors(random(3), 1, 3))).toThrow(expect.objectContaining({ code: 'STATE_EMPTY' }));
  });

  it('as a layer does the same before normalising', () => {
    const layer = whiteningLayer(w, 2);
    expect([layer.from, layer.to, layer.weight.length, layer.bias.length]).toEqual([3, 2, 6, 2]);
    const asked = whiten(x, w, 2);
    for (let i = 0; i < 8; i += 1) {
      const y = [0, 1].map((r) =>
        [0, 1, 2].reduce((s, k) => s + layer.weight[2 * k + r]! * x.data[3 * i + k]!, layer.bias[r]!),
      );
      close(row(asked, i), unit(y), 1e-4);
    }
  });
});
