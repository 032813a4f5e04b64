/** Who does what is under way: written down beside it, for others to name, and touched for as long as it lasts. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { logFailure, logger } from '../environment/log.ts';

/** A thread of a process of a machine since its last start. Empty where the system does not say. */
const ownerFacts = z.object({
  host: z.string(),
  /** Of the installation, as machines of one name exist. */
  machine: z.string(),
  /** Changes with every start of the machine; the same in all its containers. */
  boot: z.string(),
  pid: z.int(),
  /** When the process began, in the system's own words: a process id is given again, this with it is not. */
  started: z.string(),
  thread: z.int(),
  program: z.string(),
  since: z.string(),
});
export type Owner = z.output<typeof ownerFacts>;

const BEAT_MS = 30_000;
/** Another machine that has not touched its facts for so long is dead, or has lost the disk. Long computations stop the beat, not that long. */
export const DEAD_MS = 300_000;

const log = logger('library');

function firstOf(...files: string[]): string {
  for (const file of files) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      // Another system.
    }
  }
  return '';
}

/** What a program prints; empty where there is no such program. */
function printed(program: string, ...args: string[]): string {
  const r = spawnSync(program, args, { encoding: 'utf8', timeout: 5000, env: { ...process.env, LC_ALL: 'C' } });
  return r.status === 0 ? r.stdout.trim() : '';
}

/**
 * When a process began, as text that is the same whenever it is asked; undefined for one that is not there, empty where it is there and the
 * system does not say.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // The name of the program, in parentheses, may hold anything; the start is the 20th word behind it.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    } catch {
      // No such process, or no /proc.
    }
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  return process.platform === 'win32' ? '' : printed('ps', '-o', 'lstart=', '-p', String(pid));
}

/** Ticks of the clock a second in what Linux says of processes. */
const TICKS = 100;

/** When a process began, in milliseconds since 1970; undefined where that is not known. */
export function beganAt(pid: number): number | undefined {
  const start = startOf(pid);
  if (start === undefined || start === '') return undefined;
  if (!/^\d+$/.test(start)) return Number.isNaN(Date.parse(start)) ? undefined : Date.parse(start);
  const boot = /^btime (\d+)$/m.exec(firstOf('/proc/stat'))?.[1];
  return boot === undefined ? undefined : 1000 * (Number(boot) + Number(start) / TICKS);
}

let known: Omit<Owner, 'thread' | 'since'> | undefined;

/** Facts of this thread. */
export function thisOwner(): Owner {
  known ??= {
    host: hostname(),
    machine: firstOf('/etc/machine-id', '/var/lib/dbus/machine-id'),
    boot:
      process.platform === 'darwin'
        ? printed('sysctl', '-n', 'kern.bootsessionuuid')
        : firstOf('/proc/sys/kernel/random/boot_id'),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    program: programName(process.argv),
  };
  return { ...known, thread: threadId, since: new Date().toISOString() };
}

/** What a program is called where it has to be named. */
export function programName(argv: readonly string[]): string {
  const script = argv[1] ?? '';
  if (/[\\/]cli[\\/]index\.ts$/.test(script)) return `covis ${argv[2] ?? ''}`.trim();
  if (basename(script) === 'engine-process.ts') return 'the studio';
  return basename(script) || basename(argv[0] ?? '');
}

/** An owner for a sentence: `covis train (process 4242), since 2026-11-28 12:30`. */
export function nameOwner({ host, pid, program, since }: Owner): string {
  const where = host === hostname() ? '' : ` on ${host}`;
  return `${program} (process ${pid}${where}), since ${since.slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * Whether an owner may still be at work although the system gave us its lock. The system takes a lock back when a process ends, so that on
 * the same machine it is gone: it ended, its id may be another's by now, or the machine was started anew. Locks of another machine on a
 * shared disk may not be seen here: that one is alive for as long as it touches its facts.
 * @param age milliseconds since they were touched.
 */
export function mayBeAtWork(owner: Owner, age: number, here: Owner = thisOwner()): boolean {
  const sameMachine = owner.host === here.host && owner.machine === here.machine;
  const sameKernel = owner.boot !== '' && owner.boot === here.boot;
  return !sameMachine && !sameKernel && age < DEAD_MS;
}

/** A name beside a file for what is to take its place, with the process that makes it, and the like of no other. */
export function madeBeside(file: string): string {
  return `${file}.${process.pid.toString(16).padStart(8, '0')}-${randomUUID().slice(9)}`;
}

/** The process that made such a name; undefined for any other. */
export function makerOf(name: string): number | undefined {
  const pid = /\.([0-9a-f]{8})-[-0-9a-f]{27}(-wal|-shm|-journal)?$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number.parseInt(pid, 16);
}

/** Where the owner of a file is written down. */
export function factsFile(file: string): string {
  return `${file}.owner`;
}

/** Who owns a file, or did last; undefined where nobody is written down, or half of it. */
export function readOwner(file: string): Owner | undefined {
  try {
    return ownerFacts.parse(JSON.parse(readFileSync(factsFile(file), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Milliseconds since the owner of a file touched its facts, by the clock of the disk that they are on. */
export function ageOf(file: string): number {
  const touched = statSync(factsFile(file)).mtimeMs;
  const probe = `${factsFile(file)}.now`;
  try {
    writeFileSync(probe, '\n');
    return statSync(probe).mtimeMs - touched;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Writes down that this thread owns a file, and touches that from time to time. @returns what ends it. */
export function keepFacts(file: string): () => void {
  const path = factsFile(file);
  const text = `${JSON.stringify(thisOwner())}\n`;
  writeFileSync(path, text);
  const beat = setInterval(() => {
    try {
      // Written, so that its time is of the disk's clock, and over itself, so that nobody reads half of it.
      const fd = openSync(path, 'r+');
      try {
        writeSync(fd, text, 0);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      logFailure(log, 'It cannot be noted that this program is at work', error);
    }
  }, BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    rmSync(path, { force: true });
  };
}
