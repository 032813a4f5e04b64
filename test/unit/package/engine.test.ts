import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { jobEnvironment } from '../../../src/main/engine/queue/job-thread.ts';
import { javascriptOf, stripEngine } from '../../../scripts/package/engine.ts';
import { engineEnvironment, engineFile } from '../../../scripts/engine-node.mjs';
import { ROOT } from '../../support/programs.ts';

describe('the engine as JavaScript', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-strip-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('loses types, keeps its lines, and calls sources by their new names', () => {
    const source = [
      "import type { A } from './a.ts';",
      "import { b } from '../b.ts';",
      "const w: string = new URL('./w.ts', import.meta.url).href as string;",
      "if (name === 'engine-process.ts') await import('./c/d.ts'); // see e.ts",
      'export const photos = "x.tiff", other = `./f.ts`;',
    ].join('\n');
    const lines = javascriptOf(source).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]!.trim()).toBe('');
    expect(lines[1]).toBe("import { b } from '../b.js';");
    expect(lines[2]).toContain("const w         = new URL('./w.js', import.meta.url)");
    expect(lines[3]).toBe("if (name === 'engine-process.js') await import('./c/d.js'); // see e.ts");
    expect(lines[4]).toBe('export const photos = "x.tiff", other = `./f.ts`;');
  });

  it('is whole: whatever one of its files names lies there, and no file says .ts', () => {
    const files = stripEngine(ROOT, folder);
    expect(files).toBeGreaterThan(200);
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(all.filter((f) => f.endsWith('.ts'))).toEqual([]);
    expect(all).toContain(join('main', 'engine', 'queue', 'job-process.js'));
    const missing: string[] = [];
    for (const f of all.filter((name) => name.endsWith('.js'))) {
      const text = readFileSync(join(folder, f), 'utf8');
      for (const [, named] of text.matchAll(/(?:from |import\(|new URL\()\s*'(\.[^']*)'/g))
        if (!existsSync(join(folder, dirname(f), named!))) missing.push(`${f}: ${named}`);
      for (const line of text.split('\n'))
        if (/\.ts['"]/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)) missing.push(`${f}: ${line}`);
    }
    expect(missing).toEqual([]);
  });

  it('is what runs where there are no sources, and only there', () => {
    expect(engineFile('main/cli/index', ROOT)).toBe(join(ROOT, 'src', 'main', 'cli', 'index.ts'));
    expect(engineFile('main/cli/index', folder)).toBe(join(folder, 'out', 'engine', 'main', 'cli', 'index.js'));
  });
});

describe.runIf(process.platform === 'linux')("the engine's memory", () => {
  const GIVEN_BACK = ['MALLOC_TRIM_THRESHOLD_', 'MALLOC_TOP_PAD_'];

  it('goes back to the system at once where a server lasts, and stays with what computes', () => {
    const before = GIVEN_BACK.map((name) => [name, process.env[name]] as const);
    for (const name of GIVEN_BACK) delete process.env[name];
    try {
      const server = engineEnvironment();
      expect(GIVEN_BACK.every((name) => Number(server[name]) > 0)).toBe(true);
      const { MALLOC_ARENA_MAX: heaps } = server;
      expect(heaps).toBe(process.env['MALLOC_ARENA_MAX'] ?? '2');
      for (const other of [engineEnvironment({}, false), jobEnvironment(server)]) {
        expect(GIVEN_BACK.filter((name) => name in other)).toEqual([]);
        expect(other).toMatchObject({ MALLOC_ARENA_MAX: heaps, PATH: process.env['PATH'] });
      }
    } finally {
      for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
    }
  });
});
