/** Collecting: what came of a plan's shards becomes part of its library, all of it or nothing. */
import { existsSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { PlannedWork } from '../../../shared/facts/planned.ts';
import { wordsOf } from '../../../shared/jobs/planned-works.ts';
import type { Library } from '../library/library.ts';
import { planCollected, planMoved, planRow } from '../library/tables/plan.ts';
import type { TaskContext } from '../queue/context.ts';
import { codeText } from './code.ts';
import { doneFile, type DoneFile } from './facts.ts';
import { readPart, resultOf, shardFiles, sweepStage, type Plan } from './folder.ts';
import { noteTrouble } from './status.ts';
import { PLAN_WORKS } from './works/index.ts';

const NAMED = 5;
const SAID = 20;

/** What collecting did. */
export interface CollectReport {
  readonly work: PlannedWork;
  readonly shards: number;
  /** Units that are new in the library. */
  readonly added: number;
  readonly done: number;
  readonly failed: number;
  /** It had been collected before: nothing was done. */
  readonly before: boolean;
}

/**
 * Checks the digest of every result and imports them in one transaction.
 * @throws CovisError `NOT_FOUND` for a plan of another library, `STATE_CONFLICT` where shards are missing, `INPUT_CORRUPT` for a plan or a
 * result that is not what was planned.
 */
export function collectPlan(library: Library, plan: Plan, task: TaskContext): CollectReport {
  const row = planRow(library, plan.file.uid);
  if (row.sha256 !== plan.sha256)
    throw new CovisError('INPUT_CORRUPT', 'This plan is not as this library made it', {
      file: plan.folder,
      hint: 'Plan again. Nothing of it was taken.',
    });
  const shards = plan.file.stages.reduce((n, s) => n + s.shards.length, 0);
  const said = allDone(plan, task);
  const { counted } = wordsOf(plan.file.work);
  const units = said.filter((d) => counted === undefined || d.stage === counted).map((d) => d.said);
  const done = units.reduce((n, d) => n + d.done, 0);
  const failed = units.reduce((n, d) => n + d.failed, 0);
  const facts = { work: plan.file.work, shards, done, failed };
  if (row.collected !== null) return { ...facts, added: 0, before: true };
  sayFailed(
    said.map((d) => d.said),
    plan.file.work,
    failed,
    task,
  );
  const added = PLAN_WORKS[plan.file.work].collect(
    library,
    plan,
    {
      of: (stage, shard) => resultOf(plan, stage, shard),
      said: (stage, shard) => readPart(shardFiles(plan.folder, stage, shard).done, doneFile),
      also: () => {
        planCollected(library, plan.file.uid);
        if (row.folder !== plan.folder) planMoved(library, plan.file.uid, plan.folder);
      },
    },
    task,
  );
  for (const { name } of plan.file.stages) sweepStage(plan.folder, name, () => true);
  task.changed('plans');
  return { ...facts, added, before: false };
}

/** Shards are missing, which is no trouble of what is there: it passes as they are done, and how they stand tells it. */
class ShardsMissing extends CovisError {}

/** {@link collectPlan}, and the plan says why where it failed. */
export function collectNoted(library: Library, plan: Plan, task: TaskContext): CollectReport {
  try {
    const report = collectPlan(library, plan, task);
    noteTrouble(plan, undefined);
    return report;
  } catch (error) {
    noteTrouble(plan, error instanceof ShardsMissing ? undefined : error);
    throw error;
  }
}

/** What all shards say of themselves. @throws CovisError where some are missing, or are another's. */
function allDone(plan: Plan, task: TaskContext): { readonly stage: string; readonly said: DoneFile }[] {
  const missing: string[] = [];
  const all = plan.file.stages.flatMap(({ name, shards }) =>
    shards.flatMap(({ sha256: asked }, i) => {
      task.check();
      const { done: file, result } = shardFiles(plan.folder, name, i + 1);
      if (!existsSync(file) || !existsSync(result)) {
        missing.push(`${name} ${i + 1}`);
        return [];
      }
      const said = readPart(file, doneFile);
      if (said.version !== plan.file.version || said.commit !== plan.file.commit)
        throw new CovisError(
          'STATE_CONFLICT',
          `This shard was done by Covis ${codeText(said)}, and planned by ${codeText(plan.file)}`,
          { file, hint: 'Delete it with its .bin and do the shard again: covis retry PLAN' },
        );
      if (
        said.plan !== plan.sha256 ||
        said.shard !== asked ||
        said.items !== shards[i]!.items ||
        said.done + said.failed !== said.items
      )
        throw new CovisError('INPUT_CORRUPT', 'This is not of the shard that was planned', {
          file,
          hint: 'Delete it with its .bin and do the shard again: covis retry PLAN',
        });
      return [{ stage: name, said }];
    }),
  );
  if (missing.length > 0)
    throw new ShardsMissing(
      'STATE_CONFLICT',
      `${missing.length} ${missing.length === 1 ? 'shard is' : 'shards are'} not done yet: ${missing.slice(0, NAMED).join(', ')}${missing.length > NAMED ? ', …' : ''}`,
      { file: plan.folder, hint: 'covis status PLAN says how they stand, covis retry PLAN does them again.' },
    );
  return all;
}

function sayFailed(said: readonly DoneFile[], work: PlannedWork, failed: number, task: TaskContext): void {
  for (const w of said.flatMap((d) => (d.failed > 0 ? d.warnings : [])).slice(0, SAID)) task.warn(w);
  if (failed === 0) return;
  const { unit, failed: words } = wordsOf(work);
  task.warn(`${failed} ${unit}${failed === 1 ? '' : 's'} ${words} by any shard`);
}
