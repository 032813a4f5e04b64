/** Slurm: scripts and calls of sbatch, squeue and scancel. sacct is never asked: without a database it knows nothing. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { arraysOf, MOST_TASKS } from './arrays.ts';
import { commandText, covisCommand, quotedWord, wordsOf } from './command.ts';
import type { SlurmOptions, SubmittedFile } from './facts.ts';
import { writePart, type Plan } from './folder.ts';

const CALL_MS = 120_000;
const MOST_OUTPUT = 256 << 20;
/** So long before the end of its time a run that can go on later is told. */
const WARNED_S = 120;
/** What Covis says itself, by its long and short name. */
const OWN = [
  'array',
  'a',
  'dependency',
  'd',
  'parsable',
  'wrap',
  'job-name',
  'J',
  'output',
  'o',
  'error',
  'e',
] as const;
const OWN_TOO = ['chdir', 'D', 'wait', 'W', 'test-only', 'no-requeue', 'kill-on-invalid-dep', 'signal'] as const;
const NAMED = {
  partition: /^[\w.,@+-]{1,200}$/,
  account: /^[\w.@+-]{1,200}$/,
  time: /^(\d+-)?\d{1,4}(:\d{1,2}){0,2}$|^UNLIMITED$/i,
  mem: /^\d{1,12}[KMGT]?$/i,
  gres: /^[\w.,:=@+()*-]{1,200}$/,
} as const;

/** Calls a program of Slurm. @throws CovisError `EXTERNAL_FAILED` in its own words. */
function call(program: string, args: readonly string[]): string {
  const r = spawnSync(program, args, { encoding: 'utf8', timeout: CALL_MS, maxBuffer: MOST_OUTPUT });
  if (r.error !== undefined && (r.error as NodeJS.ErrnoException).code === 'ENOENT')
    throw new CovisError('EXTERNAL_FAILED', `This machine has no ${program}`, {
      hint: 'Submit on a machine of the cluster, or do the shards here with --executor local.',
    });
  if (r.status !== 0)
    throw new CovisError(
      'EXTERNAL_FAILED',
      `${program} refused: ${(r.stderr ?? '').trim().slice(0, 1000) || (r.error?.message ?? 'it gave no reason')}`,
      {
        hint: 'What it says is about the options that go to it, or the cluster.',
      },
    );
  return r.stdout;
}

/** True where shards can be given to Slurm. */
export function hasSlurm(): boolean {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, 'sbatch')));
}

/** Most tasks of an array here. */
function mostTasks(): number {
  try {
    const found = /^MaxArraySize\s*=\s*(\d+)/m.exec(call('scontrol', ['show', 'config']))?.[1];
    return found === undefined ? MOST_TASKS : Math.max(1, Math.min(MOST_TASKS, Number(found) - 1));
  } catch (error) {
    logFailure(logger('plan'), 'The limit of arrays cannot be told', error);
    return MOST_TASKS;
  }
}

/** @throws CovisError `INPUT_INVALID` for what sbatch would take for something else, and for what Covis says itself. */
export function refuseOptions(o: SlurmOptions): void {
  for (const [name, form] of Object.entries(NAMED)) {
    const value = o[name as keyof typeof NAMED];
    if (value !== undefined && !form.test(value))
      throw new CovisError('INPUT_INVALID', `--${name} takes what Slurm takes for it, not "${value}"`);
  }
  if (o.sbatch === undefined) return;
  const words = wordsOf(o.sbatch);
  if (words === undefined) throw new CovisError('INPUT_INVALID', '--sbatch has a quote that does not end');
  for (const word of words) {
    const name = /^--?([A-Za-z][\w-]*)/.exec(word)?.[1] ?? '';
    if ([...OWN, ...OWN_TOO].some((own) => own === name))
      throw new CovisError(
        'INPUT_INVALID',
        `--sbatch may not have ${word.split('=')[0] ?? word}, which Covis says itself`,
      );
  }
}

/** What an array or the collecting is called: a plan's jobs are found by it. */
export function jobName({ file }: Plan, what: string): string {
  return `covis-${file.uid}-${what}`;
}

