import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { rankFiles } from '../../../src/main/engine/evaluation/rank-files.ts';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, planKind, thrown } from '../../support/planned.ts';
import { ROOT } from '../../support/programs.ts';

const LONG = 300_000;
const folder = temporaryFolder();
const [database, queries] = [join(folder, 'database.npy'), join(folder, 'queries.npy')];
const library = join(folder, 'library');
const DIM = 24;

/** Rows around centres, so that they have neighbours. */
function rowsInto(file: string, rows: number, seed: number): void {
  const [r, c] = [random(seed), random(7)];
  const centres = Float32Array.from({ length: 60 * DIM }, () => c.below(1000) / 1000 - 0.5);
  const data = Float32Array.from({ length: rows * DIM }, (_, i) => {
    const centre = Math.floor(i / DIM) % 60;
    return centres[centre * DIM + (i % DIM)]! + 0.3 * (r.below(1000) / 1000 - 0.5);
  });
  writeNpy(file, data, [rows, DIM]);
}
const bytes = (name: string): Buffer => readFileSync(join(folder, name));

beforeAll(() => {
  rowsInto(database, 2500, 1);
  rowsInto(queries, 1100, 2);
  Library.create(library).close();
});

describe('neighbours by blocks of rows', () => {
  it(
    'are the bytes of covis rank, done by two processes of this machine',
    async () => {
      await rankFiles(
        { database, queries: database, out: join(folder, 'alone.npy'), withScores: true, method: 'cosine', top: 30 },
        silentContext(),
      );
      const words = [
        'submit',
        library,
        'neighbours',
        '--executor',
        'local',
        '--at-once',
        '2',
        '--shards',
        '3',
        '--json',
      ];
      const r = spawnSync(
        process.execPath,
        [
          join(ROOT, 'bin', 'covis.mjs'),
          ...words,
          ...['--database', database, '--ranks', join(folder, 'planned.npy'), '--with-scores', '--top', '30'],
          ...['--out', join(folder, 'neighbours-plan')],
        ],
        { encoding: 'utf8' },
      );
      expect(r.status, r.stderr).toBe(0);
      expect(JSON.parse(r.stdout)).toMatchObject({ work: 'neighbours', shards: 3, added: 2500, done: 2500, failed: 0 });
      expect(bytes('planned.npy')).toEqual(bytes('alone.npy'));
      expect(bytes('planned.scores.npy')).toEqual(bytes('alone.scores.npy'));
      // Where ranks are there, nothing is planned over them.
      const again = { work: 'neighbours', database, ranks: join(folder, 'planned.npy') };
      expect(await thrown(planKind(library, again, 'again'))).toMatchObject({ code: 'STATE_CONFLICT' });
    },
    LONG,
  );

  it('are refused of descriptors that have changed since, and are cut no finer than blocks', async () => {
    const own = join(folder, 'own.npy');
    writeFileSync(own, readFileSync(database));
    const asked = { work: 'neighbours', database: own, ranks: join(folder, 'own-ranks.npy'), top: 5 };
    const plan = await planKind(library, asked, 'own');
    const changed = readFileSync(own);
    changed[changed.length - 1]! ^= 1;
    writeFileSync(own, changed);
    expect(await thrown(doShard(plan.folder, 'rank', 1, silentContext()))).toMatchObject({
      code: 'INPUT_CORRUPT',
      file: own,
    });
    expect((await thrown(planKind(library, { ...asked, shards: 4 }, 'finer'))).message).toBe(
      '3 blocks of 1024 rows cannot be cut into 4 shards',
    );
    expect((await thrown(planKind(library, { work: 'neighbours', ranks: asked.ranks }, 'none'))).message).toMatch(
      /^database takes a file, and is missing/,
    );
  });
});

describe('diffusion by blocks of rows', () => {
  it.each([
    ['offline', { truncation: 120, k: 20 }, ['neighbours', 'diffuse', 'rank']],
    ['truncated', { shortlist: 200, k: 20 }, ['neighbours', 'rank']],
  ] as const)(
    'of the method %s gives the bytes of covis rank',
    async (method, ranking, stages) => {
      const out = join(folder, `${method}-alone.npy`);
      await rankFiles({ database, queries, out, withScores: true, method, ranking, top: 50 }, silentContext());
      const ranks = join(folder, `${method}.npy`);
      const asked = { work: 'diffusion', database, queries, ranks, withScores: true, method, ...ranking, top: 50 };
      const plan = await planKind(library, { ...asked, shards: 2 }, method);
      expect(plan.file.stages.map((s) => s.name)).toEqual(stages);
      expect(plan.file.stages.map((s) => s.shards.length)).toEqual(stages.map(() => 2));
      expect(await doAndCollect(library, plan)).toMatchObject({ added: 1100, done: 1100, failed: 0 });
      expect(bytes(`${method}.npy`)).toEqual(bytes(`${method}-alone.npy`));
      expect(bytes(`${method}.scores.npy`)).toEqual(bytes(`${method}-alone.scores.npy`));
    },
    LONG,
  );

  it('refuses what its method does not read', async () => {
    const ranks = join(folder, 'no.npy');
    const asked = { work: 'diffusion', database, ranks, method: 'truncated', truncation: 50 };
    expect((await thrown(planKind(library, asked, 'foreign'))).message).toMatch(/does not read truncation/);
  });
});
