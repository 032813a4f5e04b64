/**
 * `npm test`: unit tests first, then the page's, then readers of damaged files beside plans on a small cluster, then end to end. What a test
 * lacks on this machine is named at the end with the line that installs it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { status: string; ancestorTitles: string[] }[];
  }[];
}

const ROOT = join(import.meta.dirname, '..');
/** Projects in their order. A cluster waits for its scheduler most of the time: readers are tried with damaged files meanwhile. */
const STEPS = [['unit'], ['page'], ['fuzz', 'cluster'], ['e2e'], ['e2e-alone']] as const;
/** Those whose files may run beside each other. */
const BESIDE: ReadonlySet<string> = new Set(['unit', 'page']);
const folder = mkdtempSync(join(tmpdir(), 'covis-tests-'));
const total = { passed: 0, failed: 0, skipped: 0 };
const lacking = new Set<string>();
let status = 0;

/** What a project's tests said, where it was not printed at once, and how they ended. */
interface Run {
  readonly said: string;
  readonly status: number;
}

/** @param quiet what it says is printed once it has ended, since others print meanwhile. */
async function run(project: string, quiet: boolean): Promise<Run> {
  const output = join(folder, `${project}.json`);
  // Tests wait for processes that they start: on two cores a second worker computes meanwhile.
  const workers = BESIDE.has(project) ? ['--maxWorkers', String(Math.max(2, availableParallelism() - 1))] : [];
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = ['run', '--project', project, ...workers, ...report, ...process.argv.slice(2)];
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: ROOT,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (said += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { said, status: code ?? 1 };
}

function count(project: string): void {
  const report = JSON.parse(readFileSync(join(folder, `${project}.json`), 'utf8')) as Report;
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests;
  for (const t of report.testResults.flatMap((f) => f.assertionResults)) {
    if (t.status !== 'passed' && t.status !== 'failed') lacking.add(t.ancestorTitles[0] ?? '');
  }
}

for (const together of STEPS) {
  const ends = await Promise.all(together.map((project, i) => run(project, i > 0)));
  for (const [i, { said, status: ended }] of ends.entries()) {
    process.stdout.write(said);
    status ||= ended;
    try {
      count(together[i]!);
    } catch {
      status ||= 1;
    }
  }
  if (status !== 0) break;
}
rmSync(folder, { recursive: true, force: true });
for (const name of lacking) console.log(`Skipped: ${name}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = status;
