import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EngineSupervisor } from '../../../src/main/desktop/supervisor.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import { ROOT } from '../../support/programs.ts';
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

describe('a library that cannot be opened', () => {
  const engine = join(ROOT, 'src/main/server/engine-process.ts');

  /** Waits for an event of the engine itself. */
  function until(states: readonly string[], state: string): Promise<void> {
    return vi.waitFor(() => expect(states).toContain(state), { timeout: 60_000, interval: 50 });
  }

  it('is said, whatever is wrong with it; the engine runs without one and opens another', async () => {
    const damaged = join(folder, 'damaged');
    mkdirSync(damaged);
    writeFileSync(join(damaged, 'library.db'), 'no database');
    const states: string[] = [];
    const supervisor = new EngineSupervisor({ node: process.execPath, script: engine, root: ROOT }, (e) => {
      if (e.event === 'engine') states.push(e.state);
    });
    supervisor.start(damaged);
    await until(states, 'ready');
    expect(supervisor.unopened).toMatchObject({
      path: damaged,
      error: { code: expect.stringMatching(/^INPUT/) as string },
    });
    expect(supervisor.library).toBe('');
    expect(await supervisor.request('library.current', {}, 'host')).toEqual({ ok: true, data: null });
    expect(readFileSync(join(damaged, 'library.db'), 'utf8')).toBe('no database');
    const other = join(folder, 'other');
    expect(await supervisor.openLibrary(other)).toMatchObject({ ok: true });
    expect([supervisor.library, supervisor.unopened]).toEqual([other, undefined]);
    expect(existsSync(join(other, 'library.db'))).toBe(true);
    // One that fails afterwards leaves open what is open.
    expect(await supervisor.openLibrary(damaged)).toMatchObject({ ok: false });
    expect([supervisor.library, supervisor.unopened]).toEqual([other, undefined]);
    supervisor.close();
  }, 90_000);

  it('that ends the engine itself is left out after the second time', async () => {
    const script = join(folder, 'ends-at-library.mjs');
    writeFileSync(
      script,
      "if (process.argv[2] !== '') process.exit(4);\nprocess.send({ type: 'ready', port: 1, token: '' });\nprocess.on('disconnect', () => process.exit(0));",
    );
    const states: string[] = [];
    const supervisor = new EngineSupervisor({ node: process.execPath, script, root: folder }, (e) => {
      if (e.event === 'engine') states.push(e.state);
    });
    supervisor.start('/a/library');
    await until(states, 'ready');
    expect(states).toEqual(['restarting', 'restarting', 'ready']);
    expect(supervisor.unopened).toEqual({
      path: '/a/library',
      error: {
        code: 'ENGINE_EXITED',
        message: 'The engine ended 2 times while it opened this library (code 4)',
        hint: 'Check and repair it, or open another.',
      },
    });
    supervisor.close();
  }, 90_000);
});
