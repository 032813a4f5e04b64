import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Library } from '../../src/main/engine/library/library.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import { decisionLog } from '../../src/main/engine/mining/decisions.ts';
import type { Tuple } from '../../src/main/engine/mining/mine.ts';
import { storeMiningRun } from '../../src/main/engine/mining/runs.ts';
import { describeWith } from '../support/programs.ts';
import { prepareLibrary } from './prepare.ts';
import { serveLibrary } from './serve.ts';
import { complaints, placed, shot } from './studio.ts';

const MANY = 100_000;

/** Budgets of the issue: what a person with a large run may expect. */
const FIRST_BYTES = 220_000;
const FIRST_REQUESTS = 15;
const NODES = 3000;
const HEAP_BYTES = 300e6;

describeWith(['chromium'], 'reviewing tuples in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-review-'));
  const library = join(folder, 'library');
  let server: ChildProcess;
  let browser: Browser;
  let url = '';

  async function serve(): Promise<void> {
    const env = { COVIS_SETTINGS: join(folder, 'settings.json') };
    ({ server, url } = await serveLibrary(library, { group: true, env }));
  }
  /** What the newest page has asked, and bytes that it was answered with. */
  let traffic = { requests: 0, bytes: 0 };
  async function open(): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const own = (traffic = { requests: 0, bytes: 0 });
    page.on('websocket', (ws) => {
      ws.on('framesent', () => (own.requests += 1));
      ws.on('framereceived', ({ payload }) => (own.bytes += Buffer.byteLength(payload)));
    });
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    return page;
  }

  beforeAll(async () => {
    prepareLibrary(library);
    await serve();
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
    });
  });
  afterAll(async () => {
    await browser.close();
    process.kill(-server.pid!, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('twenty by keyboard alone, five undone, and all of it is there after a kill and a restart', async () => {
    let page = await open();
    const wrong = complaints(page);
    await page.keyboard.press('2');
    await placed(page, 1);
    // The smallest run of the sample has fewer tuples: take the largest.
    const runs = page.locator('select[aria-label="Mining run"] option');
    expect(await runs.count()).toBeGreaterThan(1);
    const made = Library.open(library);
    const run = made.db
      .prepare('SELECT id FROM mining_run ORDER BY tuples DESC, id DESC LIMIT 1')
      .pluck()
      .get() as number;
    made.close();
    await page.goto(`${new URL(url).origin}/tuples/${run}/0`);
    await placed(page, 1);
    const reviewed = async (): Promise<number> =>
      Number(/^[\d,]+/.exec(await page.locator('.progress .number').innerText())![0]);
    let expected = 0;
    for (let i = 0; i < 20; i += 1) {
      await placed(page, i + 1);
      // Every fourth has something said of a negative first, which does not end the tuple.
      if (i % 4 === 1) {
        while ((await page.locator('figure.focused button.negative').count()) === 0)
          await page.keyboard.press('ArrowRight');
        await page.keyboard.press(i % 8 === 1 ? 'o' : 'x');
        await page.locator('figure.focused .verdict').waitFor();
        while ((await page.locator('figure.focused button.positive').count()) === 0)
          await page.keyboard.press('ArrowLeft');
      }
      if (i % 5 === 2) {
        await page.keyboard.press('n');
        await page.getByLabel('Note', { exact: true }).fill(`look at ${i}`);
        await page.keyboard.press('Enter');
        await page.getByText(`“look at ${i}”`).waitFor();
      }
      const before = await page
        .locator('.row.on .marks svg[aria-label=Accepted], .row.on .marks svg[aria-label=Rejected]')
        .count();
      await page.keyboard.press(i % 3 === 0 ? 'x' : 'a');
      await placed(page, i + 2);
      if (before === 0) expected += 1;
    }
    await expect.poll(reviewed).toBeGreaterThanOrEqual(expected);
    await shot(page, 'review-twenty');
    const all = await reviewed();
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press('u');
      await page.waitForTimeout(250);
    }
    await page.keyboard.press('Shift+U');
    await page.waitForTimeout(250);
    await page.keyboard.press('Control+z');
    await expect.poll(reviewed).toBeLessThan(all);
    const after = await reviewed();
    await page.goto(`${new URL(url).origin}/tuples/${run}/0`);
    await placed(page, 1);
    await page.waitForTimeout(300);
    const marks = await page
      .locator('.row .marks')
      .evaluateAll((rows) => rows.map((r) => r.querySelectorAll('svg').length));
    expect(wrong).toEqual([]);
    await page.close();

    // No goodbye: what was decided is in the file already.
    process.kill(-server.pid!, 'SIGKILL');
    await new Promise((r) => server.once('exit', r));
    const kept = Library.open(library);
    const log = decisionLog(kept, 0, 1000);
    expect(log.filter((a) => a.kind === 'do').length).toBe(20 + 5 + 4);
    expect(log.filter((a) => a.kind === 'undo').length).toBe(6);
    expect(log.filter((a) => a.kind === 'redo').length).toBe(1);
    kept.close();
    await serve();
    page = await open();
    await page.goto(`${new URL(url).origin}/tuples/${run}/0`);
    await placed(page, 1);
    expect(await reviewed()).toBe(after);
    await page.waitForTimeout(300);
    const again = await page
      .locator('.row .marks')
      .evaluateAll((rows) => rows.map((r) => r.querySelectorAll('svg').length));
    expect(again.slice(0, 8)).toEqual(marks.slice(0, 8));
    // Undo goes on where it was, across the restart.
    await page.keyboard.press('u');
    await page.getByText(/^Undone: /).waitFor();
    await page.close();
  }, 120_000);

  it('several at once, but only those that were seen', async () => {
    const page = await open();
    await page.keyboard.press('2');
    await page.locator('.row .thumb').first().waitFor();
    await page.waitForTimeout(700);
    await page.locator('.row').first().click();
    const total = Number(
      /of ([\d,]+)/.exec(await page.getByTitle('Its place in the list').innerText())![1]!.replaceAll(',', ''),
    );
    await page.locator('.list').evaluate((l) => l.scrollTo(0, l.scrollHeight));
    await page
      .locator('.row')
      .last()
      .click({ modifiers: ['Shift'] });
    const label = await page.locator('.batch .number').innerText();
    expect(label).toContain(`${total} selected`);
    const offered = Number(
      /Accept (\d+)/.exec(await page.getByRole('button', { name: /^Accept \d+$/ }).innerText())![1],
    );
    if (total > 30) expect(offered).toBeLessThan(total);
    expect(offered).toBeGreaterThan(0);
    await page.getByRole('button', { name: /^Accept \d+$/ }).click();
    await expect.poll(() => page.locator('.batch').count()).toBe(0);
    await page.keyboard.press('u');
    await page.getByText(`Undone: Accepted: ${offered} tuples`).waitFor();
    await page.close();
  }, 60_000);

  it('with keys of one’s own, which the help sheet shows and another window has too', async () => {
    const page = await open();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog');
    // Only looked at, it binds nothing.
    await page.keyboard.press('Enter');
    await page.keyboard.press('q');
    expect(await sheet.getByRole('button', { name: /^Change the key of/ }).count()).toBe(0);
    await sheet.getByRole('searchbox').fill('');
    await sheet.getByRole('button', { name: 'Change keys…' }).click();
    const keyOf = (label: string) => sheet.getByRole('button', { name: `Change the key of “${label}”` });
    await keyOf('Accept').click();
    await page.keyboard.press('y');
    await keyOf('Accept').getByText('Y').waitFor();
    await keyOf('Tuples').click();
    await page.keyboard.press('t');
    await keyOf('Tuples').getByText('T').waitFor();
    await page.keyboard.press('Escape');
    await page.close();
    const other = await open();
    await other.waitForTimeout(300);
    await other.keyboard.press('t');
    await placed(other, 1);
    expect(await other.getByRole('button', { name: 'Accept', exact: true }).locator('kbd').innerText()).toBe('Y');
    await other.keyboard.press('?');
    await other.getByRole('button', { name: 'Change keys…' }).click();
    await other.getByRole('button', { name: 'Reset all' }).click();
    await other.getByRole('button', { name: 'Change the key of “Accept”' }).getByText('A', { exact: true }).waitFor();
    await other.close();
  }, 60_000);

  it('a hundred thousand: painted of few answers, scrolled without a blank row, few nodes, little memory', async () => {
    const made = Library.open(library);
    const photos = made.db.prepare('SELECT id FROM photo ORDER BY id').pluck().all() as number[];
    const cluster = made.db.prepare('SELECT id FROM cluster LIMIT 1').pluck().get() as number;
    const r = random(1);
    const any = (): number => photos[r.below(photos.length)]!;
    const tuples = Array.from({ length: MANY }, (): Tuple => {
      const query = any();
      const negatives = Array.from({ length: 5 }, () => ({
        photo: any(),
        similarity: r.next(),
        rank: 1 + r.below(900),
        links: r.next(),
        mutual: false,
        shared: 0,
      }));
      return {
        pair: { query, other: any(), cluster, shared: r.below(2000), overlap: r.next(), scale: 1 + r.next() },
        positiveSimilarity: r.next(),
        negatives: negatives.sort((a, b) => b.similarity - a.similarity),
        strategies: 4,
        disagreement: r.below(3),
        suspicion: r.next(),
        alternatives: [],
      };
    });
    const network = made.db.prepare('SELECT id FROM network LIMIT 1').pluck().get() as number;
    const run = storeMiningRun(
      made,
      { tuples, queries: photos.length, meanNegativeDistance: 1, warnings: [] },
      { networkId: network, set: 'many', setName: 'Many', size: 320, seed: 1, parameters: DEFAULT_MINING },
    );
    made.close();
    const page = await open();
    // Warm: the view's code and the thumbnails, as after any other run.
    await page.keyboard.press('2');
    await page.locator('.row .thumb').first().waitFor();
    await page.keyboard.press('1');
    await page.locator('.card').first().waitFor();
    const before = { ...traffic };
    const painted = await page.evaluate(async (id) => {
      const began = performance.now();
      history.pushState({}, '', `/tuples/${id}/0`);
      dispatchEvent(new PopStateEvent('popstate', { state: {} }));
      const rows = (): number => document.querySelectorAll('.row .thumb img').length;
      while (rows() < 20 || !document.body.textContent.includes('of 100,000'))
        await new Promise((f) => requestAnimationFrame(f));
      await new Promise((f) => requestAnimationFrame(f));
      const nodes = document.querySelectorAll('*').length;
      return { took: performance.now() - began, nodes };
    }, run);
    const [requests, bytes] = [traffic.requests - before.requests, traffic.bytes - before.bytes];
    expect(requests).toBeGreaterThan(0);
    expect(requests).toBeLessThan(FIRST_REQUESTS);
    expect(bytes).toBeLessThan(FIRST_BYTES);
    expect(painted.nodes).toBeLessThan(NODES);

    const scrolled = await page.locator('.list').evaluate(async (list) => {
      let blank = 0;
      let frames = 0;
      let worst = 0;
      let nodes = 0;
      let last = performance.now();
      const look = (): void => {
        const box = list.getBoundingClientRect();
        for (const row of list.querySelectorAll('.row')) {
          const b = row.getBoundingClientRect();
          if (b.bottom > box.top && b.top < box.bottom && row.querySelector('.thumb') === null) blank += 1;
        }
        nodes = Math.max(nodes, document.querySelectorAll('*').length);
        frames += 1;
        const now = performance.now();
        worst = Math.max(worst, now - last);
        last = now;
      };
      // As a hand with a wheel does: about thirty rows a second for ten seconds, then the other way.
      for (let i = 0; i < 600; i += 1) {
        list.scrollTop += i < 480 ? 38 : -38;
        await new Promise((f) => requestAnimationFrame(f));
        look();
      }
      return { blank, frames, worst, nodes, top: list.scrollTop };
    });
    expect(scrolled.top).toBeGreaterThan(10_000);
    expect(scrolled.blank).toBe(0);
    expect(scrolled.nodes).toBeLessThan(NODES);
    // A jump with the scroll bar to anywhere shows rows, too.
    for (const share of [0.5, 0.99, 0.2, 0.75]) {
      await page.locator('.list').evaluate((l, s) => l.scrollTo(0, l.scrollHeight * s), share);
      await page.waitForFunction(() => {
        const list = document.querySelector('.list')!.getBoundingClientRect();
        const rows = [...document.querySelectorAll('.row')].filter((row) => {
          const b = row.getBoundingClientRect();
          return b.bottom > list.top && b.top < list.bottom;
        });
        return rows.length > 5 && rows.every((row) => row.querySelector('.thumb') !== null);
      });
    }
    const heap = await page.evaluate(() => {
      (globalThis as { gc?: () => void }).gc?.();
      return (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
    });
    expect(heap).toBeLessThan(HEAP_BYTES);
    console.log(
      `100,000 tuples: painted in ${painted.took.toFixed(0)} ms of ${requests} requests and ${bytes} bytes; ${scrolled.frames} frames, the longest ${scrolled.worst.toFixed(0)} ms, ${scrolled.nodes} nodes; heap ${(heap / 1e6).toFixed(0)} MB`,
    );
    await shot(page, 'review-many');
    await page.close();
  }, 120_000);
});
