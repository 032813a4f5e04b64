/** What a process and its children take, from /proc (Linux). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Vitals {
  readonly memory: number;
  readonly handles: number;
  readonly threads: number;
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** The processes that are there of a process and all it has started. */
function family(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(family)];
}

/** Resident memory in bytes of a process alone; 0 where it ended. */
export function memoryOf(pid: number): number {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Resident memory in bytes, open files and threads of a process and its children. */
export function vitals(pid: number): Vitals {
  const sum = { memory: 0, handles: 0, threads: 0 };
  for (const p of family(pid)) {
    try {
      const status = readFileSync(`/proc/${p}/status`, 'utf8');
      const handles = readdirSync(`/proc/${p}/fd`).length;
      sum.memory += 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
      sum.threads += Number(/Threads:\s+(\d+)/.exec(status)?.[1] ?? 0);
      sum.handles += handles;
    } catch {
      // It ended while it was looked at.
    }
  }
  return sum;
}

/** Bytes of all files below a folder, by the first part of their path. */
export function sizes(folder: string): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  const add = (path: string, part: string): void => {
    for (const e of readdirSync(path, { withFileTypes: true })) {
      const at = join(path, e.name);
      const name = part === '' ? e.name : part;
      try {
        if (e.isDirectory()) add(at, name);
        else out.set(name, (out.get(name) ?? 0) + statSync(at).size);
      } catch {
        // It was removed while it was looked at.
      }
    }
  };
  add(folder, '');
  return out;
}
