/** Giving a plan's shards to whoever does them, again where they failed, and taking them back. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { Executor } from '../../../shared/facts/planned.ts';
import { logFailure, logger } from '../environment/log.ts';
import { covisCommand } from './command.ts';
import type { SlurmOptions } from './facts.ts';
import { failureOf, openLog, resumePlan, shardFiles, stopPlan, type Plan } from './folder.ts';
import { noteSubmission, thisProcess } from './local.ts';
import { cancelInSlurm, refuseOptions, submitToSlurm, type Arrays, type StageShards } from './slurm.ts';
import { PLAN_WORKS } from './works/index.ts';
import { isAlive, lookAt, shardsIn, submissionOf, type Look } from './status.ts';

/** What a person says of who does it. */
export interface Submitting {
  readonly executor: Executor;
  readonly atOnce?: number | undefined;
  readonly slurm?: SlurmOptions | undefined;
}

/** Shards that nobody has done and nobody is at. @param failedOnly without those that nobody was told to do. */
export function shardsToDo({ stages }: Look, failedOnly = false): StageShards[] {
  return stages
    .map((s) => ({ stage: s.name, shards: shardsIn(s, 'failed', 'lost', ...(failedOnly ? [] : (['open'] as const))) }))
    .filter((s) => s.shards.length > 0);
}

/** True for a plan whose shards go on when they are begun again. */
export function isResumable({ file }: Plan): boolean {
  return PLAN_WORKS[file.work].resumable;
}

/** All shards of a plan that nobody was told to do yet. */
export function allShards({ file }: Plan): StageShards[] {
  return file.stages.map((s) => ({ stage: s.name, shards: s.shards.map((_, i) => i + 1) }));
}

/**
 * Gives shards to Slurm, with the collecting behind them.
 * @returns numbers of its jobs. @throws CovisError `EXTERNAL_FAILED`.
 */
export function submitSlurm(plan: Plan, stages: readonly StageShards[], options: SlurmOptions): Arrays {
  const before = submissionOf(plan);
  const look = before === undefined ? undefined : lookAt(plan, 'now');
  const queued = new Set(look?.heard?.tasks.map((t) => t.array));
  const also = (before?.arrays ?? []).filter((a) => a.stage !== 'collect' && queued.has(a.id)).map((a) => a.id);
  prepare(plan, stages);
  const { arrays } = submitToSlurm(plan, stages, options, { also, resumable: isResumable(plan) });
  noteSubmission(plan, {
    executor: 'slurm',
    when: new Date().toISOString(),
    slurm: options,
    arrays: [...(before?.arrays ?? []), ...arrays],
  });
  rmSync(join(plan.folder, 'queue.json'), { force: true });
  return arrays;
}

/** What is said of shards that are done again. */
export type Again = SlurmOptions & {
  readonly executor?: Executor | undefined;
  readonly atOnce?: number | undefined;
  readonly failed?: boolean | undefined;
};

/**
 * Who does a plan's shards again, and with what: as it was submitted, but for what is said now.
 * @throws CovisError `INPUT_INVALID` for what does not go with who does it, and for what Slurm does not take.
 */
export function againAs(
  plan: Plan,
  { executor, atOnce, failed: _failed, ...asked }: Again,
): { readonly executor: Executor; readonly atOnce: number | undefined; readonly slurm: SlurmOptions } {
  const before = submissionOf(plan);
  const who = executor ?? before?.executor ?? 'local';
  const said = Object.fromEntries(Object.entries(asked).filter(([, v]) => v !== undefined)) as SlurmOptions;
  const foreign = who === 'local' ? Object.keys(said)[0] : atOnce === undefined ? undefined : 'atOnce';
  if (foreign !== undefined) {
    const name = foreign.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    throw new CovisError('INPUT_INVALID', `--${name} goes with --executor ${who === 'local' ? 'slurm' : 'local'}`);
  }
  if (who === 'local') return { executor: who, atOnce: atOnce ?? before?.atOnce, slurm: {} };
  const mem = memoryOf(asked.mem, before?.slurm?.mem);
  const options = { ...before?.slurm, ...said, ...(mem === undefined ? {} : { mem }) };
  refuseOptions(options);
  return { executor: who, atOnce: undefined, slurm: options };
}

