/** The copy of the project in which mutants are planted, so that the working tree is never touched. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Brings a copy of `root` to its present state and returns where it lies. Only what changed is written; runs side by side need a lane each. */
export function refreshScratch(root: string, lane: string): string {
  const id = createHash('sha256').update(realpathSync(root)).digest('hex').slice(0, 12);
  const scratch = join(tmpdir(), `covis-mutation-${id}-${lane}`);
  mkdirSync(scratch, { recursive: true });
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
  const files = new Set(listed.split('\0').filter((f) => f !== '' && existsSync(join(root, f))));
  for (const file of files) {
    const from = join(root, file);
    const to = join(scratch, file);
    if (!statSync(from).isFile() || (existsSync(to) && readFileSync(to).equals(readFileSync(from)))) continue;
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
  for (const folder of ['src', 'test']) {
    for (const entry of readdirSync(join(scratch, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(scratch.length + 1).replaceAll('\\', '/');
      if (entry.isFile() && !files.has(name)) rmSync(path);
    }
  }
  const modules = join(scratch, 'node_modules');
  if (!existsSync(modules)) symlinkSync(realpathSync(join(root, 'node_modules')), modules, 'dir');
  writeFileSync(join(scratch, 'mutation-setup.ts'), SETUP);
  writeFileSync(join(scratch, 'vitest.mutation.config.ts'), CONFIG);
  return scratch;
}

/** Coverage is written when a file's tests have ended: Vitest ends its processes too hard for Node to do it. */
const SETUP = `import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';
if (process.env['NODE_V8_COVERAGE'] !== undefined) afterAll(() => takeCoverage());
`;

/** Test files run in the order in which they are named, not the largest first. */
const CONFIG = `import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import { TEST_ENVIRONMENT } from './test/support/environment.ts';
const order = (process.env['MUTATION_TESTS'] ?? '').split(' ');
const place = (spec) => order.findIndex((file) => spec.moduleId.endsWith(file));
class AsNamed extends BaseSequencer {
  sort(files) {
    return Promise.resolve(files.toSorted((a, b) => place(a) - place(b)));
  }
}
export default defineConfig({
  cacheDir: '.mutation-cache',
  test: {
    include: ['test/unit/**/*.test.ts'],
    env: TEST_ENVIRONMENT,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    fileParallelism: false,
    sequence: { sequencer: AsNamed },
    setupFiles: ['./mutation-setup.ts'],
  },
});
`;
