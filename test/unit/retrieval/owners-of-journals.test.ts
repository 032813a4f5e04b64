import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DescriptorJournal } from '../../../src/main/engine/retrieval/journal.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const key = (n: number): string => n.toString(16).padStart(32, '0');
const SLOWLY = join(ROOT, 'test', 'support', 'describe-slowly.ts');
const children: ChildProcess[] = [];
afterAll(() => children.forEach((c) => c.kill('SIGKILL')));

/** Another process that takes the journal, and the first line that it says. */
async function other(file: string, records: number): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SLOWLY, file, String(records)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

/** Another thread that takes the journal, and the first line that it says. */
async function thread(file: string, records: number): Promise<{ worker: Worker; said: string }> {
  const worker = new Worker(SLOWLY, { argv: [file, String(records)], execArgv: [], stdout: true });
  const [said] = (await once(worker.stdout, 'data')) as [Buffer];
  return { worker, said: said.toString().trim() };
}

describe('a journal of descriptors', () => {
  it('has one owner among processes, and is free when its owner was killed', async () => {
    const file = join(folder, 'two.part');
    const { child, said } = await other(file, 5);
    expect(said).toBe('owner 5');
    const before = readFileSync(file);
    expect(() => new DescriptorJournal(file, 3)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT', file }));
    expect((await other(file, 2)).said).toBe('refused STATE_CONFLICT');
    // Who is refused changes nothing.
    expect(readFileSync(file).equals(before)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const taken = new DescriptorJournal(file, 3);
    expect([1, 2, 3, 4, 5].map((n) => [...taken.get(key(n))])).toEqual([1, 2, 3, 4, 5].map((n) => [child.pid, n, 0]));
    taken.append(key(6), Float32Array.of(1, 6, 0));
    expect((await other(file, 2)).said).toBe('refused STATE_CONFLICT');
    taken.close();
    const next = await other(file, 1);
    expect(next.said).toBe('owner 6');
    next.child.kill('SIGKILL');
    await once(next.child, 'exit');
  });

  it('keeps its owner among processes when the same process was refused it, again and again', async () => {
    const file = join(folder, 'refused.part');
    const own = new DescriptorJournal(file, 3);
    for (let i = 0; i < 3; i += 1)
      expect(() => new DescriptorJournal(file, 3)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }));
    expect((await other(file, 2)).said).toBe('refused STATE_CONFLICT');
    own.close();
  });

  it('has one owner among threads, and is free when its owner was ended', async () => {
    const file = join(folder, 'threads.part');
    const first = await thread(file, 4);
    expect(first.said).toBe('owner 4');
    const second = await thread(file, 2);
    expect(second.said).toBe('refused STATE_CONFLICT');
    expect(() => new DescriptorJournal(file, 3)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT', file }));
    expect((await other(file, 2)).said).toBe('refused STATE_CONFLICT');
    await second.worker.terminate();
    await first.worker.terminate();
    const next = await other(file, 1);
    expect(next.said).toBe('owner 4');
    next.child.kill('SIGKILL');
    await once(next.child, 'exit');
    const last = new DescriptorJournal(file, 3);
    expect([1, 2, 3, 4].map((n) => last.get(key(n))[1])).toEqual([1, 2, 3, 4]);
    last.remove();
  });

  it('takes nothing of a record that ends early, wherever it ends', () => {
    for (let left = 0; left < 36; left += 1) {
      const file = join(folder, `torn-${left}.part`);
      const journal = new DescriptorJournal(file, 3);
      for (const n of [1, 2, 3]) journal.append(key(n), Float32Array.of(n, n, n));
      journal.close();
      truncateSync(file, 8 + 2 * 36 + left);
      const opened = new DescriptorJournal(file, 3);
      expect([...opened.keys()]).toEqual([key(1), key(2)]);
      opened.append(key(3), Float32Array.of(5, 5, 5));
      opened.close();
      const last = new DescriptorJournal(file, 3);
      expect([1, 2, 3].map((n) => last.get(key(n))[0])).toEqual([1, 2, 5]);
      last.close();
    }
  });

  it('begins anew for descriptors of another length', () => {
    const file = join(folder, 'length.part');
    const journal = new DescriptorJournal(file, 3);
    for (let n = 1; n <= 13; n += 1) journal.append(key(n), Float32Array.of(n, n, n));
    journal.close();
    // One record of 111 numbers is as long as 13 of 3.
    for (const dim of [111, 2, 1, 6]) {
      const opened = new DescriptorJournal(file, dim);
      expect([opened.size, statSync(file).size]).toEqual([0, 8]);
      opened.append(key(1), new Float32Array(dim).fill(dim));
      expect([...opened.get(key(1))]).toEqual(Array.from({ length: dim }, () => dim));
      opened.close();
    }
  });

  it('has one owner within a process, and leaves no lock behind', () => {
    const file = join(folder, 'one.part');
    const first = new DescriptorJournal(file, 2);
    expect(() => new DescriptorJournal(file, 2)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }));
    first.append(key(1), Float32Array.of(1, 2));
    first.remove();
    expect([existsSync(file), existsSync(`${file}.lock`)]).toEqual([false, false]);
    const second = new DescriptorJournal(file, 2);
    expect(second.size).toBe(0);
    second.close();
  });

  it('gives no record that is not whole, wherever it is damaged, and keeps the others', () => {
    const record = 16 + 12 + 8;
    for (let byte = 0; byte < record; byte += 1) {
      const file = join(folder, `damaged-${byte}.part`);
      const journal = new DescriptorJournal(file, 3);
      for (const n of [1, 2, 3]) journal.append(key(n), Float32Array.of(n, n, n));
      journal.close();
      flip(file, 8 + record + byte);
      const opened = new DescriptorJournal(file, 3);
      expect([...opened.keys()]).toEqual([key(1), key(3)]);
      opened.append(key(2), Float32Array.of(7, 7, 7));
      expect([1, 2, 3].map((n) => opened.get(key(n))[0])).toEqual([1, 7, 3]);
      opened.close();
    }
  });

  it('says when a record became another one while it was open', () => {
    const file = join(folder, 'changed.part');
    const journal = new DescriptorJournal(file, 3);
    for (const n of [1, 2]) journal.append(key(n), Float32Array.of(n, n, n));
    const whole = readFileSync(file);
    // The second record in place of the first: whole, but of another photo.
    const fd = openSync(file, 'r+');
    writeSync(fd, whole, 8 + 36, 36, 8);
    closeSync(fd);
    expect(() => journal.get(key(1))).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT', file }));
    expect([...journal.get(key(2))]).toEqual([2, 2, 2]);
    journal.close();
  });

  it('computes anew what a journal of before holds, which cannot be checked', () => {
    const file = join(folder, 'old.part');
    writeFileSync(file, Buffer.concat([Buffer.from(key(1), 'hex'), Buffer.alloc(12)]));
    const journal = new DescriptorJournal(file, 3);
    expect([journal.size, statSync(file).size]).toEqual([0, 8]);
    journal.close();
  });
});

function flip(file: string, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.from([readFileSync(file)[at]! ^ 0x10]), 0, 1, at);
  closeSync(fd);
}
