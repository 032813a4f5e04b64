/** A Slurm of two nodes on this machine, with everything of it in a folder of the test's own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

const UP_MS = 240_000;
const STEP_MS = 250;

export interface SmallSlurm {
  /** What programs of this Slurm need around them. */
  readonly env: NodeJS.ProcessEnv;
  /** Calls one of them. @throws Error with what it said. */
  readonly call: (program: string, ...args: readonly string[]) => string;
  /** Ends a node as if its machine had lost its power, with all that runs on it. */
  readonly killNode: (name: 'n1' | 'n2') => void;
  readonly end: () => void;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something holds. @throws Error that says for what, and what is known. */
export async function until(
  what: string,
  holds: () => boolean,
  ms: number,
  known: () => string = () => '',
): Promise<void> {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`Waited ${ms / 1000} s in vain for ${what}. ${known()}`);
    await wait(STEP_MS);
  }
}

function configuration(folder: string, socket: string, ports: readonly number[]): string {
  const host = hostname();
  return `${[
    'ClusterName=covistest',
    `SlurmctldHost=${host}(127.0.0.1)`,
    'AuthType=auth/munge',
    'CredType=cred/munge',
    `AuthInfo=socket=${socket},cred_expire=30`,
    'SlurmUser=root',
    'SlurmdUser=root',
    `SlurmctldPort=${ports[0]}`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd.%n.pid`,
    `SlurmdSpoolDir=${folder}/spool.%n`,
    `StateSaveLocation=${folder}/state`,
    `SlurmctldLogFile=${folder}/slurmctld.log`,
    `SlurmdLogFile=${folder}/slurmd.%n.log`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core_Memory',
    'AccountingStorageType=accounting_storage/none',
    'JobAcctGatherType=jobacct_gather/linux',
    'JobAcctGatherFrequency=5',
    'JobAcctGatherParams=OverMemoryKill',
    'MpiDefault=none',
    'ReturnToService=2',
    'SlurmdTimeout=30',
    'KillWait=5',
    'SchedulerParameters=sched_interval=2,batch_sched_delay=0,defer',
    `NodeName=n[1-2] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[${ports[1]}-${ports[2]}] CPUs=2 RealMemory=4000`,
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
  ].join('\n')}\n`;
}

/** Starts it. Needs to be root. Call `end` when done. @throws Error where it does not come up. */
export async function smallSlurm(): Promise<SmallSlurm> {
  const folder = mkdtempSync(join(tmpdir(), 'covis-slurm-'));
  for (const f of ['state', 'spool.n1', 'spool.n2', 'munge']) mkdirSync(join(folder, f), { mode: 0o755 });
  const key = join(folder, 'munge', 'key');
  writeFileSync(key, randomBytes(1024), { mode: 0o400 });
  const socket = join(folder, 'munge', 'socket');
  // Of one test at a time on a machine; of several, each has its own by its process.
  const first = 21_000 + 3 * (process.pid % 3000);
  const conf = join(folder, 'slurm.conf');
  writeFileSync(conf, configuration(folder, socket, [first, first + 1, first + 2]));
  const env = { ...process.env, SLURM_CONF: conf };
  const started: ChildProcess[] = [];
  const start = (program: string, ...args: readonly string[]): ChildProcess => {
    const child = spawn(program, args, { env, stdio: 'ignore' });
    started.push(child);
    return child;
  };
  const call = (program: string, ...args: readonly string[]): string => {
    const r = spawnSync(program, args, { env, encoding: 'utf8', timeout: 240_000 });
    if (r.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${r.stderr || String(r.error)}`);
    return r.stdout;
  };
  const nodes = new Map<string, ChildProcess>();
  const end = (): void => {
    spawnSync('scancel', ['--user=root'], { env, timeout: 20_000 });
    for (const child of started.reverse()) {
      for (const pid of below(child.pid!)) killIt(pid);
      child.kill('SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    start(
      'munged',
      ...['--foreground', '--force', `--key-file=${key}`, `--socket=${socket}`, `--pid-file=${folder}/munge/pid`],
      ...[`--log-file=${folder}/munge/log`, `--seed-file=${folder}/munge/seed`],
    );
    await until('munged', () => spawnSync('munge', ['-n', `--socket=${socket}`]).status === 0, UP_MS);
    start('slurmctld', '-D', '-f', conf);
    for (const n of ['n1', 'n2']) nodes.set(n, start('slurmd', '-D', '-N', n, '-f', conf));
    const idle = (): string => spawnSync('sinfo', ['-h', '-N', '-o', '%N %t'], { env, encoding: 'utf8' }).stdout ?? '';
    await until(
      'two nodes',
      () => idle().match(/ idle$/gm)?.length === 2,
      UP_MS,
      () => `${idle()}\n${tail(`${folder}/slurmctld.log`)}`,
    );
  } catch (error) {
    end();
    throw error;
  }
  return {
    env,
    call,
    killNode: (name) => {
      const { pid } = nodes.get(name)!;
      // What it started has processes of its own, which Slurm's daemon does not have below it.
      const all = [pid!, ...below(pid!), ...steps(name, folder)];
      for (const p of [...new Set(all.flatMap((q) => [q, ...below(q)]))]) killIt(p);
    },
    end,
  };
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-8).join('\n');
  } catch {
    return '';
  }
}

function killIt(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Processes by who started them. */
function table(): (readonly [pid: number, parent: number, words: string])[] {
  return spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .stdout.split('\n')
    .flatMap((line) => {
      const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
      return found === null ? [] : [[Number(found[1]), Number(found[2]), found[3]!] as const];
    });
}

function below(pid: number): number[] {
  const all = table();
  const found: number[] = [];
  for (let next = [pid]; next.length > 0;) {
    next = all.filter(([, parent]) => next.includes(parent)).map(([p]) => p);
    found.push(...next);
  }
  return found;
}

/** slurmstepd of a node: it stands by itself, and its environment names the configuration and the node's folder. */
function steps(name: string, folder: string): number[] {
  return table().flatMap(([pid, , words]) => {
    if (!words.startsWith('slurmstepd')) return [];
    try {
      const has = (file: string): boolean => readFileSync(file, 'latin1').includes(join(folder, `spool.${name}`));
      return has(`/proc/${pid}/cmdline`) || has(`/proc/${pid}/environ`) || hasOpen(pid, join(folder, `spool.${name}`))
        ? [pid]
        : [];
    } catch {
      return [];
    }
  });
}

function hasOpen(pid: number, path: string): boolean {
  const r = spawnSync('ls', ['-l', `/proc/${pid}/fd`, `/proc/${pid}/cwd`], { encoding: 'utf8' });
  return r.stdout.includes(path);
}
