/** `covis status`, `covis cancel` and `covis retry`: a plan that was submitted. */
import { z } from 'zod';
import type { PlanStatus } from '../../../../shared/facts/plans.ts';
import { SHARD_STATES } from '../../../../shared/facts/planned.ts';
import { planFolder, retrying } from '../../../../shared/jobs/plan-fields.ts';
import { shellWord } from '../../../../shared/shell-word.ts';
import { readPlan, type Plan } from '../../../engine/plan/folder.ts';
import { againAs, goOnAlone, shardsToDo, cancelPlan, submitSlurm } from '../../../engine/plan/steer.ts';
import { lookAt, noteTrouble, statusOf, submissionOf } from '../../../engine/plan/status.ts';
import { command } from '../../program/command.ts';
import { print } from '../../program/output.ts';
import { refuseTogether } from '../../program/together.ts';
import { collectedLines, doHere } from './here.ts';

const WATCH_MS = 2000;
const NAMED = 20;
const ENDED = new Set(['ready', 'collected', 'failed', 'cancelled', 'stopped']);

function lines(s: PlanStatus): string[] {
  const failed = s.items.failed > 0 ? `, ${s.items.failed} could not be done` : '';
  return [
    `${s.title}: ${s.state}${s.message === null ? '' : `. ${s.message}`}`,
    ...s.stages.map(
      ({ name, shards, counts }) =>
        `${name}: ${shards} ${shards === 1 ? 'shard' : 'shards'}: ${SHARD_STATES.filter((k) => counts[k] > 0)
          .map((k) => `${counts[k]} ${k}`)
          .join(', ')}`,
    ),
    `${s.items.done} of ${s.items.planned} done${failed}`,
    ...s.faults
      .slice(0, NAMED)
      .map((f) => `${f.stage} ${f.shard}${f.host === null ? '' : ` on ${f.host}`}: ${f.message}`),
    ...(s.faults.length > NAMED ? [`and ${s.faults.length - NAMED} more`] : []),
  ];
}

export const status = command({
  name: 'status',
  summary: 'how a plan stands: its shards, and why some failed',
  arguments: { plan: planFolder },
  options: { watch: z.boolean().default(false).meta({ help: 'look again until it ends' }) },
  run: async ({ plan: path, watch, json }) => {
    const plan = readPlan(path);
    let last = '';
    for (;;) {
      const s = statusOf(plan);
      const text = lines(s).join('\n');
      if (text !== last) print(json, s, () => [...(last === '' ? [] : ['']), text]);
      last = text;
      if (!watch || ENDED.has(s.state)) return;
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  },
});

export const cancel = command({
  name: 'cancel',
  summary: "take a plan's shards back; what is done stays, and retry goes on",
  arguments: { plan: planFolder },
  run: ({ plan: path, json }) => {
    const plan = readPlan(path);
    cancelPlan(plan);
    print(json, { cancelled: true }, () => ['Cancelled. What is done stays: covis retry goes on.']);
  },
});

export const retry = command({
  name: 'retry',
  summary: "do a plan's shards that failed, were lost or were never begun, as they were submitted or as is said now",
  arguments: { plan: planFolder },
  options: {
    ...retrying,
    detach: z
      .boolean()
      .default(false)
      .meta({ help: 'on this machine: come back at once; the shards go on by themselves' }),
  },
  run: async ({ plan: path, detach, json, ...asked }) => {
    const plan = readPlan(path);
    const { executor, atOnce, slurm } = againAs(plan, asked);
    if (executor === 'local') return here(plan, atOnce, asked.failed, detach, json);
    refuseTogether({ detach }, ['detach'], 'goes with --executor local');
    const asking = submissionOf(plan)?.executor === 'slurm' ? 'now' : 'never';
    const left = shardsToDo(lookAt(plan, asking), asked.failed);
    const count = left.reduce((n, s) => n + s.shards.length, 0);
    let jobs: string[];
    try {
      jobs = submitSlurm(plan, left, slurm).map((a) => a.id);
      noteTrouble(plan, undefined);
    } catch (error) {
      noteTrouble(plan, error);
      throw error;
    }
    print(json, { shards: count, jobs }, () => [
      `${count} ${count === 1 ? 'shard is' : 'shards are'} done again, and the plan collected: jobs ${jobs.join(', ')} of Slurm`,
    ]);
  },
});

async function here(
  plan: Plan,
  atOnce: number | undefined,
  failedOnly: boolean,
  detach: boolean,
  json: boolean,
): Promise<void> {
  if (detach) {
    goOnAlone(plan, atOnce);
    print(json, { detached: true }, () => [`It goes on by itself: covis status ${shellWord(plan.folder)}`]);
    return;
  }
  const r = await doHere(plan, atOnce, failedOnly);
  print(json, r ?? {}, () =>
    r === undefined ? ['What failed was done again; other shards are not done yet.'] : collectedLines(r),
  );
}
