/**
 * `npm test`: unit tests first, then the page's, then readers of damaged files, then plans on a small cluster, then end to end. What a test lacks on this machine is named at the end with the line
 * that installs it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
const folder = mkdtempSync(join(tmpdir(), 'covis-tests-'));
const total = { passed: 0, failed: 0, skipped: 0 };
const lacking = new Set<string>();
let status = 0;

for (const project of ['unit', 'page', 'fuzz', 'cluster', 'e2e']) {
  const output = join(folder, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const r = spawnSync(process.execPath, [vitest, ...args, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
  status ||= r.status ?? 1;
  try {
    const report = JSON.parse(readFileSync(output, 'utf8')) as Report;
    total.passed += report.numPassedTests;
    total.failed += report.numFailedTests;
    total.skipped += report.numPendingTests;
    for (const t of report.testResults.flatMap((f) => f.assertionResults)) {
      if (t.status !== 'passed' && t.status !== 'failed') lacking.add(t.ancestorTitles[0] ?? '');
    }
  } catch {
    status ||= 1;
  }
  if (status !== 0) break;
}
rmSync(folder, { recursive: true, force: true });
for (const name of lacking) console.log(`Skipped: ${name}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = status;
