import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fuzz } from './watch.ts';

const out = mkdtempSync(join(tmpdir(), 'covis-fuzz-out-'));
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

describe.concurrent('the fuzzer', () => {
  it.each([
    ['crash', 'crash', /SIGABRT|SIGTRAP|SIGILL|exit/],
    ['hang', 'hang', /longer than 1 s/],
    ['memory', 'memory', /\d{4} MB/],
    ['raw', 'raw error', /TypeError: x is not a function/],
    ['internal', 'raw error', /was not foreseen/],
    ['nameless', 'unclear error', /names no file/],
    ['unclear', 'unclear error', /undefined rows/],
    ['wrong', 'wrong result', /x\[0\] is NaN/],
    ['later', 'crash', /nobody waits/],
    ['beside', 'elsewhere', /written .*b\.txt/],
    ['overwriting', 'elsewhere', /written .*a\.txt/],
    ['unseen', 'input changed', /a\.txt was changed/],
  ])('finds the planted fault %s', async (name, kind, message) => {
    // What fills memory takes a second of a slow processor for that alone: only what hangs is given so little.
    const hang = kind === 'hang' ? { hang: 1 } : {};
    const { faults } = await fuzz(`planted/${name}`, { seed: 1, from: 7, to: 8, out, ...hang });
    expect(faults).toEqual([
      expect.objectContaining({ kind, index: 7, times: 1, message: expect.stringMatching(message) as string }),
    ]);
    const kept = faults[0]!.kept!;
    expect(readdirSync(join(kept, 'input'))).toEqual(['a.txt']);
    expect(readFileSync(join(kept, 'fault.txt'), 'utf8')).toContain(
      `npm run fuzz -- --reader planted/${name} --input ${join(kept, 'input')}`,
    );
  });

  it('finds nothing in a reader that reads and in one that refuses', async () => {
    expect(await fuzz('planted/sound', { seed: 1, from: 0, to: 40 })).toMatchObject({
      read: 40,
      refused: 0,
      faults: [],
    });
    expect(await fuzz('planted/refusing', { seed: 1, from: 0, to: 40 })).toMatchObject({
      read: 0,
      refused: 40,
      faults: [],
    });
  });

  it('goes on behind an input that ends the process, up to a point', async () => {
    const { faults, mutations } = await fuzz('planted/crash', { seed: 1, from: 0, to: 3 });
    expect(faults).toEqual([expect.objectContaining({ kind: 'crash', index: 0, times: 3 })]);
    expect(mutations).toBe(3);
  });

  it('reads one input again', async () => {
    const first = await fuzz('planted/raw', { seed: 2, from: 3, to: 4, out });
    const input = join(first.faults[0]!.kept!, 'input');
    expect(existsSync(join(input, 'a.txt'))).toBe(true);
    const again = await fuzz('planted/raw', { seed: 0, from: 0, to: 1, input });
    expect(again.faults).toEqual([expect.objectContaining({ kind: 'raw error', times: 1 })]);
  });
});