/** What sbatch is told. */
interface Call {
  readonly args: readonly string[];
  readonly script: string;
  readonly words: readonly string[];
}

const escaped = (path: string): string => path.replaceAll('%', '%%');

function common(plan: Plan, o: SlurmOptions, what: string): string[] {
  const said = (['partition', 'account', 'time', 'mem', 'gres'] as const).flatMap((name) =>
    o[name] === undefined ? [] : [`--${name}=${o[name]}`],
  );
  return [
    '--parsable',
    `--job-name=${jobName(plan, what)}`,
    '--open-mode=append',
    '--requeue',
    ...said,
    ...(o.cpus === undefined ? [] : [`--cpus-per-task=${o.cpus}`]),
    ...(wordsOf(o.sbatch ?? '') ?? []),
  ];
}

/** The script of all tasks: sbatch gives it a stage, and what is added to a task's number. */
export function shardScript(plan: Plan, o: SlurmOptions, resumable: boolean): string {
  const covis = o.covis === undefined ? commandText(covisCommand()) : o.covis;
  return [
    '#!/bin/bash',
    '# One shard of a plan of Covis, written by covis submit.',
    `plan=${quotedWord(plan.folder)}`,
    'stage="$1"',
    'shard=$((SLURM_ARRAY_TASK_ID + $2))',
    ...(o.cpus === undefined ? [] : ['# Threads are those that Slurm gives.', 'unset COVIS_THREADS']),
    `${covis} work "$plan" --stage "$stage" --shard "$shard" &`,
    'child=$!',
    'again=',
    'trap \'kill -TERM "$child"\' TERM INT',
    `trap '${resumable ? 'again=1; ' : ''}kill -USR1 "$child"' USR1`,
    'wait "$child"; code=$?',
    '# A signal ends the waiting, not what is waited for.',
    'while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done',
    ...(resumable
      ? [
          'if [ "$code" = 75 ] && [ -n "$again" ]; then scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"; fi',
        ]
      : []),
    'exit "$code"',
    '',
  ].join('\n');
}

function collectScript(plan: Plan, o: SlurmOptions): string {
  const covis = o.covis === undefined ? commandText(covisCommand()) : o.covis;
  return [
    '#!/bin/bash',
    '# Takes up what came of a plan of Covis, written by covis submit.',
    `exec ${covis} collect ${quotedWord(plan.folder)}`,
    '',
  ].join('\n');
}

/** Shards of a stage that are to be done. */
export interface StageShards {
  readonly stage: string;
  readonly shards: readonly number[];
}

/** Arrays as they were given to the scheduler. */
export type Arrays = SubmittedFile['arrays'];

/**
 * Gives shards to Slurm: for each stage an array, or one for every thousand tasks, after those of the stages before; collecting at the end.
 * @param also arrays that are under way already. @param dry says what would be called, and calls nothing.
 * @throws CovisError `EXTERNAL_FAILED` in sbatch's words.
 */
