import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { diffuseShortlists, truncatedParameters } from '../../../src/main/engine/retrieval/index-diffusion.ts';
import { buildIndexFolder, IndexFolder } from '../../../src/main/engine/retrieval/index-folder.ts';
import { IndexPool } from '../../../src/main/engine/retrieval/index-pool.ts';
import { normaliseRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const DIM = 8;

/** Vectors around a few centres, as descriptors of places are. */
function around(centres: number, each: number, seed: number): Matrix {
  const r = random(seed);
  const data: number[] = [];
  for (let c = 0; c < centres; c += 1) {
    const centre = Array.from({ length: DIM }, () => r.between(-1, 1));
    for (let i = 0; i < each; i += 1) data.push(...centre.map((x) => x + r.between(-0.4, 0.4)));
  }
  const { data: unit } = normaliseRows({ data: Float32Array.from(data), rows: centres * each, dim: DIM }, 'x');
  // As the index keeps them.
  return { data: Float32Array.from(Float16Array.from(unit)), rows: centres * each, dim: DIM };
}
const database = around(30, 9, 1);
const queries = normaliseRows(around(7, 3, 2), 'q');
const source = join(folder, 'x.npy');
const out = join(folder, 'index');
let pool: IndexPool;
let alone: IndexPool;
beforeAll(async () => {
  writeNpy(source, database.data, [database.rows, DIM]);
  // Shards of fewer rows than a search looks at: what is found is the truth.
  expect(buildIndexFolder(source, out, { shardRows: 90 })).toMatchObject({ shards: 3, recallAt10: 1 });
  pool = await IndexPool.open(out, 2);
  alone = await IndexPool.open(out, 1);
});
afterAll(async () => {
  await pool.close();
  await alone.close();
});

describe('shards that are searched at the same time', () => {
  it('give what one thread gives, to the bit, in the order of scores', async () => {
    expect([pool.atOnce, alone.atOnce]).toEqual([2, 1]);
    for (const k of [1, 5, 90, 91, 270, 1000]) {
      const [a, b] = [await pool.search(queries, k), await alone.search(queries, k)];
      expect(a, `k ${k}`).toEqual(b);
      for (let q = 0; q < queries.rows; q += 1)
        for (let j = 1; j < a.k; j += 1) expect(a.scores[q * a.k + j]).toBeLessThanOrEqual(a.scores[q * a.k + j - 1]!);
    }
  });

  it('refuse queries of another network, and answer none with none', async () => {
    await expect(pool.search({ ...queries, dim: 7 }, 3)).rejects.toThrow(/7 dimensions/);
    expect((await pool.search({ data: new Float32Array(0), rows: 0, dim: DIM }, 3)).ids).toHaveLength(0);
  });

  it('say which part is missing before a thread is started', async () => {
    const broken = join(folder, 'broken');
    buildIndexFolder(source, broken, { shardRows: 90 });
    rmSync(join(broken, 'shard-00002.usearch'));
    await expect(IndexPool.open(broken, 2)).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      file: join(broken, 'shard-00002.usearch'),
    });
    expect(existsSync(join(broken, 'rows.npy'))).toBe(true);
  });

  it('are opened without a look into their graphs, and what is wrong there is said, with the file, once they are mapped', async () => {
    const spoilt = join(folder, 'spoilt');
    buildIndexFolder(source, spoilt, { shardRows: 90 });
    const file = join(spoilt, 'shard-00001.usearch');
    writeFileSync(file, Buffer.alloc(statSync(file).size, 7));
    for (const threads of [1, 2]) {
      const opened = await IndexPool.open(spoilt, threads);
      await expect(opened.mapGraphs()).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file });
      await expect(opened.search(queries, 3)).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file });
      await opened.close();
    }
    await pool.mapGraphs();
    await alone.mapGraphs();
    expect(await pool.search(queries, 5)).toEqual(await alone.search(queries, 5));
  });

  it('of which some are opened answer for their own rows alone', () => {
    const { index } = IndexFolder.open(out, (shard) => shard === 1);
    const found = index.search(queries, 270);
    const real = [...found.ids.subarray(0, 270)].filter((_, j) => found.scores[j]! > -Infinity);
    expect(real.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 90 }, (_, i) => 90 + i));
    index.close();
  });
});

describe('diffusion among the nearest in an index', () => {
  it('is that of the method truncated on all rows in memory', async () => {
    for (const shortlist of [40, 150]) {
      const p = truncatedParameters({ shortlist, k: 12 });
      const ranker = await Ranker.prepare({ vectors: database, images: database.rows }, p);
      const expected = await ranker.rank({ vectors: queries, count: queries.rows }, 30);
      await ranker.close();
      for (const from of [pool, alone]) {
        const found = await diffuseShortlists(from, queries, 30, p);
        expect(found.outside).toBe(expected.outside);
        for (let q = 0; q < queries.rows; q += 1) {
          // Rows that nothing reaches have 0 and no order.
          const reached = [...expected.scores.subarray(q * 30, q * 30 + 30)].filter((s) => s > 1e-9).length;
          expect(reached).toBeGreaterThan(4);
          expect([...found.ids.subarray(q * 30, q * 30 + reached)]).toEqual([
            ...expected.ids.subarray(q * 30, q * 30 + reached),
          ]);
          for (let j = 0; j < reached; j += 1)
            // Cosines differ in their last bit, which diffusion makes some hundred times as much.
            expect(found.scores[q * 30 + j]! / expected.scores[q * 30 + j]!).toBeCloseTo(1, 3);
        }
      }
    }
  });

  it('ranks by cosine what no neighbour carries into the graph, and says so', async () => {
    const opposite = { data: Float32Array.from(queries.data.subarray(0, DIM)), rows: 1, dim: DIM };
    // A query that everything points away from.
    const mean = Float32Array.from({ length: DIM }, (_, d) => {
      let s = 0;
      for (let i = 0; i < 9; i += 1) s += database.data[i * DIM + d]!;
      return -s;
    });
    const few = { ...database, rows: 9, data: database.data.subarray(0, 9 * DIM) };
    const file = join(folder, 'few.npy');
    writeNpy(file, few.data, [9, DIM]);
    buildIndexFolder(file, join(folder, 'few'), {});
    const small = await IndexPool.open(join(folder, 'few'), 2);
    opposite.data.set(normaliseRows({ data: mean, rows: 1, dim: DIM }, 'q').data);
    const plain = await small.search(opposite, 5);
    expect(Math.max(...plain.scores)).toBeLessThan(0);
    const found = await diffuseShortlists(small, opposite, 5, truncatedParameters({ shortlist: 9, k: 4 }));
    expect(found.outside).toBe(1);
    expect(found.ids).toEqual(plain.ids);
    await small.close();
  });
});
