/** Doing one shard of a plan, wherever: with the plan, the photos and the network alone, never with the library. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { dirname } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { logFailure, logger } from '../environment/log.ts';
import { withThreads } from '../environment/threads.ts';
import { bytesText, freeBytes } from '../formats/disk.ts';
import { digestOf } from '../library/hash-file.ts';
import { startOf } from '../library/lease.ts';
import type { TaskContext } from '../queue/context.ts';
import { codeText, thisCode, type Code } from './code.ts';
import { doneFile, FORMAT, MOST_SAID, type DoneFile } from './facts.ts';
import {
  failureOf,
  partIfSound,
  readPlan,
  sha256,
  shardFiles,
  stageOf,
  stopPlan,
  whyStopped,
  writePart,
  type Plan,
} from './folder.ts';
import { PLAN_WORKS } from './works/index.ts';

const log = logger('plan');
/** Less than this beside what a result takes is no room to work in. */
const ROOM = 1 << 20;

/** What became of a shard. */
export interface ShardReport {
  readonly stage: string;
  readonly shard: number;
  /** It had been done before, and nothing was computed. */
  readonly before: boolean;
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
}

/**
 * Does a shard. What comes of it is written whole: a result under its name is a result. One that is done already, with the digest that it
 * says, is left as it is.
 * @throws CovisError `NOT_FOUND` for a shard that the plan does not have, `STATE_CONFLICT` for a plan of another version, or one that was
 * stopped, `INPUT_*`, `DISK_FULL`, `CANCELLED`. What was thrown stands in the plan, except where it was cancelled.
 */
export async function doShard(
  path: string,
  stage: string,
  shard: number,
  task: TaskContext,
  code: Code = thisCode(),
): Promise<ShardReport> {
  const plan = readPlan(path);
  const planned = stageOf(plan, stage);
  if (planned.shards[shard - 1] === undefined)
    throw new CovisError('NOT_FOUND', `The stage ${stage} has no shard ${shard}`, {
      hint: `It has ${planned.shards.length}, from 1 on.`,
    });
  const files = shardFiles(plan.folder, stage, shard);
  const known = soundDone(plan, stage, shard);
  if (known !== undefined) {
    rmSync(files.failed, { force: true });
    return { stage, shard, before: true, done: known.done, failed: known.failed, seconds: known.seconds };
  }
  const standing = whyStopped(plan.folder);
  if (standing !== undefined)
    throw new CovisError('STATE_CONFLICT', `The whole plan was ${standing.state}: ${standing.why.message}`, {
      file: plan.folder,
      hint: `covis retry ${shellWord(plan.folder)} goes on with it.`,
    });
  try {
    refuseOtherCode(plan, code);
    refuseUnready(plan, stage);
    return await withThreads(plan.file.threads, () => compute(plan, stage, shard, task, code));
  } catch (error) {
    if (!(error instanceof CovisError && error.code === 'CANCELLED')) noteFailure(plan, stage, shard, error);
    throw error;
  } finally {
    rmSync(files.running, { force: true });
  }
}

/** What a shard says of itself where it is done: by this plan, of this content, and its result is what it says. */
export function soundDone(plan: Plan, stage: string, shard: number): DoneFile | undefined {
  const files = shardFiles(plan.folder, stage, shard);
  const said = partIfSound(files.done, doneFile);
  if (said === undefined || !existsSync(files.result)) return undefined;
  const mine = said.plan === plan.sha256 && said.shard === stageOf(plan, stage).shards[shard - 1]?.sha256;
  return mine && digestOf(files.result) === said.sha256 ? said : undefined;
}

/** @throws CovisError `STATE_CONFLICT` for results that would not be those of the version that planned. */
function refuseOtherCode({ folder, file }: Plan, code: Code): void {
  if (file.version === code.version && file.commit === code.commit) return;
  throw new CovisError(
    'STATE_CONFLICT',
    `This plan was made by Covis ${codeText(file)}, and this is ${codeText(code)}: results would not be comparable`,
    { file: folder, hint: 'Run the shards with the Covis that planned them, or plan again.' },
  );
}

