/** Lets a child read mutations and watches it from outside: it may hang, die or take all memory. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { signature, type Fault } from './attempt.ts';
import type { Said, Task } from './child.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Folder of more seeds. */
  readonly seeds?: string | undefined;
  /** Folder of one input that is read instead of mutations. */
  readonly input?: string | undefined;
  /** Folder that failing inputs are kept in; none are where left out. */
  readonly out?: string | undefined;
  /** Seconds of a processor, and of the clock, after which an input counts as hanging. */
  readonly hang?: number;
}

export interface FoundFault extends Fault {
  readonly index: number;
  /** How many inputs had it. */
  times: number;
  /** Where its first input is kept. */
  readonly kept?: string;
}

export interface FuzzReport {
  readonly target: string;
  readonly mutations: number;
  readonly seconds: number;
  /** Inputs that were read, and that were refused. */
  readonly read: number;
  readonly refused: number;
  /** Milliseconds of the slowest input, and which it was. */
  readonly slowest: number;
  readonly slowestAt: number;
  /** Bytes of memory at most. */
  readonly peak: number;
  readonly faults: readonly FoundFault[];
}

const IN_MEMORY = '/dev/shm';
const ROOM_BYTES = 48 << 20;
const CHILD = join(import.meta.dirname, 'child.ts');
const HANG_SECONDS = 5;
/** Where no processor time is used either, or cannot be told. */
const STUCK_SECONDS = 60;
const READY_SECONDS = 180;
const POLL_MS = 150;
/** Of the reader's process it looks itself; of those that it starts, only this watch does. */
const TOO_LARGE = 1.5e9;
/** A reader that fails so often is mended first. */
const MOST_RESTARTS = 12;
const MOST_KINDS = 40;

/** Seconds of processors, and bytes in memory of the largest, of a process and those that it started, where the system tells them. */
function usage(pid: number): { cpu: number | undefined; rss: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: Number(fields[21]) * 4096 };
    for (const child of childrenOf(pid)) {
      const { cpu = 0, rss } = usage(child);
      own.cpu += cpu;
      own.rss = Math.max(own.rss, rss);
    }
    return own;
  } catch {
    // No such system, or it is gone.
    return { cpu: undefined, rss: 0 };
  }
}

/** Processes that a process started: of each thread, as Linux lists them. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
      return text === '' ? [] : text.split(' ').map(Number);
    } catch {
      // The thread ended, or this system lists none.
      return [];
    }
  });
}

type Ended =
  | { readonly how: 'done'; readonly said: Extract<Said, { done: true }> }
  | { readonly how: 'unfit'; readonly index: number }
  | { readonly how: 'died'; readonly index: number; readonly fault: Fault };

/** One child, until it is done or dead. */
async function runChild(
  task: Task,
  hang: number,
  found: (said: Extract<Said, { fault: Fault }>) => void,
): Promise<Ended> {
  const child: ChildProcess = fork(CHILD, [JSON.stringify(task)], {
    execArgv: ['--max-old-space-size=1500', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      HOME: join(task.sandbox, 'room', 'home'),
      XDG_CONFIG_HOME: join(task.sandbox, 'room', 'home'),
      COVIS_LOGS: join(task.sandbox, 'room', 'logs'),
      COVIS_SETTINGS: join(task.sandbox, 'room', 'home', 'settings.json'),
      COVIS_NETWORKS: join(task.sandbox, 'room', 'home', 'networks'),
    },
  });
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
  let ready = false;
  let done: Extract<Said, { done: true }> | undefined;
  let index = task.from;
  child.on('message', (said: Said) => {
    if ('ready' in said) ready = true;
    else if ('done' in said) done = said;
    else found(said);
  });
  let killed: Fault | undefined;
  let since = { index: -1, wall: performance.now(), cpu: 0 };
  const poll = setInterval(() => {
    const text = readStatus(task.sandbox);
    const { cpu, rss } = usage(child.pid!);
    if (text !== undefined) index = text;
    if (since.index !== (ready ? index : -1))
      since = { index: ready ? index : -1, wall: performance.now(), cpu: cpu ?? 0 };
    const wall = (performance.now() - since.wall) / 1000;
    const busy = cpu === undefined ? 0 : cpu - since.cpu;
    if (rss > TOO_LARGE) killed = { kind: 'memory', message: `${Math.round(rss / 1e6)} MB` };
    else if (ready && wall > hang && busy > hang) killed = { kind: 'hang', message: `longer than ${hang} s` };
    else if (wall > (ready ? Math.max(hang, STUCK_SECONDS) : READY_SECONDS))
      killed = { kind: 'hang', message: ready ? 'it waits without end' : 'its seeds take too long' };
    if (killed !== undefined) child.kill('SIGKILL');
  }, POLL_MS);
  const [code, signal] = await new Promise<[number | null, string | null]>((end) => {
    child.on('exit', (c, s) => {
      end([c, s]);
    });
  });
  clearInterval(poll);
  if (done !== undefined) return { how: 'done', said: done };
  index = readStatus(task.sandbox) ?? index;
  if (!ready && killed === undefined) throw new Error(`${task.target} does not begin: ${stderr}`);
  if (code === 71) return { how: 'unfit', index };
  const last =
    stderr
      .trim()
      .split('\n')
      .filter((l) => /error|fatal|abort|assert/i.test(l))
      .at(0) ?? '';
  const fault = killed ?? { kind: 'crash', message: `${signal ?? `exit ${code}`} ${last}`.trim().slice(0, 300) };
  return { how: 'died', index, fault };
}

