import type { JobResult } from '../../../../shared/jobs/index.ts';
import { wordsOf } from '../../../../shared/jobs/planned-works.ts';
import { doLocally, suitableAtOnce } from '../../../engine/plan/local.ts';
import type { Plan } from '../../../engine/plan/folder.ts';
import { shardsToDo, takeLocally } from '../../../engine/plan/steer.ts';
import { lookAt } from '../../../engine/plan/status.ts';
import { runJob } from '../../program/job.ts';
import { withLibrary } from '../../program/library.ts';
import { terminalContext } from '../../program/output.ts';

/** What collecting did, for a person. */
export function collectedLines(r: JobResult<'collect'>): string[] {
  if (r.before) return ['This plan was collected before: nothing was done'];
  const { unit, done, failed, added = 'new in the library' } = wordsOf(r.work);
  const of = (n: number): string => `${n} ${unit}${n === 1 ? '' : 's'}`;
  return [
    `${of(r.done)} ${done} in ${r.shards} ${r.shards === 1 ? 'shard' : 'shards'}, ${r.added} ${added}${r.failed > 0 ? `; ${r.failed} ${failed}` : ''}`,
  ];
}

/** Does in processes of this machine what is left of a plan, then collects it. @returns undefined where nothing was left, and nothing collected. */
export async function doHere(
  plan: Plan,
  atOnce = suitableAtOnce(),
  failedOnly = false,
): Promise<JobResult<'collect'> | undefined> {
  const left = shardsToDo(lookAt(plan), failedOnly);
  const task = terminalContext();
  try {
    takeLocally(plan, left, atOnce);
    await doLocally(plan, left, atOnce, task);
  } finally {
    task.finish();
  }
  const done = lookAt(plan).stages.every((s) => [...s.states.values()].every((state) => state === 'done'));
  if (!done) return undefined;
  return withLibrary(plan.file.library, false, (library) => runJob(library, 'collect', { plan: plan.folder }));
}
