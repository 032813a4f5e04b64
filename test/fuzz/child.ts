/**
 * A process in which one reader reads many mutations. What it is at stands in a file, so that whoever watches it knows when it hangs
 * or dies; everything else it sends.
 */
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Guard } from './guard.ts';
import { Sandbox, type Fault, type Outcome } from './attempt.ts';
import { inputOf } from './input.ts';
import { shrunk } from './shrink.ts';
import { allSeeds, filesOf } from './seeds.ts';
import type { Files } from './target.ts';
import { targetOf } from './targets/index.ts';

/** What a child is asked to do, as JSON in its first argument. */
export interface Task {
  readonly target: string;
  /** An empty folder of its own. */
  readonly sandbox: string;
  readonly seed: number;
  /** Numbers of the mutations, the last one left out. */
  readonly from: number;
  readonly to: number;
  /** More seeds: a folder of files. */
  readonly seeds?: string | undefined;
  /** One input, as files of a folder, instead of mutations. */
  readonly input?: string | undefined;
}

/** What a child says. */
export type Said =
  | { readonly fault: Fault; readonly index: number; readonly files: Readonly<Record<string, string>> }
  | { readonly ready: true; readonly seeds: number }
  | {
      readonly done: true;
      readonly read: number;
      readonly refused: number;
      readonly slowest: number;
      /** The mutation that took so long. */
      readonly slowestAt: number;
      readonly peak: number;
    };

export const STATUS = 'status';
/** The exit code after a fault that leaves the process unfit to go on. */
export const UNFIT = 71;
const MOST_MEMORY = 1e9;

const task = JSON.parse(process.argv[2] ?? '{}') as Task;
const guard = new Guard();
const target = await targetOf(task.target);
const sandbox = new Sandbox(task.sandbox, guard);
const status = openSync(join(sandbox.room, STATUS), 'w+');
const at = (index: number): void => void writeSync(status, String(index).padEnd(16), 0);
const say = (said: Said): Promise<void> => new Promise((done) => process.send!(said, () => done()));
const memory = (): number => process.resourceUsage().maxRSS * 1024;

let current: { readonly index: number; readonly files: Files } = { index: task.from, files: new Map() };
const report = async (fault: Fault, files: Files): Promise<void> => {
  const encoded = Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]));
  await say({ fault, index: current.index, files: encoded });
};
/** What is thrown where nobody waits for it would end Covis. */
const thrown = (error: unknown): void => {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  void report({ kind: 'crash', message: `not caught: ${message.slice(0, 400)}` }, current.files).then(() =>
    process.exit(UNFIT),
  );
};
process.on('uncaughtException', thrown);
process.on('unhandledRejection', thrown);

const makeIn = join(sandbox.room, 'seeds');
mkdirSync(makeIn);
const seeds = task.input === undefined ? await allSeeds(target, makeIn, task.seeds) : [];
await say({ ready: true, seeds: seeds.length });
const counts = { read: 0, refused: 0, slowest: 0, slowestAt: 0 };
for (let index = task.from; index < task.to; index += 1) {
  at(index);
  const files = task.input === undefined ? inputOf(target, seeds, task.seed, index) : filesOf(task.input);
  current = { index, files };
  const start = performance.now();
  let outcome: Outcome = await sandbox.attempt(target, files);
  const took = performance.now() - start;
  if (took > counts.slowest) Object.assign(counts, { slowest: took, slowestAt: index });
  const before = memory();
  if (before > MOST_MEMORY) outcome = { fault: { kind: 'memory', message: `${Math.round(before / 1e6)} MB` } };
  if ('fault' in outcome) {
    const { fault } = outcome;
    // What is large once is large again.
    const small =
      fault.kind === 'memory' || task.input !== undefined ? files : await shrunk(sandbox, target, files, seeds, fault);
    await report(fault, small);
    if (fault.kind === 'memory') process.exit(UNFIT);
  } else if ('refused' in outcome) counts.refused += 1;
  else counts.read += 1;
}
await say({ done: true, ...counts, peak: memory() });
process.exit(0);
