import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { indexFiles, searchIndexFiles } from '../../../src/main/engine/evaluation/index-files.ts';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { shardFiles } from '../../../src/main/engine/plan/folder.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, filesIn, planKind, thrown } from '../../support/planned.ts';

const LONG = 300_000;
const folder = temporaryFolder();
const descriptors = join(folder, 'rows.npy');
const library = join(folder, 'library');
const [ROWS, DIM] = [3300, 16];

beforeAll(() => {
  const r = random(5);
  writeNpy(
    descriptors,
    Float32Array.from({ length: ROWS * DIM }, () => r.next() - 0.5),
    [ROWS, DIM],
  );
  Library.create(library).close();
});
afterEach(() => {
  delete process.env['COVIS_THREADS'];
});

describe('an index in shards', () => {
  it(
    'has the bytes of covis index build by one thread, and is searched by covis index search',
    async () => {
      const [alone, into] = [join(folder, 'alone'), join(folder, 'planned')];
      const plan = await planKind(library, { work: 'index', descriptors, into, shardRows: 1500 });
      expect(plan.file.stages[0]!.shards.map((s) => s.items)).toEqual([1500, 1500, 300]);
      // Whatever threads there are.
      process.env['COVIS_THREADS'] = '3';
      expect(await doAndCollect(library, plan)).toMatchObject({ added: ROWS, done: ROWS, failed: 0, shards: 3 });
      process.env['COVIS_THREADS'] = '1';
      indexFiles({ descriptors, out: alone, shardRows: 1500 }, silentContext());
      expect(filesIn(into)).toEqual(filesIn(alone));
      const found = await searchIndexFiles(
        { index: into, queries: descriptors, out: join(folder, 'ranks.npy'), top: 5, method: 'cosine' },
        silentContext(),
      );
      expect(found).toMatchObject({ rows: ROWS, shards: 3, queries: ROWS });
      expect(await thrown(planKind(library, { work: 'index', descriptors, into }, 'again'))).toMatchObject({
        code: 'STATE_CONFLICT',
      });
    },
    LONG,
  );

  it('is of the rows that were planned, and nothing is written where they are others by now', async () => {
    const own = join(folder, 'own.npy');
    const sound = readFileSync(descriptors);
    writeFileSync(own, sound);
    const into = join(folder, 'own-index');
    const plan = await planKind(library, { work: 'index', descriptors: own, into, shardRows: 2000 }, 'own');
    const other = Buffer.from(sound);
    other[other.length - 2]! ^= 1;
    writeFileSync(own, other);
    const why = { code: 'INPUT_CORRUPT', file: own };
    expect(await thrown(doShard(plan.folder, 'index', 1, silentContext()))).toMatchObject(why);
    writeFileSync(own, sound);
    for (const i of [1, 2]) await doShard(plan.folder, 'index', i, silentContext());
    writeFileSync(own, other);
    expect(await thrown(doAndCollect(library, plan))).toMatchObject(why);
    expect(() => readFileSync(join(into, 'index.json'))).toThrow('ENOENT');
    writeFileSync(own, sound);
    const { result } = shardFiles(plan.folder, 'index', 2);
    expect(readFileSync(result).length).toBeGreaterThan(1300 * 2 * DIM);
    expect(await doAndCollect(library, plan)).toMatchObject({ added: ROWS });
  });

  it('is asked for by rows of a shard, and by as many as a result may hold', async () => {
    const asked = { work: 'index', descriptors, into: join(folder, 'no') };
    expect((await thrown(planKind(library, { ...asked, shards: 2 }, 'no'))).message).toBe(
      'shards does not go with index: one shard of the index is one shard',
    );
    expect((await thrown(planKind(library, { ...asked, shardRows: 10 }, 'no'))).message).toMatch(/^shardRows takes/);
  });
});
