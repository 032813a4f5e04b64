/**
 * Jobs are killed at a random moment, or as they rename, flush or commit, and done again by another process: what comes of it equals what
 * comes of a job that nobody disturbed. `COVIS_KILLS=200` for more moments, and then every point of every job.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Order } from '../../support/die-at-work.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { leftovers, outcome } from '../../support/outcome.ts';
import { ROOT } from '../../support/programs.ts';
import { before, jobs, type Task } from './orders.ts';

const KILLS = Number(process.env['COVIS_KILLS'] ?? 24);
const ALL_POINTS = 200;
/** Where a long test says how far it is. */
const REPORT = join(ROOT, 'test-output', 'kills.txt');
const folder = temporaryFolder();
const base = join(folder, 'base');

interface Done {
  readonly done: string;
  readonly ms: number;
  readonly points: number;
  readonly swept: string;
}

/** What a process that was given orders says before it ends. */
async function work(orders: readonly Order[]): Promise<{ done: Done[]; signal: string | null; said: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'test', 'support', 'die-at-work.ts'), JSON.stringify(orders)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [out, said] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (said += part.toString()));
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_, s) => resolve(s)));
  const lines = out.split('\n').filter((l) => l !== '');
  return { done: lines.map((l) => JSON.parse(l) as Done), signal, said };
}

/** The library that a task begins with, at a path. */
function begin(task: Task, path: string): string {
  if (task.on === 'library') cpSync(base, path, { recursive: true });
  return path;
}

interface Undisturbed {
  readonly task: Task;
  readonly points: number;
  readonly ms: number;
  readonly outcome: ReturnType<typeof outcome>;
}
const undisturbed: Undisturbed[] = [];

beforeAll(async () => {
  const made = await work(before(folder).map((k) => ({ library: base, ...k })));
  expect(
    made.done.map((d) => d.done),
    made.said,
  ).toEqual(['import', 'extract', 'mine']);
  expect(leftovers(base)).toEqual([]);
  const tasks = jobs(folder);
  const { done, said } = await work(
    tasks.map(({ kind, params, ...task }, i) => ({
      library: begin({ kind, params, ...task }, join(folder, `whole-${i}`)),
      kind,
      params,
    })),
  );
  expect(
    done.map((d) => d.done),
    said,
  ).toEqual(tasks.map((t) => t.kind));
  for (const [i, task] of tasks.entries()) {
    const path = join(folder, `whole-${i}`);
    expect([task.kind, leftovers(path)]).toEqual([task.kind, []]);
    undisturbed.push({ task, points: done[i]!.points, ms: done[i]!.ms, outcome: outcome(path) });
    rmSync(path, { recursive: true });
  }
}, 600_000);

/** Moments and points, all kinds in turn. */
function deaths(): { whole: Undisturbed; at?: number; after?: number }[] {
  const some = Array.from({ length: KILLS }, (_, i) => {
    const whole = undisturbed[i % undisturbed.length]!;
    return i % 2 === Math.floor(i / undisturbed.length) % 2
      ? { whole, at: 1 + Math.floor(Math.random() * whole.points) }
      : { whole, after: Math.round(Math.random() * whole.ms) };
  });
  if (KILLS < ALL_POINTS) return some;
  const every = undisturbed.flatMap((whole) =>
    Array.from({ length: whole.points }, (_, at) => ({ whole, at: at + 1 })),
  );
  return [...some, ...every];
}

/** What differs, in few words. */
function differences(whole: Undisturbed, path: string): string[] {
  const is = outcome(path);
  return Object.entries(whole.outcome).flatMap(([what, lines]) => {
    const [lost, new_] = [lines.filter((l) => !is[what]!.includes(l)), is[what]!.filter((l) => !lines.includes(l))];
    return lost.length + new_.length === 0
      ? []
      : [
          `${what}: ${lost.length} lost, ${new_.length} new: ${(lost[0] ?? '').slice(0, 300)} | ${(new_[0] ?? '').slice(0, 300)}`,
        ];
  });
}

it(
  `${KILLS} jobs that were killed end as those that nobody disturbed`,
  { timeout: Math.max(600_000, 60_000 * KILLS) },
  async () => {
    const faults: string[] = [];
    let killed = 0;
    let open: { name: string; order: Order; whole: Undisturbed } | undefined;
    const list = deaths();
    mkdirSync(dirname(REPORT), { recursive: true });
    for (const [i, death] of [...list, undefined].entries()) {
      const again = open;
      let next: typeof open;
      if (death !== undefined) {
        const { whole, ...when } = death;
        const { kind, params } = whole.task;
        const order: Order = { library: begin(whole.task, join(folder, `killed-${i}`)), kind, params };
        next = {
          name: `${kind} killed ${JSON.stringify(when)} of ${whole.points}, ${Math.round(whole.ms)} ms`,
          order: { ...order, ...when },
          whole,
        };
      }
      const { done, signal, said } = await work([
        ...(again === undefined
          ? []
          : [{ library: again.order.library, kind: again.order.kind, params: again.order.params }]),
        ...(next === undefined ? [] : [next.order]),
      ]);
      if (signal === 'SIGKILL') killed += 1;
      if (again !== undefined) {
        if (done.length === 0) faults.push(`${again.name}: cannot be done again: ${said.slice(-600)}`);
        else
          faults.push(
            ...[...differences(again.whole, again.order.library), ...leftovers(again.order.library)].map(
              (what) => `${again.name}: ${what}`,
            ),
          );
        rmSync(again.order.library, { recursive: true, force: true });
        // One that died before the other had its turn.
        if (done.length === 0 && next !== undefined && !existsSync(next.order.library)) continue;
      }
      open = next;
      if (process.env['COVIS_KILLS'] !== undefined)
        writeFileSync(REPORT, [`${killed} killed of ${i + 1}, of ${list.length} planned`, ...faults, ''].join('\n'));
    }
    expect(faults).toEqual([]);
    // A moment may come after the end of its job.
    expect(killed).toBeGreaterThan(list.length / 3);
  },
);
