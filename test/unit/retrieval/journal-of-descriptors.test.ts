import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DescriptorJournal } from '../../../src/main/engine/retrieval/journal.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const key = (n: number): string => n.toString(16).padStart(32, '0');

describe('the journal of descriptors', () => {
  it('has each under its key, also when it is opened again, and goes on behind', () => {
    const file = join(folder, 'a.part');
    const first = new DescriptorJournal(file, 3);
    expect([first.size, first.dim, first.has(key(1))]).toEqual([0, 3, false]);
    first.append(key(1), Float32Array.of(1, 2, 3));
    // A view into a longer array is written as the view.
    first.append(key(2), Float32Array.of(9, 9, 4, 5, 6, 9).subarray(2, 5));
    expect([first.size, first.has(key(1)), first.has(key(2)), first.has(key(3))]).toEqual([2, true, true, false]);
    expect([...first.get(key(1))]).toEqual([1, 2, 3]);
    expect([...first.get(key(2))]).toEqual([4, 5, 6]);
    // Every append is on disk at once: 16 bytes of key, 4 a number, 8 of a digest, behind 8 that say what the file is.
    expect(statSync(file).size).toBe(8 + 2 * (16 + 12 + 8));
    first.close();
    const again = new DescriptorJournal(file, 3);
    again.append(key(0xabc), Float32Array.of(7, 8, 9));
    expect([...again.keys()]).toEqual([key(1), key(2), key(0xabc)]);
    expect([1, 2, 0xabc].map((k) => [...again.get(key(k))])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    expect(() => again.get(key(5))).toThrow(expect.objectContaining({ code: 'NOT_FOUND', file }));
    again.remove();
    expect(existsSync(file)).toBe(false);
  });

  it('drops half a record at the end, and nothing else', () => {
    for (const cut of [1, 12, 35]) {
      const file = join(folder, `cut-${cut}.part`);
      const journal = new DescriptorJournal(file, 3);
      for (const n of [1, 2, 3]) journal.append(key(n), Float32Array.of(n, n, n));
      journal.close();
      truncateSync(file, 8 + 3 * 36 - cut);
      const opened = new DescriptorJournal(file, 3);
      expect([...opened.keys()]).toEqual([key(1), key(2)]);
      expect(statSync(file).size).toBe(8 + 72);
      opened.append(key(4), Float32Array.of(4, 4, 4));
      opened.close();
      appendFileSync(file, 'x');
      const last = new DescriptorJournal(file, 3);
      expect([...last.keys()].map((k) => last.get(k)[0])).toEqual([1, 2, 4]);
      last.close();
    }
  });

  it('begins anew where the file begins otherwise: what a record means is not known then', () => {
    const file = join(folder, 'other.part');
    const journal = new DescriptorJournal(file, 3);
    for (const n of [1, 2]) journal.append(key(n), Float32Array.of(n, n, n));
    journal.close();
    const fd = openSync(file, 'r+');
    writeSync(fd, 'COVISJ3\n', 0);
    closeSync(fd);
    const opened = new DescriptorJournal(file, 3);
    expect([opened.size, statSync(file).size]).toEqual([0, 8]);
    opened.append(key(7), Float32Array.of(7, 7, 7));
    opened.close();
    const again = new DescriptorJournal(file, 3);
    expect([...again.keys()]).toEqual([key(7)]);
    again.close();
  });

  it('says when it cannot be written', () => {
    const file = join(folder, 'a folder');
    mkdirSync(file);
    expect(() => new DescriptorJournal(file, 3)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', file }));
  });
});
