import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { JobQueue } from '../../../src/main/engine/queue/queue.ts';
import { getJob } from '../../../src/main/engine/queue/records.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const library = Library.create(join(folder, 'library'));
afterAll(() => library.close());

/** A job that says which process it is in; with seed 1 it then never looks whether it shall end. */
const file = join(folder, 'worker.mjs');
const said = join(folder, 'said');
/** With seed 2 it finishes something before it ends: this file. */
const finished = join(folder, 'finished');
writeFileSync(
  file,
  `import { writeFileSync } from 'node:fs';
   import { parentPort, workerData } from 'node:worker_threads';
   writeFileSync(${JSON.stringify(said)}, String(process.pid));
   if (workerData.params.seed === 1) for (;;);
   if (workerData.params.seed === 2) {
     parentPort.postMessage({ type: 'finishes', what: 'a step' });
     while (Atomics.load(new Uint8Array(workerData.stop), 0) === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
     // As long as a step takes, which hears nothing.
     Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
     writeFileSync(${JSON.stringify(finished)}, String(process.pid));
     parentPort.postMessage({ type: 'finishes', what: null });
   }
   parentPort.postMessage({ type: 'end', warnings: [], state: 'done', result: null });`,
);
const worker = pathToFileURL(file);

async function until<T>(found: () => T | undefined): Promise<T> {
  for (;;) {
    const value = found();
    if (value !== undefined) return value;
    await new Promise((r) => setTimeout(r, 5));
  }
}
const pidSaid = (): Promise<number> =>
  until(() => {
    try {
      return Number(readFileSync(said, 'utf8')) || undefined;
    } catch {
      return undefined;
    }
  });
const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const ended = (id: number) =>
  until(() => ((s) => (s === 'queued' || s === 'running' ? undefined : s))(getJob(library, id)!.state));

/** A program that has a job done. */
function begin(seed: number): ChildProcess {
  const script = join(folder, 'program.mjs');
  const engine = (path: string): string => JSON.stringify(pathToFileURL(join(ROOT, 'src/main/engine', path)).href);
  writeFileSync(
    script,
    `import { Library } from ${engine('library/library.ts')};
     import { JobQueue } from ${engine('queue/queue.ts')};
     const library = Library.create(${JSON.stringify(join(folder, `other ${seed}`))});
     new JobQueue(library, new URL(${JSON.stringify(worker.href)}), () => undefined).start('mine', { seed: ${seed} });`,
  );
  return spawn(process.execPath, [script], { stdio: 'inherit' });
}

describe('the process of a job', () => {
  it('is its own, and gone when the job is done', async () => {
    writeFileSync(said, '');
    const queue = new JobQueue(library, worker, () => undefined);
    expect(await ended(queue.start('mine', { seed: 0 }))).toBe('done');
    const pid = await pidSaid();
    expect(pid).not.toBe(process.pid);
    expect(runs(pid)).toBe(false);
    await queue.close();
  });

  it('that the system kills fails its job alone: it says so, and the next one runs', async () => {
    writeFileSync(said, '');
    const queue = new JobQueue(library, worker, () => undefined);
    const [killed, next] = [queue.start('mine', { seed: 1 }), queue.start('mine', { seed: 0 })];
    const pid = await pidSaid();
    // Windows that are looked at meanwhile come first.
    expect(getPriority(pid)).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL);
    process.kill(pid, 'SIGKILL');
    expect(await ended(killed)).toBe('failed');
    expect(getJob(library, killed)!.error).toMatchObject({
      message: "The job's process ended unexpectedly (SIGKILL)",
      hint: expect.stringContaining('memory'),
    });
    expect(await ended(next)).toBe('done');
    await queue.close();
  });

  it('ends with the queue, also one that never looks', async () => {
    writeFileSync(said, '');
    const queue = new JobQueue(library, worker, () => undefined);
    queue.start('mine', { seed: 1 });
    const pid = await pidSaid();
    await queue.close();
    expect(runs(pid)).toBe(false);
  });

  it('that finishes something is waited for', async () => {
    writeFileSync(said, '');
    const queue = new JobQueue(library, worker, () => undefined);
    queue.start('mine', { seed: 2 });
    const pid = await pidSaid();
    await queue.close();
    expect(readFileSync(finished, 'utf8')).toBe(String(pid));
    expect(runs(pid)).toBe(false);
  });

  it.each(['where nobody waits', 'where the program was killed'])(
    'that finishes something does so %s, and then ends',
    async (where) => {
      writeFileSync(said, '');
      writeFileSync(finished, '');
      let pid: number;
      if (where === 'where nobody waits') {
        const queue = new JobQueue(library, worker, () => undefined);
        queue.start('mine', { seed: 2 });
        pid = await pidSaid();
        const began = performance.now();
        await queue.close(true);
        expect(performance.now() - began).toBeLessThan(3900);
      } else {
        const program = begin(2);
        pid = await pidSaid();
        // What it says that it is finishing has come by then.
        await new Promise((r) => setTimeout(r, 500));
        program.kill('SIGKILL');
        await once(program, 'exit');
      }
      expect([readFileSync(finished, 'utf8'), runs(pid)]).toEqual(['', true]);
      await until(() => (runs(pid) ? undefined : true));
      expect(readFileSync(finished, 'utf8')).toBe(String(pid));
    },
  );

  it('ends with the program, however that ends', async () => {
    writeFileSync(said, '');
    const program = begin(1);
    const pid = await pidSaid();
    program.kill('SIGKILL');
    await once(program, 'exit');
    await until(() => (runs(pid) ? undefined : true));
  });
});
