import { describe, expect, it } from 'vitest';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { ByteIndex } from '../../../src/main/engine/retrieval/byte-index.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';

const shapes: Readonly<Record<string, (r: Random, column: number) => number>> = {
  'even numbers': (r) => r.between(-1, 1),
  'columns that differ by a thousand times': (r, k) => r.between(-1, 1) * 10 ** (-3 * (k / 40)),
  'one number that outweighs its row': (r) => (r.below(40) === 0 ? 1000 : r.between(-1, 1)),
  'rows nearly alike': (r) => 1 + 1e-4 * r.between(-1, 1),
  'halves, so that many scores are equal': (r) => (r.below(5) - 2) / 2,
};

function literal(m: Matrix, query: Float32Array, k: number): { ids: number[]; scores: number[] } {
  const scores = Array.from({ length: m.rows }, (_, i) => {
    let s = 0;
    for (let d = 0; d < m.dim; d += 1) s += m.data[i * m.dim + d]! * query[d]!;
    return Math.fround(s);
  });
  const ids = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return { ids: ids.slice(0, k), scores };
}

describe('search by bytes', () => {
  it.each(Object.entries(shapes))('of %s has the best rows, all of them, in order', (_, shape) => {
    for (const [rows, dim] of [
      [1300, 24],
      [700, 40],
      [300, 33],
      [50, 1],
      [1, 16],
    ] as const) {
      const r = random(rows + dim);
      const data = Float32Array.from({ length: rows * dim }, (_v, i) => shape(r, i % dim));
      const m = { data, rows, dim };
      const index = new ByteIndex(m);
      for (let q = 0; q < 12; q += 1) {
        const query = Float32Array.from({ length: dim }, (_v, k) => shape(r, k));
        for (const k of [1, 7, rows, rows + 5]) {
          const { ids, scores } = literal(m, query, k);
          const found = index.search(query, k);
          expect(found.k).toBe(Math.min(k, rows));
          // Sums in another order may differ in their last bit, and then either of two may come first.
          found.ids.forEach((id, j) => {
            const close = 1e-6 * Math.max(1e-6, ...scores.map(Math.abs));
            expect(Math.abs(found.scores[j]! - scores[id]!)).toBeLessThanOrEqual(close);
            expect(Math.abs(scores[id]! - scores[ids[j]!]!)).toBeLessThanOrEqual(close);
          });
          expect(new Set(found.ids).size).toBe(found.k);
        }
      }
    }
  });

  it('of rows in groups looks at few of them and finds the same', () => {
    const r = random(5);
    const [groups, each, dim] = [60, 50, 24];
    const data: number[] = [];
    for (let g = 0; g < groups; g += 1) {
      // A few columns of its own, as the parts of a graph have, and some of all.
      const own = Array.from({ length: dim }, (_, k) => (k < 4 || k % 12 === g % 12 ? r.between(-2, 2) : 0));
      for (let i = 0; i < each; i += 1) data.push(...own.map((v) => (v === 0 ? 0 : v + 0.02 * r.between(-1, 1))));
    }
    // Rows that are there twice have equal scores.
    const rows = [...Array(groups * each).keys(), 7, 1234, 2999].toSorted(
      (a, b) => ((a * 7919) % 3001) - ((b * 7919) % 3001),
    );
    const m = {
      data: Float32Array.from(rows.flatMap((i) => data.slice(i * dim, (i + 1) * dim))),
      rows: rows.length,
      dim,
    };
    const index = new ByteIndex(m);
    let looked = 0;
    for (let q = 0; q < 40; q += 1) {
      const query = m.data.slice(70 * q * dim, (70 * q + 1) * dim).map((v) => v + 0.01 * r.between(-1, 1));
      for (const k of [1, 10, 100]) {
        const { ids, scores } = literal(m, query, k);
        const found = index.search(query, k);
        expect([...found.scores]).toEqual(ids.map((id) => scores[id]));
        expect(new Set(found.ids).size).toBe(k);
        found.ids.forEach((id, j) => expect(scores[id]).toBe(found.scores[j]));
      }
      looked += index.looked / m.rows / 40;
    }
    expect(looked).toBeLessThan(0.4);
  });

  it('keeps equal scores in the order of rows, and answers zeros', () => {
    const m = { data: Float32Array.from([1, 0, 1, 0, 0, 1, 1, 0]), rows: 4, dim: 2 };
    const index = new ByteIndex(m);
    expect([...index.search(Float32Array.of(1, 0), 3).ids]).toEqual([0, 1, 3]);
    expect([...index.search(Float32Array.of(0, 0), 3).ids]).toEqual([0, 1, 2]);
    const zeros = new ByteIndex({ data: new Float32Array(8), rows: 4, dim: 2 });
    expect([...zeros.search(Float32Array.of(1, 2), 2).scores]).toEqual([0, 0]);
    expect(index.search(Float32Array.of(1, 0), 0).k).toBe(0);
    expect(() => index.search(Float32Array.of(1), 1)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});
