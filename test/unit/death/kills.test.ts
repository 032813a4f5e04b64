/**
 * Jobs are killed at a random moment and done again by another process: what comes of it equals what comes of a job that nobody disturbed.
 * `COVIS_KILLS=200` for more.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Order } from '../../support/die-at-work.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { differences, Ground, work, type Undisturbed } from './undisturbed.ts';

const KILLS = Number(process.env['COVIS_KILLS'] ?? 26);
/** Where a long test says how far it is. */
const REPORT = join(ROOT, 'test-output', 'kills.txt');
const ground = new Ground(temporaryFolder());

/** All kinds in turn, at a moment or, as often, at a point where something is renamed, flushed or written. */
function deaths(undisturbed: readonly Undisturbed[]): { whole: Undisturbed; at?: number; after?: number }[] {
  return Array.from({ length: KILLS }, (_, i) => {
    const whole = undisturbed[i % undisturbed.length]!;
    return i % 2 === Math.floor(i / undisturbed.length) % 2
      ? { whole, at: 1 + Math.floor(Math.random() * whole.names.length) }
      : { whole, after: Math.round(Math.random() * whole.ms) };
  });
}

/** The same without a death. */
function undying({ library, kind, params }: Order): Order {
  return { library, kind, params };
}

it(
  `${KILLS} jobs that were killed end as those that nobody disturbed`,
  { timeout: 600_000 + 60_000 * KILLS },
  async () => {
    const list = deaths(await ground.undisturbed());
    const faults: string[] = [];
    let killed = 0;
    let open: { name: string; order: Order; whole: Undisturbed } | undefined;
    mkdirSync(dirname(REPORT), { recursive: true });
    for (const [i, death] of [...list, undefined].entries()) {
      const again = open;
      open = undefined;
      if (death !== undefined) {
        const { whole, ...when } = death;
        const { kind, params } = whole.task;
        const order: Order = { library: ground.begin(whole.task, `killed-${i}`), kind, params, ...when };
        const where = when.at === undefined ? `after ${when.after} ms` : `at ${when.at}, ${whole.names[when.at - 1]}`;
        open = { name: `${kind} killed ${where} of ${whole.names.length}, ${Math.round(whole.ms)} ms`, order, whole };
      }
      const { done, signal, said } = await work([
        ...(again === undefined ? [] : [undying(again.order)]),
        ...(open === undefined ? [] : [open.order]),
      ]);
      if (signal === 'SIGKILL') killed += 1;
      if (again !== undefined) {
        const [first] = done;
        const found =
          first === undefined || first.failed !== undefined
            ? [`cannot be done again: ${first?.failed ?? said.slice(-600)}`]
            : differences(again.whole, again.order.library);
        faults.push(...found.map((what) => `${again.name}: ${what}`));
        rmSync(again.order.library, { recursive: true, force: true });
      }
      writeFileSync(REPORT, [`${killed} killed of ${i + 1}, of ${list.length} planned`, ...faults, ''].join('\n'));
    }
    expect(faults).toEqual([]);
    // A moment may come after the end of its job.
    expect(killed).toBeGreaterThan(list.length / 3);
  },
);
