/**
 * `npm run soak -- --hours N [--an-hour REQUESTS] [--library LIB] [--seed S]`: a studio as it is when people leave it open. Pages ask, come
 * and go; jobs of all kinds run one after another; commands work on the same library. Prints how memory, open files, threads and the
 * database went, and ends with 1 where something grows, is not answered, or fails as it must not.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { random } from '../../src/main/engine/library/random.ts';
import { buildStudio, covis, serveLibrary } from '../e2e/serve.ts';
import { ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { nextCommand, nextJob, type Worked } from './labour.ts';
import { Page, type Asked } from './people.ts';
import { quantile, trendOf, type Sample } from './trend.ts';
import { childrenOf, memoryOf, sizes, vitals } from './vitals.ts';

const PAGES = 6;
const LOOK_MS = 15_000;
/** A page stays for so many requests on average. */
const STAY = 400;
/** Growth in a day, as a share of the level, that is noise of a run of hours. */
const FLAT_A_DAY = 1;
const WARM_UP = 0.25;
/** SQLite writes its log from the beginning again after 4 MB, or when nobody reads; what is larger was never let go. */
const WAL_MB = 64;
const WAL = 'library.db-wal (MB)';
const COMMAND_EVERY_MS = 45_000;
/** What may end a request or a job of people who do sensible things on a library that is in order. */
const FINE = new Set(['ok', 'stopped', 'STATE_EMPTY']);

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '0.1' },
    'an-hour': { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
  },
});
const hours = Number(values.hours);
const anHour = Number(values['an-hour']);
if (!(hours > 0 && hours <= 24 * 30) || !(anHour >= 1 && anHour <= 1e6) || !/^\d{1,9}$/.test(values.seed)) {
  process.stderr.write('soak: --hours takes a number above 0, --an-hour one from 1 to 1000000, --seed a whole one\n');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'covis-soak-'));
const library = join(folder, 'library');
const places = ['castle', 'pagoda', 'lighthouse', 'windmill', 'factory', 'townhouse'].map((n) => join(SAMPLE, n));
buildStudio();
process.stdout.write('Making a library …\n');
covis('run', ...places, '--library', library, '--epochs', '1', '--tuples', '20');
const { server, url } = await serveLibrary(library, { group: true });
const { origin, searchParams } = new URL(url);
const studio = { origin, token: searchParams.get('token') ?? '' };
const ended = new Promise<never>((_, reject) =>
  server.on('exit', (code) => reject(new Error(`The server ended with ${code}`))),
);
ended.catch(() => undefined);

const began = performance.now();
const stopAt = began + 3_600_000 * hours;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (interrupted = true));
const stopped = (): boolean => interrupted || performance.now() >= stopAt;
const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

const asked: Asked[] = [];
const worked: Worked[] = [];
const looks: Record<string, Sample[]> = {};

async function person(n: number): Promise<void> {
  const r = random(Number(values.seed) * 100 + n);
  const page = new Page(studio, (below) => r.below(Math.max(1, below)));
  const pause = (3_600_000 * PAGES) / anHour;
  await page.open();
  let due = performance.now();
  while (!stopped()) {
    if (r.below(STAY) === 0) {
      page.leave(r.below(2) === 0);
      await wait(500);
      await page.open();
    }
    asked.push(await page.doSomething());
    // Whoever waited for a slow answer catches up, but not for ever.
    due = Math.max(due + pause * r.between(0.2, 1.8), performance.now() - 5000);
    await wait(Math.max(0, due - performance.now()));
  }
  page.leave(false);
}

async function worker(): Promise<void> {
  const r = random(Number(values.seed));
  const page = new Page(studio, (below) => r.below(Math.max(1, below)));
  await page.open();
  for (let turn = 0; !stopped(); turn += 1) {
    worked.push(await nextJob(page, turn, stopped));
    await wait(1000);
  }
  page.leave(false);
}

async function shell(): Promise<void> {
  const photo = join(places[0]!, 'images', 'castle_01.jpg');
  for (let turn = 0; !stopped(); turn += 1) {
    worked.push(await nextCommand(library, places, photo, turn, folder));
    for (let left = COMMAND_EVERY_MS; left > 0 && !stopped(); left -= 1000) await wait(1000);
  }
}

const WITH_JOBS = 'memory with the job that runs (MB)';

