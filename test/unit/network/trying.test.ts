import { writeFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancelled } from '../../../src/main/engine/queue/context.ts';
import { elsewhere } from '../../../src/main/engine/network/elsewhere.ts';
import { distanceFrom, remember, remembered, trying, wrongOf } from '../../../src/main/engine/network/fastest.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
let before: string | undefined;
beforeEach(() => {
  before = process.env['COVIS_SETTINGS'];
});
afterEach(() => {
  if (before === undefined) delete process.env['COVIS_SETTINGS'];
  else process.env['COVIS_SETTINGS'] = before;
});
const settings = (name: string): void => void (process.env['COVIS_SETTINGS'] = join(folder, name, 'settings.json'));
const notes = (name: string): string[] =>
  existsSync(join(folder, name)) ? readdirSync(join(folder, name)).filter((f) => f.endsWith('.ended')) : [];

const script = join(folder, 'measures.mjs');
writeFileSync(
  script,
  `const { answer } = await import(${JSON.stringify(new URL('src/main/engine/network/elsewhere.ts', `file://${ROOT}/`).href)});
   await answer(async ({ end, by }) => {
     if (end === 'throw') throw new Error('no driver');
     if (end === 'abort') process.abort();
     if (end === 'exit') process.exit(by);
     if (end === 'killed') process.kill(process.pid, by);
     if (end === 'never') for (;;);
     return { doubled: by.map((v) => 2 * v), frozen: new Set(['a']) };
   });`,
);
const measured = (order: object, check?: () => void): Promise<unknown> =>
  trying('k', 'webgpu', () => elsewhere(pathToFileURL(script), order, check));
const OK = { end: 'well', by: Float32Array.of(1, 2) };

describe('what is measured in a process of its own', () => {
  it('comes back as it is, and what failed there in its words', async () => {
    settings('well');
    expect(await measured(OK)).toEqual({ doubled: Float32Array.of(2, 4), frozen: new Set(['a']) });
    await expect(measured({ end: 'throw' })).rejects.toThrow('no driver');
    expect(notes('well')).toEqual([]);
  });

  it('is given up when nobody wants it any more, whatever it is doing', async () => {
    settings('given-up');
    let asked = 0;
    const check = (): void => {
      if (++asked > 3) throw cancelled();
    };
    await expect(measured({ end: 'never' }, check)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(notes('given-up')).toEqual([]);
  });

  it.each([
    ['that crashes', { end: 'abort' }, 'SIGABRT'],
    ['that exits', { end: 'exit', by: 3 }, 'code 3'],
  ])('by a driver %s twice is passed over, with the file that says so', async (_, order, how) => {
    settings(how);
    for (const time of [1, 2]) {
      await expect(measured(order)).rejects.toThrow(`its driver ended the process that measured it (${how})`);
      const file = join(folder, how, notes(how)[0]!);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ backend: 'webgpu', ended: time });
    }
    await expect(measured(OK)).rejects.toThrow(
      `its driver ended 2 processes that measured it. To have it measured again, delete ${join(folder, how, notes(how)[0]!)}`,
    );
    expect(await trying('another', 'webgpu', () => Promise.resolve(7))).toBe(7);
  });

  it('once more and well is forgotten', async () => {
    settings('once');
    for (const _ of [1, 2, 3]) {
      await expect(measured({ end: 'abort' })).rejects.toThrow('its driver ended');
      expect(notes('once')).toHaveLength(1);
      await measured(OK);
      expect(notes('once')).toEqual([]);
    }
  });

  it.each(['SIGKILL', 'SIGQUIT'])('is never passed over for who ends it by %s', async (by) => {
    settings(by);
    for (const _ of [1, 2, 3])
      await expect(measured({ end: 'killed', by })).rejects.toThrow(`the process that measured it was killed (${by})`);
    expect(notes(by)).toEqual([]);
    expect(await measured(OK)).toBeDefined();
  });
});

it('the newest measurements are kept, and an older one goes', () => {
  settings('kept');
  const found = (ms: number) => ({ backend: 'cpu' as const, milliseconds: { cpu: ms } });
  for (let k = 0; k < 200; k++) remember(`key ${k}`, found(k));
  // Measured anew, it is among the newest.
  remember('key 0', found(1000));
  remember('key 200', found(200));
  expect(remembered('key 0')).toEqual(found(1000));
  expect(remembered('key 1')).toBeUndefined();
  expect(remembered('key 2')).toEqual(found(2));
  const kept = JSON.parse(readFileSync(join(folder, 'kept', 'back-ends.json'), 'utf8')) as object;
  expect(Object.keys(kept)).toHaveLength(200);
});

it('a back end is held to the processor, which is never wrong itself, of nothing and of no numbers either', () => {
  const vector = (v: number): Float32Array => new Float32Array(4).fill(v);
  const wrong = (cpu: number, webgpu: number) => {
    const off = [vector(webgpu), vector(cpu)].map((out) => distanceFrom(vector(cpu), out));
    return wrongOf([['webgpu', off[0]!] as const, ['cpu', off[1]!] as const], 'descriptors');
  };
  expect(wrong(1, 1.009)).toEqual({});
  expect(wrong(1, 1.5)).toEqual({
    webgpu: 'webgpu is passed over: its descriptors are 50 % off those of the CPU',
  });
  expect(wrong(0, 0)).toEqual({});
  const not = /^webgpu is passed over: its descriptors are not to be compared with those of the CPU: /;
  for (const [cpu, other] of [
    [0, 1],
    [Number.NaN, 1],
    [1, Number.NaN],
    [Number.NaN, Number.NaN],
  ] as const)
    expect(wrong(cpu, other)).toEqual({ webgpu: expect.stringMatching(not) as string });
});
