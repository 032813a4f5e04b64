import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DiffusionSolver, queryVector } from '../../../src/main/engine/retrieval/diffusion.ts';
import { GraphCache } from '../../../src/main/engine/retrieval/graph-cache.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import { normaliseRows, takeRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { truncateEigenpairs } from '../../../src/main/engine/retrieval/spectral.ts';
import { measureTradeoff, rankingError } from '../../../src/main/engine/retrieval/tradeoff.ts';
import { inverse, Matrix as Dense } from 'ml-matrix';

/** Points around a ring: their graph is one chain, on which scores decay slowly. */
function ring(rows: number): Matrix {
  const r = random(6);
  const data = Float32Array.from({ length: 3 * rows }, (_, k) => {
    const angle = (2 * Math.PI * Math.floor(k / 3)) / rows;
    return [Math.cos(angle), Math.sin(angle), 0][k % 3]! + 0.05 * r.between(-1, 1);
  });
  return normaliseRows({ data, rows, dim: 3 }, 'ring');
}
const P = { k: 7, kq: 3, gamma: 3, alpha: 0.97 };

describe('the error of a ranking', () => {
  it('is the share of pairs in another order; what only the truth tells apart counts, what it does not tell does not', () => {
    const exact = [3, 2, 1, 1];
    const pairs = [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 0],
    ] as const;
    for (const [f, wrong] of [
      [[9, 5, 1, 0], 0],
      [[3, 2, 1, 1], 0],
      [[5, 9, 1, 1], 1],
      [[1, 1, 0, 0], 1],
      [[0, 1, 2, 5], 3],
      [[1, 1, 1, 1], 3],
    ] as const)
      expect(rankingError(f, exact, pairs)).toBe(wrong / 4);
    expect(rankingError([1], [1], [[0, 0]])).toBe(0);
  });
});