/** @throws CovisError `STATE_CONFLICT` where a stage that comes before is not done. */
function refuseUnready(plan: Plan, stage: string): void {
  for (const before of stageOf(plan, stage).after)
    for (let i = 1; i <= stageOf(plan, before).shards.length; i += 1)
      if (!existsSync(shardFiles(plan.folder, before, i).done))
        throw new CovisError(
          'STATE_CONFLICT',
          `The stage ${stage} comes after ${before}, of which shard ${i} is not done`,
          { file: plan.folder, hint: `Do the shards of ${before} first; covis status tells which are missing.` },
        );
}

async function compute(plan: Plan, stage: string, shard: number, task: TaskContext, code: Code): Promise<ShardReport> {
  const began = performance.now();
  const files = shardFiles(plan.folder, stage, shard);
  const planned = stageOf(plan, stage).shards[shard - 1]!;
  mkdirSync(dirname(files.result), { recursive: true });
  refuseFullDisk(plan);
  noteRunning(files.running);
  const warnings: string[] = [];
  const { bytes, done, times, written } = await PLAN_WORKS[plan.file.work].shard(plan, stage, shard, {
    ...task,
    warn: (message) => {
      if (warnings.length < MOST_SAID.warnings) warnings.push(message.slice(0, MOST_SAID.characters));
      task.warn(message);
    },
  });
  task.check();
  const seconds = (performance.now() - began) / 1000;
  const said: DoneFile = {
    format: FORMAT,
    plan: plan.sha256,
    shard: planned.sha256,
    sha256: sha256(bytes),
    bytes: bytes.length,
    ...code,
    items: planned.items,
    done,
    failed: planned.items - done,
    warnings,
    seconds,
    ...(times === undefined ? {} : { times: [...times] }),
    peak: 1024 * process.resourceUsage().maxRSS,
    host: hostname(),
    device: (cpus()[0]?.model ?? 'unknown').slice(0, 256),
    finished: new Date().toISOString(),
  };
  // Another task may have done the same shard meanwhile: its result stays, which has the same bytes.
  const first = soundDone(plan, stage, shard);
  if (first === undefined) {
    writePart(files.result, bytes);
    writePart(files.done, `${JSON.stringify(said)}\n`);
  } else if (first.sha256 !== said.sha256) log.warn(`Shard ${shard} of ${stage} was done twice with other bytes`);
  rmSync(files.failed, { force: true });
  written?.();
  return { stage, shard, before: false, done, failed: planned.items - done, seconds };
}

/** @throws CovisError `DISK_FULL` before any work is done for which there is no room. */
function refuseFullDisk({ folder }: Plan): void {
  const free = freeBytes(folder);
  if (free === undefined || free >= ROOM) return;
  throw new CovisError('DISK_FULL', `The disk of the plan is full: ${bytesText(free)} are free`, {
    file: folder,
    hint: 'Make room on it, then: covis retry PLAN. What was finished before is kept.',
  });
}

function noteRunning(file: string): void {
  const said = {
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    since: new Date().toISOString(),
  };
  try {
    writePart(file, `${JSON.stringify(said)}\n`);
  } catch (error) {
    // It is for who looks; the work tells whether the disk takes its result.
    logFailure(log, 'It cannot be noted that a shard is under way', error);
  }
}

/** The first task of a plan stops all of it by what no other task would fare better with. */
function noteFailure(plan: Plan, stage: string, shard: number, error: unknown): void {
  const why = failureOf(error);
  try {
    writePart(shardFiles(plan.folder, stage, shard).failed, `${JSON.stringify(why)}\n`);
    if (shard === 1 && plan.file.stages[0]?.name === stage && isOfAll(plan, error))
      stopPlan(plan.folder, 'stopped', why);
  } catch (cause) {
    logFailure(log, `Shard ${shard} of ${stage} failed, which could not be noted`, cause);
  }
}

/** True for another version, a network that is not the plan's and a full disk. */
function isOfAll({ folder }: Plan, error: unknown): boolean {
  if (!(error instanceof CovisError)) return false;
  return ['STATE_CONFLICT', 'DISK_FULL'].includes(error.code) || error.file?.startsWith(`${folder}/network`) === true;
}
