import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';

/** Makes a library with one short run of the whole loop, and builds the studio. */
export function prepareLibrary(library: string): void {
  const run = (script: string, ...args: string[]): void => {
    const r = spawnSync(process.execPath, [script, ...args], { cwd: ROOT, encoding: 'utf8' });
    if (r.status !== 0) throw new Error(`${script} failed: ${r.stderr}${r.stdout}`);
  };
  run(join(ROOT, 'scripts', 'build.ts'), '--if-stale');
  const sources = ['castle', 'pagoda', 'lighthouse', 'windmill', 'townhouse'].map((n) => join(SAMPLE, n));
  run(join(ROOT, 'bin', 'covis.mjs'), 'run', ...sources, '--library', library, '--epochs', '1', '--tuples', '10');
}
