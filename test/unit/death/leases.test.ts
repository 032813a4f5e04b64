import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownFile, ownIfFree } from '../../../src/main/engine/library/file-owner.ts';
import {
  DEAD_MS,
  beganAt,
  factsFile,
  mayBeAtWork,
  nameOwner,
  programName,
  readOwner,
  startOf,
  thisOwner,
  type Owner,
} from '../../../src/main/engine/library/lease.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const SAY = { taken: 'Taken', hint: 'Wait.', refused: 'Refused' };
const here = thisOwner();

describe('facts of an owner', () => {
  it('say the machine, its start, the process and its start', () => {
    expect(here).toMatchObject({
      host: hostname(),
      pid: process.pid,
      thread: expect.any(Number),
      since: expect.stringMatching(/^20\d\d-/),
    });
    if (process.platform === 'linux') {
      expect(here.boot).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
      expect(here.started).toMatch(/^\d+$/);
    }
    expect(startOf(process.pid)).toBe(here.started);
    expect(startOf(2 ** 22 + 1)).toBeUndefined();
  });

  it('tell a process from a later one of the same number by when it began', async () => {
    const before = Date.now();
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(startOf(child.pid!)).not.toBe(startOf(process.pid));
    // Clocks of processes are coarse, and the machine's start is known to a second.
    expect(beganAt(child.pid!)! / 1000).toBeGreaterThan(before / 1000 - 2.5);
    expect(beganAt(child.pid!)! / 1000).toBeLessThan(Date.now() / 1000 + 2.5);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(startOf(child.pid!)).toBeUndefined();
  });

  it('name a program as people know it', () => {
    expect(programName(['node', '/x/src/main/cli/index.ts', 'train', 'LIB'])).toBe('covis train');
    expect(programName(['node', 'C:\\x\\src\\main\\cli\\index.ts'])).toBe('covis');
    expect(programName(['node', '/x/src/main/server/engine-process.ts', 'LIB'])).toBe('the studio');
    expect(programName(['/usr/bin/node'])).toBe('node');
    const owner = { ...here, pid: 42, program: 'covis train', since: '2026-11-28T12:30:59.000Z' };
    expect(nameOwner(owner)).toBe('covis train (process 42), since 2026-11-28 12:30 UTC');
    expect(nameOwner({ ...owner, host: 'atlas' })).toBe(
      'covis train (process 42 on atlas), since 2026-11-28 12:30 UTC',
    );
  });
});

describe('who left facts but no lock that is seen here', () => {
  const of = (facts: Partial<Owner>): Owner => ({ ...here, ...facts });
  const known: Owner = { ...here, boot: 'b1', machine: 'm1' };
  it.each<[string, Partial<Owner>, number, boolean]>([
    ['on this machine, with a number that another process has by now', { pid: process.ppid, started: '1' }, 0, false],
    ['on this machine before its last start', { boot: 'b0' }, 0, false],
    ['in another container of this machine', { host: 'c0ffee', machine: 'm2' }, 0, false],
    ['on another machine, who touched them just now', { host: 'atlas', machine: 'm2', boot: 'b2' }, 1000, true],
    ['on another machine of the same name', { machine: 'm2', boot: 'b2' }, 1000, true],
    ['on another machine, where nothing says its start', { host: 'atlas', machine: '', boot: '' }, 1000, true],
    ['on another machine, long ago', { host: 'atlas', machine: 'm2', boot: 'b2' }, DEAD_MS, false],
  ])('%s', (_, facts, age, expected) => {
    expect(mayBeAtWork(of({ ...known, ...facts }), age, known)).toBe(expected);
  });
});

describe('a file', () => {
  it('is owned by one, who is named to others, and leaves nothing behind', () => {
    const file = join(folder, 'one');
    const release = ownFile(file, SAY);
    expect(readOwner(file)).toMatchObject({ pid: process.pid, host: hostname() });
    expect(() => ownFile(file, SAY)).toThrow(
      expect.objectContaining({
        code: 'STATE_CONFLICT',
        message: 'Taken',
        file,
        hint: expect.stringMatching(/^Wait\. It is .* \(process \d+\), since /),
      }),
    );
    expect(ownIfFree(file)).toBeUndefined();
    release();
    expect([existsSync(`${file}.lock`), existsSync(factsFile(file))]).toEqual([false, false]);
    const again = ownIfFree(file);
    expect(again).toBeDefined();
    again!();
  });

  it('of a machine whose locks are not seen here is free once that has not touched it for long', () => {
    const file = join(folder, 'shared');
    const foreign = { ...here, host: 'atlas', machine: 'other', boot: 'other', pid: 7, program: 'covis train' };
    writeFileSync(factsFile(file), JSON.stringify(foreign));
    expect(() => ownFile(file, SAY)).toThrow(
      expect.objectContaining({
        code: 'STATE_CONFLICT',
        hint: expect.stringContaining('covis train (process 7 on atlas)'),
      }),
    );
    expect(readOwner(file)!.host).toBe('atlas');
    const long = new Date(Date.now() - DEAD_MS - 60_000);
    utimesSync(factsFile(file), long, long);
    const release = ownFile(file, SAY);
    expect(readOwner(file)).toMatchObject({ host: hostname(), pid: process.pid });
    release();
  });

  it('whose facts are cut short has the owner that its lock says', () => {
    const file = join(folder, 'half');
    writeFileSync(factsFile(file), '{"host":"atl');
    const release = ownFile(file, SAY);
    writeFileSync(factsFile(file), '');
    expect(() => ownFile(file, SAY)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT', hint: 'Wait.' }));
    release();
  });

  it('that cannot be there is refused as such', () => {
    expect(() => ownFile(join(folder, 'nowhere', 'x'), SAY)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: 'Refused' }),
    );
  });
});
