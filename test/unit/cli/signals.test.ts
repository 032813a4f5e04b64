import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const library = join(folder, 'library');
const COVIS = join(ROOT, 'bin', 'covis.mjs');
const CASTLE = join(SAMPLE, 'castle');

const covis = (...args: string[]): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [COVIS, ...args], { encoding: 'utf8', timeout: 50_000 });

interface Running {
  readonly child: ChildProcess;
  said: string;
  /** When it has said something that fits, or has ended. */
  heard(what: RegExp): Promise<void>;
  readonly end: Promise<number | null>;
}

function begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { ...process.env, ...env },
  });
  const end = once(child, 'exit').then(([code]) => code as number | null);
  const running: Running = {
    child,
    said: '',
    end,
    heard: (what) =>
      new Promise((go) => {
        const look = (): void => {
          if (what.test(running.said)) go();
        };
        child.stdout!.on('data', look);
        child.stderr!.on('data', look);
        void end.then(() => go());
        look();
      }),
  };
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (text: Buffer) => (running.said += text.toString()));
  return running;
}

beforeAll(() => {
  expect(covis('import', library, CASTLE).status).toBe(0);
});

describe('a program that does not hear signals', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('is ended after %s, with what it started', async (signal) => {
    const child = join(folder, 'deaf-child.mjs');
    writeFileSync(
      child,
      `import { spawn } from 'node:child_process';
       const below = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
       process.on('SIGINT', () => 0);
       process.on('SIGTERM', () => 0);
       process._rawDebug('below ' + below.pid);
       for (;;);`,
    );
    const face = join(folder, 'face.mjs');
    writeFileSync(
      face,
      `import { runOnEngineNode } from ${JSON.stringify(pathToFileURL(join(ROOT, 'scripts', 'engine-node.mjs')).href)};
       runOnEngineNode(${JSON.stringify(child)}, [], { grace: 200 });`,
    );
    const running = begin([face]);
    await running.heard(/below \d+/);
    running.child.kill(signal);
    expect(await running.end).toBe(130);
    expect(running.said).toContain('covis: Ended in the middle of its work. What was finished is kept.');
    const below = Number(/below (\d+)/.exec(running.said)![1]);
    // What was killed may still be there for a moment.
    await expect.poll(() => alive(below), { timeout: 20_000 }).toBe(false);
  });

  const finishes = join(folder, 'finishes.mjs');
  const waited = join(folder, 'waited.mjs');
  const beginFinishing = (): Running => {
    writeFileSync(
      finishes,
      `const asked = [];
       process.on('SIGINT', () => asked.push('SIGINT'));
       process.send({ finishing: 'a step' }, () => {
         process._rawDebug('begun');
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
         setTimeout(() => {
           process._rawDebug('finished after ' + asked);
           process.exit(75);
         }, 50);
       });`,
    );
    writeFileSync(
      waited,
      `import { runOnEngineNode } from ${JSON.stringify(pathToFileURL(join(ROOT, 'scripts', 'engine-node.mjs')).href)};
       runOnEngineNode(${JSON.stringify(finishes)}, [], { grace: 200 });`,
    );
    return begin([waited]);
  };

  it('and says that it is finishing something is waited for, which is said', async () => {
    const running = beginFinishing();
    await running.heard(/begun/);
    running.child.kill('SIGINT');
    expect(await running.end).toBe(75);
    expect(running.said).toContain('covis: Finishing a step. Ctrl C again ends at once.');
    expect(running.said).toContain('finished after SIGINT');
  });

  it('and is asked once more ends at once', async () => {
    const running = beginFinishing();
    await running.heard(/begun/);
    running.child.kill('SIGINT');
    // At the same moment it is the same Ctrl C.
    await running.heard(/again ends at once/);
    running.child.kill('SIGINT');
    await new Promise((r) => setTimeout(r, 1200));
    expect(running.child.exitCode).toBeNull();
    running.child.kill('SIGINT');
    expect(await running.end).toBe(130);
    expect(running.said).toContain('covis: Ended in the middle of its work. What was finished is kept.');
    expect(running.said).not.toContain('finished after');
  });

  it('leaves a library that is whole', async () => {
    const deaf = pathToFileURL(join(ROOT, 'test', 'support', 'deaf.mjs')).href;
    const running = begin([COVIS, 'import', library, join(SAMPLE, 'castle')], { NODE_OPTIONS: `--import=${deaf}` });
    await running.heard(/deaf/);
    running.child.kill('SIGTERM');
    expect(await running.end).toBe(130);
    expect(covis('check', library).status).toBe(0);
  });
});

function alive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

/** Commands that work for long, by what they say first. */
const LONG: readonly (readonly [name: string, ...args: string[]])[] = [
  ['import', 'import', join(folder, 'second'), SAMPLE],
  ['extract', 'extract', library, '--size', '1024'],
  ['mine', 'mine', library],
  ['cluster', 'cluster', join(CASTLE, 'images'), '--library', join(folder, 'third')],
  ['run', 'run', SAMPLE, '--library', join(folder, 'fourth')],
  ['teacher', 'teacher', library],
  ['duplicates', 'duplicates', library],
  ['edges', 'edges', '--photos', join(CASTLE, 'images'), '--out', join(folder, 'maps')],
  ['evaluate', 'evaluate', library],
  ['check', 'check', library],
];

describe('a command that works', () => {
  it.each(LONG.flatMap((c, i) => [[c[0], i % 2 === 0 ? 'SIGINT' : 'SIGTERM', c.slice(1)] as const]))(
    '%s ends after %s',
    async (_, signal, args) => {
      const running = begin([COVIS, ...args]);
      // Signals come early, too: before there is anything to hear them.
      await running.heard(/./);
      if (running.child.exitCode === null) running.child.kill(signal);
      const code = await running.end;
      expect([0, 1, 130], running.said).toContain(code);
      if (code === 1) expect(running.said).toMatch(/^covis: /m);
    },
  );

  it('serve ends with clients that hold on', async () => {
    const running = begin([COVIS, 'serve', library, '--json']);
    await running.heard(/"url"/);
    const url = /"url":"([^"]+)"/.exec(running.said)?.[1];
    expect(url, running.said).toBeDefined();
    const { origin } = new URL(url!);
    const held = Array.from({ length: 5 }, () =>
      get(origin, { headers: { Connection: 'keep-alive' } }, () => undefined).on('error', () => undefined),
    );
    await once(held[0]!, 'response');
    running.child.kill('SIGTERM');
    expect([0, 130]).toContain(await running.end);
  });
});

describe('places that never end', () => {
  it.each([
    [
      'a folder of the system',
      ['init', '/proc/L'],
      /^covis: This place is the system's own, and holds no files of people\n {2}\/proc\/L\n/,
    ],
    ['a pipe', ['import', library, join(folder, 'pipe')], /^covis: This is a device or a pipe, and a file is wanted\n/],
    ['a device', ['import', library, '/dev/zero'], /^covis: This is a device or a pipe, and a file is wanted\n/],
  ])('%s is refused', (_, args, expected) => {
    if (process.platform !== 'linux') return;
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    const r = covis(...args);
    expect([r.status, expected.test(r.stderr)], r.stderr).toEqual([1, true]);
  });
});
