/** The folder of a plan: where its files are, and how they are read and written. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { CovisError, toErrorShape, unreadable } from '../../../shared/errors.ts';
import { writeAll } from '../formats/beside.ts';
import { diskError } from '../formats/disk.ts';
import { parseJson } from '../formats/json-text.ts';
import { readRegular } from '../formats/regular.ts';
import { digestOf } from '../library/hash-file.ts';
import {
  doneFile,
  failedFile,
  FORMAT,
  MOST_SAID,
  planFile,
  type FailedFile,
  type PlanFile,
  type PlanStage,
} from './facts.ts';

const MOST_BYTES = 64 << 20;
/** What is read into memory at a time. */
export const MOST_RESULT = 4 * 2 ** 30 - 1;
const AGAIN = 'Delete it with its .done and do the shard again: covis retry PLAN';
const FOLDERS = ['results', 'logs'] as const;
/** In which stages, or shards, have folders of their own. */
const OWN = [...FOLDERS, 'slurm', 'work'] as const;
const NOT_A_PLAN = 'Files of a plan are written by covis plan alone. Plan again.';

/** A plan as it lies in its folder. */
export interface Plan {
  readonly folder: string;
  readonly file: PlanFile;
  /** SHA-256 of `plan.json`, which the library knows. */
  readonly sha256: string;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `0001`: a shard by its number, which begins at 1. */
export function numbered(shard: number): string {
  return String(shard).padStart(4, '0');
}

/**
 * Reads a plan. @throws CovisError `NOT_FOUND` for a folder without one, `INPUT_*` for a file that is no plan's or of another format.
 */
export function readPlan(path: string): Plan {
  const folder = resolve(path);
  const file = join(folder, 'plan.json');
  if (!existsSync(file))
    throw new CovisError('NOT_FOUND', 'No plan is in this folder', {
      file: folder,
      hint: 'Make one with: covis plan LIB extract --out FOLDER',
    });
  const bytes = readRegular(file, MOST_BYTES, 'plan');
  const parsed = parseJson(bytes.toString('utf8'), { file, hint: NOT_A_PLAN }, 'This is no plan');
  const format = (parsed as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format !== FORMAT)
    throw new CovisError('INPUT_UNSUPPORTED', 'This plan was made by another version of Covis', {
      file,
      hint: 'Use that one, or plan again with this one.',
    });
  const plan = { folder, file: checked(planFile, parsed, file), sha256: sha256(bytes) };
  refuseLinks(plan);
  return plan;
}

/** What is written in a plan stays in it. @throws CovisError `INPUT_CORRUPT` for a folder of it that leads elsewhere. */
function refuseLinks({ folder, file: { stages } }: Plan): void {
  const own = OWN.flatMap((f) => [f, ...stages.map((s) => join(f, s.name))]);
  for (const name of [...own, 'shards']) {
    const there = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (there !== undefined && !there.isDirectory())
      throw new CovisError('INPUT_CORRUPT', 'A folder of this plan is none, or leads elsewhere', {
        file: join(folder, name),
        hint: NOT_A_PLAN,
      });
  }
}

/** Opens a log of a plan for adding to it. */
export function openLog({ folder }: Plan, ...name: readonly string[]): number {
  const file = join(folder, 'logs', ...name);
  mkdirSync(dirname(file), { recursive: true });
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants;
  return openSync(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o644);
}

function checked<S extends z.ZodType>(schema: S, value: unknown, file: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at =
    issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.map(String).join('.').slice(0, 100)}`;
  throw new CovisError(
    'INPUT_CORRUPT',
    `This file of a plan is damaged${at}: ${(issue?.message ?? '').slice(0, 200)}`,
    {
      file,
      hint: NOT_A_PLAN,
    },
  );
}

/** A small file of a plan. @throws CovisError `INPUT_*` naming it. */
export function readPart<S extends z.ZodType>(file: string, schema: S, sha?: string): z.output<S> {
  const bytes = readRegular(file, MOST_BYTES, 'file of a plan');
  if (sha !== undefined && sha256(bytes) !== sha)
    throw new CovisError('INPUT_CORRUPT', 'This file is not the one that was planned', { file, hint: NOT_A_PLAN });
  return checked(schema, parseJson(bytes.toString('utf8'), { file, hint: NOT_A_PLAN }), file);
}

/** As {@link readPart}, of what may not be there, or be anything: undefined then. */
export function partIfSound<S extends z.ZodType>(file: string, schema: S): z.output<S> | undefined {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
  try {
    return readPart(file, schema);
  } catch (error) {
    if (error instanceof CovisError) return undefined;
    throw error;
  }
}

/** Writes a file whole: under a name of this process, to the disk, then in its place. @throws CovisError `DISK_FULL`. */
export function writePart(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.tmp-${hostname().replace(/[^\w.-]/g, '_')}-${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // Whatever lies under that name is another's, and may lead elsewhere.
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, 'wx');
    try {
      writeAll(fd, typeof content === 'string' ? Buffer.from(content) : content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw diskError(cause, file, content.length);
  }
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What was thrown, as a file of a plan says it. */
export function failureOf(error: unknown): FailedFile {
  const { message, file, hint } = toErrorShape(diskError(error));
  const short = (text: string, most: number): string => text.slice(0, most);
  return {
    message: short(message === '' ? 'No reason was given' : message, MOST_SAID.characters),
    ...(file === undefined ? {} : { file: short(file, 4096) }),
    ...(hint === undefined ? {} : { hint: short(hint, MOST_SAID.characters) }),
    host: hostname(),
    when: new Date().toISOString(),
  };
}

/** A stage of a plan. @throws CovisError `NOT_FOUND`. */
export function stageOf({ file }: Plan, name: string): PlanStage {
  const found = file.stages.find((s) => s.name === name);
  if (found === undefined)
    throw new CovisError('NOT_FOUND', `The plan has no stage ${name}`, {
      hint: `It has ${file.stages.map((s) => s.name).join(', ')}.`,
    });
  return found;
}

/** Files of one shard. Names are made of the stage's checked name and a number, so that none leads out of the folder. */
export function shardFiles(
  folder: string,
  stage: string,
  shard: number,
): Record<'result' | 'done' | 'failed' | 'running' | 'work', string> {
  const at = (ending: string): string => join(folder, 'results', stage, `${numbered(shard)}.${ending}`);
  return {
    result: at('bin'),
    done: at('done'),
    failed: at('failed'),
    running: at('running'),
    work: join(folder, 'work', stage, numbered(shard)),
  };
}

/** What came of a shard. @throws CovisError `INPUT_CORRUPT` where it is not what the shard wrote. */
export function resultOf({ folder }: Plan, stage: string, shard: number): Buffer {
  const { result, done } = shardFiles(folder, stage, shard);
  const bytes = readRegular(result, MOST_RESULT, 'result');
  if (sha256(bytes) !== readPart(done, doneFile).sha256) throw notWritten(result);
  return bytes;
}

/** As {@link resultOf}, of one that is read in parts: its file. */
export function resultFile({ folder }: Plan, stage: string, shard: number): string {
  const { result, done } = shardFiles(folder, stage, shard);
  if (digestOf(result) !== readPart(done, doneFile).sha256) throw notWritten(result);
  return result;
}

const notWritten = (file: string): CovisError =>
  new CovisError('INPUT_CORRUPT', 'This result is not what its shard wrote', { file, hint: AGAIN });

/** What a result says that is none. */
export function wrongResult(file: string, why: string): CovisError {
  return new CovisError('INPUT_CORRUPT', `This result of a shard ${why}`, { file, hint: AGAIN });
}

/** What is asked of the shards of a stage: one line of JSON each, one file, so that ten thousand shards are not ten thousand files. */
export function tableFile(folder: string, stage: string): string {
  return join(folder, 'shards', `${stage}.jsonl`);
}

/** What is asked of a shard. @throws CovisError `INPUT_*` where the table is gone, or is not the one that was planned. */
export function readShard<S extends z.ZodType>(plan: Plan, stage: string, shard: number, schema: S): z.output<S> {
  const { shards } = stageOf(plan, stage);
  const { sha256: wanted, bytes: length } = shards[shard - 1]!;
  const file = tableFile(plan.folder, stage);
  const from = startsOf(shards)[shard - 1]!;
  const bytes = readSpan(file, from, length);
  if (bytes.length !== length || sha256(bytes) !== wanted)
    throw new CovisError('INPUT_CORRUPT', `What this plan asks of shard ${shard} of ${stage} is not what was planned`, {
      file,
      hint: NOT_A_PLAN,
    });
  return checked(schema, parseJson(bytes.toString('utf8'), { file, hint: NOT_A_PLAN }), file);
}

/** Where shards begin in their tables, by their lists. */
const starts = new WeakMap<PlanStage['shards'], Float64Array>();

function startsOf(shards: PlanStage['shards']): Float64Array {
  let known = starts.get(shards);
  if (known === undefined) {
    known = new Float64Array(shards.length);
    for (let i = 1; i < shards.length; i += 1) known[i] = known[i - 1]! + shards[i - 1]!.bytes;
    starts.set(shards, known);
  }
  return known;
}

function readSpan(file: string, from: number, length: number): Buffer {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let fd: number | undefined;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    // A table that is shorter than it should be is not read beyond its end.
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, fstatSync(fd).size - from)));
    let done = 0;
    while (done < bytes.length) {
      const n = readSync(fd, bytes, done, bytes.length - done, from + done);
      if (n === 0) break;
      done += n;
    }
    return bytes.subarray(0, done);
  } catch (cause) {
    throw unreadable(cause, file);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A file that all shards of a plan read. @throws CovisError where it is not what was planned. */
export function commonFile({ folder, file }: Plan, name: string): string {
  const path = join(folder, name);
  const said = file.files[name];
  if (said === undefined || !existsSync(path) || digestOf(path) !== said.sha256)
    throw new CovisError('INPUT_CORRUPT', `The plan's ${name} is not what was planned`, {
      file: path,
      hint: 'Plan again, or copy the plan again.',
    });
  return path;
}

