import { spawnSync } from 'node:child_process';
import { PYTHON } from './programs.ts';

/**
 * Runs a script in the Python that has the readers of other tools (see `python readers` in programs.ts). It finds `given` as `given`, and
 * prints one JSON value at its end.
 */
export function python<T>(script: string, given: unknown): T {
  const r = spawnSync(PYTHON, ['-c', `import json, sys\ngiven = json.load(sys.stdin)\n${script}`], {
    input: JSON.stringify(given),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (r.status !== 0) throw new Error(`Python ended with ${String(r.status)}:\n${r.stderr}`);
  return JSON.parse(r.stdout.trim().split('\n').at(-1)!) as T;
}