function look(): void {
  const at = (performance.now() - began) / 1000;
  const v = vitals(server.pid!);
  const [engine = server.pid!] = childrenOf(server.pid!);
  const files = sizes(library);
  const put = (name: string, value: number): void => void (looks[name] ??= []).push({ at, value });
  put('memory of the server (MB)', memoryOf(engine) / 1e6);
  put(WITH_JOBS, v.memory / 1e6);
  put('open files', v.handles);
  put('threads', v.threads);
  put('library.db (MB)', (files.get('library.db') ?? 0) / 1e6);
  put(WAL, (files.get('library.db-wal') ?? 0) / 1e6);
  put('library folder (MB)', [...files.values()].reduce((a, b) => a + b, 0) / 1e6);
}

async function watcher(): Promise<void> {
  for (let n = 0; !stopped(); n += 1) {
    look();
    if (n % 20 === 0)
      process.stdout.write(
        `${((performance.now() - began) / 60_000).toFixed(0)} min, ${asked.length} requests, ${worked.length} jobs and commands, ${looks[WITH_JOBS]!.at(-1)!.value.toFixed(0)} MB\n`,
      );
    for (let left = LOOK_MS; left > 0 && !stopped(); left -= 500) await wait(500);
  }
}

let failure: unknown;
try {
  await Promise.race([
    ended,
    Promise.all([worker(), shell(), watcher(), ...Array.from({ length: PAGES }, (_, n) => person(n))]),
  ]);
} catch (error) {
  failure = error;
}
look();

const wrong: string[] = failure === undefined ? [] : [String(failure)];
const elapsed = (performance.now() - began) / 3_600_000;
const lines = [
  `${elapsed.toFixed(2)} hours, ${asked.length} requests (${Math.round(asked.length / elapsed)} an hour), ${worked.length} jobs and commands`,
  '',
  '| | first | last | least | most | an hour |',
  '|---|---|---|---|---|---|',
];
// What training and mining make stays, rightly; it is told by the piece.
const GROWS = ['library.db (MB)', 'library folder (MB)'];
const made = worked.filter((w) => w.grows && w.end === 'ok').length;
for (const [name, samples] of Object.entries(looks)) {
  try {
    const t = trendOf(samples, WARM_UP);
    lines.push(`| ${name} | ${[t.first, t.last, t.least, t.most, t.perHour].map((x) => x.toFixed(1)).join(' | ')} |`);
    if (GROWS.includes(name))
      lines.push(
        `| … by each of ${made} results that stay | ${((t.last - t.first) / Math.max(1, made)).toFixed(2)} | | | | |`,
      );
    else if (name === WITH_JOBS) {
      // A job's process ends with it; how much of the time one trains depends on what else the machine does. The server's own is held flat.
    } else if (name === WAL) {
      if (t.most > WAL_MB) wrong.push(`${name} was ${t.most.toFixed(0)}`);
    } else if (t.perDay > FLAT_A_DAY) wrong.push(`${name} grows by ${t.perHour.toFixed(2)} an hour`);
  } catch (error) {
    wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
lines.push('', '| asked | times | median ms | 99 % | most | ends other than ok |', '|---|---|---|---|---|---|');
const all: readonly (Asked | Worked)[] = [...asked, ...worked];
for (const what of [...new Set(all.map((a) => a.what))].sort()) {
  const these = all.filter((a) => a.what === what);
  const ms = these.map((a) => a.ms);
  const ends = new Map<string, number>();
  for (const a of these) if (a.end !== 'ok') ends.set(a.end, (ends.get(a.end) ?? 0) + 1);
  lines.push(
    `| ${what} | ${these.length} | ${[0.5, 0.99, 1].map((q) => quantile(ms, q).toFixed(0)).join(' | ')} | ${[...ends].map(([e, n]) => `${n} ${e}`).join(', ')} |`,
  );
  for (const [e, n] of ends)
    if (!FINE.has(e.split(':')[0]!)) wrong.push(`${what}: ${n} of ${these.length} ended with ${e}`);
}
if (wrong.length > 0) lines.push('', 'Not as it should be:', ...wrong.map((w) => `- ${w}`));
process.stdout.write(`${lines.join('\n')}\n`);
mkdirSync(join(ROOT, 'test-output'), { recursive: true });
writeFileSync(join(ROOT, 'test-output', 'soak.json'), JSON.stringify({ looks, worked, wrong }, undefined, 1));

if (server.exitCode === null) process.kill(-server.pid!, 'SIGTERM');
await wait(3000);
rmSync(folder, { recursive: true, force: true });
process.exit(wrong.length === 0 ? 0 : 1);
