import { CovisError } from '../../../shared/errors.ts';
import type { PlannedWork } from '../../../shared/facts/plans.ts';
import { collectJob } from '../../../shared/jobs/collect.ts';
import { planJob } from '../../../shared/jobs/plan.ts';
import { submitJob } from '../../../shared/jobs/submit.ts';
import { collectNoted } from '../plan/collect.ts';
import { readPlan, type Plan } from '../plan/folder.ts';
import { makePlan, type Planning } from '../plan/make.ts';
import { hasSlurm, refuseOptions } from '../plan/slurm.ts';
import { allShards, goOnAlone, submitSlurm } from '../plan/steer.ts';
import type { GivenByWork } from '../plan/works/index.ts';
import { work } from './work.ts';

/** What planning is told, as a person says it. */
type Told = GivenByWork[PlannedWork] & Planning & { readonly work: PlannedWork };

const planned = ({ folder, file }: Plan) => ({
  uid: file.uid,
  folder,
  title: file.title,
  items: file.stages.reduce((n, s) => n + s.shards.reduce((m, shard) => m + shard.items, 0), 0),
  stages: file.stages.map((s) => ({ name: s.name, shards: s.shards.length })),
});

/** What was asked of the work itself, without how it is cut and by whom it is done. */
export const givenOf = ({ network, size, domain, collection }: Told): GivenByWork[PlannedWork] => ({
  network,
  size,
  domain,
  collection,
});

export const planWork = work(planJob, async (library, p, task) =>
  planned(await makePlan(library, p.work, givenOf(p), p, task)),
);

export const submitWork = work(submitJob, async (library, p, task) => {
  const { partition, account, time, mem, cpus, gres, arrayLimit, sbatch, covis } = p;
  const options = { partition, account, time, mem, cpus, gres, arrayLimit, sbatch, covis };
  // Before hours of nothing.
  if (p.executor === 'slurm') {
    refuseOptions(options);
    if (!hasSlurm())
      throw new CovisError('EXTERNAL_FAILED', 'This machine has no sbatch, by which work is given to Slurm', {
        hint: 'Submit on a machine of the cluster, or do the shards here: --executor local.',
      });
  }
  const plan = await makePlan(library, p.work, givenOf(p), p, task);
  const arrays = p.executor === 'slurm' ? submitSlurm(plan, allShards(plan), options) : [];
  if (p.executor === 'local') goOnAlone(plan, p.atOnce);
  task.changed('plans');
  return { ...planned(plan), jobs: arrays.map((a) => a.id) };
});

export const collectWork = work(collectJob, (library, p, task) => collectNoted(library, readPlan(p.plan), task));
