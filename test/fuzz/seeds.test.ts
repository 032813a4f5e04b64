import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox } from './attempt.ts';
import { inputOf } from './input.ts';
import { allTargets } from './targets/index.ts';

const targets = await allTargets();

describe('what mutations begin from', () => {
  const home = process.cwd();
  const place = mkdtempSync(join(tmpdir(), 'covis-fuzz-seeds-'));
  beforeAll(() => {
    process.env['COVIS_NETWORKS'] = join(place, 'networks');
    process.env['COVIS_SETTINGS'] = join(place, 'settings.json');
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(place, { recursive: true, force: true });
  });

  it.each(targets.map((t) => ({ name: t.name, t })))('$name: sound files, the same each time', async ({ name, t }) => {
    const at = (n: string): string => join(place, n, name.replace('/', '-'));
    for (const folder of [at('sandbox'), at('again')]) mkdirSync(folder, { recursive: true });
    const sandbox = new Sandbox(at('sandbox'), { begin: () => undefined, end: () => [] });
    mkdirSync(join(sandbox.room, 'seeds'));
    const seeds = await t.seeds(join(sandbox.room, 'seeds'));
    // A reader without one has to be given one in test/fuzz/targets.
    expect(seeds.length).toBeGreaterThan(0);
    for (const seed of seeds)
      expect([seed.name, await sandbox.attempt(t, seed.files)]).toEqual([seed.name, { read: true }]);
    // Ids and times of a library are of the moment in which it was made.
    if (name.startsWith('own/')) return;
    const [a, b] = [inputOf(t, seeds, 3, 14), inputOf(t, await t.seeds(at('again')), 3, 14)];
    expect([...a].map(([f, bytes]) => [f, Buffer.from(bytes).toString('hex')])).toEqual(
      [...b].map(([f, bytes]) => [f, Buffer.from(bytes).toString('hex')]),
    );
  });
});
