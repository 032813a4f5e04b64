import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { buildIndexFolder, IndexFolder, isIndexFolder } from '../../../src/main/engine/retrieval/index-folder.ts';
import { normaliseRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const DIM = 12;

function drawn(rows: number, seed: number): Matrix {
  const r = random(seed);
  return { data: Float32Array.from({ length: rows * DIM }, () => r.between(-3, 3)), rows, dim: DIM };
}
const raw = drawn(2500, 1);
const source = join(folder, 'x.npy');
writeNpy(source, raw.data, [raw.rows, DIM]);
const queries = normaliseRows(drawn(9, 2), 'q');

/** Cosines with the rows in half precision, and the best of them. */
function literal(q: number, k: number): { ids: number[]; scores: number[] } {
  const halves = Float16Array.from(normaliseRows(raw, 'x').data);
  const scores = Array.from({ length: raw.rows }, (_, i) => {
    let s = 0;
    for (let d = 0; d < DIM; d += 1) s += queries.data[q * DIM + d]! * halves[i * DIM + d]!;
    return Math.fround(s);
  });
  const ids = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return { ids: ids.slice(0, k), scores };
}

describe('an index beyond memory', () => {
  it('finds over all shards what plain arithmetic finds, with scores from the rows on the disk', () => {
    const out = join(folder, 'shards');
    const built = buildIndexFolder(source, out, { shardRows: 1000 });
    expect(built).toMatchObject({ rows: 2500, dim: DIM, shards: 3 });
    expect(built.recallAt10).toBeGreaterThan(0.95);
    expect(isIndexFolder(out)).toBe(true);
    const { index, recallAt10 } = IndexFolder.open(out);
    expect(recallAt10).toBe(built.recallAt10);
    let right = 0;
    for (const k of [1, 10, 40]) {
      const found = index.search(queries, k);
      expect(found.k).toBe(k);
      for (let q = 0; q < queries.rows; q += 1) {
        const { ids, scores } = literal(q, k);
        const got = [...found.ids.subarray(q * k, q * k + k)];
        got.forEach((id, j) => expect(found.scores[q * k + j]).toBe(scores[id]));
        for (let j = 1; j < k; j += 1) expect(scores[got[j]!]).toBeLessThanOrEqual(scores[got[j - 1]!]!);
        right += got.filter((id) => ids.includes(id)).length / (k * 3 * queries.rows);
      }
    }
    expect(right).toBeGreaterThan(0.95);
    // Whoever asks for more than there are gets all, each once.
    const all = index.search({ ...queries, rows: 1, data: queries.data.subarray(0, DIM) }, 9000);
    expect(all.k).toBe(2500);
    expect([...all.ids]).toEqual(literal(0, 2500).ids);
    expect(() => index.search({ ...queries, dim: 11 }, 3)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    index.close();
  });

  it('of few rows misses none, and takes halves and doubles alike', () => {
    const few = { ...raw, rows: 60, data: raw.data.subarray(0, 60 * DIM) };
    const files = [
      ['f4', few.data],
      ['f8', Float64Array.from(few.data)],
    ] as const;
    const answers = files.map(([name, data]) => {
      const file = join(folder, `${name}.npy`);
      writeNpy(file, data, [60, DIM]);
      expect(buildIndexFolder(file, join(folder, name), {}).recallAt10).toBe(1);
      const { index } = IndexFolder.open(join(folder, name));
      const found = index.search(queries, 60);
      index.close();
      return found;
    });
    expect(answers[1]).toEqual(answers[0]);
    expect(new Set(answers[0]!.ids.subarray(0, 60)).size).toBe(60);
  });

  it('written over has no part of what was there, and is not written over unasked', () => {
    const out = join(folder, 'over');
    buildIndexFolder(source, out, { shardRows: 1000 });
    expect(() => buildIndexFolder(source, out, {})).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }));
    buildIndexFolder(source, out, { force: true });
    expect(readdirSync(out).sort()).toEqual(['index.json', 'rows.npy', 'shard-00000.usearch']);
    IndexFolder.open(out).index.close();
  });

  it('leaves nothing where it was stopped, or where a row has no direction', () => {
    const out = join(folder, 'stopped');
    let left = 2;
    const stopping = {
      ...silentContext(),
      check: () => {
        left -= 1;
        if (left < 0) throw new Error('stopped');
      },
    };
    expect(() => buildIndexFolder(source, out, {}, stopping)).toThrow('stopped');
    const zero = raw.data.slice();
    zero.fill(0, 1800 * DIM, 1801 * DIM);
    const file = join(folder, 'zero.npy');
    writeNpy(file, zero, [raw.rows, DIM]);
    expect(() => buildIndexFolder(file, out, {})).toThrow(/Row 1800 .*all zeros/);
    expect(readdirSync(folder).filter((f) => f.startsWith('stopped'))).toEqual([]);
  });

  it('refuses arrays whose rows do not lie one after another, and what is no matrix', () => {
    const refused = (name: string, bytes: Buffer, code: string): void => {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      expect(() => buildIndexFolder(file, join(folder, 'none'), {}), name).toThrow(
        expect.objectContaining({ code, file }),
      );
    };
    const head = (descr: string, fortran: string, shape: string, body = 0): Buffer => {
      const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`.padEnd(117) + '\n';
      return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(text), Buffer.alloc(body)]);
    };
    refused('fortran.npy', head('<f4', 'True', '(2, 3)', 24), 'INPUT_UNSUPPORTED');
    refused('ints.npy', head('<i4', 'False', '(2, 3)', 24), 'INPUT_UNSUPPORTED');
    refused('line.npy', head('<f4', 'False', '(6,)', 24), 'INPUT_INVALID');
    refused('flat.npy', head('<f4', 'False', '(6, 0)', 24), 'INPUT_INVALID');
    refused('minus.npy', head('<f4', 'False', '(-6, 4)', 24), 'INPUT_INVALID');
    refused('short.npy', head('<f4', 'False', '(2, 300000000)', 24), 'INPUT_TRUNCATED');
    refused('empty.npy', head('<f4', 'False', '(0, 4)'), 'STATE_EMPTY');
    refused('no.npy', Buffer.from('no array at all'), 'INPUT_CORRUPT');
  });

  it('that is damaged is refused with the part that is', () => {
    const whole = join(folder, 'whole');
    buildIndexFolder(source, whole, { shardRows: 1000 });
    const parts = readdirSync(whole);
    const damaged = (name: string, code: string, at: string, damage: (copy: string) => void): void => {
      const copy = join(folder, name);
      mkdirSync(copy);
      for (const p of parts) copyFileSync(join(whole, p), join(copy, p));
      damage(copy);
      expect(() => IndexFolder.open(copy), name).toThrow(expect.objectContaining({ code, file: join(copy, at) }));
    };
    const edit = (copy: string, change: (m: Record<string, unknown>) => unknown): void => {
      const file = join(copy, 'index.json');
      writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)));
    };
    damaged('a', 'INPUT_MISSING', 'shard-00001.usearch', (c) => rmSync(join(c, 'shard-00001.usearch')));
    damaged('b', 'INPUT_CORRUPT', 'shard-00002.usearch', (c) => truncateSync(join(c, 'shard-00002.usearch'), 900));
    damaged('c', 'INPUT_TRUNCATED', 'rows.npy', (c) => truncateSync(join(c, 'rows.npy'), 5000));
    damaged('d', 'INPUT_CORRUPT', 'index.json', (c) => writeFileSync(join(c, 'index.json'), '{"format":'));
    damaged('e', 'INPUT_CORRUPT', 'index.json', (c) => edit(c, (m) => ({ ...m, version: 2 })));
    damaged('f', 'INPUT_CORRUPT', '.', (c) => edit(c, (m) => ({ ...m, rows: 2400 })));
    damaged('g', 'INPUT_CORRUPT', '.', (c) => edit(c, (m) => ({ ...m, shardRows: 1 })));
    expect(() => IndexFolder.open(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'INPUT_MISSING' }));
  });
});