function readStatus(sandbox: string): number | undefined {
  try {
    const text = readFileSync(join(sandbox, 'room', 'status'), 'latin1').trim();
    return text === '' ? undefined : Number(text);
  } catch {
    // Not begun.
    return undefined;
  }
}

/** Where thousands of small files are soonest written: in memory where the system has a folder for that, with room in it. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    if (bavail * bsize > ROOM_BYTES) return IN_MEMORY;
  } catch {
    // There is none.
  }
  return tmpdir();
}

/** Runs one child in a sandbox of its own. */
async function inSandbox(
  task: Omit<Task, 'sandbox'>,
  hang: number,
  found: Parameters<typeof runChild>[2],
): Promise<Ended> {
  const sandbox = mkdtempSync(join(quickFolder(), 'covis-fuzz-'));
  try {
    return await runChild({ ...task, sandbox }, hang, found);
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
}

/**
 * Lets a reader read mutations `from` up to `to`. What ends or fills the process is tried once more in a fresh one, so that it is that input's
 * own fault.
 */
export async function fuzz(target: string, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, to, seeds, input, hang = HANG_SECONDS } = options;
  const faults = new Map<string, FoundFault>();
  const start = performance.now();
  const total = { read: 0, refused: 0, slowest: 0, slowestAt: 0, peak: 0 };
  const note = (fault: Fault, index: number, files?: Readonly<Record<string, string>>): void => {
    const key = signature(fault);
    const known = faults.get(key);
    if (known !== undefined) {
      known.times += 1;
      return;
    }
    const kept = files === undefined ? undefined : keep(target, fault, seed, index, files, options.out);
    faults.set(key, { ...fault, index, times: 1, ...(kept === undefined ? {} : { kept }) });
  };
  let from = options.from;
  let reached = to;
  for (let restarts = 0; from < to && restarts <= MOST_RESTARTS && faults.size < MOST_KINDS; restarts += 1) {
    let heavy: Extract<Said, { fault: Fault }> | undefined;
    const ended = await inSandbox({ target, seed, from, to, seeds, input }, hang, (said) => {
      if (said.fault.kind === 'memory' || said.fault.kind === 'crash') heavy = said;
      else note(said.fault, said.index, said.files);
    });
    if (ended.how === 'done') {
      const { read, refused, slowest, slowestAt, peak } = ended.said;
      total.read += read;
      total.refused += refused;
      Object.assign(total, { slowest, slowestAt });
      total.peak = Math.max(total.peak, peak);
      reached = to;
      break;
    }
    const fault = ended.how === 'died' ? ended.fault : (heavy?.fault ?? { kind: 'crash', message: 'it gave up' });
    const index = heavy?.index ?? ended.index;
    let again: Fault | undefined;
    const alone = await inSandbox(
      { target, seed, from: index, to: index + 1, seeds, input },
      hang,
      (said) => (again = said.fault),
    );
    again ??= alone.how === 'died' ? alone.fault : undefined;
    if (again !== undefined) note(again, index, await inputFiles(target, seed, index, seeds, input));
    else if (options.out !== undefined)
      console.warn(`${target}: ${fault.kind} at ${index} after others, not alone (${fault.message})`);
    from = index + 1;
    reached = from;
  }
  return {
    target,
    mutations: reached - options.from,
    seconds: (performance.now() - start) / 1000,
    ...total,
    faults: [...faults.values()],
  };
}

/** The input of a child that could not send it any more. */
async function inputFiles(
  target: string,
  seed: number,
  index: number,
  seeds: string | undefined,
  input: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (input !== undefined) return {};
  const { made } = await import('./made.ts');
  return made(target, seed, index, seeds);
}

/** Puts an input beside others with the command that repeats it. @returns its folder. */
function keep(
  target: string,
  fault: Fault,
  seed: number,
  index: number,
  files: Readonly<Record<string, string>>,
  out: string | undefined,
): string | undefined {
  if (out === undefined || Object.keys(files).length === 0) return undefined;
  const folder = join(out, `${target}-${fault.kind}-${seed}-${index}`.replace(/[^\w.-]+/g, '-'));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'input', name)), { recursive: true });
    writeFileSync(join(folder, 'input', name), Buffer.from(bytes, 'base64'));
  }
  const again = `npm run fuzz -- --reader ${target} --input ${join(folder, 'input')}`;
  writeFileSync(
    join(folder, 'fault.txt'),
    `${fault.kind}: ${fault.message}\n${fault.where ?? ''}\nmutation ${index} of seed ${seed}\n${again}\n`,
  );
  return folder;
}
