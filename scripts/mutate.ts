/**
 * `npm run mutate`: plants small faults, one at a time, in a copy of the project, runs the tests that concern each, and
 * tells which faults no test noticed (docs/quality.md).
 *
 *     npm run mutate -- --seed 7 --count 100          a random sample over the whole scope
 *     npm run mutate -- --scope mining --count 50     of one room
 *     npm run mutate -- --file src/main/engine/mining/suspicion.ts --count 0     all of one file
 *     --tests test/unit/mining/     only test files whose path contains this, for a quick answer while writing them
 *     --lane 1   a copy of its own, for two runs at a time
 *     --write    keeps the sample's figures in docs/quality.md
 *     --list     prints the sample and runs nothing
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { mutantsOf, type Mutant } from './mutate/points.ts';
import { type Judged, readEquivalents, scoreTable, writeQuality } from './mutate/report.ts';
import { refreshScratch } from './mutate/scratch.ts';
import { batches, mapTests, runTests, testsFor, type TestMap } from './mutate/tests.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Rooms and their files. Where a room is more than mathematics, the files that are. */
const SCOPE: Readonly<Record<string, RegExp>> = {
  domains: /^src\/main\/engine\/domains\//,
  evaluation: /^src\/main\/engine\/evaluation\//,
  features: /^src\/main\/engine\/features\//,
  formats: /^src\/main\/engine\/formats\//,
  kernels: /^src\/main\/engine\/kernels\//,
  mining: /^src\/main\/engine\/mining\//,
  network:
    /^src\/main\/engine\/network\/((pooling|pooling-heads|head|linear-head|spec|multi-scale|preprocessing|block-size)\.ts|onnx\/shapes\.ts)/,
  queue: /^src\/main\/engine\/queue\//,
  retrieval: /^src\/main\/engine\/retrieval\//,
  server: /^src\/main\/server\//,
  sfm: /^src\/main\/engine\/sfm\//,
  shared: /^src\/shared\//,
  teacher: /^src\/main\/engine\/teacher\//,
  training:
    /^src\/main\/engine\/training\/((losses|gradient-sum|adam|optimisers|presets|pool-tuples|whiten|ladder|differentiate|training-graph|checkpoint)\.ts|gradients\/)/,
};

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    scope: { type: 'string' },
    file: { type: 'string' },
    write: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    tests: { type: 'string', default: '' },
    lane: { type: 'string', default: '0' },
    budget: { type: 'string', default: '60' },
  },
});

const seed = Number(options.seed);
const count = Number(options.count);
const budget = Number(options.budget);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

setPriority(5);
const rooms = options.scope === undefined ? SCOPE : { [options.scope]: SCOPE[options.scope] };
const all = collect();
const sample = count === 0 ? all : shuffled(all, seed).slice(0, count);
say(`${sample.length} of ${all.length} mutants, seed ${seed}`);
if (options.list) {
  for (const mutant of sample) say(describe(mutant));
} else {
  await judgeAll();
}

async function judgeAll(): Promise<void> {
  const equivalents = readEquivalents(join(ROOT, 'test/mutation/equivalent.json'));
  const scratch = refreshScratch(ROOT, options.lane);
  const map = await mapTests(scratch, join(ROOT, '.cache/mutation/tests.json'), options.tests, say);
  for (const [file, facts] of Object.entries(map)) if (!facts.passes) say(`left out, fails by itself: ${file}`);
  const judged: Judged[] = [];
  for (const mutant of sample) {
    const equivalent = equivalents.find(
      (e) => e.file === mutant.file && e.code === mutant.code && e.mutated === mutant.mutated,
    );
    const start = performance.now();
    const verdict: Judged =
      equivalent === undefined
        ? { mutant, ...(await judge(scratch, mutant, map)) }
        : { mutant, state: 'equivalent', by: equivalent.reason };
    judged.push(verdict);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    say(
      `${judged.length}/${sample.length} ${verdict.state} ${mutant.file}:${mutant.line} ${mutant.operator} (${seconds} s${verdict.by === '' ? '' : `, ${verdict.by}`})`,
    );
    if (verdict.state === 'survived') say(difference(mutant));
    const folder = join(ROOT, '.cache/mutation');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `report-${options.scope ?? 'all'}-${seed}.json`), JSON.stringify(judged, null, 1));
  }
  say(`\n${scoreTable(judged, roomOf)}`);
  if (options.write)
    writeQuality(join(ROOT, 'docs/quality.md'), judged, roomOf, { seed, count: sample.length, of: all.length });
}

/** Plants one mutant, runs the tests that concern it until one fails, and takes it back. */
async function judge(
  scratch: string,
  mutant: Mutant,
  map: TestMap,
): Promise<{ state: 'killed' | 'timeout' | 'survived' | 'uncovered'; by: string }> {
  const tests = testsFor(mutant, map);
  if (tests.length === 0) return { state: 'uncovered', by: 'no test runs it' };
  const path = join(scratch, mutant.file);
  const original = readFileSync(path, 'utf8');
  writeFileSync(path, original.slice(0, mutant.start) + mutant.replacement + original.slice(mutant.end));
  try {
    let spent = 0;
    for (const batch of batches(tests, map)) {
      const usual = batch.reduce((sum, file) => sum + (map[file]?.seconds ?? 0), 0);
      if (spent > 0 && spent + usual > budget)
        return { state: 'survived', by: `slower tests not run: ${batch.join(' ')}` };
      spent += usual;
      const outcome = await runTests(scratch, batch, 20 + 4 * usual);
      if (outcome !== 'passed') return { state: outcome === 'timeout' ? 'timeout' : 'killed', by: batch.join(' ') };
    }
    return { state: 'survived', by: '' };
  } finally {
    writeFileSync(path, original);
  }
}

/** All mutants of the files in scope. */
function collect(): Mutant[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((f) => `src/${f.replaceAll('\\', '/')}`)
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.d.ts'))
    .filter((f) => (options.file === undefined ? roomOf(f) !== undefined : f === options.file))
    .sort();
  if (files.length === 0) throw new Error('no source file matches --scope or --file');
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options: compiler } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const program = ts.createProgram(
    files.map((f) => join(ROOT, f)),
    compiler,
  );
  const checker = program.getTypeChecker();
  return files.flatMap((f) => {
    const source = program.getSourceFile(join(ROOT, f));
    return source === undefined ? [] : mutantsOf(source, f, checker);
  });
}

function roomOf(file: string): string | undefined {
  return Object.entries(rooms).find(([, pattern]) => pattern?.test(file))?.[0];
}

/** Fisher and Yates' shuffle by a small generator, the same on every machine. */
function shuffled<T>(items: readonly T[], start: number): T[] {
  const out = [...items];
  let state = start >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

function describe(mutant: Mutant): string {
  return `${mutant.file}:${mutant.line} ${mutant.operator}\n${difference(mutant)}`;
}

function difference(mutant: Mutant): string {
  return `    - ${mutant.code}\n    + ${mutant.mutated}`;
}
