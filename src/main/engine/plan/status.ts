/** How a plan stands: by the files of its results first, by the scheduler second. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { PlanState, PlanStatus, ShardCounts } from '../../../shared/facts/plans.ts';
import { SHARD_STATES, type ShardState } from '../../../shared/facts/planned.ts';
import { wordsOf } from '../../../shared/jobs/planned-works.ts';
import { logFailure, logger } from '../environment/log.ts';
import { bytesText, freeBytes, isNearlyFull } from '../formats/disk.ts';
import { readRegular } from '../formats/regular.ts';
import { startOf } from '../library/lease.ts';
import type { PlanRow } from '../library/tables/plan.ts';
import { numbersOf } from './arrays.ts';
import { doneFile, failedFile, runningFile, submittedFile, type RunningFile, type SubmittedFile } from './facts.ts';
import { failureOf, numbered, partIfSound, readPlan, shardFiles, whyStopped, writePart, type Plan } from './folder.ts';
import { heardOf, hearSoon, type Asking, type Heard } from './queue.ts';

const FAULTS = 50;
/** So many shards' counts are kept in memory. */
const COUNTED = 200_000;
const LOG_BYTES = 1 << 20;
const WAITING = new Set(['PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'CONFIGURING', 'SUSPENDED', 'SPECIAL_EXIT']);

/** What a stage's shards are, by their number. */
export interface StageLook {
  readonly name: string;
  readonly states: ReadonlyMap<number, ShardState>;
}

/** A plan looked at. */
export interface Look {
  readonly plan: Plan;
  readonly stages: readonly StageLook[];
  readonly submitted: SubmittedFile | undefined;
  readonly heard: Heard | undefined;
  /** A process of this machine looks after local shards. */
  readonly supervised: boolean;
}

/** True for a process of this machine that is the one that was written down. */
export function isAlive({ host, pid, started }: RunningFile): boolean {
  return host === hostname() && startOf(pid) === started;
}

/** Reads `submitted.json`, if the plan was submitted. */
export function submissionOf({ folder }: Plan): SubmittedFile | undefined {
  return partIfSound(join(folder, 'submitted.json'), submittedFile);
}

export function lookAt(plan: Plan, asking: Asking = 'old'): Look {
  const submitted = submissionOf(plan);
  const names = plan.file.stages.map(({ name, shards }) => ({
    name,
    count: shards.length,
    found: resultsOf(plan, name),
  }));
  const complete = names.every(({ count, found }) => found.done.size >= count);
  const supervised = submitted?.supervisor !== undefined && isAlive(submitted.supervisor);
  const heard = submitted?.executor === 'slurm' && !complete ? heardOf(plan, asking) : undefined;
  const stages = names.map(({ name, count, found }) => {
    const asked = askedOf(name, submitted, heard);
    const states = new Map<number, ShardState>();
    for (let i = 1; i <= count; i += 1) states.set(i, stateOf(plan, name, i, found, asked, supervised));
    return { name, states };
  });
  return { plan, stages, submitted, heard, supervised };
}

interface Found {
  readonly done: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly running: ReadonlySet<string>;
}

function resultsOf({ folder }: Plan, stage: string): Found {
  const at = join(folder, 'results', stage);
  const names = existsSync(at) ? readdirSync(at) : [];
  const of = (ending: string): Set<string> =>
    new Set(names.filter((n) => n.endsWith(ending)).map((n) => n.slice(0, -ending.length)));
  const whole = of('.bin');
  return {
    done: new Set([...of('.done')].filter((n) => whole.has(n))),
    failed: of('.failed'),
    running: of('.running'),
  };
}

/** What the scheduler was given of a stage, and has now. Undefined where none was asked. */
interface Asked {
  readonly given: ReadonlySet<number>;
  readonly queued: ReadonlyMap<number, ShardState>;
}

function askedOf(stage: string, submitted: SubmittedFile | undefined, heard: Heard | undefined): Asked | undefined {
  if (submitted?.executor !== 'slurm' || heard === undefined) return undefined;
  const own = submitted.arrays.filter((a) => a.stage === stage);
  const offsets = new Map(own.map((a) => [a.id, a.offset]));
  const queued = new Map<number, ShardState>();
  for (const { array, task, state } of heard.tasks) {
    const offset = offsets.get(array);
    if (offset === undefined || task === null) continue;
    if (WAITING.has(state)) queued.set(offset + task, 'waiting');
    else if (state === 'RUNNING' || state === 'COMPLETING') queued.set(offset + task, 'running');
  }
  return { given: new Set(own.flatMap((a) => numbersOf(a.tasks).map((n) => n + a.offset))), queued };
}

function stateOf(
  plan: Plan,
  stage: string,
  shard: number,
  found: Found,
  asked: Asked | undefined,
  supervised: boolean,
): ShardState {
  const name = numbered(shard);
  if (found.done.has(name)) return 'done';
  const queued = asked?.queued.get(shard);
  if (queued !== undefined) return queued;
  if (found.running.has(name)) {
    const who = partIfSound(shardFiles(plan.folder, stage, shard).running, runningFile);
    if (who !== undefined && isAlive(who)) return 'running';
    // Of another machine nobody can tell, unless its scheduler does.
    if (who !== undefined && who.host !== hostname() && asked === undefined) return 'running';
    return found.failed.has(name) ? 'failed' : 'lost';
  }
  if (found.failed.has(name)) return 'failed';
  if (asked?.given.has(shard) === true) return 'lost';
  return supervised ? 'waiting' : 'open';
}

/** Shards of a stage in one of these states, in order. */
export function shardsIn({ states }: StageLook, ...wanted: readonly ShardState[]): number[] {
  return [...states].flatMap(([shard, state]) => (wanted.includes(state) ? [shard] : []));
}

function countsOf({ states }: StageLook): ShardCounts {
  const counts = Object.fromEntries(SHARD_STATES.map((s) => [s, 0])) as Record<ShardState, number>;
  for (const state of states.values()) counts[state] += 1;
  return counts;
}

/** The last line of a task's log that says something, for a shard that ended without a word. */
function lastWords({ folder }: Plan, stage: string, shard: number, submitted: SubmittedFile | undefined): string {
  const own = submitted?.arrays.findLast((a) => a.stage === stage && numbersOf(a.tasks).includes(shard - a.offset));
  const name = own === undefined ? `${numbered(shard)}.log` : `${own.id}_${shard - own.offset}.log`;
  try {
    const text = readRegular(join(folder, 'logs', stage, name), LOG_BYTES).toString('utf8');
    return text.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  } catch {
    return '';
  }
}

/** Where a disk is full, no shard can say so itself. */
function fullDisk({ folder }: Plan): string | undefined {
  if (!isNearlyFull(folder)) return undefined;
  return `The disk of the plan is full: ${bytesText(freeBytes(folder) ?? 0)} are free. Make room on it, then retry: what is done stays.`;
}

function faultsOf({ plan, stages, submitted }: Look): PlanStatus['faults'] {
  const out: PlanStatus['faults'][number][] = [];
  for (const stage of stages)
    for (const shard of shardsIn(stage, 'failed', 'lost')) {
      if (out.length >= FAULTS) return out;
      const state = stage.states.get(shard)!;
      const said = partIfSound(shardFiles(plan.folder, stage.name, shard).failed, failedFile);
      const words = state === 'lost' ? lastWords(plan, stage.name, shard, submitted) : '';
      const message =
        state === 'failed' && said !== undefined
          ? `${said.message}${said.file === undefined ? '' : `: ${said.file}`}`
          : `It ended without a word: it was killed, its machine died, or its time or memory was used up${words === '' ? '' : `. Its log ends: ${words}`}`;
      out.push({ stage: stage.name, shard, state, message, host: said?.host ?? null });
    }
  return out;
}

/** What finished shards hold, by their file: it does not change any more. */
const counted = new Map<string, { readonly done: number; readonly failed: number }>();

function countOf(file: string): { readonly done: number; readonly failed: number } | undefined {
  const known = counted.get(file);
  if (known !== undefined) return known;
  const said = partIfSound(file, doneFile);
  if (said === undefined) return undefined;
  if (counted.size >= COUNTED) counted.clear();
  counted.set(file, { done: said.done, failed: said.failed });
  return said;
}

/** Units of what is done. */
function itemsOf({ plan, stages }: Look): PlanStatus['items'] {
  let [planned, done, failed] = [0, 0, 0];
  const { counted: only } = wordsOf(plan.file.work);
  for (const { name, states } of stages.filter((s) => only === undefined || s.name === only))
    for (const [shard, state] of states) {
      const { items } = plan.file.stages.find((s) => s.name === name)!.shards[shard - 1]!;
      planned += items;
      if (state !== 'done') continue;
      const said = countOf(shardFiles(plan.folder, name, shard).done);
      done += said?.done ?? items;
      failed += said?.failed ?? 0;
    }
  return { planned, done, failed };
}

const TROUBLE = 'trouble.failed';

/** Says in the plan why submitting or collecting failed: nobody may have looked. Undefined takes that back. */
export function noteTrouble({ folder }: Plan, error: unknown): void {
  const file = join(folder, 'results', TROUBLE);
  try {
    if (error === undefined) rmSync(file, { force: true });
    else writePart(file, `${JSON.stringify(failureOf(error))}\n`);
  } catch (cause) {
    logFailure(logger('plan'), 'What went wrong cannot be noted in the plan', cause);
  }
}

/** How a plan stands. @param row what its library knows of it, where that is open. */
export function statusOf(plan: Plan, row?: Pick<PlanRow, 'collected'>, asking: Asking = 'old'): PlanStatus {
  const look = lookAt(plan, asking);
  const stages = look.stages.map((s) => ({ name: s.name, shards: s.states.size, counts: countsOf(s) }));
  const sum = (...states: readonly ShardState[]): number =>
    stages.reduce((n, s) => n + states.reduce((m, state) => m + s.counts[state], 0), 0);
  const all = stages.reduce((n, s) => n + s.shards, 0);
  const stopped = whyStopped(plan.folder);
  const trouble = partIfSound(join(plan.folder, 'results', TROUBLE), failedFile);
  const state: PlanState =
    row !== undefined && row.collected !== null
      ? 'collected'
      : sum('done') === all
        ? 'ready'
        : stopped !== undefined
          ? stopped.state
          : sum('running', 'waiting') > 0
            ? 'running'
            : sum('failed', 'lost') > 0
              ? 'failed'
              : 'open';
  return {
    uid: plan.file.uid,
    folder: plan.folder,
    title: plan.file.title,
    work: plan.file.work,
    created: plan.file.created,
    state,
    message:
      state === 'stopped' || state === 'cancelled'
        ? (stopped?.why.message ?? null)
        : state === 'running' || state === 'collected'
          ? null
          : (trouble?.message ?? (sum('lost', 'failed') > 0 ? fullDisk(plan) : undefined) ?? null),
    executor: look.submitted?.executor ?? null,
    stages,
    faults: state === 'collected' ? [] : faultsOf(look),
    items: itemsOf(look),
    asked: look.heard?.asked ?? null,
  };
}

/** A plan where its library has it. @throws CovisError where it is gone, or is not as the library made it. */
export function planOfRow(row: PlanRow): Plan {
  const plan = readPlan(row.folder);
  if (plan.sha256 !== row.sha256)
    throw new CovisError('INPUT_CORRUPT', 'This plan is not as this library made it', { file: row.folder });
  return plan;
}

/** The status of a plan of a library, also of one whose folder is gone. The scheduler is asked without waiting for it. */
export async function statusOfRow(row: PlanRow): Promise<PlanStatus> {
  try {
    const plan = planOfRow(row);
    if (row.collected === null && submissionOf(plan)?.executor === 'slurm') await hearSoon(plan);
    return statusOf(plan, row, 'never');
  } catch (error) {
    if (!(error instanceof CovisError)) throw error;
    const { uid, folder, title, work, created } = row;
    return {
      ...{ uid, folder, title, work, created },
      state: row.collected === null ? 'missing' : 'collected',
      message: row.collected === null ? error.message : null,
      executor: null,
      stages: [],
      faults: [],
      items: { planned: 0, done: 0, failed: 0 },
      asked: null,
    };
  }
}
