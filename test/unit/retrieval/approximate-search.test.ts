import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { ApproximateIndex, DEFAULT_HNSW } from '../../../src/main/engine/retrieval/approximate.ts';
import { normaliseRows, takeRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
function drawn(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows({ data: Float32Array.from({ length: rows * dim }, () => r.between(-1, 1)), rows, dim }, 'x');
}
const cosine = (a: Matrix, i: number, b: Matrix, j: number): number => {
  let s = 0;
  for (let d = 0; d < a.dim; d += 1) s += a.data[i * a.dim + d]! * b.data[j * b.dim + d]!;
  return s;
};

describe('the approximate index', () => {
  const x = drawn(60, 6, 1);
  const index = ApproximateIndex.build(x);

  it('answers none, one or many queries with exact scores, best first, equal ones by row', () => {
    // Rows that are there twice.
    const twice: Matrix = { ...x, data: x.data.slice() };
    twice.data.copyWithin(6 * 50, 0, 6 * 10);
    const doubled = ApproximateIndex.build(twice);
    for (const rows of [0, 1, 2, 7]) {
      const queries = drawn(rows, 6, 2);
      for (const k of [1, 5, 60, 90]) {
        const found = doubled.search(queries, k);
        expect(found.k).toBe(Math.min(k, 60));
        expect([found.ids.length, found.scores.length]).toEqual([rows * found.k, rows * found.k]);
        for (let q = 0; q < rows; q += 1) {
          const scores = Array.from({ length: 60 }, (_, i) => Math.fround(cosine(queries, q, twice, i)));
          const best = scores
            .map((_, i) => i)
            .sort((a, b) => scores[b]! - scores[a]! || a - b)
            .slice(0, found.k);
          const got = [...found.ids.subarray(q * found.k, (q + 1) * found.k)];
          expect(got).toEqual(best);
          got.forEach((id, j) => expect(found.scores[q * found.k + j]).toBe(scores[id]));
        }
      }
    }
    expect(index.search(drawn(3, 6, 4), 0)).toEqual({ k: 0, ids: new Uint32Array(0), scores: new Float32Array(0) });
  });

  it('misses nothing of a small set, and is the same each time it is built', () => {
    for (const [rows, dim] of [
      [150, 5],
      [400, 32],
    ] as const) {
      const r = random(rows);
      const some = (n: number): Matrix =>
        normaliseRows({ data: Float32Array.from({ length: n * dim }, () => r.between(-0.6, 1)), rows: n, dim }, 'x');
      const small = some(rows);
      const queries = some(4);
      const first = ApproximateIndex.build(small).search(queries, 10);
      for (let i = 0; i < 40; i += 1) expect(ApproximateIndex.build(small).search(queries, 10)).toEqual(first);
    }
    // One row more than are added by one thread.
    const more = drawn(1025, 8, 7);
    const own = ApproximateIndex.build(more).search(takeRows(more, [0, 1023, 1024]), 1);
    expect([...own.ids]).toEqual([0, 1023, 1024]);
  });

  it('is searched by as many threads as it has places for, whatever somebody says: built by one, built by all, and mapped from a file', () => {
    const some = drawn(2100, 4, 8);
    const file = join(folder, 'mapped.usearch');
    const before = process.env['COVIS_THREADS'];
    try {
      process.env['COVIS_THREADS'] = '1';
      const byOne = ApproximateIndex.build(some);
      delete process.env['COVIS_THREADS'];
      const byAll = ApproximateIndex.build(some);
      byAll.save(file);
      const mapped = ApproximateIndex.open(file, some);
      process.env['COVIS_THREADS'] = '64';
      for (const graph of [byOne, byAll, mapped])
        for (let i = 0; i < 8; i += 1) expect(graph.search(some, 3).ids.length).toBe(3 * 2100);
    } finally {
      if (before === undefined) delete process.env['COVIS_THREADS'];
      else process.env['COVIS_THREADS'] = before;
    }
  });

  it('has every row under its own number, also where it is built in parts', () => {
    // Eight thousand rows are added at a time, but for the first.
    const rows = 1024 + 8192 + 40;
    const big = drawn(rows, 8, 9);
    const told: number[] = [];
    const built = ApproximateIndex.build(big, DEFAULT_HNSW, { ...silentContext(), progress: (n) => told.push(n) });
    expect(told).toEqual([1024, 1024 + 8192, rows]);
    const asked = [0, 1, 1023, 1024, 9215, 9216, 9217, rows - 1];
    const near = built.search(takeRows(big, asked), 30);
    const own = asked.filter((i, q) => near.ids.subarray(30 * q, 30 * q + 30).includes(i));
    expect(own.length).toBeGreaterThanOrEqual(asked.length - 1);
    let left = 1;
    const stopping = {
      ...silentContext(),
      check: () => {
        left -= 1;
        if (left < 0) throw new Error('stopped');
      },
    };
    expect(() => ApproximateIndex.build(big, DEFAULT_HNSW, stopping)).toThrow('stopped');
  });

  it('finds all of a small set, whatever is asked for, and says what it misses of a large one', async () => {
    for (const [k, sample] of [
      [1, 5],
      [10, 50],
      [60, 200],
      [200, 3],
    ] as const)
      expect(await index.recall(k, sample)).toBe(1);
    // Of a larger one, with the fewest links and candidates, some are missed, and that is what recall says.
    const large = drawn(3000, 24, 5);
    const poor = ApproximateIndex.build(large, { connectivity: 2, expansionAdd: 2, expansionSearch: 1 });
    const share = await poor.recall(10, 40, 3);
    const r = random(3);
    let hits = 0;
    const ids = Array.from({ length: 40 }, () => r.below(3000));
    const found = poor.search(takeRows(large, ids), 10);
    ids.forEach((id, q) => {
      const scores = Array.from({ length: 3000 }, (_, i) => cosine(large, id, large, i));
      const best = scores
        .map((_, i) => i)
        .sort((a, b) => scores[b]! - scores[a]!)
        .slice(0, 10);
      hits += best.filter((i) => found.ids.subarray(10 * q, 10 * q + 10).includes(i)).length;
    });
    expect(share).toBeCloseTo(hits / 400, 2);
    expect(share).toBeLessThan(0.95);
    // Many at a time are answered as each alone.
    ids.slice(0, 12).forEach((id, q) => {
      const alone = poor.search(takeRows(large, [id]), 10);
      expect([...alone.ids]).toEqual([...found.ids.subarray(10 * q, 10 * q + 10)]);
    });
  });

  it('is refused where it is missing, damaged, or of another set', () => {
    const file = join(folder, 'x.usearch');
    index.save(file);
    expect(() => index.save(file)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT', file }));
    index.save(file, { force: true });
    expect(ApproximateIndex.open(file, x).search(x, 3)).toEqual(index.search(x, 3));
    const refused = (at: string, database: Matrix, code: string): void =>
      expect(() => ApproximateIndex.open(at, database)).toThrow(expect.objectContaining({ code, file: at }));
    refused(join(folder, 'none.usearch'), x, 'INPUT_MISSING');
    refused(file, { ...x, rows: 59 }, 'INPUT_INVALID');
    refused(file, { ...x, rows: 61 }, 'INPUT_INVALID');
    refused(file, { ...x, dim: 5 }, 'INPUT_INVALID');
    refused(file, { ...x, dim: 7 }, 'INPUT_INVALID');
    const broken = join(folder, 'broken.usearch');
    writeFileSync(broken, 'no index');
    refused(broken, x, 'INPUT_CORRUPT');
  });
});
