import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DiffusionPool } from '../../../src/main/engine/retrieval/diffusion-pool.ts';
import { solveSmall, type SparseVector } from '../../../src/main/engine/retrieval/diffusion.ts';
import { GraphCache } from '../../../src/main/engine/retrieval/graph-cache.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import { normaliseRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
function drawn(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows({ data: Float32Array.from({ length: rows * dim }, () => r.between(-0.3, 1)), rows, dim }, 'x');
}

describe('an index that is kept', () => {
  it('is built where there is none, and opened where there is one', async () => {
    const vectors = drawn(200, 8, 1);
    const file = join(folder, 'kept.usearch');
    const asked = { vectors: drawn(3, 8, 2), count: 3 };
    const rank = async (indexFile?: string): Promise<{ ids: number[]; recall: number | null }> => {
      const ranker = await Ranker.prepare(
        { vectors, images: 200 },
        rankingParameters('ann'),
        undefined,
        undefined,
        indexFile,
      );
      const { ids } = await ranker.rank(asked, 5);
      await ranker.close();
      return { ids: [...ids], recall: ranker.facts.recall };
    };
    const plain = await rank();
    expect(existsSync(file)).toBe(false);
    expect(plain.recall).toBeGreaterThan(0.95);
    expect(plain.recall).toBeLessThanOrEqual(1);
    // Threads build it, no two of them the same; one that is kept answers as it did when it was built.
    const built = await rank(file);
    expect(built.recall).toBeGreaterThan(0.95);
    const { mtimeMs, ino } = statSync(file);
    expect(await rank(file)).toEqual(built);
    expect(statSync(file)).toMatchObject({ mtimeMs, ino });
    // An index of other vectors is not taken for one of these.
    await expect(
      Ranker.prepare({ vectors: drawn(90, 8, 3), images: 90 }, rankingParameters('ann'), undefined, undefined, file),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID', file });
  });
});

describe('diffusion in threads', () => {
  const o = { alpha: 0.9, iterations: 300, tolerance: 1e-12 };
  const ys = (n: number, nodes: number): SparseVector[] =>
    Array.from({ length: n }, (_, i) => ({ ids: [i % nodes, (3 * i + 1) % nodes], values: [1, 0.5 + i] }));

  it('answers each query once, whatever their number, with any number of threads', async () => {
    const { s } = await new GraphCache(drawn(60, 5, 4)).graph(6, 3);
    for (const threads of [1, 2, 3]) {
      const pool = await DiffusionPool.create(s, undefined, threads);
      for (const count of [0, 1, 8, 9, 17, 30]) {
        const queries = ys(count, 60);
        const found = new Map<number, Float64Array>();
        const done: number[] = [];
        await pool.run(
          'cg',
          queries,
          o,
          (q, f) => {
            expect(found.has(q)).toBe(false);
            found.set(q, f.slice());
          },
          { ...silentContext(), progress: (n) => done.push(n) },
        );
        expect([...found.keys()].sort((a, b) => a - b)).toEqual(queries.map((_, i) => i));
        queries.forEach((y, q) => {
          const exact = solveSmall(s, y, o);
          found
            .get(q)!
            .forEach((v, i) => expect(Math.abs(v - exact[i]!)).toBeLessThan(1e-8 * (1 + Math.abs(exact[i]!))));
        });
        expect(done.at(-1)).toBe(count === 0 ? undefined : count);
        expect(done.length).toBe(Math.ceil(count / 8));
      }
      expect(pool.bytes).toBeGreaterThan(60 * 64);
      await pool.close();
    }
  });

  it('of one thread is done in the calling one, at once', async () => {
    const { s } = await new GraphCache(drawn(60, 5, 4)).graph(6, 3);
    for (const [threads, count, atOnce] of [
      [1, 17, 17],
      [0, 9, 9],
      // A single block is not worth a thread.
      [2, 8, 8],
      [2, 9, 0],
    ] as const) {
      const pool = await DiffusionPool.create(s, undefined, threads);
      let answered = 0;
      const running = pool.run('cg', ys(count, 60), o, () => (answered += 1));
      expect(answered).toBe(atOnce);
      await running;
      expect(answered).toBe(count);
      await pool.close();
    }
  });

  it('ends with an error when a thread ends, and when it is told to', async () => {
    const { s } = await new GraphCache(drawn(400, 5, 5)).graph(8, 3);
    const pool = await DiffusionPool.create(s, undefined, 2);
    const running = pool.run('jacobi', ys(160, 400), { ...o, iterations: 4000, tolerance: 0 }, () => undefined);
    const refused = expect(running).rejects.toMatchObject({ code: 'INTERNAL', message: 'A diffusion thread ended' });
    await pool.close();
    await refused;
    for (const threads of [1, 2]) {
      const other = await DiffusionPool.create(s, undefined, threads);
      let left = 2;
      const stopping = {
        ...silentContext(),
        check: () => {
          left -= 1;
          if (left < 0) throw new Error('stopped');
        },
      };
      let answered = 0;
      await expect(other.run('cg', ys(40, 400), o, () => (answered += 1), stopping)).rejects.toThrow('stopped');
      expect(answered).toBeLessThan(40);
      await other.close();
    }
  });
});
