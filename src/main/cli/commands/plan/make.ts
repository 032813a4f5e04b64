/** `covis plan` and `covis submit`: work in shards, for other processes and machines. */
import { CovisError } from '../../../../shared/errors.ts';
import type { JobResult } from '../../../../shared/jobs/index.ts';
import { askedOf, PLANNED } from '../../../../shared/jobs/planned-works.ts';
import { submitJob } from '../../../../shared/jobs/submit.ts';
import type { PlannedWork } from '../../../../shared/facts/planned.ts';
import { folder } from '../../../../shared/fields.ts';
import { shellWord } from '../../../../shared/shell-word.ts';
import { z } from 'zod';
import { readPlan } from '../../../engine/plan/folder.ts';
import { sketchPlan } from '../../../engine/plan/make.ts';
import { submitToSlurm } from '../../../engine/plan/slurm.ts';
import { allShards, isResumable } from '../../../engine/plan/steer.ts';
import { planAsked, threadsOfShards } from '../../../engine/work/plan.ts';
import { command } from '../../program/command.ts';
import { jobCommand, runJob } from '../../program/job.ts';
import { withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';
import { silentContext } from '../../../engine/queue/context.ts';
import { refuseTogether } from '../../program/together.ts';
import { collectedLines, doHere } from './here.ts';

/** `1 photo`, `12 rungs`. */
const countOf = (n: number, work: PlannedWork): string => `${n} ${PLANNED[work].unit}${n === 1 ? '' : 's'}`;

const plannedLines = (
  r: Pick<JobResult<'plan'>, 'work' | 'title' | 'items' | 'folder' | 'stages' | 'threads'>,
): string[] => [
  `${r.title}: ${countOf(r.items, r.work)} in ${r.stages.map((s) => `${s.shards} ${s.shards === 1 ? 'shard' : 'shards'} of ${s.name}`).join(', ')}`,
  ...(r.threads === undefined
    ? []
    : [`Each takes ${r.threads} ${r.threads === 1 ? 'thread' : 'threads'}, wherever it is done`]),
  `Plan: ${r.folder}`,
];

export const plan = jobCommand('plan', {
  name: 'plan',
  summary: 'cut work into shards, which any machine can do that sees the plan and the photos',
  words: ['work'],
  lines: (r) => [
    ...plannedLines(r),
    `One shard is done by: covis work ${shellWord(r.folder)} --stage ${r.stages[0]?.name ?? ''} --shard 1`,
  ],
});

const { work, ...submitting } = submitJob.params.shape;
const SLURM = ['partition', 'account', 'time', 'mem', 'cpus', 'gres', 'arrayLimit', 'sbatch', 'covis'] as const;

export const submit = command({
  name: 'submit',
  summary: 'cut work into shards and give them to Slurm, or to processes of this machine',
  arguments: { library: folder, work },
  options: {
    ...submitting,
    dryRun: z.boolean().default(false).meta({ help: 'with Slurm: print the scripts and calls, and do nothing' }),
    detach: z
      .boolean()
      .default(false)
      .meta({ help: 'on this machine: come back at once; the shards go on by themselves' }),
  },
  run: async ({ library: path, json, dryRun, detach, ...asked }) => {
    if (asked.executor === 'local')
      refuseTogether({ ...asked, dryRun }, [...SLURM, 'dryRun'], 'goes with --executor slurm');
    else refuseTogether({ ...asked, detach }, ['atOnce', 'detach'], 'goes with --executor local');
    if (dryRun) {
      const said = await withLibrary(path, false, async (library) => {
        const drawn = await planAsked(
          library,
          { ...asked, threads: threadsOfShards(asked) },
          silentContext(),
          sketchPlan,
        );
        const { partition, account, time, mem, cpus, gres, arrayLimit, sbatch, covis } = asked;
        const options = { partition, account, time, mem, cpus, gres, arrayLimit, sbatch, covis };
        return submitToSlurm(drawn, allShards(drawn), options, { dry: true, resumable: isResumable(drawn) }).said;
      });
      print(json, { said }, () => said);
      return;
    }
    if (asked.executor === 'slurm' || detach) {
      const r = await withLibrary(path, false, (library) => runJob(library, 'submit', asked));
      print(json, r, () => [
        ...plannedLines(r),
        ...(r.jobs.length === 0 ? [] : [`Jobs of Slurm: ${r.jobs.join(', ')}`]),
        `covis status ${shellWord(r.folder)} says how it stands`,
      ]);
      return;
    }
    const { work: kind, atOnce, shards, out } = asked;
    const made = await withLibrary(path, false, (library) =>
      runJob(library, 'plan', {
        work: kind,
        ...askedOf(kind, asked),
        shards,
        out,
        shardThreads: threadsOfShards(asked),
      }),
    );
    if (!json) print(false, made, () => plannedLines(made));
    const report = await doHere(readPlan(made.folder), atOnce);
    if (report === undefined) throw new CovisError('INTERNAL', 'Nothing was left to do of a new plan');
    print(json, { ...made, ...report }, () => collectedLines(report));
  },
});
