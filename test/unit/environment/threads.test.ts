import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { threadsGiven } from '../../../src/main/engine/environment/threads.ts';
import { ROOT } from '../../support/programs.ts';

const module = (...path: string[]): string => pathToFileURL(join(ROOT, 'src', 'main', 'engine', ...path)).href;

/** What a program of a process of its own prints. */
function answer(program: string, environment: NodeJS.ProcessEnv, before: readonly string[] = []): string {
  const { COVIS_THREADS: _, SLURM_CPUS_PER_TASK: __, ...own } = process.env;
  const [command, ...args] = [
    ...before,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    program,
  ];
  const r = spawnSync(command!, args, { env: { ...own, ...environment }, encoding: 'utf8', timeout: 60_000 });
  expect(r.stderr).toBe('');
  return r.stdout.trim();
}
const COUNT = `import { threads } from '${module('environment', 'threads.ts')}'; console.log(threads());`;

describe('how many threads work may take', () => {
  it('is what a person says, else what a scheduler gave', () => {
    expect(threadsGiven({})).toBeUndefined();
    expect(threadsGiven({ SLURM_CPUS_PER_TASK: '3' })).toBe(3);
    expect(threadsGiven({ SLURM_CPUS_PER_TASK: '3', COVIS_THREADS: '5' })).toBe(5);
    expect(threadsGiven({ SLURM_CPUS_PER_TASK: '3', COVIS_THREADS: '' })).toBe(3);
    // What a scheduler says is not the person's fault.
    expect(threadsGiven({ SLURM_CPUS_PER_TASK: 'all' })).toBeUndefined();
    for (const COVIS_THREADS of ['0', '-1', '2.5', 'many', '4096'])
      expect(() => threadsGiven({ COVIS_THREADS })).toThrow(/COVIS_THREADS is .* no number of threads/);
  });

  it.runIf(process.platform === 'linux')('is else what the mask of processors leaves', () => {
    expect(answer(COUNT, {}, ['taskset', '-c', '0'])).toBe('1');
    expect(answer(COUNT, { COVIS_THREADS: '3' }, ['taskset', '-c', '0'])).toBe('3');
  });

  it.runIf(process.platform === 'linux')('is what ONNX Runtime takes', () => {
    const program = `
      import { readdirSync } from 'node:fs';
      import { Runner } from '${module('network', 'runtime.ts')}';
      const value = (name) => ({ name, type: 'float', dims: [1] });
      const graph = {
        name: 'probe', inputs: [value('x')], outputs: [value('y')], metadata: new Map(),
        initializers: new Map([['two', { dims: [1], data: Float32Array.of(2) }]]),
        nodes: [{ name: 'n', op: 'Mul', inputs: ['x', 'two'], outputs: ['y'], attributes: {} }],
      };
      const before = readdirSync('/proc/self/task').length;
      const runner = await Runner.create(graph);
      console.log(readdirSync('/proc/self/task').length - before);
      await runner.release();`;
    const started = [1, 4, 9].map((n) => Number(answer(program, { COVIS_THREADS: String(n) })));
    // The thread that asks is one of them.
    expect([started[1]! - started[0]!, started[2]! - started[0]!]).toEqual([3, 8]);
  });

  it('is an option of every command, and refused by name', () => {
    const covis = (...args: string[]) =>
      spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args], { encoding: 'utf8', timeout: 60_000 });
    const bad = covis('clusters', 'nowhere', '--threads', '0');
    expect(bad.status).toBe(1);
    expect(bad.stderr).toMatch(/--threads/);
    expect(covis('clusters', '--help').stdout).toMatch(/--threads <n>/);
    const said = spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), 'clusters', 'nowhere'], {
      env: { ...process.env, COVIS_THREADS: '0' },
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(said.stderr).toMatch(/^covis: COVIS_THREADS is 0, which is no number of threads\n {2}Give it/);
  });
});