/** `x2` of what was asked for before. @throws CovisError `INPUT_INVALID` where there was nothing to multiply. */
function memoryOf(asked: string | undefined, before: string | undefined): string | undefined {
  const times = /^x(\d{1,3})$/i.exec(asked ?? '')?.[1];
  if (times === undefined) return asked ?? before;
  const [, amount, unit = ''] = /^(\d+)([KMGT]?)$/i.exec(before ?? '') ?? [];
  if (amount === undefined)
    throw new CovisError('INPUT_INVALID', '--mem x2 multiplies what was asked for, and nothing was', {
      hint: 'Say how much, as in --mem 8G.',
    });
  return `${Number(amount) * Number(times)}${unit}`;
}

/** This process looks after a plan's shards from now on. @throws CovisError `STATE_CONFLICT` where another does. */
export function takeLocally(plan: Plan, stages: readonly StageShards[], atOnce: number): void {
  const before = submissionOf(plan);
  if (before?.supervisor !== undefined && before.supervisor.pid !== process.pid && isAlive(before.supervisor))
    throw new CovisError(
      'STATE_CONFLICT',
      `Another program does this plan already (process ${before.supervisor.pid})`,
      {
        file: plan.folder,
        hint: 'Wait until it is done, or: covis cancel PLAN',
      },
    );
  prepare(plan, stages);
  noteSubmission(plan, {
    executor: 'local',
    when: new Date().toISOString(),
    atOnce,
    supervisor: thisProcess(),
    arrays: [],
  });
}

/** What was said of shards that are done again no longer holds. */
function prepare(plan: Plan, stages: readonly StageShards[]): void {
  resumePlan(plan.folder);
  for (const { stage, shards } of stages) {
    // Looked up once: of ten thousand shards few have said anything.
    const results = join(plan.folder, 'results', stage);
    const there = new Set(existsSync(results) ? readdirSync(results) : []);
    for (const shard of shards)
      for (const file of [shardFiles(plan.folder, stage, shard).failed, shardFiles(plan.folder, stage, shard).running])
        if (there.has(basename(file))) rmSync(file, { force: true });
  }
}

/** Takes a plan's shards back: what is done stays. @throws CovisError `EXTERNAL_FAILED` where the scheduler does not answer. */
export function cancelPlan(plan: Plan): void {
  cancelOthers(plan);
  if (submissionOf(plan)?.executor === 'slurm') cancelInSlurm(plan);
  rmSync(join(plan.folder, 'queue.json'), { force: true });
}

/** As {@link cancelPlan}, without the scheduler: tasks that have not begun end at once, and so does who does them here. */
export function cancelOthers(plan: Plan): void {
  stopPlan(plan.folder, 'cancelled', failureOf(new CovisError('CANCELLED', 'A person cancelled it')));
  const who = submissionOf(plan)?.supervisor;
  if (who !== undefined && who.pid !== process.pid && isAlive(who))
    try {
      process.kill(who.pid, 'SIGTERM');
    } catch (error) {
      logFailure(logger('plan'), 'Who does the plan has ended', error);
    }
}

/** Runs a command on a plan in a process that goes on when this one ends; what it says is in the plan's logs. */
export function aside(plan: Plan, name: 'retry' | 'cancel', ...more: readonly string[]): void {
  const log = openLog(plan, `${name}.log`);
  const words = [...covisCommand(), name, plan.folder, ...more];
  // By way of a shell that ends at once, so that it is nobody's child: who ends this program with all that it started leaves it alone.
  const [program, ...args] = process.platform === 'win32' ? words : ['/bin/sh', '-c', '"$@" &', 'covis', ...words];
  try {
    const child = spawn(program!, args, { stdio: ['ignore', log, log], detached: true });
    child.on('error', (error) => logFailure(logger('plan'), `covis ${name} could not be started`, error));
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** Does a plan's shards in a process that goes on when this one ends. */
export function goOnAlone(plan: Plan, atOnce: number | undefined): void {
  aside(plan, 'retry', '--executor', 'local', ...(atOnce === undefined ? [] : ['--at-once', String(atOnce)]));
}
