/** What comes of jobs that nobody disturbs, to hold against what comes of those that were. */
import { spawn } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Order } from '../../support/die-at-work.ts';
import { leftovers, outcome } from '../../support/outcome.ts';
import { ROOT } from '../../support/programs.ts';
import { before, jobs, type Task } from './orders.ts';

interface Done {
  readonly done: string;
  readonly failed?: string;
  readonly ms: number;
  readonly points: number;
  readonly swept: string;
  readonly names: readonly string[];
}

/** What a process that was given orders says before it ends. */
export async function work(orders: readonly Order[]): Promise<{ done: Done[]; signal: string | null; said: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'test', 'support', 'die-at-work.ts'), JSON.stringify(orders)],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, COVIS_POINTS: '1' } },
  );
  let [out, said] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (said += part.toString()));
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_, s) => resolve(s)));
  const lines = out.split('\n').filter((l) => l !== '');
  return { done: lines.map((l) => JSON.parse(l) as Done), signal, said };
}

/** A job that was done to its end at once. */
export interface Undisturbed {
  readonly task: Task;
  readonly ms: number;
  /** Where it could be killed, by name. */
  readonly names: readonly string[];
  readonly outcome: ReturnType<typeof outcome>;
}

/** Libraries in a folder, of which one is what jobs begin with. */
export class Ground {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The library that a task begins with, at a path. */
  begin(task: Task, name: string): string {
    const path = join(this.folder, name);
    if (task.on === 'library') cpSync(join(this.folder, 'base'), path, { recursive: true });
    return path;
  }

  /** Does every job once. @param images of which tasks, into a folder `images-N`. */
  async undisturbed(images?: (task: Task, i: number) => Order['images']): Promise<Undisturbed[]> {
    const base = join(this.folder, 'base');
    const made = await work(before(this.folder).map((k) => ({ library: base, ...k })));
    expect(
      made.done.map((d) => d.failed ?? d.done),
      made.said,
    ).toEqual(before(this.folder).map((k) => k.kind));
    expect(leftovers(base)).toEqual([]);
    const tasks = jobs(this.folder);
    const { done, said } = await work(
      tasks.map((task, i) => {
        const taken = images?.(task, i);
        return {
          library: this.begin(task, `whole-${i}`),
          kind: task.kind,
          params: task.params,
          ...(taken === undefined ? {} : { images: taken }),
        };
      }),
    );
    expect(
      done.map((d) => d.failed ?? d.done),
      said,
    ).toEqual(tasks.map((t) => t.kind));
    return tasks.map((task, i) => {
      const path = join(this.folder, `whole-${i}`);
      expect([task.kind, leftovers(path)]).toEqual([task.kind, []]);
      const found = { task, ms: done[i]!.ms, names: done[i]!.names, outcome: outcome(path) };
      rmSync(path, { recursive: true });
      return found;
    });
  }
}

/** How a library differs from what it would be, in few words; nothing where it does not. */
export function differences(whole: Undisturbed, path: string): string[] {
  const is = outcome(path);
  const differ = Object.entries(whole.outcome).flatMap(([what, lines]) => {
    const lost = lines.filter((l) => !is[what]!.includes(l));
    const added = is[what]!.filter((l) => !lines.includes(l));
    if (lost.length + added.length === 0) return [];
    const first = [lost, added].map(([l = '']) => l.slice(0, 300)).join(' | ');
    return [`${what}: ${lost.length} lost, ${added.length} new: ${first}`];
  });
  return [...differ, ...leftovers(path)];
}
