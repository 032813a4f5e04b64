import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterPhotos, takePhotos } from '../../src/main/engine/clustering/cluster.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { listPlans } from '../../src/main/engine/library/tables/plan.ts';
import { statusOf, statusOfRow } from '../../src/main/engine/plan/status.ts';
import { allShards, submitSlurm } from '../../src/main/engine/plan/steer.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../support/folders.ts';
import { planKind, withLibrary } from '../support/planned.ts';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { smallSlurm, until, type SmallSlurm } from '../support/slurm.ts';

const LONG = 600_000;

describeWith(['slurm'], 'stages of a plan on a Slurm of two nodes', () => {
  const folder = temporaryFolder();
  const photos = join(folder, 'photos');
  const [library, alone] = [join(folder, 'library'), join(folder, 'alone')];
  let slurm: SmallSlurm | undefined;
  const held = (at: string) =>
    withLibrary(at, (l) =>
      l.db.prepare('SELECT a, b, inliers, hex(matches), hex(confirmed) FROM photo_match ORDER BY a, b').raw().all(),
    );

  beforeAll(async () => {
    mkdirSync(photos);
    const images = join(SAMPLE, 'castle', 'images');
    for (const n of readdirSync(images)
      .filter((f) => f.endsWith('.jpg'))
      .slice(0, 8))
      cpSync(join(images, n), join(photos, n));
    Library.create(library).close();
    await withLibrary(library, (l) => takePhotos(l, photos, silentContext()));
    cpSync(library, alone, { recursive: true });
    await withLibrary(alone, (l) => clusterPhotos(l, { photos, reconstruct: false }, silentContext()));
    slurm = await smallSlurm();
    process.env['SLURM_CONF'] = slurm.env['SLURM_CONF'];
  }, LONG);
  afterAll(() => {
    slurm?.end();
    delete process.env['SLURM_CONF'];
  });

  it(
    'follow one another: features by photos, words, pairs by blocks, and the matches of one machine',
    async () => {
      const plan = await planKind(library, { work: 'matches', photos, shards: 2 });
      submitSlurm(plan, allShards(plan), { mem: '1500M' });
      await until(
        'the collecting',
        () => existsSync(join(plan.folder, 'logs', 'collect.log')) && slurm!.call('squeue', '-h').trim() === '',
        LONG,
        () => JSON.stringify(statusOf(plan, undefined, 'now')) + slurm!.call('squeue'),
      );
      await withLibrary(library, async (l) => {
        expect(await statusOfRow(listPlans(l)[0]!)).toMatchObject({
          state: 'collected',
          items: { planned: 8, done: 8, failed: 0 },
        });
      });
      const want = await held(alone);
      expect(want.length).toBe(28);
      expect(await held(library)).toEqual(want);
    },
    2 * LONG,
  );
});
