/**
 * What a person waits for in every view of a library of 100,000 photos in 2,000 clusters.
 * `node scripts/run.mjs test/bench/studio.ts LIBRARY [EXPRESSION] [ROUNDS]`: of one that studio-library.ts made, the views of this name.
 * With `COVIS_FAVOURED=1`, as root, the server and the browser go before all other work of the machine.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { loadavg } from 'node:os';
import { chromium, type Browser } from 'playwright-core';
import { Library } from '../../src/main/engine/library/library.ts';
import { select, text } from '../../src/main/engine/library/rows.ts';
import { buildStudio, serveLibrary } from '../e2e/serve.ts';
import { favoured } from './favoured.ts';
import { line } from './report.ts';
import { openStudio, type Driver, type Measured } from './studio-drive.ts';
import { LARGE, studioLibrary } from './studio-library.ts';
import { subjects, type Named, type Subject } from './studio-subjects.ts';
import { UnwatchedBrowser, type Unwatched } from './unwatched.ts';

/** A view is to stand within this time, in milliseconds, and an answer to a search within this. */
const VIEW_MS = 1000;
const SEARCH_MS = 300;
const ROUNDS = 3;
const SETTLING_MS = 2000;

export const CHROMIUM = [
  ...['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--ignore-gpu-blocklist'],
  // Without a graphics card maps are drawn by the processor, as they are where there is one too old.
  ...['--disable-gpu-rasterization', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
];

/** What the addresses name of a library that studio-library.ts made. */
function namedIn({ db }: Library): Named {
  const collection = (name: string): string => select(db, 'SELECT uid FROM collection WHERE name = ?', text).one(name);
  return {
    photo: select(db, 'SELECT hash FROM photo WHERE id = 3', text).one(),
    cluster: select(db, 'SELECT uid FROM cluster_all WHERE id = 1', text).one(),
    collections: [collection('All photos'), collection('Some'), collection('Taught'), collection('By rule')],
  };
}

/** The views of a library, those last that need the graph of all its photos. */
export function viewsOf(library: Library): Subject[] {
  const all = Object.values(subjects(namedIn(library))).flat();
  return [...all.filter((s) => s.graph !== true), ...all.filter((s) => s.graph === true)];
}

/** @param folder scratch. */
export async function studio(folder: string): Promise<void> {
  const path = join(folder, 'studio');
  const began = performance.now();
  const { library } = await studioLibrary(path, LARGE);
  library.close();
  const { photos, clusters } = LARGE;
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  line(`made: ${photos} photos, ${clusters} clusters`, took, '', null);
  await views(path);
}

/** @param path of a library that {@link studioLibrary} made. @param only views whose name fits. */
export async function views(path: string, only = /./, rounds = ROUNDS): Promise<void> {
  if (spawnSync('/usr/bin/chromium', ['--version']).status !== 0)
    return console.log('studio: Chromium is missing (apt-get install -y chromium)');
  const library = Library.open(path);
  const all = viewsOf(library).filter((s) => only.test(s.name));
  library.close();
  buildStudio();
  const ends = process.env['COVIS_FAVOURED'] === '1' ? favoured() : () => undefined;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM });
  try {
    const cold = new Map<Subject, Unwatched[]>(all.filter((s) => s.graph !== true).map((s) => [s, []]));
    for (let r = 0; r < rounds; r += 1) await opened(path, cold);
    await warm(browser, path, all, cold, rounds);
  } finally {
    await browser.close();
    ends();
  }
}

/** Every view opened by its address, each in a browser that has nothing of the page, of one server that was just started. */
async function opened(path: string, cold: ReadonlyMap<Subject, Unwatched[]>): Promise<void> {
  const began = performance.now();
  const { server, url } = await serveLibrary(path, { group: true });
  line('the server stands', ms(performance.now() - began), 'from the command to its address', null);
  const browser = await UnwatchedBrowser.start(CHROMIUM);
  try {
    // What it does of itself after it was opened.
    await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
    for (const [s, of] of cold) {
      const o = await browser.openAt(url, s);
      of.push(o);
      const tasks = o.tasks.map(([at, took]) => `${took.toFixed(0)} at ${at.toFixed(0)}`).join(', ');
      console.log(`${s.name.padEnd(26)} opened in ${ms(o.painted)}, tasks ${tasks}`);
    }
  } finally {
    await browser.close();
    await ended(server);
  }
}

