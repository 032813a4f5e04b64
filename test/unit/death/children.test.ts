import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runColmap } from '../../../src/main/engine/clustering/colmap.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { getJob } from '../../../src/main/engine/queue/records.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const children: ChildProcess[] = [];
const numbers: number[] = [];
afterAll(() => {
  children.forEach((c) => c.kill('SIGKILL'));
  for (const pid of numbers) if (isThere(pid)) process.kill(pid, 'SIGKILL');
});

/** A COLMAP that starts a program of its own, says both numbers, and goes on for long; `fail` ends at once. */
beforeAll(() => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const file = join(bin, 'colmap');
  writeFileSync(
    file,
    `#!/bin/sh
if [ "$2" = fail ]; then echo 'no such option' >&2; exit 3; fi
if [ "$2" = quick ]; then echo "Registering image #4 (7)"; exit 0; fi
sleep 300 &
echo "$$ $!"
wait
`,
  );
  chmodSync(file, 0o755);
  process.env['PATH'] = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
});

/** False once a process is gone, also where nobody has asked for its end yet. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}
async function gone(pids: readonly number[]): Promise<void> {
  numbers.push(...pids);
  while (pids.some(isThere)) await sleep(50);
}

/** Starts what starts others. @returns it, and the numbers that it says first. */
async function parent(args: readonly string[], env: Record<string, string> = {}): Promise<[ChildProcess, number[]]> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'test', 'support', 'parent.ts'), ...args],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  );
  children.push(child);
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  return [child, said.toString().trim().split(/\s+/).map(Number)];
}

describe.skipIf(process.platform === 'win32')('COLMAP', () => {
  it('ends with the program that runs it, and so does what it started, however that ends', async () => {
    const [child, pids] = await parent(['colmap', 'long']);
    expect(pids.map(isThere)).toEqual([true, true]);
    child.kill('SIGKILL');
    await gone(pids);
  });

  it('ends with the thread of its job', async () => {
    const [child, pids] = await parent(['thread', 'long']);
    expect(pids.map(isThere)).toEqual([true, true]);
    child.stdin!.write('end\n');
    await gone(pids);
    expect(child.exitCode).toBeNull();
  });

  it('ends when its job is stopped', async () => {
    let pids: number[] = [];
    const task = {
      ...silentContext(),
      check: () => {
        if (pids.length > 0) throw cancelled();
      },
    };
    await expect(
      runColmap('mapper', ['long'], task, (line) => {
        pids = line.split(' ').map(Number);
      }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(pids.every((pid) => pid > 1)).toBe(true);
    await gone(pids);
  });

  it('says what it does and how it ended', async () => {
    const lines: string[] = [];
    await runColmap('mapper', ['quick'], silentContext(), (line) => lines.push(line));
    expect(lines).toEqual(['Registering image #4 (7)']);
    await expect(runColmap('mapper', ['fail'], silentContext())).rejects.toMatchObject({
      code: 'EXTERNAL_FAILED',
      message: 'colmap mapper ended with 3: no such option',
    });
    const path = process.env['PATH'];
    process.env['PATH'] = join(folder, 'nothing');
    await expect(runColmap('mapper', ['quick'], silentContext())).rejects.toMatchObject({
      code: 'EXTERNAL_FAILED',
      message: 'COLMAP cannot be started',
    });
    process.env['PATH'] = path;
  });
});

describe('the engine', () => {
  it('ends with the desktop, also while it is busy with what cannot be interrupted', async () => {
    // Once it is ready, it is busy for ever.
    const busy = join(folder, 'busy.mjs');
    writeFileSync(
      busy,
      `import { isMainThread } from 'node:worker_threads';
       if (isMainThread) { const { send } = process; process.send = (m, ...more) => { const r = send.call(process, m, ...more); if (m.type === 'ready') setTimeout(() => { for (;;); }, 100); return r; }; }`,
    );
    const [child, pids] = await parent(['engine', ''], {
      ENGINE_ARGUMENTS: JSON.stringify(['--import', pathToFileURL(busy).href]),
    });
    await sleep(300);
    expect(pids.map(isThere)).toEqual([true]);
    child.kill('SIGKILL');
    await gone(pids);
  });
});

describe('a command', () => {
  it('ends with its launcher, and the next one says what it was at', async () => {
    const path = join(folder, 'library');
    const launcher = spawn(
      process.execPath,
      [join(ROOT, 'bin', 'covis.mjs'), 'import', path, join(ROOT, 'resources', 'sample'), '--verbose'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    children.push(launcher);
    let said = '';
    launcher.stderr!.on('data', (part: Buffer) => (said += part.toString()));
    // The log says the number of the process that works.
    while (!/\[(\d+)\] *Job 1, import: started/.test(said)) await sleep(20);
    const pid = Number(/\[(\d+)\] *Job 1, import: started/.exec(said)![1]);
    expect(pid).not.toBe(launcher.pid);
    launcher.kill('SIGKILL');
    await gone([pid]);
    expect(existsSync(join(path, 'library.db'))).toBe(true);
    const library = Library.open(path);
    expect(['cancelled', 'interrupted', 'done']).toContain(getJob(library, 1)!.state);
    library.close();
  });
});