/** Takes away what processes that died left half written in a folder of results. */
export function sweepStage(folder: string, stage: string, isOld: (file: string) => boolean): void {
  const results = join(folder, 'results', stage);
  if (!existsSync(results)) return;
  for (const name of readdirSync(results)) {
    const file = join(results, name);
    if (name.includes('.tmp-') && isOld(file)) rmSync(file, { force: true });
  }
}

/** Folders of a new plan. */
export function makeFolders(folder: string, stages: readonly string[]): void {
  for (const f of FOLDERS) for (const s of stages) mkdirSync(join(folder, f, s), { recursive: true });
  mkdirSync(join(folder, 'shards'));
}

/** Why the whole plan stands still; undefined where it does not. */
export function whyStopped(
  folder: string,
): { readonly state: 'stopped' | 'cancelled'; readonly why: FailedFile } | undefined {
  for (const state of ['cancelled', 'stopped'] as const) {
    const file = join(folder, `${state}.json`);
    if (!existsSync(file)) continue;
    const why = partIfSound(file, failedFile);
    return { state, why: why ?? { message: 'No reason was given', host: '', when: '' } };
  }
  return undefined;
}

/** Lets the whole plan stand still: tasks that have not begun end at once. */
export function stopPlan(folder: string, state: 'stopped' | 'cancelled', why: FailedFile): void {
  writePart(join(folder, `${state}.json`), `${JSON.stringify(why)}\n`);
}

export function resumePlan(folder: string): void {
  for (const state of ['cancelled', 'stopped']) rmSync(join(folder, `${state}.json`), { force: true });
}
