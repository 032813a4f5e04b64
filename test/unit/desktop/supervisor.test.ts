import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EngineSupervisor } from '../../../src/main/desktop/supervisor.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const MINUTE = 60_000;
afterEach(() => vi.restoreAllMocks());

/** An engine that ends at once, watched until `enough` events have come. Its lives seem to last as long as `lives` says. */
async function watch(lives: readonly number[], enough: number): Promise<string[]> {
  const script = join(folder, 'ends.mjs');
  writeFileSync(script, 'process.exit(3);');
  // The clock is read when a process starts and when it has ended.
  let now = 0;
  let reads = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => {
    if (reads++ % 2 === 1) now += lives[reads / 2 - 1] ?? lives.at(-1)!;
    return now;
  });
  const states: string[] = [];
  let supervisor: EngineSupervisor | undefined;
  await new Promise<void>((resolve) => {
    const emit = (e: EngineEvent): void => {
      if (e.event !== 'engine') return;
      states.push(e.state);
      if (states.length === enough || e.state === 'gone') {
        supervisor!.close = () => undefined;
        resolve();
      }
    };
    supervisor = new EngineSupervisor({ node: process.execPath, script, root: folder }, emit);
    supervisor.start('');
  });
  return states;
}

describe('the supervisor of the desktop', () => {
  it('gives up when the engine ends for the fourth time in a row', async () => {
    expect(await watch([0], 9)).toEqual(['restarting', 'restarting', 'restarting', 'gone']);
  });

  it('counts anew after a life of more than a minute', async () => {
    expect(await watch([0, 0, 0, MINUTE + 1, 0, 0, 0], 9)).toEqual([...Array<string>(6).fill('restarting'), 'gone']);
    expect(await watch([0, 0, 0, MINUTE, 0, 0, 0], 9)).toEqual(['restarting', 'restarting', 'restarting', 'gone']);
  });
});
