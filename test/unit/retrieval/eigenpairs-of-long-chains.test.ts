import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { normaliseGraph, type SparseGraph } from '../../../src/main/engine/retrieval/graph.ts';
import { leadingEigenpairs, type Eigenpairs } from '../../../src/main/engine/retrieval/spectral.ts';

/** A chain of nodes, normalised: S is tridiagonal. `off[i]` joins i and i + 1. */
function chain(n: number, seed: number): { s: SparseGraph; off: number[] } {
  const r = random(seed);
  const w = Array.from({ length: n - 1 }, () => r.between(0.5, 1));
  const starts = new Uint32Array(n + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < n; i += 1) {
    for (const [j, weight] of [
      [i - 1, w[i - 1]],
      [i + 1, w[i]],
    ] as const)
      if (weight !== undefined) {
        columns.push(j);
        values.push(weight);
      }
    starts[i + 1] = columns.length;
  }
  const s = normaliseGraph({ nodes: n, starts, columns: Uint32Array.from(columns), values: Float64Array.from(values) });
  return { s, off: Array.from({ length: n - 1 }, (_, i) => s.values[s.starts[i + 1]! - 1]!) };
}
/** Eigenvalues of a tridiagonal matrix without diagonal that are larger than x: signs of Sturm's sequence. */
function above(off: readonly number[], x: number): number {
  let count = 0;
  let d = -x;
  if (d > 0) count += 1;
  for (const b of off) {
    d = -x - (b * b) / (d === 0 ? 1e-300 : d);
    if (d > 0) count += 1;
  }
  return count;
}
function residual(s: SparseGraph, e: Eigenpairs): number {
  let most = 0;
  for (let k = 0; k < e.rank; k += 1) {
    let sum = 0;
    for (let i = 0; i < s.nodes; i += 1) {
      let v = -e.values[k]! * e.vectors[i * e.rank + k]!;
      for (let a = s.starts[i]!; a < s.starts[i + 1]!; a += 1)
        v += s.values[a]! * e.vectors[s.columns[a]! * e.rank + k]!;
      sum += v * v;
    }
    most = Math.max(most, Math.sqrt(sum));
  }
  return most;
}

/** Of eight columns: a quarter more than are wanted, and 24. */
const blocksOf = (rank: number): number => Math.ceil((1.1 * rank + 24) / 8);
/** Filter, orthonormal columns (two products), the matrix on the subspace, its eigenvectors: each looks before every block. */
const looksARound = (rank: number): number => 5 * blocksOf(rank);

describe('eigenpairs of a long chain, whose values lie close together', () => {
  it('are the leading ones, by Sturm’s count, as exact as was asked for, after some rounds', async () => {
    for (const [n, rank, rounds] of [
      // A filter of degree 40 that damps below the last of 48 (40) values lifts the last wanted one by 18 (476) in a round, so
      // that eight digits take 7 (3) rounds; some more go before the place to cut at is known.
      [1500, 20, 8],
      [700, 9, 6],
    ] as const) {
      const { s, off } = chain(n, n);
      const told: number[] = [];
      const e = await leadingEigenpairs(s, rank, { ...silentContext(), progress: (done) => told.push(done) });
      expect(e.rank).toBe(rank);
      expect(e.values[0]).toBeCloseTo(1, 9);
      for (let k = 0; k < rank; k += 1) {
        expect(above(off, e.values[k]! + 1e-9)).toBe(k);
        expect(above(off, e.values[k]! - 1e-9)).toBe(k + 1);
      }
      const off2 = residual(s, e);
      expect(off2).toBeLessThan(1.01e-7);
      // What it says of itself is what it is.
      expect(e.residual).toBeGreaterThan(0);
      expect(e.residual).toBeLessThan(1e-7);
      for (let a = 0; a < rank; a += 1)
        for (let b = 0; b <= a; b += 1) {
          let dot = 0;
          for (let i = 0; i < n; i += 1) dot += e.vectors[i * rank + a]! * e.vectors[i * rank + b]!;
          expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-8);
        }
      expect(told.length).toBeLessThanOrEqual(rounds * looksARound(rank) + 1);
      // How far it is grows, with most rounds, and ends with the whole component.
      expect(told).toEqual([...told].sort((a, b) => a - b));
      expect(new Set(told).size).toBeGreaterThan(rounds / 2);
      expect(told.at(-2)).toBeLessThan(n);
      expect(told.at(-1)).toBe(n);
    }
  });

  it('are sooner found where less is asked for', async () => {
    const { s } = chain(900, 4);
    const rounds = async (tolerance: number): Promise<[number, number]> => {
      let checks = 0;
      const e = await leadingEigenpairs(s, 12, { ...silentContext(), check: () => (checks += 1) }, tolerance);
      expect(residual(s, e)).toBeLessThanOrEqual(tolerance * 1.05);
      return [checks, residual(s, e)];
    };
    const [loose, exact] = [await rounds(1e-2), await rounds(1e-8)];
    expect(loose[0]).toBeLessThan(exact[0]);
    expect(loose[1]).toBeGreaterThan(exact[1]);
  });
});

describe('a tolerance that rounding does not reach', () => {
  it('ends after 24 rounds with what they found', async () => {
    const { s, off } = chain(330, 4);
    let checks = 0;
    const task = {
      ...silentContext(),
      check: () => {
        checks += 1;
        if (checks > 2000) throw new Error('it does not end');
      },
    };
    // No residual is below zero.
    const e = await leadingEigenpairs(s, 3, task, -1);
    // Once for the component; in each of 24 rounds once for every block and each of the round's parts, two more of them in the first two rounds.
    expect(checks).toBe(1 + 24 * looksARound(3) + 2 * 2 * blocksOf(3));
    expect(residual(s, e)).toBeLessThan(1e-7);
    for (const [k, value] of e.values.entries()) {
      expect(above(off, value + 1e-9)).toBe(k);
      expect(above(off, value - 1e-9)).toBe(k + 1);
    }
  });
});
