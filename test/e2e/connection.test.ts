import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Library } from '../../src/main/engine/library/library.ts';
import { decisionLog } from '../../src/main/engine/mining/decisions.ts';
import { describeWith } from '../support/programs.ts';
import { prepareLibrary } from './prepare.ts';
import { serveLibrary, type Served } from './serve.ts';
import { complaints, placed, shot, viewsAreThere } from './studio.ts';

describeWith(['chromium'], 'a connection that is lost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-lost-'));
  const library = join(folder, 'library');
  let browser: Browser;
  let context: BrowserContext;
  let served: Served | undefined;

  const serve = async (): Promise<void> => void (served = await serveLibrary(library, { group: true }));
  function signal(name: NodeJS.Signals): void {
    process.kill(-served!.server.pid!, name);
  }
  async function kill(): Promise<void> {
    const { server } = served!;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    signal('SIGKILL');
    served = undefined;
    await ended;
  }
  /** What stands in the log, in its order, after what stood there before. */
  function logged(after: number): readonly string[] {
    const made = Library.open(library);
    const lines = decisionLog(made, after, 100).map((a) => (a.kind === 'do' ? a.label : a.kind));
    made.close();
    return lines;
  }
  function last(): number {
    const made = Library.open(library);
    const id = made.db.prepare('SELECT COALESCE(MAX(id), 0) FROM action').pluck().get() as number;
    made.close();
    return id;
  }
  const bar = (page: Page) => page.locator('[data-test=connection]');
  const kept = (page: Page) => page.locator('[data-test=kept]');
  async function review(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(served!.url);
    await page.locator('.card').first().waitFor();
    await page.keyboard.press('2');
    await page.locator('.list .row').first().waitFor();
    await placed(page, 1);
    await viewsAreThere(page);
    return page;
  }
  async function gone(page: Page): Promise<void> {
    await expect.poll(() => bar(page).count(), { timeout: 15_000 }).toBe(0);
  }

  beforeAll(async () => {
    prepareLibrary(library);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await serve();
  });
  afterEach(async () => {
    await context.close();
    if (served !== undefined) await kill();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is said at once; decisions wait in sight and arrive in order, once, without a reload', async () => {
    const before = last();
    const page = await review();
    await page.evaluate(() => ((window as unknown as { marked: boolean }).marked = true));
    await kill();
    const lost = Date.now();
    await bar(page).getByText('The connection to covis serve was lost').waitFor();
    console.log(`said after ${Date.now() - lost} ms`);
    await page.keyboard.press('a');
    await placed(page, 2);
    await page.keyboard.press('x');
    await placed(page, 3);
    await page.keyboard.press('a');
    await kept(page).getByText('3 decisions wait and are sent when it is back.').waitFor();
    await page.keyboard.press('u');
    await kept(page).getByText('4 decisions').waitFor();
    for (const [width, height] of [
      [1440, 900],
      [1024, 700],
    ] as const) {
      await page.setViewportSize({ width, height });
      await shot(page, `lost-tuples-${width}`);
    }
    // What was pressed is seen where it was pressed.
    await page.locator('.list .row').first().getByRole('img', { name: 'Accepted' }).waitFor();
    // Every other view is shown with what there is.
    for (const view of ['Clusters', 'Photos', 'Train', 'Search', 'Draw', 'Manifold', 'Map', 'Measure', 'Jobs']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.locator('h1', { hasText: view }).waitFor();
      await shot(page, `lost-${view.toLowerCase()}`);
    }
    await page.keyboard.press('1');
    await page.locator('.card').first().waitFor();
    await serve();
    await bar(page).getByText('The engine is there again').waitFor();
    await gone(page);
    expect(logged(before).map((l) => l.replace(/tuple \d+ of run \d+/, 'a tuple'))).toEqual([
      'Accepted: a tuple',
      'Rejected: a tuple',
      'Accepted: a tuple',
      'undo',
    ]);
    await page.keyboard.press('2');
    await placed(page, 1);
    expect(await page.evaluate(() => (window as unknown as { marked?: boolean }).marked)).toBe(true);
  }, 90_000);

  it('of a server that stands still is said, too, and what was pressed arrives when it goes on', async () => {
    const before = last();
    const page = await review();
    signal('SIGSTOP');
    const stopped = Date.now();
    await bar(page).getByText('covis serve does not answer at the moment').waitFor();
    console.log(`said after ${Date.now() - stopped} ms`);
    await page.keyboard.press('a');
    await kept(page).getByText('1 decision waits').waitFor();
    await placed(page, 2);
    await shot(page, 'lost-silent');
    signal('SIGCONT');
    await gone(page);
    await expect.poll(() => logged(before), { timeout: 10_000 }).toHaveLength(1);
  }, 60_000);

  it('after the engine did something and before it could say so: it is not done twice', async () => {
    const before = last();
    let cut = 0;
    await context.routeWebSocket(/\/messages$/, (ws) => {
      const server = ws.connectToServer();
      const asked = new Set<number>();
      ws.onMessage((message) => {
        const { id, route } = String(message).startsWith('{')
          ? (JSON.parse(String(message)) as { id: number; route: string })
          : { id: 0, route: '' };
        if (route === 'review.decide') asked.add(id);
        server.send(message);
      });
      server.onMessage((message) => {
        const { id } = String(message).startsWith('{') ? (JSON.parse(String(message)) as { id?: number }) : {};
        if (id === undefined || !asked.has(id) || cut > 1) return ws.send(message);
        cut += 1;
        void ws.close();
      });
    });
    const page = await review();
    await page.keyboard.press('a');
    await placed(page, 2);
    await page.keyboard.press('x');
    await expect.poll(() => cut, { timeout: 10_000 }).toBe(2);
    await expect.poll(() => logged(before), { timeout: 10_000 }).toHaveLength(2);
    await gone(page);
    expect(logged(before).map((l) => l.split(':')[0])).toEqual(['Accepted', 'Rejected']);
  }, 60_000);

  it('and a page that is closed meanwhile: its decisions are sent when the studio is opened again', async () => {
    const before = last();
    const page = await review();
    await kill();
    await bar(page).waitFor();
    await page.keyboard.press('a');
    await kept(page).waitFor();
    await page.close();
    await serve();
    const again = await context.newPage();
    const wrong = complaints(again);
    await again.goto(`${new URL(served!.url).origin}/tuples`);
    await again.locator('.list .row').first().waitFor();
    await expect.poll(() => logged(before), { timeout: 10_000 }).toHaveLength(1);
    await gone(again);
    expect(wrong).toEqual([]);
  }, 60_000);
});
