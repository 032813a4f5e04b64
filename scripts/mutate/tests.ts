/** Which test files run which functions, and running them against a planted mutant. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './points.ts';

/** What one test file does: how long it takes, whether it passes, and which named functions of which file it runs. */
export interface TestFacts {
  readonly digest: string;
  readonly seconds: number;
  readonly passes: boolean;
  readonly runs: Readonly<Record<string, readonly string[]>>;
}

export type TestMap = Record<string, TestFacts>;

interface CoverageFile {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly functionName: string; readonly ranges: readonly { count: number }[] }[];
  }[];
}

/**
 * Brings the map at `path` up to date: test files that are new or changed are run once, with V8's coverage. One that fails by
 * itself is left out until it changes or the map is deleted.
 * @param part of the path of the test files that are wanted; empty for all.
 */
export async function mapTests(
  scratch: string,
  path: string,
  part: string,
  say: (line: string) => void,
): Promise<TestMap> {
  const read = (): TestMap => (existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TestMap) : {});
  const known = read();
  const map: TestMap = {};
  const files = readdirSync(join(scratch, 'test/unit'), { recursive: true, encoding: 'utf8' })
    .map((f) => `test/unit/${f.replaceAll('\\', '/')}`)
    .filter((f) => f.endsWith('.test.ts') && f.includes(part))
    .sort();
  for (const file of files) {
    const digest = createHash('sha256')
      .update(readFileSync(join(scratch, file)))
      .digest('hex');
    const before = known[file];
    if (before?.digest === digest) {
      map[file] = before;
      continue;
    }
    const coverage = mkdtempSync(join(tmpdir(), 'covis-coverage-'));
    const start = performance.now();
    const outcome = await runTests(scratch, [file], 600, { NODE_V8_COVERAGE: coverage });
    const seconds = (performance.now() - start) / 1000;
    map[file] = { digest, seconds, passes: outcome === 'passed', runs: readCoverage(coverage, scratch) };
    rmSync(coverage, { recursive: true });
    say(`  ${file}  ${seconds.toFixed(1)} s  ${outcome}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ ...read(), [file]: map[file] }));
  }
  return map;
}

function readCoverage(folder: string, scratch: string): Record<string, string[]> {
  const runs = new Map<string, Set<string>>();
  for (const name of readdirSync(folder)) {
    for (const script of coverageOf(join(folder, name))) {
      if (!script.url.startsWith('file:')) continue;
      const path = fileURLToPath(script.url);
      if (!path.startsWith(join(scratch, 'src'))) continue;
      const file = path.slice(scratch.length + 1).replaceAll('\\', '/');
      const names = runs.get(file) ?? new Set<string>();
      runs.set(file, names);
      for (const { functionName, ranges } of script.functions)
        if (functionName !== '' && ranges.some((r) => r.count > 0))
          names.add(functionName.split(/[. ]/).at(-1) ?? functionName);
    }
  }
  return Object.fromEntries([...runs].map(([file, names]) => [file, [...names].sort()]));
}

/** A process that was ended while it wrote its coverage leaves a file that is cut short; the others of the same test count. */
function coverageOf(file: string): CoverageFile['result'] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as CoverageFile).result;
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/**
 * The test files that run the function a mutant stands in, those of its own room and the fast ones first; a mutant
 * outside any named function concerns all that load its file.
 */
export function testsFor(mutant: Mutant, map: TestMap): string[] {
  const room = mutant.file.split('/').at(-2) ?? '';
  const cost = (file: string): number => (map[file]?.seconds ?? 0) * (file.includes(`/${room}/`) ? 0.3 : 1);
  return Object.entries(map)
    .filter(([, facts]) => {
      if (!facts.passes) return false;
      const names = facts.runs[mutant.file];
      if (names === undefined) return false;
      return mutant.inFunction === undefined || names.includes(mutant.inFunction);
    })
    .map(([file]) => file)
    .sort((a, b) => cost(a) - cost(b));
}

/** Test files that are run in one process: quick ones together, slow ones alone. */
export function batches(files: readonly string[], map: TestMap): string[][] {
  const groups: string[][] = [];
  let seconds = Infinity;
  for (const file of files) {
    const takes = map[file]?.seconds ?? 0;
    if (seconds + takes > 5) {
      groups.push([]);
      seconds = 0;
    }
    groups.at(-1)?.push(file);
    seconds += takes;
  }
  return groups;
}

export type Outcome = 'passed' | 'failed' | 'timeout';

/** Runs test files in one Vitest process, which is ended with all its children after `limit` seconds. */
export function runTests(
  scratch: string,
  files: readonly string[],
  limit: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const vitest = join(scratch, 'node_modules/vitest/vitest.mjs');
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      vitest,
      'run',
      '--config',
      'vitest.mutation.config.ts',
      '--bail',
      '1',
      ...files,
    ],
    {
      cwd: scratch,
      stdio: 'ignore',
      detached: process.platform !== 'win32',
      env: { ...process.env, ...environment, CI: '1', MUTATION_TESTS: files.join(' ') },
    },
  );
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, limit * 1000);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      endGroup(child.pid);
      resolve(late ? 'timeout' : code === 0 ? 'passed' : 'failed');
    });
  });
}

/** Ends a process that leads its group, and what it started. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