export function submitToSlurm(
  plan: Plan,
  stages: readonly StageShards[],
  o: SlurmOptions,
  how: { readonly also?: readonly string[]; readonly resumable?: boolean; readonly dry?: boolean } = {},
): { readonly arrays: Arrays; readonly said: readonly string[] } {
  refuseOptions(o);
  const scripts = join(plan.folder, 'slurm');
  const [shardFile, collectFile] = [join(scripts, 'shard.sh'), join(scripts, 'collect.sh')];
  const resumable = how.resumable === true;
  const texts = [
    [shardFile, shardScript(plan, o, resumable)],
    [collectFile, collectScript(plan, o)],
  ] as const;
  const said: string[] = [];
  for (const [file, text] of texts) said.push(`# ${file}`, text);
  if (how.dry !== true)
    for (const [file, text] of texts) {
      writePart(file, text);
      chmodSync(file, 0o755);
    }
  const most = how.dry === true && !hasSlurm() ? MOST_TASKS : mostTasks();
  const limit = o.arrayLimit === undefined ? '' : `%${o.arrayLimit}`;
  const arrays: Arrays[number][] = [];
  const byStage = new Map<string, string[]>();
  const give = ({ args, script, words }: Call): string => {
    said.push(commandText(['sbatch', ...args, script, ...words]));
    if (how.dry === true) return `<${said.length}>`;
    const id = /^(\d+)/.exec(call('sbatch', [...args, script, ...words]).trim())?.[1];
    if (id === undefined) throw new CovisError('EXTERNAL_FAILED', 'sbatch gave no number for its job');
    return id;
  };
  try {
    for (const { stage, shards } of stages) {
      const after = plan.file.stages.find((s) => s.name === stage)!.after.flatMap((a) => byStage.get(a) ?? []);
      const ids: string[] = [];
      for (const { offset, tasks } of arraysOf(shards, most)) {
        const args = [
          ...common(plan, o, stage),
          `--array=${tasks}${limit}`,
          `--output=${escaped(join(plan.folder, 'logs', stage))}/%A_%a.log`,
          ...(resumable ? [`--signal=B:USR1@${WARNED_S}`] : []),
          ...(after.length === 0 ? [] : [`--dependency=afterok:${after.join(':')}`, '--kill-on-invalid-dep=yes']),
        ];
        const id = give({ args, script: shardFile, words: [stage, String(offset)] });
        ids.push(id);
        if (how.dry !== true) arrays.push({ id, stage, offset, tasks });
      }
      byStage.set(stage, ids);
    }
    const all = [...byStage.values()].flat();
    const before = [
      ...(all.length === 0 ? [] : [`afterok:${all.join(':')}`]),
      ...(how.also === undefined || how.also.length === 0 ? [] : [`afterany:${how.also.join(':')}`]),
    ];
    const args = [
      ...common(plan, { ...o, gres: undefined }, 'collect'),
      `--output=${escaped(join(plan.folder, 'logs'))}/collect.log`,
      ...(before.length === 0 ? [] : [`--dependency=${before.join(',')}`, '--kill-on-invalid-dep=yes']),
    ];
    const id = give({ args, script: collectFile, words: [] });
    if (how.dry !== true) arrays.push({ id, stage: 'collect', offset: 0, tasks: '' });
  } catch (error) {
    // Half a chain would wait for ever.
    if (arrays.length > 0) cancelInSlurm(plan);
    throw error;
  }
  return { arrays, said };
}

/** Takes all of a plan's jobs out of Slurm. */
export function cancelInSlurm(plan: Plan): void {
  for (const what of [...plan.file.stages.map((s) => s.name), 'collect'])
    call('scancel', [`--name=${jobName(plan, what)}`]);
}

/** A task as squeue lists it. */
export interface QueuedTask {
  readonly array: string;
  readonly task: number | null;
  readonly state: string;
}

function asking(plan: Plan): string[] {
  const names = [...plan.file.stages.map((s) => s.name), 'collect'].map((s) => jobName(plan, s)).join(',');
  return ['--noheader', '--array', '--format=%i|%T', `--name=${names}`];
}

/** What Slurm has of a plan now. */
export function askSlurm(plan: Plan): QueuedTask[] {
  return parseQueue(call('squeue', asking(plan)));
}

/** As {@link askSlurm}, while other work goes on. */
export async function askSlurmSoon(plan: Plan): Promise<QueuedTask[]> {
  const { stdout } = await promisify(execFile)('squeue', asking(plan), { timeout: CALL_MS, maxBuffer: MOST_OUTPUT });
  return parseQueue(stdout);
}

/** Lines as `123_4|RUNNING` and `124|PENDING`. */
export function parseQueue(text: string): QueuedTask[] {
  return text.split('\n').flatMap((line) => {
    const found = /^(\d+)(?:_(\d+))?\|([A-Z_]+)$/.exec(line.trim());
    if (found === null) return [];
    const [, array, task, state] = found;
    return [{ array: array!, task: task === undefined ? null : Number(task), state: state! }];
  });
}
