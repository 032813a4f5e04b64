/** `covis work` and `covis collect`: one shard, and what came of all of them. */
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { folder } from '../../../../shared/fields.ts';
import { planFolder } from '../../../../shared/jobs/plan-fields.ts';
import { stageName } from '../../../engine/plan/facts.ts';
import { readPlan } from '../../../engine/plan/folder.ts';
import { AGAIN } from '../../../engine/plan/local.ts';
import { doShard } from '../../../engine/plan/shard.ts';
import { cancelled } from '../../../engine/queue/context.ts';
import { command } from '../../program/command.ts';
import { runJob } from '../../program/job.ts';
import { withLibrary } from '../../program/library.ts';
import { print, terminalContext } from '../../program/output.ts';
import { duration } from '../../../../shared/duration.ts';
import { collectedLines } from './here.ts';

const SIGNALS = process.platform === 'win32' ? (['SIGTERM'] as const) : (['SIGTERM', 'SIGUSR1'] as const);

export const work = command({
  name: 'work',
  summary: 'do one shard of a plan: with the plan, the photos and the network, without the library',
  arguments: { plan: planFolder },
  options: {
    shard: z.int().min(1).max(100_000).meta({ help: 'the number of the shard, from 1 on' }),
    stage: stageName.meta({ help: 'the stage of the plan', value: 'name' }),
  },
  run: async ({ plan, stage, shard, json }) => {
    const terminal = terminalContext();
    let told = false;
    for (const signal of SIGNALS) process.on(signal, () => (told = true));
    const check = (): void => {
      if (told) throw cancelled();
      terminal.check();
    };
    try {
      const r = await doShard(plan, stage, shard, { ...terminal, check });
      terminal.finish();
      print(json, r, () => [
        r.before
          ? `Shard ${shard} of ${stage} was done before`
          : `Shard ${shard} of ${stage}: ${r.done} done, ${r.failed} failed, ${duration(r.seconds)}`,
      ]);
    } catch (error) {
      terminal.finish();
      if (!told || !(error instanceof CovisError && error.code === 'CANCELLED')) throw error;
      process.stderr.write('covis: This shard was told to end before it was done. It can be begun again.\n');
      process.exitCode = AGAIN;
    }
  },
});

export const collect = command({
  name: 'collect',
  summary: "take up what came of a plan's shards into its library, all of it or nothing",
  arguments: { plan: planFolder },
  options: {
    library: folder.optional().meta({ help: 'the library that made the plan', otherwise: 'where it was then' }),
  },
  run: async ({ plan: path, library: moved, json }) => {
    const plan = readPlan(path);
    await withLibrary(moved ?? plan.file.library, false, async (library) => {
      const r = await runJob(library, 'collect', { plan: plan.folder });
      print(json, r, () => collectedLines(r));
    });
  },
});
