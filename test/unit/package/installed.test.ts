import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stripEngine } from '../../../scripts/package/engine.ts';
import { neededPackages } from '../../../scripts/package/modules.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

/** As `npm install -g` lays it out: Covis in a folder `node_modules`, and what it runs on beside it. */
describe('Covis as npm installs it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis installiert für alle '));
  const covis = join(folder, 'node_modules', 'covis');
  const run = (...words: string[]): string => {
    const r = spawnSync(process.execPath, [join(covis, 'bin', 'covis.mjs'), ...words], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, COVIS_SETTINGS: join(folder, 'person', 'settings.json') },
    });
    if (r.status !== 0) throw new Error(`${words.join(' ')}: ${r.stderr}`);
    return r.stdout;
  };

  beforeAll(() => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
    mkdirSync(covis, { recursive: true });
    for (const path of ['package.json', ...files.filter((f) => f !== 'out')])
      cpSync(join(ROOT, path), join(covis, path), { recursive: true });
    stripEngine(ROOT, join(covis, 'out', 'engine'));
    for (const [from, name] of neededPackages(ROOT, { os: process.platform, cpu: process.arch })) {
      const to = join(folder, 'node_modules', name);
      if (from !== `node_modules/${name}` || existsSync(to)) continue;
      mkdirSync(dirname(to), { recursive: true });
      symlinkSync(join(ROOT, from), to, 'junction');
    }
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs, imports and searches where Node strips no types', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(run('--version').trim()).toBe(version);
    expect(existsSync(join(covis, 'src'))).toBe(false);
    const library = join(folder, 'Bücher & Türme');
    const sample = join(covis, 'resources', 'sample');
    run('import', library, join(sample, 'castle'));
    const query = join(SAMPLE, 'castle', 'images', 'castle_02.jpg');
    const hits = JSON.parse(run('search', library, '--query', query, '--json')) as { photo: string; score: number }[];
    expect(hits[0]).toMatchObject({ photo: expect.stringContaining('castle_02.jpg') });
    expect(hits[0]!.score).toBeGreaterThan(0.9999);
  }, 300_000);
});
