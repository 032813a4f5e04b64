import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();

/** `covis --version` of a person whose own cache lies there. */
function version(cache: string, more: Record<string, string> = {}): { status: number | null; stdout: string } {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return spawnSync('node', [join(ROOT, 'bin', 'covis.mjs'), '--version'], {
    encoding: 'utf8',
    env: { ...env, HOME: cache, LOCALAPPDATA: cache, XDG_CACHE_HOME: cache, ...more },
  });
}
const said = /^\d+\.\d+\.\d+/;

describe('what Node compiled of the engine', () => {
  it('is kept in the person’s own cache, and nothing else is', () => {
    const cache = join(folder, 'own');
    expect(version(cache)).toMatchObject({ status: 0, stdout: expect.stringMatching(said) as string });
    expect(readdirSync(cache)).toEqual(['covis']);
    expect(readdirSync(join(cache, 'covis'))).toEqual(['code']);
    expect(readdirSync(join(cache, 'covis', 'code'), { recursive: true }).length).toBeGreaterThan(50);
  });

  it('lies where a person says', () => {
    const [cache, other] = [join(folder, 'unused'), join(folder, 'other')];
    expect(version(cache, { NODE_COMPILE_CACHE: other }).status).toBe(0);
    expect(existsSync(cache)).toBe(false);
    expect(readdirSync(other)).toHaveLength(1);
  });

  it('is done without where no folder can be made', () => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(version(file)).toMatchObject({ status: 0, stdout: expect.stringMatching(said) as string });
  });
});
