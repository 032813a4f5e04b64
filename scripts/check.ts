/**
 * `npm run check`: types, lint and the quick tests, what does not depend on each other side by side. Compilers and linters
 * keep what they know in node_modules/.cache, so that a second run looks at what changed alone.
 * `check.ts types`, `lint`, `tests` run one of them, `check.ts watch` the tests whenever a file changes.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'covis');
const program = (...parts: string[]): string => join(ROOT, 'node_modules', ...parts);
const typeScript = (name: string, script: string, config: string): Step => ({
  name,
  args: [script, '--noEmit', '--incremental', '--tsBuildInfoFile', join(CACHE, `${name}.tsbuildinfo`), '-p', config],
});

const TYPES: readonly Step[] = [
  typeScript('types', program('typescript', 'bin', 'tsc'), 'tsconfig.json'),
  typeScript('types-page', program('vue-tsc', 'bin', 'vue-tsc.js'), 'tsconfig.renderer.json'),
];
/** The rooms and what each may import. */
const LAYERS: Step = {
  name: 'layers',
  args: [
    program('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
    ...['--config', '.dependency-cruiser.mjs', 'src', 'scripts', 'test', 'bin'],
  ],
};
const LINT: readonly Step[] = [
  LAYERS,
  {
    name: 'lint',
    args: [
      program('eslint', 'bin', 'eslint.js'),
      ...['.', '--max-warnings', '0', '--cache', '--cache-strategy', 'content'],
      ...['--cache-location', join(CACHE, 'eslint', '/')],
    ],
  },
  {
    name: 'format',
    args: [
      program('prettier', 'bin', 'prettier.cjs'),
      ...['--check', '.', '--log-level', 'warn', '--cache', '--cache-strategy', 'content'],
      ...['--cache-location', join(CACHE, 'prettier')],
    ],
  },
];
const vitest = (name: string, ...args: string[]): Step => ({
  name,
  args: [
    program('vitest', 'vitest.mjs'),
    ...args,
    '--project',
    '!e2e',
    `--maxWorkers=${availableParallelism()}`,
    ...process.argv.slice(3),
  ],
});
const TESTS: readonly Step[] = [vitest('tests', 'run', '--reporter=dot')];
/** Lanes run beside each other, the steps of a lane in turn; a stage begins when all lanes before it are through. */
const STAGES: Readonly<Record<string, readonly (readonly Step[])[]>> = {
  types: [TYPES],
  layers: [[LAYERS]],
  lint: [LINT],
  tests: [TESTS],
};

/** Runs a step, and shows what it printed once it is through. @returns whether it was fine. */
function run({ name, args }: Step, quiet: boolean): Promise<boolean> {
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    // Files of vitest.config.ts that are too slow for every day are left out; `npm test` runs them.
    env: { ...process.env, COVIS_QUICK: '1' },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (d: Buffer) => (printed += String(d)));
  return new Promise((done) => {
    child.on('exit', (code) => {
      if (code !== 0) process.stderr.write(printed);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stderr.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(11)} ${seconds} s\n`);
      done(code === 0);
    });
  });
}

async function lane(steps: readonly Step[], quiet: boolean): Promise<boolean> {
  let fine = true;
  for (const step of steps) fine = (await run(step, quiet)) && fine;
  return fine;
}

mkdirSync(CACHE, { recursive: true });
const asked = process.argv[2];
if (asked === 'watch') {
  process.exitCode = (await run(vitest('watch', 'watch'), false)) ? 0 : 1;
} else {
  const stages = asked === undefined ? [[TYPES, LINT], [TESTS]] : [STAGES[asked]];
  for (const lanes of stages) {
    if (lanes === undefined) throw new Error(`There is no check "${asked}": ${Object.keys(STAGES).join(', ')}, watch`);
    const results = await Promise.all(lanes.map((steps) => lane(steps, steps !== TESTS)));
    if (results.includes(false)) process.exitCode = 1;
  }
}
