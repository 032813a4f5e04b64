import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, filesIn, planKind, thrown, withLibrary } from '../../support/planned.ts';
import { smallLibrary } from '../../support/small-library.ts';

const LONG = 300_000;
const folder = temporaryFolder();
const [empty, alone, library] = ['empty', 'alone', 'library'].map((n) => join(folder, n)) as [string, string, string];
const asked = { size: 64, words: 500, protocol: 'sfm-easy' as const };

beforeAll(async () => {
  (await smallLibrary(empty, ['castle', 'pagoda'])).close();
  for (const to of [alone, library]) cpSync(empty, to, { recursive: true });
}, LONG);

/** Measurements, but for when they were made and how long that took. */
const held = (at: string) =>
  withLibrary(at, (l: Library) =>
    (l.db.prepare('SELECT * FROM measurement ORDER BY id').all() as Record<string, unknown>[]).map(
      ({ created: _, facts, ...rest }) => {
        const { msPerQuery: _a, offlineMs: _b, ...own } = JSON.parse(String(facts)) as Record<string, unknown>;
        return { ...rest, facts: own };
      },
    ),
  );

describe('the teacher against the student in shards', () => {
  it(
    'measures what covis teacher measures: features by photos, the rest in one shard that goes on where it was told to end',
    async () => {
      await withLibrary(alone, (l) => WORK.teacher.run(l, asked, silentContext()));
      const plan = await planKind(library, { work: 'teacher', ...asked, shards: 2 });
      expect(plan.file.stages.map((s) => [s.name, s.shards.length])).toEqual([
        ['features', 2],
        ['compare', 1],
      ]);
      for (const i of [1, 2]) await doShard(plan.folder, 'features', i, silentContext());
      let steps = 0;
      const ending = {
        ...silentContext(),
        step: (name: string) => {
          if (/^Describing photos by MAC/.test(name)) steps += 1;
        },
        check: () => {
          if (steps > 0) throw Object.assign(new Error('told to end'), { name: 'Told' });
        },
      };
      await expect(doShard(plan.folder, 'compare', 1, ending)).rejects.toThrow('told to end');
      expect(await doAndCollect(library, plan)).toMatchObject({ added: 6, done: 6, failed: 0 });
      const want = await held(alone);
      expect(want.length).toBe(6);
      expect(await held(library)).toEqual(want);
      expect(filesIn(join(library, 'features'))).toEqual(filesIn(join(alone, 'features')));
    },
    LONG,
  );

  it('is refused for a set that no network made, and a protocol of another kind of work', async () => {
    expect((await thrown(planKind(library, { work: 'teacher', set: 'none' }, 'no'))).code).toBe('NOT_FOUND');
    expect((await thrown(planKind(library, { work: 'teacher', protocol: 'own' }, 'no'))).message).toMatch(
      /^protocol takes .*sfm-easy/,
    );
  });
});
