/** The grid of a collection of 100,000 in Chromium, scrolled as by a hand. */
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { Library } from '../../src/main/engine/library/library.ts';
import { addPhotos } from '../../src/main/engine/collections/gather.ts';
import { createCollection } from '../../src/main/engine/collections/store.ts';
import { buildStudio, serveLibrary } from '../e2e/serve.ts';
import { line } from './report.ts';

const FRAMES = 600;
/** A frame at 60 Hz, and half of one more: what is longer was seen. */
const LATE_MS = 25;

interface Scrolled {
  readonly frames: readonly number[];
  readonly nodes: number;
  readonly blank: number;
  readonly tiles: number;
  /** Tiles of which the photo is known and its small picture is on its way. */
  readonly pictures: number;
  readonly long: readonly number[];
}

/** @param path of a library whose photos are there as files. */
export async function curatingPage(path: string): Promise<void> {
  const library = Library.open(path);
  const { uid } = createCollection(library, 'Scrolled').collection;
  const photos = library.db.prepare('SELECT id FROM photo ORDER BY id').pluck().all() as number[];
  addPhotos(
    library,
    uid,
    photos.map((photo) => ({ photo })),
  );
  library.close();
  buildStudio();
  const { server, url } = await serveLibrary(path, { group: true });
  const browser = await chromium.launch({
    executablePath: process.env['COVIS_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    const began = performance.now();
    await page.evaluate((id) => {
      history.pushState({}, '', `/collections/${id}`);
      dispatchEvent(new PopStateEvent('popstate', { state: {} }));
    }, uid);
    await page.locator('.kit-grid [role=option] img').first().waitFor();
    line(
      `a collection of ${photos.length} is opened`,
      `${((performance.now() - began) / 1000).toFixed(2)} s`,
      '',
      null,
    );
    // Without a page that does something else, an idle Chromium's own frames.
    const idle = await page.evaluate(async () => {
      const frames: number[] = [];
      let last = await new Promise<number>((f) => requestAnimationFrame(f));
      for (let i = 0; i < 120; i += 1) {
        const now = await new Promise<number>((f) => requestAnimationFrame(f));
        frames.push(now - last);
        last = now;
      }
      return frames;
    });
    say('frames without scrolling', idle);
    // A wheel's pace, a flight through the whole collection, and jumps with the bar.
    for (const [what, step] of [
      ['as by a wheel, 38 px a frame', 38],
      ['ten times as fast', 380],
      ['through all of it in ten seconds', 0],
    ] as const) {
      const r = await page.locator('.kit-grid').evaluate(scroll, { frames: FRAMES, step });
      say(`scrolled ${what}`, r.frames);
      console.log(
        `  ${r.nodes} nodes at most; of ${r.tiles} tiles seen ${r.blank} were blank, ${r.pictures} waited for their pictures; long tasks: ${r.long.length === 0 ? 'none' : r.long.map((l) => `${l.toFixed(0)} ms`).join(', ')}`,
      );
    }
    let worst = 0;
    for (const share of [0.5, 0.99, 0.2, 0.75]) {
      const jumped = performance.now();
      await page.locator('.kit-grid').evaluate((g, s) => g.scrollTo(0, g.scrollHeight * s), share);
      await page.waitForFunction(() => {
        const g = document.querySelector('.kit-grid')!;
        const seen = [...g.querySelectorAll('[role=option]')];
        return seen.length > 20 && seen.every((o) => o.querySelector('.blank') === null);
      });
      worst = Math.max(worst, performance.now() - jumped);
    }
    line('a jump with the scroll bar', `${worst.toFixed(0)} ms until no tile is blank`, '', null);
    const heap = await page.evaluate(() => {
      (globalThis as { gc?: () => void }).gc?.();
      return (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
    });
    console.log(`  heap ${(heap / 1e6).toFixed(0)} MB`);
    await page.locator('.kit-grid').focus();
    const chose = performance.now();
    await page.keyboard.press('Control+a');
    await page.waitForFunction(
      (n) => document.querySelector('[data-test=chosen-photos] strong')?.textContent?.includes(n) === true,
      photos.length.toLocaleString('en'),
    );
    line('all of them chosen', `${((performance.now() - chose) / 1000).toFixed(2)} s`, '', null);
  } finally {
    await browser.close();
    process.kill(-server.pid!, 'SIGTERM');
    await once(server, 'exit');
  }
}

function say(what: string, frames: readonly number[]): void {
  const sorted = [...frames].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  const late = frames.filter((f) => f > LATE_MS).length;
  line(
    what,
    `${(1000 / median).toFixed(0)} frames/s, longest ${sorted.at(-1)!.toFixed(0)} ms`,
    `${late} of ${frames.length} longer than ${LATE_MS} ms`,
    null,
  );
}

/** Runs in the page. */
async function scroll(grid: Element, { frames: n, step }: { frames: number; step: number }): Promise<Scrolled> {
  const frames: number[] = [];
  const long: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (e.duration > 100) long.push(e.duration);
  });
  observer.observe({ entryTypes: ['longtask'] });
  grid.scrollTop = 0;
  let [nodes, blank, tiles, pictures] = [0, 0, 0, 0];
  let last = await new Promise<number>((f) => requestAnimationFrame(f));
  for (let i = 0; i < n; i += 1) {
    grid.scrollTop = step > 0 ? grid.scrollTop + step : ((i + 1) / n) * (grid.scrollHeight - grid.clientHeight);
    const now = await new Promise<number>((f) => requestAnimationFrame(f));
    frames.push(now - last);
    last = now;
    if (i % 10 !== 0) continue;
    const box = grid.getBoundingClientRect();
    for (const o of grid.querySelectorAll('[role=option]')) {
      const b = o.getBoundingClientRect();
      if (b.bottom <= box.top || b.top >= box.bottom) continue;
      tiles += 1;
      const image = o.querySelector('img');
      if (o.querySelector('.blank') !== null) blank += 1;
      else if (image !== null && !(image.complete && image.naturalWidth > 0)) pictures += 1;
    }
    nodes = Math.max(nodes, document.querySelectorAll('*').length);
  }
  await new Promise((f) => setTimeout(f, 200));
  observer.disconnect();
  return { frames, nodes, blank, tiles, pictures, long };
}
