/** `npm test`: unit tests first, then end to end. What a test lacks on this machine is named at the end with the line that installs it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const vitest = (project: string): number =>
  spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', project, ...process.argv.slice(2)],
    { cwd: ROOT, stdio: 'inherit' },
  ).status ?? 1;

const unit = vitest('unit');
process.exitCode = unit === 0 ? vitest('e2e') : unit;