async function ended(server: Awaited<ReturnType<typeof serveLibrary>>['server']): Promise<void> {
  process.kill(-server.pid!, 'SIGTERM');
  await once(server, 'exit');
}

/** Views come to within an open studio, each several times; what they needed when they were opened by address is told beside it. */
async function warm(
  browser: Browser,
  path: string,
  all: readonly Subject[],
  cold: ReadonlyMap<Subject, readonly Unwatched[]>,
  rounds: number,
): Promise<void> {
  const { server, url } = await serveLibrary(path, { group: true });
  try {
    const driver = await openStudio(browser, url);
    line('first page', ms(driver.opened), `${kB(driver.bytes)} of answers`, VIEW_MS / driver.opened);
    const found = new Map<Subject, Measured[]>(all.map((s) => [s, []]));
    for (let r = 0; r < rounds; r += 1)
      for (const s of all) {
        if (s.graph === true && r === 0) await graphIsThere(driver, all);
        found.get(s)!.push(await driver.measure(s));
      }
    for (const s of all) say(s, cold.get(s) ?? [], found.get(s)!);
    for (const s of all.filter((x) => x.search)) {
      const best = Math.min(...found.get(s)!.map((m) => m.painted));
      line(`${s.name}, asked again`, ms(best), `the limit is ${SEARCH_MS} ms`, SEARCH_MS / best);
    }
    if (all.some((s) => s.path === '/draw')) {
      const drawn = [];
      for (let r = 0; r <= rounds; r += 1) drawn.push(await driver.draw(0.2 + (0.3 * r) / rounds));
      const best = Math.min(...drawn.slice(1));
      line(
        'a line is drawn, again',
        ms(best),
        `the limit is ${SEARCH_MS} ms; the first ${ms(drawn[0]!)}`,
        SEARCH_MS / best,
      );
    }
    console.log(`Load of the machine: ${loadavg()[0]!.toFixed(1)}`);
  } finally {
    await ended(server);
  }
}

/** Waits until the neighbours of all photos are found, which is begun by looking at the manifold. */
async function graphIsThere({ page }: Driver, all: readonly Subject[]): Promise<void> {
  const manifold = all.find((s) => s.name === 'Manifold');
  if (manifold === undefined) return;
  await page.evaluate(async (to) => {
    const app = document.querySelector('#app') as unknown as {
      __vue_app__: { config: { globalProperties: { $router: { push(to: string): Promise<unknown> } } } };
    };
    await app.__vue_app__.config.globalProperties.$router.push(to);
  }, manifold.path);
  await page.locator(manifold.content).waitFor();
  const began = performance.now();
  await page.locator('[data-test=part]').waitFor({ state: 'detached', timeout: 600_000 });
  line('neighbours of all photos', `${((performance.now() - began) / 1000).toFixed(0)} s`, '', null);
}

function say(s: Subject, cold: readonly Unwatched[], found: readonly Measured[]): void {
  const [m, last] = [found[0]!, found.at(-1)!];
  const opened =
    cold.length === 0
      ? ''
      : `opened ${spread(cold.map((o) => o.painted))} (task ${Math.max(...cold.map((o) => o.longest)).toFixed(0)})`;
  console.log(
    `${s.name.padEnd(26)} ${opened.padEnd(36)} first ${ms(m.painted).padStart(7)}, then ${spread(found.slice(1).map((x) => x.painted)).padEnd(14)} ` +
      `${Math.max(...found.map((x) => x.nodes))} nodes, tasks ${found.map((x) => x.longest.toFixed(0)).join(' ')} ms, ${kB(m.bytes)} then ${kB(last.bytes)}, photos ${kB(m.pictures)}, ` +
      `${m.computed.toFixed(0)} ms computed, ${m.frames === 0 ? 'no list' : `${found.reduce((n, x) => n + x.blank, 0)} of ${found.reduce((n, x) => n + x.frames, 0)} frames blank`}`,
  );
}

/** The least of several times and their median. */
function spread(all: readonly number[]): string {
  if (all.length === 0) return '';
  const sorted = [...all].sort((a, b) => a - b);
  return `${sorted[0]!.toFixed(0)}, ${sorted[sorted.length >> 1]!.toFixed(0)} ms`;
}

const ms = (t: number): string => `${t.toFixed(0)} ms`;
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;

if (import.meta.main) {
  const [path = '', only = '', rounds = ROUNDS] = process.argv.slice(2);
  if (path === '') throw new Error('Say where the library is that studio-library.ts made.');
  await views(path, new RegExp(only), Number(rounds));
}
