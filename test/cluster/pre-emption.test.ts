import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listTrainingRuns } from '../../src/main/engine/training/runs.ts';
import { readPlan, shardFiles, type Plan } from '../../src/main/engine/plan/folder.ts';
import { doShard } from '../../src/main/engine/plan/shard.ts';
import { statusOf, submissionOf } from '../../src/main/engine/plan/status.ts';
import { allShards, submitSlurm } from '../../src/main/engine/plan/steer.ts';
import { decodeRun } from '../../src/main/engine/plan/works/run-record.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { planAsked } from '../../src/main/engine/work/plan.ts';
import { temporaryFolder } from '../support/folders.ts';
import { withLibrary } from '../support/planned.ts';
import { describeWith } from '../support/programs.ts';
import { smallLibrary } from '../support/small-library.ts';
import { smallSlurm, until, type SmallSlurm } from '../support/slurm.ts';

/** Generous: two slow cores do all of this, and Slurm looks now and then. */
const LONG = 600_000;
/** Long enough to be told to end within, and each epoch is short. */
const TRAINING = { backend: 'cpu', epochs: 16, queriesPerEpoch: 4, batch: 2, size: 64, mining: { count: 2 } };

describeWith(['slurm'], 'a training on a Slurm of two nodes', () => {
  const folder = temporaryFolder();
  const library = join(folder, 'library');
  let slurm: SmallSlurm | undefined;

  const planned = (name: string): Promise<Plan> =>
    withLibrary(library, (l) =>
      planAsked(l, { work: 'seeds', ...TRAINING, seeds: 2, out: join(folder, name) }, silentContext()),
    );
  const checkpoint = (plan: Plan, shard: number): string =>
    join(shardFiles(plan.folder, 'train', shard).work, 'library', 'runs', '1.checkpoint');
  const resultOf = (plan: Plan, shard: number): Buffer => readFileSync(shardFiles(plan.folder, 'train', shard).result);

  beforeAll(async () => {
    (await smallLibrary(library)).close();
    slurm = await smallSlurm();
    process.env['SLURM_CONF'] = slurm.env['SLURM_CONF'];
  }, LONG);

  afterAll(() => {
    slurm?.end();
    delete process.env['SLURM_CONF'];
    delete process.env['COVIS_THREADS'];
  });

  it(
    'goes on where it was told to end, and where it was queued again: the bytes of a run that nobody disturbed',
    async () => {
      const plan = await planned('plan');
      submitSlurm(plan, allShards(plan), { mem: '1500M', cpus: 1 });
      const known = (): string => JSON.stringify(statusOf(plan, undefined, 'now')) + slurm!.call('squeue');
      const begun = (shard: number): boolean => existsSync(checkpoint(plan, shard));
      await until('both to learn', () => begun(1) && begun(2), LONG, known);
      const { id } = submissionOf(plan)!.arrays.find((a) => a.stage === 'train')!;
      // As before the end of its time, and as a scheduler does that needs the node.
      slurm!.call('scancel', '--signal=USR1', '--batch', `${id}_1`);
      slurm!.call('scontrol', 'requeue', `${id}_2`);
      const again = (task: number): boolean =>
        /Restarts=[1-9]/.test(slurm!.call('scontrol', 'show', 'job', `${id}_${task}`));
      await until('both to be queued again', () => again(1) && again(2), LONG, known);
      // It was not done by then, and what it has learned is there.
      for (const shard of [1, 2]) {
        expect(existsSync(shardFiles(plan.folder, 'train', shard).done)).toBe(false);
        expect(begun(shard)).toBe(true);
      }
      const alone = await planned('alone');
      // With as many threads as Slurm gives: sums of gradients are rounded by how many there are.
      process.env['COVIS_THREADS'] = '1';
      for (const shard of [1, 2]) await doShard(alone.folder, 'train', shard, silentContext());
      await until(
        'the collecting',
        () => existsSync(join(plan.folder, 'logs', 'collect.log')) && slurm!.call('squeue', '-h').trim() === '',
        LONG,
        known,
      );
      for (const shard of [1, 2]) {
        const [own, undisturbed] = [resultOf(readPlan(plan.folder), shard), resultOf(alone, shard)];
        expect(decodeRun(own, 'own').result).toEqual(decodeRun(undisturbed, 'undisturbed').result);
        expect(own.equals(undisturbed)).toBe(true);
      }
      await withLibrary(library, (l) => {
        expect(listTrainingRuns(l).map((r) => [r.state, r.epochs.length])).toEqual([
          ['done', TRAINING.epochs],
          ['done', TRAINING.epochs],
        ]);
      });
    },
    3 * LONG,
  );
});
