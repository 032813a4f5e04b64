/** Doing a plan's shards in processes of this machine, by the protocol that a cluster uses. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { threads } from '../environment/threads.ts';
import { startOf } from '../library/lease.ts';
import type { TaskContext } from '../queue/context.ts';
import { covisCommand } from './command.ts';
import type { RunningFile, SubmittedFile } from './facts.ts';
import { failureOf, numbered, openLog, shardFiles, whyStopped, writePart, type Plan } from './folder.ts';
import type { StageShards } from './slurm.ts';

const LOOK_MS = 200;
/** With which a shard ends that can be begun again (EX_TEMPFAIL). */
export const AGAIN = 75;
/** So long a shard has to end by itself. */
const GRACE_MS = 10_000;

/** This process, as others find it again. */
export function thisProcess(): RunningFile {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) ?? '', since: new Date().toISOString() };
}

/** Writes down who was told to do a plan. */
export function noteSubmission({ folder }: Plan, said: SubmittedFile): void {
  writePart(join(folder, 'submitted.json'), `${JSON.stringify(said)}\n`);
}

/** How many processes work at the same time where nobody says: two threads each. */
export function suitableAtOnce(): number {
  return Math.max(1, Math.floor(threads() / 2));
}

/**
 * Does shards, so many at a time, and comes back when all have ended.
 * @throws CovisError `EXTERNAL_FAILED` where some failed, `CANCELLED`.
 */
export async function doLocally(
  plan: Plan,
  stages: readonly StageShards[],
  atOnce: number,
  task: TaskContext,
): Promise<void> {
  for (const { stage, shards } of stages) {
    task.step(`Doing shards of ${stage}`, shards.length, 'shards');
    const failed = await doStage(plan, stage, shards, atOnce, task);
    if (failed.length === 0) continue;
    const stopped = whyStopped(plan.folder);
    throw new CovisError(
      'EXTERNAL_FAILED',
      stopped?.why.message ?? `${failed.length} of ${shards.length} shards failed: ${failed.slice(0, 5).join(', ')}`,
      { file: plan.folder, hint: 'covis status PLAN says why, covis retry PLAN does them again.' },
    );
  }
}

async function doStage(
  plan: Plan,
  stage: string,
  shards: readonly number[],
  atOnce: number,
  task: TaskContext,
): Promise<number[]> {
  const running = new Map<number, { child: ChildProcess; ended: Promise<void> }>();
  const failed: number[] = [];
  const waiting = [...shards];
  let done = 0;
  const each = String(Math.max(1, Math.floor(threads() / atOnce)));
  const start = (shard: number): void => {
    const child = startShard(plan, stage, shard, each);
    const ended = new Promise<void>((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        running.delete(shard);
        if (code === AGAIN) {
          // Told to end by somebody else: it goes on when its turn comes again.
          waiting.push(shard);
          resolve();
          return;
        }
        done += 1;
        if (code !== 0) failed.push(shard);
        if (code === null && signal !== null && whyStopped(plan.folder) === undefined)
          noteKilled(plan, stage, shard, signal);
        task.progress(done);
        resolve();
      };
      child.once('error', () => end(1, null));
      child.once('close', end);
    });
    running.set(shard, { child, ended });
  };
  task.finishes?.('the shards under way, as far as they get in ten seconds');
  try {
    while (waiting.length > 0 || running.size > 0) {
      task.check();
      const standing = whyStopped(plan.folder);
      if (standing !== undefined) {
        await endAll([...running.values()]);
        throw new CovisError(
          standing.state === 'cancelled' ? 'CANCELLED' : 'STATE_CONFLICT',
          `The whole plan was ${standing.state}: ${standing.why.message}`,
          { file: plan.folder, hint: `What is done stays. Go on with covis retry ${shellWord(plan.folder)}` },
        );
      }
      while (running.size < atOnce && waiting.length > 0) start(waiting.shift()!);
      // Whoever cancels is heard between two looks.
      await Promise.race([...[...running.values()].map((r) => r.ended), pause()]);
    }
  } finally {
    await endAll([...running.values()]);
    task.finishes?.(null);
  }
  return failed.sort((a, b) => a - b);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS));

function startShard(plan: Plan, stage: string, shard: number, each: string): ChildProcess {
  rmSync(shardFiles(plan.folder, stage, shard).failed, { force: true });
  const [program, ...args] = covisCommand();
  const log = openLog(plan, stage, `${numbered(shard)}.log`);
  try {
    return spawn(program!, [...args, 'work', plan.folder, '--stage', stage, '--shard', String(shard)], {
      stdio: ['ignore', log, log],
      // It ends with this process, and takes its part of the threads.
      env: { ...process.env, COVIS_LAUNCHER: String(process.pid), COVIS_THREADS: each },
    });
  } finally {
    closeSync(log);
  }
}

function noteKilled(plan: Plan, stage: string, shard: number, signal: string): void {
  const why = failureOf(
    new CovisError('EXTERNAL_FAILED', `Its process was ended by ${signal}, as systems do where memory runs out`),
  );
  writePart(shardFiles(plan.folder, stage, shard).failed, `${JSON.stringify(why)}\n`);
}

async function endAll(all: readonly { child: ChildProcess; ended: Promise<void> }[]): Promise<void> {
  if (all.length === 0) return;
  for (const { child } of all) child.kill('SIGTERM');
  const timer = setTimeout(() => {
    for (const { child } of all) child.kill('SIGKILL');
  }, GRACE_MS);
  await Promise.all(all.map((r) => r.ended));
  clearTimeout(timer);
}