describe('the trade-off between rank and iterations', () => {
  it('finds the fewest iterations that reach the target, for every rank, and says what is left', async () => {
    const x = ring(50);
    const cache = new GraphCache(x);
    const { a, s } = await cache.graph(P.k, P.gamma);
    const all = await cache.eigenpairs(P.k, P.gamma, 50, 1e-5);
    // The same queries and pairs by their definition.
    const r = random(7);
    const drawn = Array.from({ length: 16 }, () => r.below(50));
    const near = await exactNeighbours(x, takeRows(x, drawn), P.kq);
    const queries = drawn.map((_, i) =>
      queryVector(
        [{ ids: near.ids.subarray(3 * i, 3 * i + 3), cosines: near.scores.subarray(3 * i, 3 * i + 3) }],
        3,
        3,
      ),
    );
    const p = random(11);
    const pairs = Array.from({ length: 20_000 }, () => [p.below(50), p.below(50)] as const);
    const system = Dense.eye(50);
    for (let i = 0; i < 50; i += 1)
      for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1)
        system.set(i, s.columns[e]!, system.get(i, s.columns[e]!) - P.alpha * s.values[e]!);
    const solve = inverse(system);
    const truth = queries.map((y) => {
      const f = new Array<number>(50).fill(0);
      for (let i = 0; i < 50; i += 1)
        for (let e = 0; e < y.ids.length; e += 1) f[i]! += 0.03 * solve.get(i, y.ids[e]!) * y.values[e]!;
      return f;
    });
    for (const target of [0.02, 0.001]) {
      const told: number[] = [];
      const report = await measureTradeoff(x, P, target, cache, { ...silentContext(), progress: (n) => told.push(n) });
      expect(report).toMatchObject({ nodes: 50, edges: a.columns.length / 2, target, eigenResidual: all.residual });
      expect(report.points.map((o) => o.rank)).toEqual([0, 5, 10, 20, 40, 50]);
      expect(told).toEqual([1, 2, 3, 4, 5, 6]);
      for (const point of report.points) {
        const solver = await DiffusionSolver.create(s);
        if (point.rank > 0) solver.useEigenpairs(truncateEigenpairs(all, point.rank));
        expect(point.bytes).toBe(solver.bytes);
        const errors = (iterations: number): [number, number] => {
          let [ranking, score] = [0, 0];
          solver.hybrid(queries, { alpha: P.alpha, iterations, tolerance: 0 }, (q, f) => {
            ranking += rankingError(f, truth[q]!, pairs) / 16;
            score += Math.hypot(...truth[q]!.map((v, i) => v - f[i]!)) / Math.hypot(...truth[q]!) / 16;
          });
          return [ranking, score];
        };
        const [ranking, score] = errors(point.iterations);
        expect(point.rankingError).toBeCloseTo(ranking, 7);
        expect(point.scoreError).toBeCloseTo(score, 6);
        expect(point.spectralError).toBeCloseTo(errors(0)[0], 7);
        expect(point.rankingError).toBeLessThanOrEqual(target);
        if (point.iterations > 0) expect(errors(point.iterations - 1)[0]).toBeGreaterThan(target);
        expect(point.msPerQuery).toBeGreaterThan(0);
      }
      expect(report.points[0]!.iterations).toBeGreaterThan(4);
      expect(report.points.at(-1)!.iterations).toBe(0);
    }
  });

  it('has reached a target that is the very error', async () => {
    const x = ring(50);
    const cache = new GraphCache(x);
    const { points } = await measureTradeoff(x, P, 0.01, cache, silentContext());
    const at = async (target: number): Promise<readonly { iterations: number; rankingError: number }[]> =>
      (await measureTradeoff(x, P, target, cache, silentContext())).points;
    for (const i of [0, 1]) {
      const { iterations, rankingError: error, spectralError } = points[i]!;
      expect(iterations).toBeGreaterThan(1);
      expect((await at(error))[i]).toMatchObject({ iterations, rankingError: error });
      // Without any iteration it is what the spectral part alone leaves.
      expect((await at(spectralError))[i]).toMatchObject({ iterations: 0, rankingError: spectralError });
      expect((await at(spectralError * 0.999999))[i]!.iterations).toBeGreaterThan(0);
    }
  });

  it('takes ranks up to what there are nodes, each once', async () => {
    for (const [rows, ranks] of [
      [20, [0, 5, 10, 20]],
      [21, [0, 5, 10, 20, 21]],
    ] as const) {
      const x = ring(rows);
      const { points } = await measureTradeoff(x, P, 0.01, new GraphCache(x), silentContext());
      expect(points.map((o) => o.rank)).toEqual(ranks);
    }
  });

  it('needs an edge, and ends when it is told to', async () => {
    const apart = { data: Float32Array.of(1, 0, 0, 1), rows: 2, dim: 2 };
    await expect(
      measureTradeoff(apart, { ...P, k: 2 }, 0.1, new GraphCache(apart), silentContext()),
    ).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    const x = ring(30);
    const task = {
      ...silentContext(),
      progress: (n: number) => {
        if (n === 2) throw new Error('stopped');
      },
    };
    await expect(measureTradeoff(x, P, 0.1, new GraphCache(x), task)).rejects.toThrow('stopped');
  });
});

describe('what methods share', () => {
  it('is computed once for each choice, and again only after it failed', async () => {
    const x = ring(12);
    const cache = new GraphCache(x);
    expect(cache.neighbours(4)).toBe(cache.neighbours(4));
    expect((await cache.neighbours(4)).k).toBe(4);
    expect((await cache.neighbours(5)).k).toBe(5);
    expect(cache.graph(5, 3)).toBe(cache.graph(5, 3));
    const [one, two] = [await cache.graph(5, 3), await cache.graph(5, 2)];
    expect(one.a.values[0]).not.toBe(two.a.values[0]);
    expect(await cache.graph(4, 3)).not.toBe(one);
    expect(one.s.values).not.toEqual(one.a.values);
    expect((await cache.eigenpairs(5, 3, 40, 1e-7)).rank).toBe(12);
    expect((await cache.eigenpairs(5, 3, 3, 1e-7)).rank).toBe(3);
    expect(cache.eigenpairs(5, 3, 3, 1e-7)).toBe(cache.eigenpairs(5, 3, 3, 1e-7));
    expect(cache.eigenpairs(5, 3, 3, 1e-6)).not.toBe(cache.eigenpairs(5, 3, 3, 1e-7));
    const stopping = {
      ...silentContext(),
      check: () => {
        throw new Error('stopped');
      },
    };
    await expect(cache.neighbours(6, stopping)).rejects.toThrow('stopped');
    expect((await cache.neighbours(6)).k).toBe(6);
  });
});
